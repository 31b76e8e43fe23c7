"""# Other rows of the hidden state were read than both directions

**What happened.** A bidirectional RNN's hidden state has a row for each layer and direction: the last layer's are -2
(forward) and -1 (backward). Others were read, or one alone.

**Why it matters.** `hidden[-1]` alone is the backward direction of the last layer: half of the RNN's 2 × hid numbers are
thrown away. `hidden[0]` and `hidden[1]` of two layers are both directions of the lower one.

**Fix.** Take `torch.cat((hidden[-2], hidden[-1]), dim=1)`.

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
        self.rnn = nn.GRU(8, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])  # <- found here


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
        self.rnn = nn.GRU(8, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))


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
    """Ask which rows of the hidden state are read where an RNN has two directions."""
    rnns = recurrent(record)
    if not rnns:
        raise Unseen("no RNN was seen whose result reaches the answer")
    for rnn in rnns:
        layers = options(rnn)["num_layers"]
        if options(rnn)["bidirectional"] is not True or not isinstance(layers, int | float):
            continue
        found = users(record, rnn)
        read = rows(found)
        if not read or len(read) != len(found):  # the output is used as well, or the states in another way
            continue
        last = 2 * int(layers)
        numbers = {number % last for _, number in read}
        if numbers in ({last - 2, last - 1}, set(range(last))):
            continue
        call = read[0][0]
        listed = ", ".join(str(number) for number in sorted({number for _, number in read}))
        yield Finding(
            call.place,
            f"{expression(record, call.place)}: of the {last} rows of the hidden state (layers × directions) only {listed} "
            f"{'is' if len(numbers) == 1 else 'are'} read. The last layer's two directions are hidden[-2] and hidden[-1].",
            (call.n, rnn.n),
        )
