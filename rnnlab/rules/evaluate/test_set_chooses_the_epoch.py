"""# The test set chooses the epoch

**What happened.** The best epoch (or learning rate, or size) is the one with the best number on the test reviews, and that number
is then the result.

**Why it matters.** The best of many tries is partly luck. A model that guesses has 50 % on 500 test reviews; the best of 20 such
epochs has 54 %, and nobody would see that it learnt nothing.

**Fix.** Choose by a validation split, load the best weights, and go over the test reviews once at the end.

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
best = 0.0
for epoch in range(3):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    accuracy = evaluate(model, test_loader)
    if accuracy > best:  # <- found here
        best = accuracy
        torch.save(model.state_dict(), "best.pt")
print(f"test accuracy {best:.2f}")
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
best = 0.0
for epoch in range(3):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    accuracy = evaluate(model, valid_loader)
    if accuracy > best:
        best = accuracy
        torch.save(model.state_dict(), "best.pt")
model.load_state_dict(torch.load("best.pt"))
print(f"test accuracy {evaluate(model, test_loader):.2f}")
```
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Data, Fact, Loop, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.batches import counted_on
from rnnlab.rules.asking.passes import Pass, loops
from rnnlab.rules.asking.syntax import all_nodes, begins_at
from rnnlab.rules.asking.written import (
    Source,
    Written,
    bound_in,
    in_order,
    is_backward,
    is_ordering,
    loops_in,
    within,
    word,
)
from rnnlab.rules.kit import Finding, Level, Role, Splits, Unseen, role_by_name, rule


@dataclass(frozen=True)
class Choice:
    """A piece of the program that keeps what is best so far: the words that it asks about, and where it stands."""

    source: Source
    node: ast.Compare | ast.Call
    asked: frozenset[str]
    loop: ast.For | ast.While | None

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.source.place(self.node)


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each choice of a best epoch or setting on which reviews its number was counted."""
    written = Written(record)
    judge = _Judge(record, written)
    yield from judge.findings()
    yield from _lightning(written, judge)
    if not judge.looked:
        raise Unseen("no epoch was chosen by a number, or on which reviews it was counted was not seen")


