"""# Cross-entropy over a single output

**What happened.** The head has one output, and `cross_entropy` compares classes: with one class the softmax is 1 whatever
the model says.

**Why it matters.** The loss of every review with label 0 is exactly 0, and no gradient flows: in the program below all
losses are 0.000. A label of 1 raises `Target 1 is out of bounds`.

**Fix.** Give the head one output for each class, or take `BCEWithLogitsLoss` with `squeeze(1)` and float labels.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = torch.zeros(64, dtype=torch.long)
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)  # <- found here
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
        self.rnn = nn.GRU(8, 16, batch_first=True)
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

from rnnlab.facts import Call, TensorNote
from rnnlab.record import Record
from rnnlab.rules.asking.losses import classes_of, losses, origin, scores
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("cross_entropy",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask how many classes each cross-entropy compares."""
    unknown: list[Call] = []
    for loss in losses(record, "cross_entropy"):
        if _axes(loss) == 1:
            continue  # another mistake: the whole batch as one distribution
        classes = _classes(record, loss)
        if classes == 1:
            yield Finding(
                loss.place,
                f"{expression(record, loss.place)} compares the classes of one single output: its softmax is always 1, so the "
                f"loss of label 0 is exactly 0 and nothing is learnt. Give the head one output for each class, or take "
                f"BCEWithLogitsLoss.",
                (loss.n,),
            )
        elif classes is None:
            unknown.append(loss)
    if unknown:
        raise Unseen(f"how many outputs {expression(record, unknown[0].place)} compares is not known")


def _axes(loss: Call) -> int | None:
    note = loss.inputs[0].note if loss.inputs else None
    return len(note.shape) if isinstance(note, TensorNote) and note.shape is not None else None


def _classes(record: Record, loss: Call) -> int | None:
    given = scores(loss)
    note = given.note if given is not None else None
    if isinstance(note, TensorNote) and note.shape is not None and len(note.shape) >= 2 and note.shape[1] is not None:
        return note.shape[1]
    return classes_of(origin(record, note))
