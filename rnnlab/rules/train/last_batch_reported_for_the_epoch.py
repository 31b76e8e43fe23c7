"""# The number of the last batch is reported for the whole epoch

**What happened.** The loss (or the accuracy) is printed, logged or returned after the loop over the batches, and each batch had
set it anew: what is left is the number of the last batch alone.

**Why it matters.** The last batch is a few reviews drawn by chance, often fewer than the others. With 25 reviews in it and a
model that is right on 80 %, its accuracy lies between 64 % and 96 % in 95 of 100 epochs: the curve jumps about, and a better
epoch cannot be told from a lucky one.

**Fix.** Add up over the epoch, and divide by the number of reviews: `total += loss.item() * len(label)`.

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
for epoch in range(3):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: training loss {loss.item():.3f}")  # <- found here
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
for epoch in range(3):
    model.train()
    total = 0
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(label)
    print(f"epoch {epoch}: training loss {total / 48:.3f}")
```
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.record import Record
from rnnlab.rules.asking.passes import is_one_batch, passes
from rnnlab.rules.asking.written import (
    Function,
    Source,
    Written,
    calls,
    in_order,
    is_backward,
    loop_at,
    loops_in,
    walked_over,
    within,
    word,
)
from rnnlab.rules.kit import Finding, Unseen, rule

_REPORTS = re.compile(r"^(print|log|info|debug|warning|add_scalars?|append|write|set_postfix|set_description|echo)$")
_SAYS_SO = re.compile(r"last|batch|step|iter|最后|批", re.IGNORECASE)
_EPOCHS = re.compile(r"epoch|num_iter|n_iter|steps|epoca|época|轮", re.IGNORECASE)
_AS_IT_IS = {"item", "detach", "cpu", "numpy", "float", "round", "tolist", "data", "format"}

_CHOOSES = {"argmax", "max", "round", "topk"}
_JOINS = {"cat", "concat", "concatenate", "append", "hstack", "vstack", "extend"}
_SCORES = {
    *("accuracy_score", "f1_score", "confusion_matrix", "classification_report", "precision_score", "recall_score"),
    *("balanced_accuracy_score", "precision_recall_fscore_support", "matthews_corrcoef", "cohen_kappa_score"),
}


@dataclass(frozen=True)
class Report:
    """A number of the last batch, and the statement after the loop that reports it."""

    name: str
    statement: ast.stmt
    loop: ast.For | ast.While


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look after each loop over batches for numbers that the loop sets anew at each turn and only its end leaves."""
    written, found, looked = Written(record), set[int](), False
    whole = {id(loop_at(record, one.place)) for one in passes(record, "training") if is_one_batch(record, one)}
    for source, function, body in written.scopes():
        for loop, after in loops_in(body):
            if not _goes_over_batches(written, loop) or not _is_called_again(written, source, function, loop):
                continue
            looked = True
            for report in _reports(written, loop, after) if id(loop) not in whole else ():
                if report.statement.lineno not in found:
                    found.add(report.statement.lineno)
                    yield Finding(source.place(report.statement), _message(report))
    judging = {id(loop_at(record, one.place)) for one in passes(record, "evaluation") if not is_one_batch(record, one)}
    for source, _, body in written.scopes():
        for loop, after in loops_in(body):
            if id(loop) not in judging or not isinstance(loop, ast.For) or written.does(loop, is_backward):
                continue
            looked = True
            for report in _judgements(loop, after):
                if report.statement.lineno not in found:
                    found.add(report.statement.lineno)
                    yield Finding(source.place(report.statement), _message_of_answers(report))
    if not looked:
        raise Unseen("no loop over batches was seen in a loop over epochs")


def _goes_over_batches(written: Written, loop: ast.For | ast.While) -> bool:
    """Say whether a loop trains on one batch after the other, and is none over epochs."""
    if not isinstance(loop, ast.For) or not any(map(is_backward, _direct_calls(written, loop))):
        return False
    over = walked_over(loop)
    if any(isinstance(one, ast.For | ast.While) and written.does(one, is_backward) for one in loop.body):
        return False
    if isinstance(over, ast.Call) and word(over.func) in ("range", "trange"):
        return len(over.args) == 3 or "batch" in ast.unparse(over).lower()
    return not _EPOCHS.search(ast.unparse(loop.target))


