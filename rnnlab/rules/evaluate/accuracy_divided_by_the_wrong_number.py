"""# The right answers were divided by another number than that of the reviews they were counted on

**What happened.** The evaluation counted right answers over one set of reviews and the program divided them by the size of
another one: the training split, the whole data set behind a sampler, or the number of batches times the batch size, although the
last batch is smaller.

**Why it matters.** The printed accuracy is no share of anything. With 48 training and 16 test reviews, 12 right answers of the
16 are printed as 25 % instead of 75 %; with 100 reviews in batches of 32, `len(loader) * 32` is 128, and 91 % becomes 71 %.

**Fix.** Count the reviews where the right answers are counted (`seen += len(label)`) and divide by that, or divide by
`len(loader.dataset)` of the very loader.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_data = TensorDataset(text[:48], label[:48])
test_data = TensorDataset(text[48:], label[48:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)


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
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
model.eval()
correct = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(train_data):.3f}")  # <- found here
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_data = TensorDataset(text[:48], label[:48])
test_data = TensorDataset(text[48:], label[48:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)


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
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
model.eval()
correct = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(test_data):.3f}")
```
"""

import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.accuracies import Explained, counted, divided_at, explained, printed
from rnnlab.rules.kit import Finding, Level, Splits, Unseen, expression, role_by_name, rule

_ROWS = ("dataset", "split", "table", "loader")
_WHOLE = ("RandomSampler", "SequentialSampler")
_LOSS = re.compile(r"loss|损失", re.IGNORECASE)
_FULL_BATCHES = re.compile(r"\(?\s*(?:len\(([\w.]+)\) \* [\w.]+|[\w.]+ \* len\(([\w.]+)\))\s*\)?")


@rule(level="mistake", needs=("metric",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Hold what right answers are divided by against the reviews that they were counted on."""
    for reason in explained(record, "other rows", "full batches"):
        yield _measured(record, reason)
    known, done = False, set()
    splits = Splits(record)
    for metric in record.ask(Data, what="metric"):
        divisor = str(metric.samples.get("divisor", ""))
        if _LOSS.search(f"{metric.samples.get('added', '')} {metric.samples.get('total', '')}"):
            continue
        known |= metric.samples.get("by") in ("examples", "batches", "turns") or "*" in divisor
        found = _of_others(splits, metric) or _of_full_batches(splits, metric, divisor)
        if found is not None and metric.place not in done:
            done.add(metric.place)
            why, level = found
            said = f"{expression(record, metric.place)} divides {metric.samples.get('total', 'right answers')}"
            yield Finding(metric.place, f"{said} by {divisor}: {why}", (metric.n,), level)
    if not known:
        raise Unseen("no count of right answers was seen whose divisor is known")


def _measured(record: Record, reason: Explained) -> Finding:
    """A run has printed it: say the number, and what it is."""
    if reason.cause == "full batches":
        what = "the number of batches times the batch size, though the last batch is smaller"
        made_up = any(record.ask(Data, where=lambda data: data.stand_in))
        level: Level | None = "risk" if made_up else None
    else:
        name = Splits(record).name(reason.whose.id) if reason.whose is not None else ""
        what, level = f"the number of reviews of '{name}'" if name else "the number of other reviews", None
    return Finding(
        divided_at(record, reason),
        f"{printed(reason)}: {reason.total:,.0f} right answers divided by {reason.divisor:,.0f}, {what}. {counted(reason)} "
        f"Divide by the reviews that were seen.",
        (reason.said.n, reason.one.fact.n),
        level,
    )


def _of_others(splits: Splits, metric: Data) -> tuple[str, Level | None] | None:
    """Say whether the divisor counts the rows of another split than the one whose batches were counted."""
    if metric.samples.get("by") != "examples":
        return None
    behind = [splits.data[one] for one in metric.made_from if one in splits.data]
    batches = [one for one in behind if one.what == "batch"]
    loaders = {number for one in batches for number in one.made_from}
    rows = [one for one in behind if one.what in _ROWS and one.id not in loaders]
    loader = splits.data.get(min(loaders)) if len(loaders) == 1 and len(rows) == 1 else None
    if loader is None or loader.what != "loader":
        return None
    ours, theirs = splits.role(loader.id), splits.role(rows[0].id)
    if role_by_name(loader.name) not in (None, ours) or loader.samples.get("sampler") not in (None, *_WHOLE):
        return None  # a sampler picks its split out of a data set that several loaders share
    if ours is None or theirs not in ("train", "valid", "test") or ours == theirs or rows[0].id in loader.made_from:
        return None
    name = loader.name or "the loader"
    return (
        f"the right answers were counted on {name}, and these are the reviews of the {theirs} split. Divide by the "
        f"reviews of {name}: len({name}.dataset).",
        None,
    )


def _of_full_batches(splits: Splits, metric: Data, divisor: str) -> tuple[str, Level | None] | None:
    """Say whether the divisor takes every batch for a full one, and the last one may be smaller."""
    match = _FULL_BATCHES.fullmatch(divisor)
    loaders = [splits.data[one] for one in metric.made_from if one in splits.data and splits.data[one].what == "loader"]
    if (
        match is None
        or len(loaders) != 1
        or loaders[0].samples.get("options", {}).get("drop_last") not in (None, False)
    ):
        return None
    counts = loaders[0].counts
    size, examples = counts.get("batch_size"), counts.get("examples")
    if size == 1 or (size and examples and examples % size == 0):
        return None
    return (
        "the last batch is smaller unless the batch size divides the number of reviews, and its missing reviews count as wrong. "
        "Add up len(label) in the loop and divide by that.",
        None if size and examples else "risk",
    )
