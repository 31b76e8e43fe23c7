"""# Copies of reviews were made before the split

**What happened.** Rows were drawn again, repeated or rewritten (to balance the classes, or to have more of them), and only
then was the data split. Of most copied reviews one copy is trained on and another is tested.

**Why it matters.** Those answers are learnt by heart, almost. The program below writes each of 100 reviews a second time,
with two words swapped, and holds out a tenth of the 200 rows: the other copy of a held-out row is trained on with a chance
of 180 in 199, 90.5 %.

**Fix.** Split first, then make copies in the training part alone.

```python bad
from sklearn.model_selection import train_test_split


def swap(text):
    first, second, *others = text.split()
    return " ".join([second, first, *others])


rows = [(f"review number {i}", i % 2) for i in range(100)]
rows = rows + [(swap(text), label) for text, label in rows]
train_rows, test_rows = train_test_split(rows, test_size=0.1, random_state=1)  # <- found here
known = {text for text, label in train_rows}
print(sum(swap(text) in known for text, label in test_rows), "of", len(test_rows), "are known but for the swap")
```

```python good
from sklearn.model_selection import train_test_split


def swap(text):
    first, second, *others = text.split()
    return " ".join([second, first, *others])


rows = [(f"review number {i}", i % 2) for i in range(100)]
train_rows, test_rows = train_test_split(rows, test_size=0.1, random_state=1)
train_rows = train_rows + [(swap(text), label) for text, label in train_rows]
known = {text for text, label in train_rows}
print(sum(swap(text) in known for text, label in test_rows), "of", len(test_rows), "are known but for the swap")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.copying import copied, given_back, is_made_once, scopes
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees
from rnnlab.rules.asking.tables import bound, last_word, pieces
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule

_LEAVES_OUT = re.compile(
    r"Under|NearMiss|Tomek|Nearest|Centroids|OneSided|Cleaning|AllKNN|Hardness|\brus\b", re.IGNORECASE
)
_DRAWS_AGAIN = re.compile(r"Over|SMOTE|ADASYN|\bros\b", re.IGNORECASE)
_FOLDS = {"KFold", "StratifiedKFold", "ShuffleSplit", "StratifiedShuffleSplit", "RepeatedStratifiedKFold"}


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Follow rows that were copied to a call (or slices) that splits them."""
    has_split = False
    for key, text, tree in trees(record):
        giving: dict[str, ast.stmt] = {}
        for name, scope in scopes(tree):
            splits = dict(_splits(scope))
            has_split = has_split or bool(splits)
            for statement, whole, origin in _copied_and_split(name, scope, splits, giving):
                level = _level(tree, origin)
                if level is None:
                    continue
                place, copy = place_of(key, text, statement), place_of(key, text, origin)
                yield Finding(
                    place,
                    f"'{whole}' holds copies, made in line {copy.line} ({expression(record, copy)[:80]}), and is split "
                    f"after that: of one review a copy is trained on and another is tested, and the score is learnt by "
                    f"heart. Split first, then make copies in the training part alone.",
                    (),
                    level,
                )
    if not has_split:
        raise Unseen("no line that splits the data was seen")


def _level(tree: ast.Module, origin: ast.stmt) -> Level | None:
    """Ask what draws anew: a sampler that only leaves rows out makes no copies, and of an unknown one nobody can be sure."""
    made = dict(pair for one in all_nodes(tree) if isinstance(one, ast.stmt) for pair in bound(one))
    for call in ast.walk(origin):
        if isinstance(call, ast.Call) and last_word(call) in ("fit_resample", "fit_sample"):
            sampler = ast.unparse(call.func).rpartition(".")[0]
            kind = ast.unparse(made[sampler]) if sampler in made else sampler
            if _LEAVES_OUT.search(kind):
                return None
            return "mistake" if _DRAWS_AGAIN.search(kind) else "risk"
    return "mistake"


def _copied_and_split(
    function: str, scope: list[ast.stmt], splits: dict[ast.stmt, str], giving: dict[str, ast.stmt]
) -> Iterator[tuple[ast.stmt, str, ast.stmt]]:
    """Go through a scope in order; `giving` are the functions that return copies, by name."""
    holds: dict[str, ast.stmt] = {}
    for statement in scope:
        if (whole := splits.get(statement)) is not None:
            root = whole.partition(".")[0].partition("[")[0]
            if root in holds:
                yield statement, whole, holds[root]
            for name, _ in bound(statement):
                holds.pop(name, None)
            continue
        for name, origin in copied(statement, holds, giving):
            holds[name] = origin
        for name, value in bound(statement):
            if name in holds and is_made_once(value, holds, giving):
                del holds[name]
    if function and not splits and (origin := given_back(scope, holds)) is not None:
        giving[function] = origin


def _splits(scope: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Return the statements that split rows, each with what it splits."""
    folds = {
        name
        for one in scope
        for name, value in bound(one)
        if isinstance(value, ast.Call) and last_word(value) in _FOLDS
    }
    for statement in scope:
        if isinstance(statement, ast.Assign):
            heads = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        elif isinstance(statement, ast.For):
            heads = [node for node in ast.walk(statement.iter) if isinstance(node, ast.Call)]
        else:
            continue
        for call in heads:
            if (whole := _split_by(call, folds)) is not None:
                yield statement, whole
    cut = pieces([one for one in scope if isinstance(one, ast.Assign)])
    for piece in cut:
        beside = any(other.role == "train" and other.whole == piece.whole for other in cut)
        if beside and piece.role != "train" and isinstance(piece.cut, ast.Slice):
            yield piece.statement, piece.whole


def _split_by(call: ast.Call, folds: set[str]) -> str | None:
    word = last_word(call)
    if word in {"train_test_split", "random_split"}:
        if call.args:
            return ast.unparse(call.args[0])
        return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if word == "split" and isinstance(call.func, ast.Attribute) and call.args:
        maker = call.func.value
        is_fold = ast.unparse(maker) in folds or (isinstance(maker, ast.Call) and last_word(maker) in _FOLDS)
        return ast.unparse(call.args[0]) if is_fold and names_in(call.args[0]) else None
    return None