def _direct_calls(written: Written, loop: ast.For) -> list[ast.Call]:
    """Return the calls of a turn, those of the functions that it calls with them."""
    direct = list(calls(ast.Module(loop.body, [])))
    return direct + [one for call in direct for body in written.called(call) for one in calls(body)]


def _is_called_again(written: Written, source: Source, function: Function | None, loop: ast.For | ast.While) -> bool:
    """Say whether there are many passes: the loop stands in another one, or its function is called in one."""
    scope = function if function is not None else source.tree
    for outer in within(scope):
        if isinstance(outer, ast.For | ast.While) and outer is not loop and any(one is loop for one in within(outer)):
            return True
    if function is None:
        return False
    for other in written.sources:
        for outer in ast.walk(other.tree):
            is_other_loop = isinstance(outer, ast.For | ast.While) and outer is not loop
            if is_other_loop and any(function in written.called(call) for call in calls(outer)):
                return True
    return False


def _reports(written: Written, loop: ast.For | ast.While, after: list[ast.stmt]) -> Iterator[Report]:
    numbers = _set_anew(written, loop)
    # A branch that opens after the loop is looked into as well.
    for statement in in_order(after):
        for name in sorted(numbers):
            if _tells(statement, name):
                yield Report(name, statement, loop)
        numbers -= _bound(statement)
        if not numbers or isinstance(statement, ast.Return):
            return


