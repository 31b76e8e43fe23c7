"""# The softmax was taken before cross-entropy, which takes it again

**What happened.** The model's answers are probabilities, and `cross_entropy` (or `nn.CrossEntropyLoss`) applies log-softmax
to what it is given: the softmax is taken twice.

**Why it matters.** Probabilities lie between 0 and 1, so after the second softmax no class can get more than e / (e + K -
1): with two classes the loss cannot fall below ln(1 + 1/e) = 0.3133, however sure the model is, and its gradients are small.
Accuracies look plausible, training is slow, and the loss seems stuck.

**Fix.** Return the logits of the last layer; take the softmax only where probabilities are printed.

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

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return F.softmax(self.fc(hidden[-1]), dim=1)  # <- found here


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

from rnnlab.facts import Call, Probe
from rnnlab.record import Record
from rnnlab.rules.asking.losses import classes_of, losses, once_each, origin, scores, written_at
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule


@rule(level="mistake", needs=("cross_entropy",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind what each cross-entropy reads for a softmax."""
    found, unknown = [], []
    for loss in losses(record, "cross_entropy"):
        given = scores(loss)
        behind = origin(record, given.note if given else None)
        found += [(softmax.place, softmax, loss) for softmax in behind.some_are("softmax")]
        if not behind.calls:
            unknown.append(loss)
    yield from (_finding(record, softmax, loss) for softmax, loss in once_each(found))
    if unknown and not found:
        yield from _tried(record, unknown)


def _finding(record: Record, softmax: Call, loss: Call) -> Finding:
    given = scores(loss)
    behind = origin(record, given.note if given else None)
    whole = behind.all_are("softmax")
    classes = classes_of(origin(record, softmax.inputs[0].note)) if softmax.inputs else None
    return Finding(
        written_at(record, softmax),
        f"{expression(record, softmax.place)} makes probabilities, and {expression(record, loss.place)} in {line(loss)} takes "
        f"the softmax of them again: {_floor(classes)}. Give the loss the logits, and take the softmax only where "
        f"probabilities are shown.",
        (softmax.n, loss.n),
        None if whole else "risk",
    )


def _floor(classes: int | None) -> str:
    if classes is None or classes < 2:
        return "the loss cannot come near 0, and learning is slow"
    from math import e, log

    return f"with {classes} classes the loss cannot fall below {log(1 + (classes - 1) / e):.4f}"


def _tried(record: Record, unknown: list[Call]) -> Iterator[Finding]:
    """Where the source does not show what a loss reads, the answers of the model itself may."""
    for tried in record.ask(Probe, what="range"):
        rows = [off for axis, off in tried.seen.get("sums", {}).items() if axis.isdigit() and int(axis) > 1]
        if rows and tried.seen.get("min", -1) >= 0 and max(rows) < 1e-4:
            loss = unknown[0]
            yield Finding(
                loss.place,
                f"The answers of {tried.given['model']} are probabilities (none below 0, each row sums to 1), and "
                f"{expression(record, loss.place)} takes the softmax again. If it reads them as they are, return the logits.",
                (tried.n, loss.n),
                "risk",
            )
            return
    raise Unseen(f"what {expression(record, unknown[0].place)} reads could not be followed")
