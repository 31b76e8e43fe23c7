"""# The mean of the batches' means is not the mean of the reviews

**What happened.** A number for the whole split was made by adding one number per batch and dividing by the count of batches
(or means were divided by the count of reviews).

**Why it matters.** The last batch is mostly smaller, and its reviews count more: with 100 reviews in batches of 32 the last
4 count eight times as much as the others; 90 right of the first 96 and 1 right of the last 4 give 76.6 % instead of 91 %.

**Fix.** Add up right answers and reviews, and divide once: `correct / seen`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=5)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


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
    accuracy = 0
    with torch.no_grad():
        for text, label in valid_loader:
            accuracy += (model(text).argmax(1) == label).float().mean().item()
    accuracy = accuracy / len(valid_loader)  # <- found here
    print(f"epoch {epoch}: validation accuracy {accuracy:.2f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


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
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.accuracies import counted, divided_at, explained, printed
from rnnlab.rules.asking.passes import Pass, has_text, is_one_batch, loader_of, passes
from rnnlab.rules.asking.syntax import all_nodes, function_around, trees, with_parents
from rnnlab.rules.asking.written import Written, is_backward, loop_at, walked_over
from rnnlab.rules.kit import LEVELS, Finding, Level, Unseen, expression, rule
from rnnlab.sources import file_and_cell

_SHARE = re.compile(r"acc|f1|score|prec|rec|mean\(|\.mea", re.IGNORECASE)
_OF_ANSWERS = re.compile(r"==|\beq\(|acc|f1|score|prec|rec|correct|right|hit|match", re.IGNORECASE)
_MEAN = re.compile(r"\.mea|mean\(")  # a long expression is cut off
_LOSS = re.compile(r"loss", re.IGNORECASE)
_SMALLER_BATCH = (
    "the reviews of a smaller last batch then count more than the others. "
    "Add up right answers and reviews, and divide once."
)


@rule(level="mistake", needs=("metric",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each number that a loop added up what it was divided by."""
    found, known, written = list(_printed(record)), False, Written(record)
    evaluations = {id(loop_at(record, one.place)) for one in passes(record, "evaluation")}
    trainings = {id(loop_at(record, one.place)) for one in passes(record, "training")}
    whole = {
        id(loop_at(record, one.place))
        for one in passes(record)
        if is_one_batch(record, one) or _is_of_single(record, one)
    }
    for metric in record.ask(Data, what="metric"):
        loop = _adding_loop(record, metric)
        total = re.sub(r"^sum\((.*)\)$", r"\1", str(metric.samples.get("total", "")))
        if loop is not None and (
            id(loop) in whole or _goes_over_passes(loop, evaluations | trainings) or _is_begun_again(loop, total)
        ):
            continue
        by, added = _divided_by(record, metric, loop), str(metric.samples.get("added", ""))
        known |= by in ("batches", "examples", "counted")
        is_judging = loop is not None and id(loop) in evaluations and not written.does(loop, is_backward)
        if by == "counted" and _LOSS.search(added) and _counts_turns(record, str(metric.samples.get("divisor", ""))):
            by = "turns"
        if (
            by == "counted"
            and isinstance(loop, ast.For)
            and _counts_reviews(loop, str(metric.samples.get("divisor", "")))
        ):
            by = "examples"
        if by == "turns" and id(loop) in evaluations | trainings and loop is not None and _reads_batches(record, loop):
            by = "likely batches"
        judged = _judged(record, by, added) or (_of_losses(record, by, added) if is_judging else None)
        if judged is not None:
            said, level = judged
            found.append(
                Finding(
                    metric.place,
                    f"{expression(record, metric.place)} divides {metric.samples.get('total', 'a sum')}, to which each batch "
                    f"added {added}, by {metric.samples.get('divisor', '?')}: {said}",
                    (metric.n,),
                    level,
                )
            )
    yield from _one_a_line(found)
    if not known and not found:
        raise Unseen("no number was seen that a loop added up and the program divided")


def _printed(record: Record) -> Iterator[Finding]:
    """Hold the accuracies that a run printed against the right answers of its passes."""
    for reason in explained(record, "mean of batches", "right per batch", "means by rows"):
        means, by_rows = reason.cause != "right per batch", reason.cause == "means by rows"
        total = "the sum of the batches' accuracies" if means else f"{reason.total:,.0f} right answers"
        what = "the number of reviews" if by_rows else "the number of batches"
        why = "A smaller last batch then counts as much as a full one. " if means and not by_rows else ""
        yield Finding(
            divided_at(record, reason),
            f"{printed(reason)}: {total} divided by {reason.divisor:,.0f}, {what}. {counted(reason)} {why}"
            f"Add up right answers and reviews, and divide once.",
            (reason.said.n, reason.one.fact.n),
        )


