"""# The sigmoid was applied before the loss that applies it

**What happened.** The model's answer is a sigmoid, and `BCEWithLogitsLoss` (or `binary_cross_entropy_with_logits`) applies
the sigmoid itself.

**Why it matters.** The sigmoid of a number between 0 and 1 lies between 0.5 and 0.731: the loss of a right and certain
answer cannot fall below 0.3133 for label 1, nor below 0.6931 for label 0, and everything is called positive at the threshold
0.5.

**Fix.** Return the logit, and apply the sigmoid only where a probability is printed; or take `BCELoss`.

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

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return torch.sigmoid(self.fc(hidden[-1])).squeeze(1)  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(model(text), label)
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
        return self.fc(hidden[-1]).squeeze(1)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.losses import losses, once_each, origin, scores, written_at
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule


@rule(level="mistake", needs=("binary_cross_entropy_with_logits",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind what each loss with logits reads for a sigmoid."""
    found, unknown = [], []
    for loss in losses(record, "binary_cross_entropy_with_logits"):
        given = scores(loss)
        behind = origin(record, given.note if given else None)
        found += [(one.place, one, loss) for one in behind.some_are("sigmoid", "softmax")]
        unknown += [loss] if not behind.calls else []
    for one, loss in once_each(found):
        given = scores(loss)
        whole = origin(record, given.note if given else None).all_are("sigmoid", "softmax")
        yield Finding(
            written_at(record, one),
            f"{expression(record, one.place)} makes probabilities, and {expression(record, loss.place)} in {line(loss)} applies "
            f"the sigmoid again: its results lie between 0.5 and 0.731, and the loss cannot come near 0. Give it the logits.",
            (one.n, loss.n),
            None if whole else "risk",
        )
    if unknown and not found:
        raise Unseen(f"what {expression(record, unknown[0].place)} reads could not be followed")
