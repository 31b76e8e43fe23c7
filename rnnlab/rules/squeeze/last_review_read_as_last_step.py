"""# The last review was read in the place of the last step

**What happened.** The output is (batch, seq_len, hid), since the RNN is `batch_first`, and `output[-1]` takes the last
review of the batch: all its steps.

**Why it matters.** The classifier then sees one review for the whole batch, word by word. With 16 reviews of 12 words it
gives 12 answers, and mostly an error about 12 against 16; where both are equal it runs, and learns nothing.

**Fix.** Write `output[:, -1]`, or take `hidden[-1]`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 16))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output[-1])  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 16))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
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

from rnnlab.record import Record
from rnnlab.rules.asking.states import is_state, keys, recurrent, users
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("linear",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for an index that takes one review out of an RNN's output."""
    rnns = recurrent(record)
    if not rnns:
        raise Unseen("no RNN was seen whose result reaches the answer")
    done = set()
    for rnn in rnns:
        for call, note in users(record, rnn):
            first = next(keys(call, note), ("", None))
            if not is_state(note) and first == ("batch", -1) and call.place not in done:
                done.add(call.place)
                yield Finding(
                    call.place,
                    f"{expression(record, call.place)} takes the last review: the output is (batch, seq_len, hid). The last step "
                    f"of every review is [:, -1].",
                    (call.n, rnn.n),
                )