class _Judge:
    """Judges every choice by the facts behind its number, and where there are none by how the program calls the data."""

    def __init__(self, record: Record, written: Written) -> None:
        self.record, self.written, self.splits = record, written, Splits(record)
        self.loops = loops(record, "turns", "training", "evaluation", "batches")
        self.every = _spans(record)
        self.looked = False

    def findings(self) -> Iterator[Finding]:
        done: set[Place | None] = set()
        for choice in _choices(self.written):
            known, place, evidence = self._by_facts(choice)
            level: Level | None = None
            if known is None:
                known, place = self._by_words(choice), choice.place
                if known == "test" and self._is_validation(choice):
                    continue  # named so, and made of the validation split
                level = None if self._is_known(choice) else "risk"
            self.looked |= known is not None
            if known == "test" and place not in done and not self._is_reported_elsewhere():
                done.add(place)
                yield Finding(place, _message(choice), evidence, level)

    def _by_facts(self, choice: Choice) -> tuple[Role | None, Place | None, tuple[int, ...]]:
        """Return what the reviews are for behind a choice that is made once an epoch, and the line that asks for it."""
        for fact in self.record.ask(Data, what="choice", where=lambda one: begins_at(one.place, choice.place)):
            training = self._training_beside(fact)
            loaders = {one for number in fact.made_from for one in counted_on(self.splits, number)}
            roles: set[Role | None] = {self._role(one) for one in loaders}
            if training is not None and len(roles) == 1:
                return roles.pop(), self._asked_at(fact, training), (fact.n,)
        return None, None, ()

    def _role(self, number: int) -> Role | None:
        """Return what a loader is for; its own name must not say otherwise."""
        fact, role = self.splits.data.get(number), self.splits.role(number)
        named = role_by_name(fact.name) if fact is not None else None
        return role if named in (None, role) else named if role is None else None

    def _training_beside(self, fact: Fact) -> int | None:
        """Return a training pass that a loop around a choice goes through as well."""
        for begin, end in self.every:
            if not begin < fact.n < end:
                continue
            for one in self.loops:
                if one.kind == "training" and begin < one.begin and one.end < end and not one.begin < fact.n < one.end:
                    return one.begin
        return None

    def _asked_at(self, fact: Fact, training: int) -> Place | None:
        """Return the line of a choice; where another function makes it, the line that calls this one."""
        around = set(self._scopes(self.record.fact(training)))
        place = fact.place
        for scope in self._scopes(fact):
            if scope not in around:
                place = self.record.fact(scope).place
        return place

    def _scopes(self, fact: Fact) -> Iterator[int]:
        while fact.inside is not None:
            fact = self.record.fact(fact.inside)
            if isinstance(fact, Scope):
                yield fact.n

    def _is_validation(self, choice: Choice) -> bool:
        """Say whether the choice is by a call that is given a loader of validation reviews, whatever its name is."""
        return any(self.splits.role(one.id) == "valid" for one in self._given(choice))

    def _is_reported_elsewhere(self) -> bool:
        """Say whether validation reviews are asked only after all training: then the two names are exchanged."""
        trained = [one for one in self.loops if one.kind == "training"]
        # A training's epochs go on around it: what is asked in one of them is asked before the next.
        ends = [end for begin, end in self.every if any(begin <= one.begin and one.end <= end for one in trained)]
        asked = [one.begin for one in self.loops if one.kind == "evaluation" and self._is_of(one, "valid")]
        return bool(ends and asked) and min(asked) > max(ends)

    def _is_of(self, one: Pass, role: Role) -> bool:
        return one.over is not None and self._role(one.over) == role

    def _is_known(self, choice: Choice) -> bool:
        """Say whether the choice is by a call that is given a loader which holds the test reviews, by its data too."""
        return any(
            self.splits.role(one.id) == "test" or role_by_name(one.name) == "test" for one in self._given(choice)
        )

    def _given(self, choice: Choice) -> list[Data]:
        """Return the loaders that a choice's number was asked of, by the words of its call."""
        words = {
            word(one)
            for name in choice.asked
            for statement in (choice.loop.body if choice.loop is not None else ())
            for value in _given_to(statement, name)
            for one in ast.walk(value)
        }
        return list(self.record.ask(Data, what="loader", where=lambda one: one.name in words))

    def _by_words(self, choice: Choice) -> Role | None:
        """Return what the reviews are for by the program's own words: `acc = accuracy(model, test_loader)`."""
        if choice.loop is None or not self.written.does(choice.loop, is_backward):
            return None
        found: set[Role | None] = set()
        for name in choice.asked:
            made = [value for one in in_order(choice.loop.body) for value in _given_to(one, name)]
            if made:
                found.add(_role_of_call(made[-1]) or role_by_name(name))
        return found.pop() if len(found) == 1 else None


def _spans(record: Record) -> list[tuple[int, int]]:
    """Return where every loop begins and ends."""
    kinds = {loop.kind for loop in record.ask(Loop)}
    return [(one.begin, one.end) for one in loops(record, *kinds)]


def _choices(written: Written) -> Iterator[Choice]:
    """Return what keeps the best: an `if` that sets what it compares with, or `best = max(best, now)`."""
    for source, _, body in written.scopes():
        inner = {id(one): loop for loop, _ in loops_in(body) for one in within(loop)}
        for node in (one for statement in body for one in within(statement)):
            loop = inner.get(id(node))
            if isinstance(node, ast.If):
                yield from _compared(source, node, loop)
                yield from _compared_before(source, node, body, loop)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                yield from _greatest(source, node, node.value, loop)
            elif isinstance(node, ast.Call) and word(node.func) == "step" and len(node.args) == 1 and loop is not None:
                names = frozenset(_names(node.args[0]))
                if names and not isinstance(node.args[0], ast.BinOp):
                    yield Choice(source, node, names, loop)


