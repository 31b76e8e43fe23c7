"""# The accuracy on the training reviews was printed as test accuracy

**What happened.** The evaluation went over the training loader, and the program printed what came out as the test accuracy.

**Why it matters.** A model can learn its training reviews by heart. In the program below the labels are drawn by lot, so that
no model can be right more often than 50 % on new reviews; it prints a "test accuracy" of 100 %.

**Fix.** Give the loader of the test split to the function that counts.

```python bad
import random

import torch
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

random.seed(3)
torch.manual_seed(3)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"film{i} one two", random.choice("01")], fields) for i in range(48)]
train_data, test_data = Dataset(examples, fields).split(0.5)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader, test_loader = Iterator.splits((train_data, test_data), batch_size=24, sort=False)
model = torch.nn.Embedding(len(TEXT.vocab), 2, padding_idx=TEXT.vocab.stoi["<pad>"])
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)


def compute_accuracy(model, loader):
    correct = 0
    with torch.no_grad():
        for batch in loader:
            correct += (model(batch.text).sum(dim=0).argmax(dim=1) == batch.label).sum().item()
    return 100 * correct / len(loader.dataset)


for epoch in range(20):
    for batch in train_loader:
        loss = torch.nn.functional.cross_entropy(model(batch.text).sum(dim=0), batch.label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

print(f"Test accuracy: {compute_accuracy(model, train_loader):.2f}%")  # <- found here
```

```python good
import random

import torch
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

random.seed(3)
torch.manual_seed(3)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"film{i} one two", random.choice("01")], fields) for i in range(48)]
train_data, test_data = Dataset(examples, fields).split(0.5)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader, test_loader = Iterator.splits((train_data, test_data), batch_size=24, sort=False)
model = torch.nn.Embedding(len(TEXT.vocab), 2, padding_idx=TEXT.vocab.stoi["<pad>"])
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)


def compute_accuracy(model, loader):
    correct = 0
    with torch.no_grad():
        for batch in loader:
            correct += (model(batch.text).sum(dim=0).argmax(dim=1) == batch.label).sum().item()
    return 100 * correct / len(loader.dataset)


for epoch in range(20):
    for batch in train_loader:
        loss = torch.nn.functional.cross_entropy(model(batch.text).sum(dim=0), batch.label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

print(f"Test accuracy: {compute_accuracy(model, test_loader):.2f}%")
```
"""

import re
from collections.abc import Iterator

from rnnlab.facts import Data, Loop, Said
from rnnlab.record import Record
from rnnlab.rules.asking.batches import counted_on
from rnnlab.rules.kit import (
    Finding,
    Number,
    Role,
    Splits,
    Unseen,
    nearest_before,
    numbers_in,
    role_in_words,
    roles_in,
    rule,
)

_MEASURE = re.compile(r"(acc(?:uracy)?|correct)|(loss|error|time|min|sec|epoch|perplexity|f1|precision|recall)", re.I)


@rule(level="mistake", needs=("loader",), whole_loops=True)
def check(record: Record) -> Iterator[Finding]:
    """Compare every printed test accuracy with the accuracies that passes over the loaders really gave."""
    claims = [(said, claimed) for said in record.ask(Said) if (claimed := _claimed(said.text))]
    splits = Splits(record)
    spoken = [
        (said, roles) for said in record.ask(Said, where=lambda said: said.certain) if (roles := _spoken(splits, said))
    ]
    if not claims and not spoken:
        raise Unseen("no test accuracy was printed")
    yield from (_finding_in_source(splits, said) for said, roles in spoken if roles == {"train"})
    if not claims and any(roles not in ({"train"}, {"test"}) for _, roles in spoken):
        raise Unseen("a test accuracy is printed, but which reviews it is counted on is not seen")
    passes = [fact for fact in record.ask(Data) if fact.what in ("evaluation pass", "training pass")]
    open_questions = 0
    found = set()
    for said, numbers in claims:
        before = [one for one in passes if one.n < said.n]
        if _shown(splits, before, numbers, "test") is not None:
            continue
        shown = _shown(splits, before, numbers, "train")
        if shown is None or not _all_tests_are_counted(record, splits, before, said.n):
            open_questions += 1
        elif said.place not in found:
            found.add(said.place)
            yield _finding(splits, said, *shown)
    if open_questions and not found:
        raise Unseen("a test accuracy was printed, but which reviews it was counted on was not seen")


