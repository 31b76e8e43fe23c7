"""# Binary cross-entropy was given labels other than 0 and 1

**What happened.** The labels are 1 and 2, or -1 and 1, and go into binary cross-entropy as they are.

**Why it matters.** The formula is -y·log p - (1 - y)·log(1 - p). With y = 2 the loss falls without end as p grows, below 0;
with labels 1 and 2 both classes push p to 1, and the model calls every review positive.

**Fix.** Map the labels to 0 and 1 first: `(label == 2).float()`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).float() + 1  # 1 is negative, 2 is positive
loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


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
    loss = F.binary_cross_entropy_with_logits(model(text), label)  # <- found here
    loss.backward()
    optimizer.step()

model.eval()
correct = seen = 0
with torch.no_grad():
    for text, label in valid_loader:
        correct += ((model(text) > 0) == (label == 2)).sum().item()
        seen += len(label)
print(correct / seen)
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).float() + 1  # 1 is negative, 2 is positive
loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


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
    loss = F.binary_cross_entropy_with_logits(model(text), (label == 2).float())
    loss.backward()
    optimizer.step()

model.eval()
correct = seen = 0
with torch.no_grad():
    for text, label in valid_loader:
        correct += ((model(text) > 0) == (label == 2)).sum().item()
        seen += len(label)
print(correct / seen)
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Call, Named
from rnnlab.record import Record
from rnnlab.rules.asking.losses import losses
from rnnlab.rules.asking.syntax import all_nodes, tree_at
from rnnlab.rules.kit import Finding, Unseen, expression, rule, walk_back

_BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_MAPS = ("eq", "compare", "arithmetic", "where", "clamp", "one_hot")


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for labels of a binary cross-entropy that the program itself compares with other numbers than 0 and 1."""
    found = losses(record, *_BINARY)
    if not found:
        raise Unseen("no binary cross-entropy was seen")
    compared = [call for call in record.ask(Call, what="eq") if _shows_other_labels(record, call)]
    plain = [loss for loss in found if len(loss.inputs) > 1 and not _is_mapped(record, loss)]
    for loss in plain:
        label = _word(loss.inputs[1])
        shown = next((call for call in compared if label in {_word(item) for item in call.inputs}), None)
        if shown is not None:
            yield Finding(loss.place, _message(record, loss, shown), (loss.n, shown.n))
    if plain and not compared:
        raise Unseen("which numbers the labels are was not seen")


def _word(item: Named) -> str:
    """Return the learner's word for a label, without what changes its type: `y` of `y.float()`."""
    return (
        item.name.partition(".")[0]
        if item.name.partition(".")[2].startswith(("float", "to(", "type", "double"))
        else item.name
    )


def _is_mapped(record: Record, loss: Call) -> bool:
    return any(isinstance(fact, Call) and fact.what in _MAPS for fact in walk_back(record, loss.inputs[1:2]))


def _shows_other_labels(record: Record, call: Call) -> bool:
    """Say whether a comparison speaks of labels above 1 (`y == 2`), or of -1 and 1 (`torch.sign(scores) == y`)."""
    if any(
        ".sign(" in expression(record, fact.place) for fact in walk_back(record, call.inputs) if isinstance(fact, Call)
    ):
        return True
    tree = tree_at(record, call.place)
    numbers = (
        [one.value for one in all_nodes(tree) if isinstance(one, ast.Constant)] if isinstance(tree, ast.Compare) else []
    )
    return len(call.inputs) == 1 and any(isinstance(one, int | float) and one > 1 for one in numbers)


def _message(record: Record, loss: Call, shown: Call) -> str:
    line = shown.place.line if shown.place is not None else "?"
    return (
        f"{expression(record, loss.place)} takes {loss.inputs[1].name} as it is, and line {line} "
        f"({expression(record, shown.place)}) shows labels other than 0 and 1: the loss then has no lowest value. Map the labels "
        f"to 0 and 1 first."
    )
