"""# The first layer's state was read, not the last one's

**What happened.** The RNN has several layers, and `hidden[0]` is the state of the lowest one.

**Why it matters.** The layers above are computed and thrown away: they get no gradient and keep the weights that they were
born with. With two layers of equal width that is 50 % of the RNN.

**Fix.** Take `hidden[-1]`, the last layer.

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
        self.rnn = nn.GRU(8, 16, num_layers=2, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[0])  # <- found here


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
        self.rnn = nn.GRU(8, 16, num_layers=2, batch_first=True)
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

from rnnlab.record import Record
from rnnlab.rules.asking.states import options, recurrent, rows, users
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("linear",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask which rows of the hidden state are read where an RNN has several layers and one direction."""
    rnns = recurrent(record)
    if not rnns:
        raise Unseen("no RNN was seen whose result reaches the answer")
    for rnn in rnns:
        layers = options(rnn)["num_layers"]
        found = users(record, rnn)
        read = rows(found)
        if options(rnn)["bidirectional"] is True or not isinstance(layers, int | float) or layers < 2 or not read:
            continue
        numbers = {number for _, number in read}
        if numbers == {0}:
            call = read[0][0]
            yield Finding(
                call.place,
                f"{expression(record, call.place)} is the state of the lowest of {layers:.0f} layers: those above it are "
                f"computed and not used. Take the row -1.",
                (call.n, rnn.n),
            )