def _spoken(splits: Splits, said: Said) -> set[Role | None]:
    """Return what the data is for behind the values that source prints as a test accuracy."""
    found: set[Role | None] = set()
    roles = roles_in(said.text)
    measures = [(match.start(), match[1] is not None) for match in _MEASURE.finditer(said.text)]
    holes = [match.start() for match in re.finditer(r"\{\}", said.text)]
    for start, behind in zip(holes, said.made_from, strict=False):
        if nearest_before(roles, start) == "test" and nearest_before(measures, start) is True:
            found |= {_role_of_loader(splits, one) for number in behind for one in counted_on(splits, number)} or {None}
    return found


def _role_of_loader(splits: Splits, number: int) -> Role | None:
    """Return what a loader is for; that it is for training its use alone can say, and its name must not say otherwise."""
    fact, role = splits.data[number], splits.role(number)
    if fact.what != "loader" or role_in_words(fact.name) not in (None, role):
        return None
    return role if role != "train" or not splits.trained_on.isdisjoint(fact.made_from) else None


def _finding_in_source(splits: Splits, said: Said) -> Finding:
    numbers = {one for behind in said.made_from for number in behind for one in counted_on(splits, number)}
    names = ", ".join(f"'{splits.name(one)}'" for one in sorted(numbers) if splits.role(one) == "train")
    tests = [f.name for f in splits.data.values() if f.what == "loader" and f.name and splits.role(f.id) == "test"]
    return Finding(
        said.place,
        f"Line {said.place.line if said.place else '?'} prints an accuracy of {names or 'the training reviews'} as the test "
        f"accuracy: the model learnt from these very reviews. "
        f"Give {tests[0] if tests else 'the test reviews'} to the evaluation instead.",
        (said.n,),
    )


def _claimed(text: str) -> list[Number]:
    """Return the numbers of a text that claim to be a test accuracy: each belongs to the nearest words before it."""
    roles = roles_in(text)
    measures = [(match.start(), match[1] is not None) for match in _MEASURE.finditer(text)]
    if not any(is_accuracy for _, is_accuracy in measures):
        return []
    return [
        number
        for number in numbers_in(text)
        if nearest_before(roles, number.start) == "test" and nearest_before(measures, number.start) is not False
    ]


def _shown(splits: Splits, passes: list[Data], numbers: list[Number], role: Role) -> tuple[Number, Data] | None:
    """Return the number that shows the accuracy of a pass over a loader of this role, with the latest such pass."""
    for one in reversed(passes):
        if splits.role(one.made_from[0]) == role:
            for number in numbers:
                if any(number.shows(share) for share in _accuracies(one)):
                    return number, one
    return None


def _accuracies(one: Data) -> list[float]:
    """Return the accuracy of a pass: of all its reviews, and as many programs print it, the mean of its batches' own."""
    counts = one.counts
    if not counts.get("rows") or "batch_accuracies" not in counts:
        return []
    return [counts["correct"] / counts["rows"], counts["batch_accuracies"] / counts["batches"]]


def _all_tests_are_counted(record: Record, splits: Splits, passes: list[Data], until: int) -> bool:
    """Where the right answers of a test pass could not be counted, the number may well be its own."""
    counted = {one.n - 1 for one in passes if _accuracies(one)}  # a pass is told right after its loop's end
    return all(
        loop.n in counted
        for loop in record.ask(
            Loop, where=lambda loop: loop.executed is not None and loop.kind != "training" and loop.n < until
        )
        if loop.over is not None and splits.role(loop.over) in ("test", None)
    )


def _finding(splits: Splits, said: Said, number: Number, one: Data) -> Finding:
    loader = splits.data[one.made_from[0]]
    dataset = splits.name(loader.made_from[0]) if loader.made_from else "the training split"
    correct, rows = int(one.counts["correct"]), int(one.counts["rows"])
    mean = "" if number.shows(correct / rows) else ", as the mean over its batches"
    tests = [f.name for f in splits.data.values() if f.what == "loader" and f.name and splits.role(f.id) == "test"]
    return Finding(
        said.place,
        f"Line {said.place.line if said.place else '?'} prints {said.text[number.start :].split()[0]} as the test accuracy, "
        f"but it was counted on '{splits.name(loader.id)}', the reviews of '{dataset}' that the model learnt from: "
        f"{correct:,} right of {rows:,}{mean}. Give {tests[0] if tests else 'the loader of the test split'} "
        f"to the evaluation instead.",
        (said.n, one.n, loader.n),
    )
