"""# The best weights were kept, and the last ones tested

**What happened.** The program keeps the weights of the best epoch, in a file or under a name, and tests the model right after
training: with the weights of the last epoch. The best ones are never loaded.

**Why it matters.** The test result belongs to another model than the one that was kept. In the last epochs a model often knows
its training reviews by heart: who keeps the best of 20 epochs does it because the last one is worse.

**Fix.** Load them before the test: `model.load_state_dict(best_weights)`.

```python bad
import copy

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
best, best_weights = 0.0, None
for epoch in range(3):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    accuracy = evaluate(model, valid_loader)
    print(f"epoch {epoch}: validation accuracy {accuracy:.2f}")
    if accuracy > best:
        best = accuracy
        best_weights = copy.deepcopy(model.state_dict())
print(f"test accuracy {evaluate(model, test_loader):.2f}")  # <- found here
```

```python good
import copy

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
best, best_weights = 0.0, None
for epoch in range(3):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    accuracy = evaluate(model, valid_loader)
    print(f"epoch {epoch}: validation accuracy {accuracy:.2f}")
    if accuracy > best:
        best = accuracy
        best_weights = copy.deepcopy(model.state_dict())
model.load_state_dict(best_weights)
print(f"test accuracy {evaluate(model, test_loader):.2f}")
```
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes
from rnnlab.rules.asking.written import Function, Source, Written, calls, in_order, is_backward, within, word
from rnnlab.rules.kit import Finding, Unseen, role_by_name, rule

_ORDERING = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
_LOADING = re.compile(
    r"^(load_?(state|model|check|ckpt|weight|best|net|from|param)\w*|restore\w*|from_pretrained|swa_\w+)$", re.I
)
_SAVING = re.compile(r"^save(_?(state|model|check|ckpt|weight|best|net|param)\w*)?$", re.I)
_NO_LOADING = {"print", "info", "save", "exists", "join", "makedirs", "remove", "format", "dump"}
_ANSWERS = {"eval", "no_grad", "inference_mode", "argmax"}


@dataclass(frozen=True)
class Kept:
    """The statement that keeps the best weights, in words of the program."""

    statement: ast.stmt
    line: int
    file: str = ""


@dataclass(frozen=True)
class Tested:
    """A test of the last weights, while better ones lie unused."""

    source: Source
    statement: ast.stmt
    kept: Kept


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Follow the program from where the best weights were kept to the test, and ask whether they were taken back."""
    follower = _Follower(Written(record))
    for story in follower.written.stories():
        follower.follow(story, None)
    for tested in {id(one.statement): one for one in follower.found}.values():
        yield Finding(tested.source.place(tested.statement), _message(tested))
    lightning = _Lightning(follower.written)
    yield from lightning.findings()
    if not follower.looked and not lightning.keeps_best:
        raise Unseen("no training was seen that keeps its best weights")


