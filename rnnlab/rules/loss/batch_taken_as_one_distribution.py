"""# The whole batch was taken as one row of scores

**What happened.** `cross_entropy` was given one axis of scores and one axis of labels. Torch then reads the batch as the
classes of a single example and the float labels as its probabilities.

**Why it matters.** It runs without a word. In a batch of 4 reviews with the scores 2, -1, 0, 1 and the labels 1, 0, 0, 1 it
gives 1.88, where the binary cross-entropy that was meant is 0.37, and each review's loss depends on the others.

**Fix.** With one output for each review take `BCEWithLogitsLoss`; with several keep the axis of classes.

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
        return self.fc(hidden[-1]).squeeze(1)


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
from rnnlab.rules.asking.losses import losses, scores
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("cross_entropy",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask how many axes each cross-entropy's scores and labels have."""
    unknown: list[Call] = []
    for loss in losses(record, "cross_entropy"):
        notes = [item.note for item in loss.inputs[:2] if isinstance(item.note, TensorNote)]
        axes = [len(note.shape) for note in notes if note.shape is not None]
        if axes == [1, 1] or _has_one_score_each(loss):
            yield Finding(
                loss.place,
                f"{expression(record, loss.place)} reads {_word(loss)} with one axis: torch takes the whole batch as the "
                f"classes of one example. Take BCEWithLogitsLoss for one output per review, or keep the axis of the classes.",
                (loss.n,),
            )
        elif len(axes) < 2:
            unknown.append(loss)
    if unknown:
        raise Unseen(f"how many axes {expression(record, unknown[0].place)} reads is not known")


def _has_one_score_each(loss: Call) -> bool:
    """Say whether the scores have the axis of the batch alone: whatever the labels are, they are no classes then."""
    given = scores(loss)
    note = given.note if given is not None else None
    return isinstance(note, TensorNote) and note.shape is not None and [axis.name for axis in note.axes] == ["batch"]


def _word(loss: Call) -> str:
    given = scores(loss)
    return given.name if given is not None and given.name else "scores"
