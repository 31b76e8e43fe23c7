"""# Class weights were computed and never used

**What happened.** The program computes a weight for each class, and no loss is given them.

**Why it matters.** The loss then counts every review alike: with 90 % of one class, a model that always says that class has
a small loss and 90 % accuracy. The line suggests that this was taken care of.

**Fix.** Give them to the loss: `nn.CrossEntropyLoss(weight=weights)`.

```python bad
import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
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
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
weights = torch.tensor(compute_class_weight('balanced', classes=np.arange(2), y=label.numpy()))  # <- found here
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
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
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
weights = torch.tensor(compute_class_weight('balanced', classes=np.arange(2), y=label.numpy())).float()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label, weight=weights)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule

_TAKE_WEIGHTS = ("weight", "pos_weight")


@rule(level="mistake", needs=("class_weights",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask whether any loss was given weights where some were computed."""
    losses = list(record.ask(Call, where=lambda call: call.what in LOSSES))
    if not losses:
        raise Unseen("no loss was seen")
    if not never(losses, lambda loss: any(loss.values.get(name) is not None for name in _TAKE_WEIGHTS), record):
        return
    for weights in record.ask(Call, what="class_weights"):
        name = weights.binds[0] if weights.binds else "the weights"
        yield Finding(
            weights.place,
            f"{name} is computed here, and no loss is given it: {expression(record, losses[0].place)} counts every class alike. "
            f"Write weight={name} there, or leave this line out.",
            (weights.n, losses[0].n),
        )
