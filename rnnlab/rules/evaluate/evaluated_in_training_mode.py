"""# The model was evaluated in training mode

**What happened.** The model answered for a test or a prediction while it was in training mode: nobody called `model.eval()`
before.

**Why it matters.** With dropout of 0.5 half of the hidden state is missing, each time another half: two passes over the same
reviews give two accuracies, and both are too low. Batch norm even lets reviews of one batch change each other's answers.
(Without either the mode changes nothing.)

**Fix.** Call `model.eval()` before, and `model.train()` when training goes on.

```python bad
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
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:  # <- found here
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
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

from rnnlab.facts import Call, Data, Fact, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, acts_in_training, model_calls, outside, passes, trained_later
from rnnlab.rules.asking.syntax import around_place, function_around
from rnnlab.rules.asking.written import Written, is_backward, word
from rnnlab.rules.asking.written import calls as calls_in
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule

_SET_BY_HAND = re.compile(r"\b(?!self\b)\w+\.training\s*=(?!=)")


@rule(level="mistake", needs=("linear",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask in which mode the model was whenever it answered and was not trained."""
    if any(_SET_BY_HAND.search(text) for text in record.sources.values()):
        raise Unseen("the program sets the mode by hand")
    every = passes(record)
    looked, done, written = False, set[Place | None](), Written(record)
    trained_on = trained_later(record)
    for one in every:
        if one.kind != "evaluation" or not (calls := model_calls(one.calls(record))):
            continue
        if any(call.n in trained_on for call in calls) or _is_switched_around(record, written, one.place):
            continue
        looked |= any(call.training is not None for call in calls)
        if one.place not in done and (
            finding := _finding(
                record, one.place, calls, "the evaluation over these batches", _is_meant(record, one.place)
            )
        ):
            done.add(one.place)
            yield finding
    for scope, calls in _predictions(record, every):
        looked |= any(call.training is not None for call in calls)
        what = f"{expression(record, scope.place)}, outside of training,"
        if scope.place not in done and (finding := _finding(record, scope.place, calls, what)):
            done.add(scope.place)
            yield finding
    if not looked:
        raise Unseen("no evaluation and no prediction was seen whose mode is known")


def _is_switched_around(record: Record, written: Written, place: Place | None) -> bool:
    """Say whether an evaluation stands under a `with` of the program's own, or of a library, that sets the mode."""
    for node in around_place(record, place):
        for item in node.items if isinstance(node, ast.With) else ():
            call = item.context_expr
            if isinstance(call, ast.Call) and ("eval" in word(call.func).lower() or written.does(call, _sets_the_mode)):
                return True
    return False


def _sets_the_mode(call: ast.Call) -> bool:
    return word(call.func) == "eval" and isinstance(call.func, ast.Attribute)


def _is_meant(record: Record, place: Place | None) -> bool:
    """Say whether the evaluation's own function, which trains nothing, calls train(): dropout at work measures doubt."""
    function = function_around(record, place)
    asked = list(calls_in(function)) if function is not None else []
    return any(word(one.func) == "train" and not one.args for one in asked) and not any(map(is_backward, asked))


def _finding(
    record: Record, place: Place | None, calls: list[Call], what: str, is_meant: bool = False
) -> Finding | None:
    wrong = [call for call in calls if call.training is True and call.certain]
    if not wrong:
        return None
    acting = [call for call in wrong if acts_in_training(call)]
    level: Level | None = ("risk" if is_meant else None) if acting else "habit"
    said = (
        f"{expression(record, acting[0].place)} drops or changes numbers, each time others"
        if acting
        else "its dropout is on in any mode, so nothing changes here"
        if any(record.ask(Call, where=lambda call: call.what == "dropout" and call.layer is None))
        else "it has no dropout and no batch norm, so nothing changes here"
    )
    first = (acting or wrong)[0]
    return Finding(place, f"{what} ran in training mode: {said}. Call model.eval() before.", (first.n,), level)


def _predictions(record: Record, every: list[Pass]) -> Iterator[tuple[Scope, list[Call]]]:
    """Return the calls of a model outside of every pass, once it was trained or its weights were loaded."""
    since = min([one.end for one in every if one.kind == "training"] + _loaded(record), default=None)
    if since is None:
        return
    inner: dict[int, list[Call]] = {}
    scopes: dict[int, Scope] = {}
    facts: list[Fact] = [fact for fact in outside(record, every) if fact.n > since]
    for fact in facts:
        if isinstance(fact, Scope) and fact.phase == "into" and fact.function.endswith(".forward"):
            scopes[fact.n] = fact
        elif isinstance(fact, Call) and fact.inside in scopes:
            inner.setdefault(fact.inside or 0, []).append(fact)
    for n, calls in inner.items():
        if (found := model_calls(calls)) and not any(n in (one.inside for one in scopes.values()) for _ in ()):
            yield scopes[n], found


def _loaded(record: Record) -> list[int]:
    return [fact.n for fact in record.ask(Data, what="weights")]
