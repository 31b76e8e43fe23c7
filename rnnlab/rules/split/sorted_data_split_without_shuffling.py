"""# Sorted data were cut without shuffling

**What happened.** The rows stand class by class, and were cut by position: the end of the file is held out, which is one
class alone.

**Why it matters.** In the program below the 40 rows held out of 200 are all of label 0, and the model learns from 100 rows
of label 1 and 60 of label 0. Always answering 0 scores 100 %, always answering 1 scores 0 %.

**Fix.** Shuffle before the cut, with a seed, or use `train_test_split(..., stratify=labels)`.

```python bad
good = [f"good film number {i}" for i in range(100)]
poor = [f"poor film number {i}" for i in range(100)]
texts = good + poor
labels = [1] * len(good) + [0] * len(poor)
n_train = int(0.8 * len(texts))
train_texts, test_texts = texts[:n_train], texts[n_train:]
train_labels, test_labels = labels[:n_train], labels[n_train:]  # <- found here
print(sum(train_labels), "of", len(train_labels), "and", sum(test_labels), "of", len(test_labels), "are positive")
```

```python good
import random

random.seed(1)
good = [f"good film number {i}" for i in range(100)]
poor = [f"poor film number {i}" for i in range(100)]
texts = good + poor
labels = [1] * len(good) + [0] * len(poor)
rows = list(zip(texts, labels))
random.shuffle(rows)
n_train = int(0.8 * len(rows))
train_rows, test_rows = rows[:n_train], rows[n_train:]
print(len(train_rows), len(test_rows))
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.sorting import from_hub, labelled_class_by_class, mixes_before, order_of, part
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees
from rnnlab.rules.asking.tables import blocks, bound, last_word, pieces
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for cuts by position of data that the hub, or the program itself, gives class by class."""
    yield from _of_the_hub(record)
    looked = False
    for key, statement in labelled_class_by_class(record):
        text, tree = next((text, tree) for other, text, tree in trees(record) if other == key)
        looked = True
        for cut in _cuts(tree, statement):
            if not mixes_before(text, cut.lineno):
                place = place_of(key, text, cut)
                yield Finding(
                    place,
                    f"{expression(record, place)} cuts by position what stands class by class (line {statement.lineno} "
                    f"labels it so): the end, which is held out, is one class alone. Shuffle before the cut, with a seed.",
                )
                break
    if not looked and not from_hub(record):
        raise Unseen("whether the rows are sorted by their label is not known")


def _of_the_hub(record: Record) -> Iterator[Finding]:
    first: dict[tuple[object, str], str] = {}
    for fact in from_hub(record):
        asked = part(fact)
        if asked is None:
            continue
        key = (fact.samples.get("path"), asked[0])
        if asked[1] and asked[1] == first.get(key):
            yield Finding(
                fact.place,
                f"'{fact.name or asked[0]}' is the end of '{asked[0]}', which gives {order_of(fact.samples.get('path'))}: it "
                f"holds one class alone. Load the whole split, then train_test_split(test_size=0.2, seed=1) of the data set.",
                (fact.n,),
            )
        first[key] = asked[2]


def _cuts(tree: ast.Module, labelled: ast.Assign) -> list[ast.Assign]:
    """Return the statements that cut rows by position, of names that were made of the labels."""
    sorted_ = {name for name, _ in bound(labelled)}
    found: list[ast.Assign] = []
    for node in sorted((one for one in all_nodes(tree) if isinstance(one, ast.Assign)), key=lambda one: one.lineno):
        if node.lineno <= labelled.lineno:
            continue
        call = node.value
        if isinstance(call, ast.Call) and last_word(call) == "train_test_split" and names_in(call) & sorted_:
            options = {option.arg: ast.unparse(option.value) for option in call.keywords}
            if options.get("shuffle") == "False":
                found.append(node)
        elif names_in(node.value) & sorted_ and not isinstance(node.value, ast.Subscript | ast.Tuple):
            sorted_ |= {name for name, value in bound(node) if _keeps_order(value)}
    for block in blocks(tree):
        cut = pieces(block)
        for piece in cut:
            beside = any(other.role == "train" and other.whole == piece.whole for other in cut)
            if isinstance(piece.cut, ast.Slice) and piece.whole in sorted_ and beside and piece.role != "train":
                found.append(piece.statement)
    return sorted(found, key=lambda one: one.lineno)


def _keeps_order(value: ast.expr) -> bool:
    """Say whether a value has the rows in the order of what it is made of."""
    if isinstance(value, ast.Call):
        return last_word(value) in {"list", "zip", "DataFrame", "array", "tensor", "TensorDataset"}
    return isinstance(value, ast.Name)
