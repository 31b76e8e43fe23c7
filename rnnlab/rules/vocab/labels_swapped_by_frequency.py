"""# The labels were numbered by frequency, and the wrong index was read

**What happened.** `LabelField` numbers labels by how often they occur, like words. Where '1' occurs more often than '0', the
map is `{'1': 0, '0': 1}`: index 1 is the class '0'. The program took index 1 for class 1 and printed it under that name.

**Why it matters.** Every answer is exactly the wrong way round: a review that the model finds 97 % positive is printed as 3 %
positive. Nothing shows it, because the accuracy compares indices with indices and stays right.

**Fix.** Ask the map for the index: `LABEL.vocab.stoi["1"]`, or name the indices by `LABEL.vocab.itos`.

```python bad
import torch
from torchtext.data import Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [("a good film", "1"), ("a fine plot", "1"), ("a great cast", "1"), ("a bad film", "0")]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
print(dict(LABEL.vocab.stoi))

scores = torch.nn.Embedding(len(TEXT.vocab), 2)
ids = TEXT.process([TEXT.preprocess("a great film")])
probabilities = torch.softmax(scores(ids).sum(dim=0), dim=1)
positive = probabilities[0, 1].item()  # <- found here
print(f"Probability positive: {positive:.4f}")
```

```python good
import torch
from torchtext.data import Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [("a good film", "1"), ("a fine plot", "1"), ("a great cast", "1"), ("a bad film", "0")]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
print(dict(LABEL.vocab.stoi))

scores = torch.nn.Embedding(len(TEXT.vocab), 2)
ids = TEXT.process([TEXT.preprocess("a great film")])
probabilities = torch.softmax(scores(ids).sum(dim=0), dim=1)
positive = probabilities[0, LABEL.vocab.stoi["1"]].item()
print(f"Probability positive: {positive:.4f}")
```
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Data, Place, Said, TensorNote, makers
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, expression, nearest_before, numbers_in, rule, walk_back

_SYNONYMS = ({"1", "pos", "positive"}, {"0", "-1", "neg", "negative"})
_SAME_NUMBER = {"to", "squeeze", "unsqueeze", "view", "select"}
_ANSWERS = ("item", "argmax")
_UNCHANGED = _SAME_NUMBER | {"index"}


@dataclass(frozen=True)
class _Reading:
    """One number that left a softmax: the index of the class that it belongs to, and the expression that chose it."""

    item: Call
    chooser: Call
    index: int


@rule(level="mistake", needs=("label map",))
def check(record: Record) -> Iterator[Finding]:
    """Compare each printed class name with the class whose probability was printed behind it."""
    # A map that the program wrote itself, or that goes by the alphabet, has the order that it says.
    labels = record.last(
        Data, what="label map", where=lambda one: one.samples.get("numbered_by", "frequency") == "frequency"
    )
    order = [name for name, _, _ in labels.samples["labels"]] if labels else []
    if labels is not None and not order:
        yield from _names_in_an_own_order(record, labels)
        return
    if labels is None or order == _own_order(order):
        return
    if not _targets_are_indices(record):
        raise Unseen("the loss was given other targets than the batch's labels, so the indices may mean something else")
    named = list(_named_readings(record, order))
    if not named:
        raise Unseen(
            f"{_map(labels)} is not in the labels' own order, but no probability was printed under a label's name"
        )
    right = {reading.chooser.place for reading, label, _ in named if order[reading.index] == label}
    for reading, label, said in named:
        if reading.chooser.place not in right:
            right.add(reading.chooser.place)
            message = _message(record, labels, reading, label, said)
            yield Finding(reading.chooser.place, message, (labels.n, reading.chooser.n, reading.item.n, said.n))


def _own_order(names: list[str]) -> list[str]:
    """Return labels in the order that they have by themselves: by value where they are numbers, by the alphabet else."""
    try:
        return sorted(names, key=float)
    except ValueError:
        return sorted(names)


def _targets_are_indices(record: Record) -> bool:
    """Say whether every loss was given the batch's labels as they are."""
    for loss in record.ask(Call, where=lambda call: call.what in LOSSES and len(call.inputs) > 1):
        behind = list(walk_back(record, loss.inputs[1:2]))
        if any(isinstance(fact, Call) and fact.what not in _UNCHANGED for fact in behind):
            return False
    return True