def _one_a_line(found: list[Finding]) -> Iterator[Finding]:
    """Return the most serious finding of each line, and further ones of the same level."""
    done, best = set(), dict[tuple[str, int, int | None], int]()
    for one in found:
        line = _line_of(one)
        best[line] = min(best.get(line, len(LEVELS)), LEVELS.index(one.level or "mistake"))
    for one in found:
        if one.place not in done and LEVELS.index(one.level or "mistake") == best[_line_of(one)]:
            done.add(one.place)
            yield one


def _line_of(one: Finding) -> tuple[str, int, int | None]:
    return (one.place.file, one.place.line, one.place.cell) if one.place is not None else ("", 0, None)


def _adding_loop(record: Record, metric: Data) -> ast.For | ast.While | None:
    """Return the loop of the same function (or file) that adds something to what was divided: of several the nearest before."""
    place, total = metric.place, str(metric.samples.get("total", ""))
    total = re.sub(r"^sum\((.*)\)$", r"\1", total)
    function = function_around(record, place)
    if place is None:
        return None
    scopes = [(found[1], tree) for key, _, tree in trees(record) if (found := file_and_cell(key))[0] == place.file]
    loops = [
        (cell, loop)
        for cell, scope in ([(place.cell, function)] if function is not None else scopes)
        for loop in _loops_that_add(scope, total)
    ]
    before = [one for cell, one in loops if cell == place.cell and one.lineno <= place.line]
    return max(before, key=lambda one: one.lineno) if before else loops[0][1] if loops else None


def _loops_that_add(scope: ast.AST, total: str) -> Iterator[ast.For | ast.While]:
    """Return the innermost loop around each statement that adds to a name: `total += x`, `total = total + x`, `.append(x)`."""
    for node, around in with_parents(scope):
        target = node.target if isinstance(node, ast.AugAssign) else None
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add):
            target = node.value.left if ast.unparse(node.targets[0]) == ast.unparse(node.value.left) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            target = node.func.value
        loops = [one for one in around if isinstance(one, ast.For | ast.While)]
        if target is not None and ast.unparse(target) == total and loops:
            yield loops[-1]


def _is_begun_again(loop: ast.For | ast.While, total: str) -> bool:
    """Say whether a total is set back while its loop goes on: it is a mean of a few full batches, then."""
    for one in ast.walk(loop):
        if isinstance(one, ast.Assign) and ast.unparse(one.value) in (
            "[]",
            "0",
            "0.0",
            "list()",
            "0, 0",
            "(0, 0)",
            "[], []",
        ):
            targets = one.targets[0].elts if isinstance(one.targets[0], ast.Tuple) else one.targets
            if total in map(ast.unparse, targets):
                return True
    return False


def _divided_by(record: Record, metric: Data, loop: ast.For | ast.While | None) -> str:
    """Return what a sum was divided by: a list that grew by one number for each batch, or a count of turns, counts batches."""
    total, divisor, by = (str(metric.samples.get(key, "")) for key in ("total", "divisor", "by"))
    # Of a mean of turns it must be seen that a turn is a batch: over one, something was averaged.
    is_turns = by == "turns" or (total.startswith("sum(") and divisor == f"len{total[3:]}")
    if (is_turns or (by == "counted" and _counts_turns(record, divisor))) and _MEAN.search(
        str(metric.samples.get("added"))
    ):
        return "batches"
    if by == "counted" and isinstance(loop, ast.For) and divisor == f"len({ast.unparse(walked_over(loop))})":
        return "turns"  # as many as there are turns of something that is not known
    if by == "turns":
        return by
    if is_turns:
        return "batches"
    return "examples" if by == "counted" and _is_batched(record, divisor) else by


def _counts_turns(record: Record, divisor: str) -> bool:
    """Say whether a name goes up by one each time and never otherwise."""
    nodes = (node for _, _, tree in trees(record) for node in all_nodes(tree) if isinstance(node, ast.AugAssign))
    added = [ast.unparse(node.value) for node in nodes if ast.unparse(node.target) == divisor]
    return bool(added) and set(added) == {"1"}