def _judgements(loop: ast.For, after: list[ast.stmt]) -> Iterator[Report]:
    """Look after an evaluation for a score of answers that each batch sets anew."""
    answers, kept = set[str](), set[str]()
    for statement in in_order(loop.body):
        for node in within(statement):
            if isinstance(node, ast.AugAssign):
                kept.add(ast.unparse(node.target))
            if not isinstance(node, ast.Assign):
                continue
            bound = {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
            read = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
            if any(word(call.func) in _CHOOSES for call in calls(node.value)):
                answers |= bound
            if any(word(call.func) in _JOINS for call in calls(node.value)):
                kept |= bound  # the answers so far, put together
            answers |= bound if read & answers and isinstance(node.value, ast.Call) and not bound & read else set()
    for statement in in_order(after):
        for call in calls(statement) if not isinstance(statement, ast.For | ast.While) else ():
            judged = [*call.args, *(one.value for one in call.keywords)] if word(call.func) in _SCORES else []
            for name in sorted(answers - kept):
                if any(_is_number_of(one, name) for one in judged):
                    yield Report(name, statement, loop)
                    answers.discard(name)
        answers -= _bound(statement)


def _message_of_answers(report: Report) -> str:
    return (
        f"Line {report.statement.lineno} judges {report.name} after the loop over the batches (line {report.loop.lineno}): each "
        f"batch sets it anew, so these are the answers of the last batch alone. Collect them in a list in the loop, and judge "
        f"the whole list."
    )


def _set_anew(written: Written, loop: ast.For | ast.While) -> set[str]:
    """Return the losses and shares that each turn sets anew: nothing of the turns before is left in them."""
    found: set[str] = set()
    summed: set[str] = set()
    backward = {
        ast.unparse(call.func.value)
        for call in calls(loop)
        if is_backward(call) and isinstance(call.func, ast.Attribute)
    }
    for statement in in_order(loop.body):
        for node in within(statement):
            if isinstance(node, ast.AugAssign):
                summed.add(ast.unparse(node.target))
            if not isinstance(node, ast.Assign):
                continue
            for name, value in _pairs(written, node):
                if name in {ast.unparse(one) for one in ast.walk(node.value) if isinstance(one, ast.Name)}:
                    if name not in backward or not _is_number_of(value, name):
                        summed.add(name)  # a running mean
                elif name in backward or _is_share(value) or _is_loss_of(value, backward):
                    found.add(name)
    return found - summed


def _pairs(written: Written, node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """Return the names that a statement binds, each with what it gets; a function's results are looked up in it."""
    target = node.targets[0]
    if isinstance(target, ast.Name):
        yield target.id, _only_result(written, node.value)
    elif isinstance(target, ast.Tuple):
        values = _results(written, node.value)
        if len(values) == len(target.elts):
            yield from (
                (one.id, value) for one, value in zip(target.elts, values, strict=True) if isinstance(one, ast.Name)
            )


def _only_result(written: Written, value: ast.expr) -> ast.expr:
    results = _results(written, value)
    return results[0] if len(results) == 1 else value


def _results(written: Written, value: ast.expr) -> list[ast.expr]:
    """Return what an expression gives: the parts of a tuple, or those that the function of a training step returns."""
    if isinstance(value, ast.Tuple):
        return value.elts
    if isinstance(value, ast.Call):
        for function in written.called(value):
            trained = {
                ast.unparse(c.func.value)
                for c in calls(function)
                if is_backward(c) and isinstance(c.func, ast.Attribute)
            }
            returns = [one.value for one in within(function) if isinstance(one, ast.Return) and one.value is not None]
            if trained and len(returns) == 1:
                parts = returns[0].elts if isinstance(returns[0], ast.Tuple) else [returns[0]]
                return [_marked(part, trained) for part in parts]
    return []


def _marked(part: ast.expr, trained: set[str]) -> ast.expr:
    """Return a part of a training step's result; the loss itself is written as what is a loss everywhere."""
    loss = ast.parse("loss.backward", mode="eval").body
    return loss if any(_is_number_of(part, name) for name in trained) else ast.Constant(None)


def _is_share(value: ast.expr) -> bool:
    """Say whether a value is the mean of comparisons: `(guess == label).float().mean()`."""
    compares = any(
        isinstance(one, ast.Compare) or (isinstance(one, ast.Call) and word(one.func) == "eq")
        for one in ast.walk(value)
    )
    return compares and any(word(call.func) == "mean" for call in calls(value))


def _is_loss_of(value: ast.expr, losses: set[str]) -> bool:
    return any(_is_number_of(value, name) for name in losses) or ast.unparse(value) == "loss.backward"


def _is_number_of(value: ast.expr, name: str) -> bool:
    """Say whether a value is only a number of this name: `loss`, `loss.item()`, `float(loss)`, `loss.data[0]`."""
    while True:
        if ast.unparse(value) == name:
            return True
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _AS_IT_IS:
            value = value.func.value
        elif isinstance(value, ast.Call) and word(value.func) in _AS_IT_IS and value.args:
            value = value.args[0]
        elif (isinstance(value, ast.Attribute) and value.attr in _AS_IT_IS) or isinstance(value, ast.Subscript):
            value = value.value
        else:
            return False


def _tells(statement: ast.stmt, name: str) -> bool:
    """Say whether a statement prints, logs, keeps or returns a number as it is."""
    if isinstance(statement, ast.Return) and statement.value is not None:
        parts = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
        return any(_is_number_of(part, name) for part in parts)
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    if not _REPORTS.match(word(call.func)) or _SAYS_SO.search(_words(call)):
        return False
    return any(
        _is_number_of(one, name) for part in (*call.args, *(k.value for k in call.keywords)) for one in _shown(part)
    )


def _shown(part: ast.expr) -> Iterator[ast.expr]:
    """Return the values that an argument shows: those of an f-string, a dict, a `%` or a `format`, or itself."""
    if isinstance(part, ast.JoinedStr):
        yield from (one.value for one in part.values if isinstance(one, ast.FormattedValue))
    elif isinstance(part, ast.Dict):
        yield from part.values
    elif isinstance(part, ast.Tuple):
        yield from part.elts
    elif isinstance(part, ast.BinOp):
        for side in (part.left, part.right):
            yield from _shown(side)
    elif isinstance(part, ast.Call) and word(part.func) == "format":
        yield from part.args
        yield from (one.value for one in part.keywords)
    else:
        yield part


def _words(call: ast.Call) -> str:
    return " ".join(one.value for one in ast.walk(call) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _bound(statement: ast.stmt) -> set[str]:
    return {one.id for one in within(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _message(report: Report) -> str:
    return (
        f"Line {report.statement.lineno} reports {report.name} after the loop over the batches (line {report.loop.lineno}): each "
        f"batch sets it anew, so it is the number of the last batch alone, not of the epoch. Add it up in the loop, times "
        f"len(label), and divide by the number of reviews."
    )
