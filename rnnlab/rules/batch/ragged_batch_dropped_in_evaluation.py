"""# The last batch of the evaluation was dropped

**What happened.** The loader that the model is judged on was made with `drop_last=True`. Its last batch is shorter than the
others, and the loader leaves it out.

**Why it matters.** Those reviews are never looked at. In the program below the test split has 20 reviews and batches of 16:
four of them, 20 %, do not count, and a split that is smaller than one batch gives no batch at all.

**Fix.** Leave `drop_last` out of the loaders of validation and test.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16, drop_last=True)  # <- found here


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
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16)


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
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.batches import asked_for_at, judged_on
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.written import loop_at, within
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_SIZE = re.compile(r"len\(|\.size\(|\.shape\b|\.numel\(")
_FEW = 3  # so small batches are left out for another reason: a single review, or none


@rule(level="mistake", real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask every loader that a model is judged on whether it drops its last batch."""
    judged, skipped = judged_on(record), list(_skipped(record))
    yield from skipped
    if not judged and not skipped:
        raise Unseen("no loader was seen that a model is judged on")
    dropped = [loader for loader in judged if _drops(loader)]
    for loader in dropped:
        yield _finding(record, loader)
    if not dropped and any(loader.samples.get("options", {}).get("drop_last") == "?" for loader in judged):
        raise Unseen("whether the last batch is dropped depends on what the program is told")


def _skipped(record: Record) -> Iterator[Finding]:
    """Look in each evaluation for a test that leaves a batch out because of its size."""
    done = set()
    for one in passes(record, "evaluation"):
        loop = loop_at(record, one.place)
        for node in within(loop) if loop is not None else ():
            if isinstance(node, ast.If) and _leaves_out(node) and one.place is not None and node.lineno not in done:
                done.add(node.lineno)
                place = Place(one.place.file, node.lineno, node.col_offset, cell=one.place.cell)
                yield Finding(
                    place,
                    f"if {ast.unparse(node.test)}: the last batch of this evaluation is smaller than the others and is left "
                    f"out: its reviews are never looked at, and the score is that of the others. Let the model take the size "
                    f"of its first state from the batch, and look at every batch.",
                    (one.end,),
                )


def _leaves_out(node: ast.If) -> bool:
    """Say whether a test on the size of a batch against the full size ends the turn: `if len(text) != 32: continue`."""
    test = node.test
    if not isinstance(node.body[-1], ast.Continue | ast.Break) or node.orelse or len(node.body) > 2:
        return False
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or not isinstance(test.ops[0], ast.NotEq | ast.IsNot | ast.Lt)
    ):
        return False
    full = test.comparators[0]
    is_full = (isinstance(full, ast.Constant) and isinstance(full.value, int) and full.value > _FEW) or (
        isinstance(full, ast.Name | ast.Attribute) and "batch" in ast.unparse(full).lower()
    )
    return is_full and _SIZE.search(ast.unparse(test.left)) is not None


def _drops(loader: Data) -> bool:
    """Say whether a loader drops reviews: a last batch that is full loses nothing."""
    counts = loader.counts
    if loader.samples.get("options", {}).get("drop_last") is not True:
        return False
    if counts.get("batch_size") == 1:
        return False
    whole = counts.get("examples") and counts.get("batch_size") and counts["examples"] % counts["batch_size"] == 0
    return not whole


def _finding(record: Record, loader: Data) -> Finding:
    place = asked_for_at(record, loader)
    size, examples = int(loader.counts.get("batch_size", 0)), loader.counts.get("examples")
    lost = f"up to {size - 1}" if size > 1 else "the last few"
    if examples and size:
        lost = f"{int(examples) % size} of {int(examples)}"
    return Finding(
        place,
        f"{loader.name or expression(record, place)} is made with drop_last=True: {lost} reviews are never looked at, and the "
        f"score is that of the others. Leave drop_last out here; it belongs to the training loader alone.",
        (loader.n,),
    )
