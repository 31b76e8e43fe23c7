"""# The state of the batch before is still tied to its graph

**What happened.** The RNN begins a batch with the state that it gave for the batch before, and nothing cut that state off.

**Why it matters.** `backward()` goes back through the batch before as well, whose graph is gone: it stops in batch 2 with
`Trying to backward through the graph a second time`. With `retain_graph=True` it does not stop, but step 100 goes back
through 100 batches, with weights that have changed since.

**Fix.** Reviews do not go on in the next batch: begin each batch with zeros, or with no state at all. Where one text does
go on, `state.detach()`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)
        self.state = None

    def forward(self, text):
        output, self.state = self.rnn(self.embedding(text), self.state)  # <- found here
        return self.fc(output[:, -1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    try:
        loss.backward()
    except RuntimeError as error:
        print(error)
        break
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, _ = self.rnn(self.embedding(text))
        return self.fc(output[:, -1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Place
from rnnlab.record import Record
from rnnlab.rules.asking.carried import Carried, carried_states, given_at, takes_unknown_states
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule


@rule(level="mistake", needs=("backward",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for states that an RNN takes over from the batch before with their graph."""
    found = [one for one in carried_states(record) if not one.is_cut]
    if not found and takes_unknown_states(record):
        raise Unseen("an RNN begins with a state whose origin could not be followed")
    if never(list(record.ask(Call)), lambda call: any(call is one.reader for one in found), record):
        return
    for one in found:
        yield Finding(_place(record, one), _message(record, one), (one.reader.n, one.giver.n))


def _place(record: Record, one: Carried) -> Place | None:
    """Where the RNN is a cell, the state is what was made of it last; else it is handed over by a call."""
    handed = given_at(record, one)
    return one.last.place if handed == one.reader.place else handed


def _message(record: Record, one: Carried) -> str:
    return (
        f"{expression(record, one.reader.place)} begins each batch with the state of the batch before, graph and all: "
        f"backward() then goes through the batches before, and stops, or takes longer each time. Begin each batch without a "
        f"state, or cut it off: state.detach()."
    )
