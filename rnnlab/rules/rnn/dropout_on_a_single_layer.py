"""# Dropout was asked of an RNN with one layer

**What happened.** `dropout=` of an RNN acts between its layers, and it has only one.

**Why it matters.** Nothing is dropped: the layer behaves as with dropout 0.0, and torch says so in a warning that most
people never read.

**Fix.** Put an `nn.Dropout` behind the embedding or in front of the head, or take two layers.

```python bad
import warnings

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True, dropout=0.5)  # <- found here
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


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
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, num_layers=2, batch_first=True, dropout=0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


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

from rnnlab.facts import Call
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import layers_of
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="habit", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each RNN for its layers and its dropout."""
    calls = {call.place: call for call in record.ask(Call, where=lambda call: call.what in RECURRENT)}
    if not calls:
        raise Unseen("no RNN was seen")
    done = set()
    for call in calls.values():
        rate = call.values.get("dropout")
        if not isinstance(rate, int | float) or rate <= 0 or layers_of(call) != 1:
            continue
        made = call.values.get("made")
        if not isinstance(made, int) or not 0 <= made < len(record):
            raise Unseen("a layer with dropout between its layers has one alone, and where it was made was not seen")
        place = record.fact(made).place
        if place not in done:
            done.add(place)
            yield Finding(
                place,
                f"dropout={rate:g} of an RNN acts between its layers, and this one has a single layer: nothing is dropped. "
                f"Put an nn.Dropout behind the embedding or in front of the head.",
                (call.n,),
            )