def _counts_reviews(loop: ast.For, divisor: str) -> bool:
    """Say whether a count is that of the turns so far times the size of a batch: `i * len(inputs)`."""
    product = ast.parse(divisor, mode="eval").body if divisor.isascii() and divisor.count("*") == 1 else None
    if not isinstance(product, ast.BinOp) or not isinstance(product.op, ast.Mult):
        return False
    counters = {one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)}
    sides = [ast.unparse(product.left), ast.unparse(product.right)]
    return any(
        one.strip("()").partition(" ")[0] in counters
        and re.fullmatch(r"len\([\w.]+\)|[\w.]*batch_size|[\w.]+\.size\(0\)", two, re.I)
        for one, two in (sides, sides[::-1])
    )


def _is_batched(record: Record, divisor: str) -> bool:
    """Say whether `len(rows)` counts the very rows that a loader was made of."""
    rows = re.fullmatch(r"len\(([\w.]+)\)", divisor)
    return rows is not None and has_text(record, f"DataLoader({rows[1]},", f"DataLoader({rows[1]})")


def _judged(record: Record, by: object, added: str) -> tuple[str, Level | None] | None:
    weighted = "*" in added
    if by == "batches" and not weighted:
        if "sum(" in added and not _LOSS.search(added):
            return "that is right answers per batch, no share. Divide by the number of reviews.", None
        if _SHARE.search(added) and not _LOSS.search(added) and not _drops_ragged(record):
            level: Level | None = None if _OF_ANSWERS.search(added) or added.endswith("...") else "risk"
            return None if _is_of_single_reviews(record) else (_SMALLER_BATCH, level)
    if by == "likely batches" and not weighted and _SHARE.search(added) and not _LOSS.search(added):
        return _SMALLER_BATCH, "risk"
    means = _LOSS.search(added) and "sum(" not in added and not _sums(record)
    if by == "examples" and not weighted and means and _in_batches(record):
        return (
            "the loss of a batch is a mean already, so the result is too small by the size of a batch. Divide by the number of "
            "batches, or add loss.item() * len(label).",
            None,
        )
    return None


def _of_losses(record: Record, by: object, added: str) -> tuple[str, Level | None] | None:
    """Judge the mean loss of an evaluation; that of a training moves while it is added up, and nobody compares it so finely."""
    if by not in ("batches", "turns", "likely batches") or "*" in added or not _LOSS.search(added) or "sum(" in added:
        return None
    if _sums(record) or _drops_ragged(record):
        return None
    return (
        "the reviews of a smaller last batch then count more than the others. Add loss.item() * len(label), and divide by the "
        "number of reviews.",
        "habit",
    )


def _drops_ragged(record: Record) -> bool:
    loaders = list(record.ask(Data, what="loader"))
    return bool(loaders) and all(str(one.samples.get("options", {}).get("drop_last")) == "True" for one in loaders)


def _is_of_single(record: Record, one: Pass) -> bool:
    """Say whether a pass goes over a loader that gives one review at a time: it has as many batches as reviews."""
    loader = loader_of(record, one)
    return loader is not None and loader.counts.get("batch_size") == 1


def _is_of_single_reviews(record: Record) -> bool:
    """Say whether every loader gives one review at a time: a mean of turns is then one of reviews."""
    sizes = {one.counts.get("batch_size") for one in record.ask(Data, what="loader")}
    return sizes == {1}


def _goes_over_passes(loop: ast.For | ast.While, passes: set[int]) -> bool:
    """Say whether a turn holds whole passes: of epochs or folds, each number counts alike."""
    inner = (one for statement in loop.body for one in ast.walk(statement))
    return any(isinstance(one, ast.For | ast.While) and id(one) in passes for one in inner)


def _in_batches(record: Record) -> bool:
    """Say whether the program goes over batches at all, and not over single reviews."""
    return any(one.counts.get("batch_size", 0) > 1 for one in record.ask(Data, what="loader"))


def _reads_batches(record: Record, loop: ast.For | ast.While) -> bool:
    """Say whether a turn is a batch, and no single review, as far as it is written."""
    return _in_batches(record) or (isinstance(loop, ast.For) and "batch" in ast.unparse(loop).lower())


def _sums(record: Record) -> bool:
    """Say whether a loss adds up its batch by itself."""
    return any(call.values.get("reduction") not in (None, "mean") for call in record.ask(Call) if call.what in LOSSES)
