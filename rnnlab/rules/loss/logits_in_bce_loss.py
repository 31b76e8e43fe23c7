"""# Raw logits went into the loss for probabilities

**What happened.** `BCELoss` (or `binary_cross_entropy`) wants probabilities, and was given the numbers of a linear layer.

**Why it matters.** A logit below 0 or above 1 raises an error on most machines; those between are read as probabilities that
nobody meant. A logit of 0.5 stands for a probability of 0.62 and is read as 0.5, one of 0.9 (0.71) as 0.9.

**Fix.** Take `BCEWithLogitsLoss` on the logits, or put `torch.sigmoid` around them.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).float()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)
        nn.init.constant_(self.fc.bias, 0.5)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1]).squeeze(1)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(model(text), label)  # <- found here
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
label = (text[:, 0] > 30).float()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return torch.sigmoid(self.fc(hidden[-1])).squeeze(1)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.losses import losses, origin, scores
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("binary_cross_entropy",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind what each binary cross-entropy reads for a sigmoid or a softmax."""
    unknown: list[Call] = []
    for loss in losses(record, "binary_cross_entropy"):
        given = scores(loss)
        behind = origin(record, given.note if given else None)
        linear = behind.some_are("linear", "relu")
        if linear:
            yield Finding(
                loss.place,
                f"{expression(record, loss.place)} wants probabilities, and {given.name if given else 'its input'} comes from "
                f"{expression(record, linear[0].place)} as it is. Take BCEWithLogitsLoss, or put torch.sigmoid around it.",
                (loss.n, linear[0].n),
                None if behind.all_are("linear", "relu") else "risk",
            )
        elif not behind.all_are("sigmoid", "softmax"):
            unknown.append(loss)
    if unknown:
        raise Unseen(f"what {expression(record, unknown[0].place)} reads could not be followed to a sigmoid")