class _Follower:
    """Walks through the statements of a scope with what is kept so far."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.found: list[Tested] = []
        self.looked = False

    def follow(self, story: list[tuple[Source, ast.stmt]], kept: Kept | None) -> Kept | None:
        """Return what is still kept, and not taken back, after these statements."""
        for source, statement in story:
            blocks = _blocks(statement)
            if blocks is not None:
                after = [self.follow([(source, one) for one in block], kept) for block in blocks]
                taken_back = kept is not None and any(one is None for one in after)
                kept = None if taken_back else next((one for one in after if one is not None), None)
            else:
                kept = self._step(source, statement, kept)
        return kept

    def _step(self, source: Source, statement: ast.stmt, kept: Kept | None) -> Kept | None:
        if self.written.does(statement, _loads) or (kept is not None and _names_the_file(statement, kept)):
            self._keeps(statement)
            return None
        if (now := self._keeps(statement)) is not None:
            return now
        if kept is not None and self._tests(statement):
            self.found.append(Tested(source, statement, kept))
            return None
        return kept

    def _keeps(self, statement: ast.stmt) -> Kept | None:
        for loop in self._trainings(statement, 2):
            for node in within(loop):
                if isinstance(node, ast.If) and (kept := self._kept_in(node, _flags(loop))) is not None:
                    return kept
                for body in self.written.called(node) if isinstance(node, ast.Call) else ():
                    branches = (one for one in within(body) if isinstance(one, ast.If))
                    if (
                        kept := next((one for one in map(self._kept_in, branches) if one is not None), None)
                    ) is not None:
                        return kept
        return None

    def _trainings(self, statement: ast.stmt, depth: int) -> Iterator[ast.For | ast.While]:
        """Return the loops over epochs in a statement, or in the functions that it calls."""
        if isinstance(statement, ast.For | ast.While):
            if self.written.does(statement, is_backward):
                yield statement
        elif depth:
            for function in (one for call in calls(statement) for one in self.written.called(call)):
                for inner in in_order(function.body):
                    yield from self._trainings(inner, depth - 1)

    def _kept_in(self, branch: ast.If, flags: dict[str, ast.expr] | None = None) -> Kept | None:
        """Return the statement of a branch that keeps weights, where the branch also keeps the number that they are best by."""
        statements = [*branch.body, *branch.orelse]
        bound = {
            _name(node)
            for one in statements
            for node in ast.walk(one)
            if isinstance(getattr(node, "ctx", None), ast.Store)
        }
        test = (flags or {}).get(_name(branch.test), branch.test)
        if not _is_about(test, bound - {""}):
            return None
        keeping = [one for statement in statements for one in within(statement) if self._keeps_weights(one)]
        names = {_name(target) for one in keeping if isinstance(one, ast.Assign) for target in one.targets}
        self.looked |= bool(keeping)
        if not keeping or any(self._is_read(name) for name in names):
            return None
        saved = [one for one in keeping if isinstance(one, ast.Call) and one.args]
        file = ast.unparse(saved[0].args[-1]) if saved else ""
        return Kept(branch, getattr(keeping[0], "lineno", branch.lineno), file)

    def _keeps_weights(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Assign):
            return word(node.value.func) == "deepcopy" if isinstance(node.value, ast.Call) else False
        return (
            isinstance(node, ast.Call)
            and bool(_SAVING.match(word(node.func)))
            and "optim" not in ast.unparse(node.func)
        )

    def _is_read(self, name: str) -> bool:
        """Say whether a name is read anywhere in the program."""
        nodes = (node for source in self.written.sources for node in all_nodes(source.tree))
        return any(_name(node) == name and isinstance(getattr(node, "ctx", None), ast.Load) for node in nodes)

    def _tests(self, statement: ast.stmt) -> bool:
        """Say whether a statement lets the model answer for the test reviews."""
        if isinstance(statement, ast.For):
            is_test = _role(statement.iter) == "test"
            answers = self.written.does(statement, _answers) or any(self._asks_a_model(one) for one in calls(statement))
            return is_test and not self.written.does(statement, is_backward) and answers
        return any(self._is_test(call) for call in calls(statement))

    def _asks_a_model(self, call: ast.Call) -> bool:
        """Say whether something is called that the program puts into evaluation mode elsewhere."""
        every = (
            node for source in self.written.sources for node in all_nodes(source.tree) if isinstance(node, ast.Call)
        )
        modes = {
            ast.unparse(one.func.value)
            for one in every
            if isinstance(one.func, ast.Attribute) and one.func.attr == "eval"
        }
        return ast.unparse(call.func) in modes

    def _is_test(self, call: ast.Call) -> bool:
        functions = self.written.called(call)
        if not functions or not any(self.written.does(body, _answers) for body in functions):
            return False
        if any(self.written.does(body, is_backward) and not _may_evaluate(call) for body in functions):
            return False
        given = {_role(one) for one in (*call.args, *(keyword.value for keyword in call.keywords))} - {None}
        return given == {"test"} or (not given and role_by_name(word(call.func)) == "test")


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]] | None:
    """Return the blocks of a statement of which one runs: both sides of a branch, or the body of `with`."""
    if isinstance(statement, ast.If):
        return [statement.body, statement.orelse]
    if isinstance(statement, ast.With | ast.AsyncWith):
        return [statement.body]
    if isinstance(statement, ast.Try):
        return [[*statement.body, *statement.orelse, *statement.finalbody]]
    if isinstance(statement, Function | ast.ClassDef):
        return []
    return None


def _loads(call: ast.Call) -> bool:
    """Say whether a call loads weights."""
    if word(call.func) in ("load", "reload"):
        return not ast.unparse(call.func).startswith(("np.", "numpy.", "json.", "yaml.", "spacy.", "data."))
    return bool(_LOADING.match(word(call.func)))


def _names_the_file(statement: ast.stmt, kept: Kept) -> bool:
    """Say whether a statement gives a call the very file that the best weights were saved in."""
    asked = [call for call in calls(statement) if word(call.func) not in _NO_LOADING]
    given = (one for call in asked for one in (*call.args, *(keyword.value for keyword in call.keywords)))
    return bool(kept.file) and any(ast.unparse(one) == kept.file for one in given)


def _answers(call: ast.Call) -> bool:
    return word(call.func) in _ANSWERS


def _flags(loop: ast.For | ast.While) -> dict[str, ast.expr]:
    """Return the names that hold a comparison: `is_best = accuracy > best`."""
    return {
        _name(node.targets[0]): node.value
        for node in within(loop)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Compare)
    }


def _is_about(test: ast.expr, bound: set[str]) -> bool:
    """Say whether a test asks whether a number is better than the best, which the branch then sets."""
    for one in ast.walk(test):
        if isinstance(one, ast.Compare) and isinstance(one.ops[0], _ORDERING):
            names = {_name(node) for node in ast.walk(one)} - {""}
            if names & bound:
                return True
    return False


def _name(node: ast.AST) -> str:
    return word(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _role(node: ast.expr) -> str | None:
    """Return the split that an argument speaks of."""
    return (
        role_by_name(ast.unparse(node))
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
        else None
    )


def _may_evaluate(call: ast.Call) -> bool:
    """Say whether a function that trains as well was called without an optimizer."""
    return not any("opt" in ast.unparse(one).lower() for one in (*call.args, *(k.value for k in call.keywords)))


class _Lightning:
    """Lightning's trainer tests the model that it is given as it is, unless it is told which checkpoint to load."""

    def __init__(self, written: Written) -> None:
        self.calls = [(source, call) for source in written.sources for call in calls_everywhere(source.tree)]
        self.keeps_best = any(
            word(call.func) == "ModelCheckpoint" and any(k.arg == "monitor" for k in call.keywords)
            for _, call in self.calls
        )
        self.loads = any(_loads(call) for _, call in self.calls) or any(
            "best_model_path" in source.text for source in written.sources
        )

    def findings(self) -> Iterator[Finding]:
        """Look for `trainer.test(model)`."""
        fitted = {
            ast.unparse(call.func.value)
            for _, call in self.calls
            if isinstance(call.func, ast.Attribute) and call.func.attr == "fit"
        }
        for source, call in self.calls:
            if (
                not self.keeps_best
                or self.loads
                or not isinstance(call.func, ast.Attribute)
                or call.func.attr != "test"
            ):
                continue
            options = {keyword.arg for keyword in call.keywords}
            given = bool(call.args) or "model" in options
            if ast.unparse(call.func.value) in fitted and given and not options & {"ckpt_path", None}:
                yield Finding(
                    source.place(call),
                    f"{ast.unparse(call)} tests the model as the last epoch left it: the best weights, from ModelCheckpoint, "
                    f'are loaded only where no model is given. Write ckpt_path="best".',
                )


def calls_everywhere(tree: ast.Module) -> Iterator[ast.Call]:
    """Return all calls of a file."""
    return (node for node in all_nodes(tree) if isinstance(node, ast.Call))


def _message(tested: Tested) -> str:
    return (
        f"Line {tested.statement.lineno} tests the weights of the last epoch: line {tested.kept.line} kept the best, and "
        f"nothing loads them before the test. Call model.load_state_dict(...) with them first."
    )
