"""# The scheduler is stepped at the wrong time

**What happened.** The learning rate moves before the optimizer has used it, or a scheduler that counts epochs is stepped at every
batch (or one that counts batches once an epoch).

**Why it matters.** In the program below `step_size=2` was meant as two epochs. Stepped at each of the 3 batches, the rate is a
tenth after two batches and 0.00000001 after the last epoch: the model stops learning in the first one.

**Fix.** First `optimizer.step()`, then `scheduler.step()`: after the loop over the batches where the scheduler counts epochs.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (80, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:64], label[48:64]), batch_size=16)
test_loader = DataLoader(TensorDataset(text[64:], label[64:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def evaluate(model, loader):
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    return correct / seen


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
for epoch in range(4):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        scheduler.step()  # <- found here
print(f"validation accuracy {evaluate(model, valid_loader):.2f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (80, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:64], label[48:64]), batch_size=16)
test_loader = DataLoader(TensorDataset(text[64:], label[64:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def evaluate(model, loader):
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    return correct / seen


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
for epoch in range(4):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    scheduler.step()
print(f"validation accuracy {evaluate(model, valid_loader):.2f}")
```
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes
from rnnlab.rules.asking.tables import blocks
from rnnlab.rules.asking.written import Source, Written, calls, is_backward, walked_over, within, word
from rnnlab.rules.kit import Finding, Unseen, rule

_PER_EPOCH = {"StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "ReduceLROnPlateau"}
_PER_BATCH = {"OneCycleLR", "get_linear_schedule_with_warmup", "get_cosine_schedule_with_warmup"}
_KNOWN = (
    _PER_EPOCH | _PER_BATCH | {"LambdaLR", "MultiplicativeLR", "CosineAnnealingWarmRestarts", "CyclicLR", "LinearLR"}
)


@dataclass(frozen=True)
class Step:
    """One call of a scheduler's `step`, with the loops around it, outermost first, and how the scheduler was made."""

    source: Source
    statement: ast.Expr
    call: ast.Call
    made: ast.Call
    loops: tuple[ast.For | ast.While, ...]

    @property
    def kind(self) -> str:
        """The scheduler's name."""
        return word(self.made.func)


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each scheduler's step what stands around it and before it."""
    written, looked = Written(record), False
    for step in _steps(written):
        looked = True
        said = _early(step) or _without_its_number(step) or _too_often(written, step) or _too_rarely(written, step)
        if said:
            yield Finding(step.source.place(step.statement), f"{ast.unparse(step.call)} {said}")
    if not looked:
        raise Unseen("no scheduler was seen that the program steps")


def _steps(written: Written) -> Iterator[Step]:
    made = {
        word(target): node.value
        for source in written.sources
        for node in all_nodes(source.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and word(node.value.func) in _KNOWN
        for target in node.targets
    }
    for source in written.sources:
        yield from _in(source, source.tree, made, ())


def _in(
    source: Source, node: ast.AST, made: dict[str, ast.Call], loops: tuple[ast.For | ast.While, ...]
) -> Iterator[Step]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _in(source, child, made, ())
            continue
        if isinstance(child, ast.Expr) and isinstance(call := child.value, ast.Call) and word(call.func) == "step":
            owner = word(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            if owner in made:
                yield Step(source, child, call, made[owner], loops)
        around = (*loops, child) if isinstance(child, ast.For | ast.While) else loops
        yield from _in(source, child, made, around)


def _early(step: Step) -> str:
    """The rate moves before the weights do: the first rate is never used."""
    for block in blocks(step.source.tree):
        if step.statement not in block:
            continue
        index = block.index(step.statement)
        before = any(is_backward(call) for one in block[:index] for call in calls(one))
        stepped = [call for one in block[index + 1 :] for call in calls(one) if word(call.func) == "step"]
        earlier = [call for one in block[:index] for call in calls(one) if word(call.func) == "step"]
        if before and stepped and not earlier and _is_optimizer(stepped[0]):
            return (
                f"comes before {ast.unparse(stepped[0])} (line {stepped[0].lineno}): the rate has moved on before it was used. "
                f"Step the optimizer first, then the scheduler."
            )
    return ""


def _is_optimizer(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and not call.args and "sch" not in word(call.func.value).lower()


def _without_its_number(step: Step) -> str:
    if step.kind == "ReduceLROnPlateau" and not step.call.args and not step.call.keywords:
        return "gives no number: ReduceLROnPlateau needs to be told the loss that it watches, as in step(valid_loss)."
    return ""


def _too_often(written: Written, step: Step) -> str:
    """A scheduler that counts epochs is stepped once a batch."""
    loop = step.loops[-1] if step.loops else None
    if step.kind not in _PER_EPOCH or not isinstance(loop, ast.For) or len(step.loops) < 2:
        return ""
    trains = any(is_backward(call) for call in calls(loop))
    nested = any(
        isinstance(one, ast.For | ast.While) and any(map(is_backward, calls(one)))
        for one in within(loop)
        if one is not loop
    )
    over = walked_over(loop)
    is_range = isinstance(over, ast.Call) and word(over.func) in ("range", "trange") and len(over.args) < 3
    guarded = any(isinstance(one, ast.If) and step.statement in ast.walk(one) for one in within(loop))
    if not trains or nested or is_range or guarded or not _counts_epochs(step.made):
        return ""
    return (
        f"runs at every batch, and {ast.unparse(step.made)} counts epochs: after a few batches the rate is where it should be "
        f"after as many epochs. Step it once, after the loop over the batches."
    )


def _counts_epochs(made: ast.Call) -> bool:
    """Say whether a scheduler's numbers are those of epochs: small ones, or named after them."""
    numbers = [
        *made.args[1:2],
        *(one.value for one in made.keywords if one.arg in ("step_size", "T_max", "milestones", "gamma")),
    ]
    text = " ".join(ast.unparse(one) for one in numbers)
    if re.search(r"len\(|step|iter|batch", text, re.IGNORECASE):
        return False
    found = [one.value for part in numbers for one in ast.walk(part) if isinstance(one, ast.Constant)]
    values = [one for one in found if isinstance(one, int | float)]
    if word(made.func) == "ExponentialLR":
        return bool(values) and values[0] <= 0.97
    if word(made.func) == "ReduceLROnPlateau":
        return False
    return "epoch" in text.lower() or (bool(values) and max(values) <= 50)


def _too_rarely(written: Written, step: Step) -> str:
    """A scheduler that counts batches is stepped once an epoch."""
    if not _counts_batches(step.made) or not step.loops:
        return ""
    loop = step.loops[-1]
    inner = [
        one for one in within(loop) if isinstance(one, ast.For) and one is not loop and written.does(one, is_backward)
    ]
    own = any(step.statement in ast.walk(one) for one in inner)
    if own or not inner or not isinstance(loop, ast.For) or "epoch" not in ast.unparse(loop.target).lower():
        return ""
    return f"runs once an epoch, and {step.kind} was told the number of all batches. Step it after each batch."


def _counts_batches(made: ast.Call) -> bool:
    text = " ".join(ast.unparse(one) for one in (*made.args[1:], *(k.value for k in made.keywords)))
    return word(made.func) in _PER_BATCH and "len(" in text