def _compared(source: Source, branch: ast.If, loop: ast.For | ast.While | None) -> Iterator[Choice]:
    bound = bound_in([*branch.body, *branch.orelse])
    for one in within(branch.test):
        if isinstance(one, ast.Compare) and is_ordering(one):
            names = _names(one)
            if names & bound:
                yield Choice(source, one, frozenset(names - bound), loop)


def _compared_before(
    source: Source, branch: ast.If, body: list[ast.stmt], loop: ast.For | ast.While | None
) -> Iterator[Choice]:
    """`is_best = accuracy > best`, then `if is_best: best = accuracy`."""
    flags, bound = _names(branch.test), bound_in([*branch.body, *branch.orelse])
    for one in (one for statement in body for one in within(statement)):
        is_flag = isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id in flags
        value = one.value if isinstance(one, ast.Assign) and is_flag else None
        if isinstance(value, ast.Compare) and is_ordering(value) and _names(value) & bound:
            yield Choice(source, value, frozenset(_names(value) - bound), loop)


def _greatest(source: Source, node: ast.Assign, call: ast.Call, loop: ast.For | ast.While | None) -> Iterator[Choice]:
    target = word(node.targets[0])
    if word(call.func) in ("max", "min") and len(call.args) == 2 and target in (words := _names(call)):
        yield Choice(source, call, frozenset(words - {target, word(call.func)}), loop)


def _names(node: ast.AST) -> set[str]:
    return {word(one) for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)} - {"", "self"}


def _given_to(statement: ast.stmt, name: str) -> Iterator[ast.expr]:
    """Return what a statement gives to a name, from a tuple its own part."""
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        if word(target) == name:
            yield statement.value
        elif isinstance(target, ast.Tuple) and name in (words := [word(one) for one in target.elts]):
            value = statement.value
            yield (
                value.elts[words.index(name)]
                if isinstance(value, ast.Tuple) and len(value.elts) == len(words)
                else value
            )


def _role_of_call(value: ast.expr) -> Role | None:
    """Return the split that a call is given."""
    if isinstance(value, ast.Subscript):
        value = value.value
    if not isinstance(value, ast.Call):
        return None
    arguments = (*value.args, *(keyword.value for keyword in value.keywords))
    given: set[Role] = {role for one in arguments if (role := _role(one)) is not None}
    return given.pop() if len(given) == 1 else None


def _role(node: ast.expr) -> Role | None:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return role_by_name(str(node.slice.value))
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        return None
    return role_by_name(ast.unparse(node.func if isinstance(node, ast.Call) else node))


# --- Lightning -----------------------------------------------------------------------------------------------------


def _lightning(written: Written, judge: _Judge) -> Iterator[Finding]:
    """Look for `trainer.fit(model, train, test)` with a callback that monitors what comes out."""
    every = [
        (source, node) for source in written.sources for node in all_nodes(source.tree) if isinstance(node, ast.Call)
    ]
    monitors = [
        (source, call)
        for source, call in every
        if word(call.func) in ("ModelCheckpoint", "EarlyStopping")
        and any(one.arg == "monitor" and "train" not in ast.unparse(one.value) for one in call.keywords)
    ]
    for _, call in every:
        if word(call.func) != "fit" or not monitors:
            continue
        options = {one.arg: one.value for one in call.keywords}
        validated = (
            options.get("val_dataloaders")
            or options.get("val_dataloader")
            or (call.args[2] if len(call.args) > 2 else None)
        )
        judge.looked |= validated is not None
        if validated is not None and _role(validated) == "test":
            source, monitor = monitors[0]
            yield Finding(
                source.place(monitor),
                f"{word(monitor.func)} chooses the epoch by {ast.unparse(validated)}, line {call.lineno}: "
                f"those are the test reviews. Give a validation split to fit, and the test reviews to trainer.test alone.",
            )


def _message(choice: Choice) -> str:
    what = ast.unparse(choice.node)
    return (
        f"{what} chooses by a number that was counted on the test reviews: the best of many tries on them looks better than the "
        f"model is on new ones. Choose by a validation split, and go over the test reviews once, at the end."
    )