# --- what the source alone tells ----------------------------------------------------------------------------------


def _names_in_an_own_order(record: Record, labels: Data) -> Iterator[Finding]:
    """Find class names that the program lists itself and reads by the model's index, without a look at the map."""
    if not labels.name or has_text(record, *(f"{labels.name}.vocab.{part}" for part in ("itos", "stoi", "freqs"))):
        raise Unseen("in which order the labels are numbered shows only when the program runs")
    # With as many reviews of each class the labels are numbered by the alphabet.
    if has_text(record, "IMDB.splits") and not has_text(record, ".split("):
        raise Unseen("the two classes of IMDb are equally frequent")
    answers = list(record.ask(Call, where=lambda call: call.what in _ANSWERS and call.place is not None))
    found = False
    for key, text, tree in trees(record):
        listed = _listed_names(tree)
        for node in all_nodes(tree):
            place = place_of(key, text, node) if isinstance(node, ast.Subscript | ast.IfExp) else None
            if place is None or not (named := _named(node, listed)):
                continue
            if answer := next((call for call in answers if _reads(node, place, call)), None):
                found = True
                yield _risk(record, labels, place, named, answer)
    if not found:
        raise Unseen("in which order the labels are numbered shows only when the program runs")


def _listed_names(tree: ast.Module) -> dict[str, list[str]]:
    """Return the lists of names that a program writes out, and its dicts from 0, 1, 2 to names."""
    found: dict[str, list[str]] = {}
    for node in all_nodes(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (names := _texts(node.value)):
            found[node.targets[0].id] = names
    return found


def _texts(value: ast.expr) -> list[str]:
    items: list[ast.expr] = []
    if isinstance(value, ast.List | ast.Tuple):
        items = value.elts
    elif isinstance(value, ast.Dict) and [getattr(key, "value", None) for key in value.keys] == list(
        range(len(value.keys))
    ):
        items = value.values
    texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return texts if len(texts) == len(items) > 1 else []


def _named(node: ast.AST, listed: dict[str, list[str]]) -> list[str]:
    """Return the names that an expression chooses from: `NAMES[k]`, `"bad" if k == 0 else "good"`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return listed.get(node.value.id, [])
    if isinstance(node, ast.IfExp):
        return _texts(ast.List([node.body, node.orelse], ast.Load()))
    return []


def _reads(node: ast.AST, place: Place, call: Call) -> bool:
    """Say whether a choice goes by a number that the model answered: under its name in the lines before, or in place."""
    at, by = call.place, node.slice if isinstance(node, ast.Subscript) else getattr(node, "test", node)
    if at is None or (at.file, at.cell) != (place.file, place.cell) or at.line > place.line:
        return False
    inside = at.line == place.line and place.column <= at.column and at.end_column <= place.end_column
    return inside or (place.line - at.line < 8 and bool(names_in(by) & set(call.binds)))


def _risk(record: Record, labels: Data, place: Place, named: list[str], answer: Call) -> Finding:
    return Finding(
        place,
        f"'{labels.name}' numbers the labels by how often they occur: index 0 is the most frequent one, whichever that is. "
        f"{expression(record, place)} takes the model's answer for one of {', '.join(named)} in an order of its own. "
        f"Name the answer by {labels.name}.vocab.itos.",
        (labels.n, answer.n),
        "risk",
    )


# --- which number is which class -----------------------------------------------------------------------------------


def _named_readings(record: Record, order: list[str]) -> Iterator[tuple[_Reading, str, Said]]:
    """Return the readings whose number was printed under a label's name, with the label and the text."""
    readings = [r for item in record.ask(Call, what="item") if (r := _reading(record, item, len(order))) is not None]
    for said, text in _with_headings(record):
        names = _labels_in(text, order)
        numbers = numbers_in(text)
        if len({label for _, label in names}) > max(1, len(numbers)):
            continue  # "positive or negative?" names no class
        for number in numbers:
            label = nearest_before(names, number.start) or next((label for _, label in names), None)
            shown = [r for r in readings if r.item.n < said.n and number.shows(r.item.values["value"])]
            # A number that could be of either class (0.50 and 0.50) says nothing.
            if label is not None and shown and len({r.index for r in shown}) == 1:
                yield shown[-1], label, said


def _with_headings(record: Record) -> Iterator[tuple[Said, str]]:
    """Return each printed text, behind the line before it where that one is a heading without a number."""
    heading = ""
    for said in record.ask(Said):
        yield said, f"{heading}\n{said.text}"
        heading = "" if numbers_in(said.text) else said.text


def _labels_in(text: str, order: list[str]) -> list[tuple[int, str]]:
    """Return the labels that a text names, by their own names or by another word for them, with their positions."""
    found = []
    for word in re.finditer(r"[a-z]{2,}", text.lower()):
        same = next((group for group in _SYNONYMS if word[0] in group), {word[0]})
        labels = [label for label in order if label.lower() in same]
        if len(labels) == 1 and _are_two_sided(order, labels[0], word[0]):
            found.append((word.start(), labels[0]))
    return found


def _are_two_sided(order: list[str], label: str, word: str) -> bool:
    """'positive' means '1' only where the labels are one positive and one negative class."""
    names = {name.lower() for name in order}
    return word == label.lower() or (len(names) == 2 and all(names & group for group in _SYNONYMS))


def _reading(record: Record, item: Call, classes: int) -> _Reading | None:
    """Follow a number back to the softmax (or sigmoid) that it was read from."""
    if not isinstance(item.values.get("value"), float) or not item.inputs:
        return None
    chosen: tuple[Call, int] | None = None
    call = item
    while (made := sorted(makers(call.inputs[0].note) if call.inputs else ())) and made[0] < len(record):
        fact = record.fact(made[0])
        if not isinstance(fact, Call) or fact.what not in {*_UNCHANGED, "softmax", "sigmoid"}:
            return None
        if fact.what == "softmax":
            return _Reading(item, *chosen) if chosen else None
        if fact.what == "sigmoid":
            return _Reading(item, *(chosen or (fact, 1))) if classes == 2 else None
        chosen = chosen or _chosen_class(fact, classes)
        call = fact
    return None


def _chosen_class(call: Call, classes: int) -> tuple[Call, int] | None:
    """Return an indexing of the classes axis (a probability's last one, as long as the label map) with its index."""
    note = call.inputs[0].note
    keys = list(call.values.get("index", ()))
    if call.what != "index" or not isinstance(note, TensorNote) or note.shape is None:
        return None
    if "ellipsis" in keys:
        at = keys.index("ellipsis")
        keys[at : at + 1] = [":"] * (len(note.shape) - len(keys) + 1)
    last = len(note.shape) - 1
    if len(keys) > last and isinstance(keys[last], int) and note.shape[last] == classes:
        return (call, keys[last] % classes) if note.axes[last].name not in ("batch", "seq_len") else None
    return None


# --- what is said --------------------------------------------------------------------------------------------------


def _map(labels: Data) -> str:
    inside = ", ".join(f"{name!r}: {i}" for name, i, _ in labels.samples["labels"][:4])
    return f"{{{inside}}}"


def _message(record: Record, labels: Data, reading: _Reading, label: str, said: Said) -> str:
    order = [name for name, _, _ in labels.samples["labels"]]
    counts = {name: count for name, _, count in labels.samples["labels"]}
    name = labels.name or "LABEL"
    line = said.place.line if said.place else "?"
    cure = f"Take index {name}.vocab.stoi['{label}'], which is {order.index(label)}."
    if reading.chooser.what == "sigmoid":
        cure = f"The probability of '{label}' is 1 minus this number."
    return (
        f"'{name}' numbers the labels by how often they occur ({counts[order[0]]:,} times '{order[0]}', "
        f"{counts[order[1]]:,} times '{order[1]}'), so its map is {_map(labels)}. "
        f"{expression(record, reading.chooser.place)} gives index {reading.index}, the probability of "
        f"'{order[reading.index]}', and line {line} prints it as that of '{label}': \"{said.text.strip()[:60]}\". "
        f"{cure}"
    )
