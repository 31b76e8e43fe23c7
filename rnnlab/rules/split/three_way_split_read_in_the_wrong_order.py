"""# The three-way split was read in the wrong order

**What happened.** `Dataset.split` of torchtext was given three ratios, and its three results were taken as training, test
and validation. It *takes* its ratios in that order (training, test, validation), but it *returns* training, **validation**,
test. The variable called test holds the validation reviews, and the other way round.

**Why it matters.** With ratios `[0.7, 0.2, 0.1]` of 50,000 reviews the variable `test_data` holds 5,000 reviews, not the
10,000 that were asked for: half the test, and every decision made on "validation" was made on the test reviews. The lecture
ran into this and could only say that the split came out "with a bug".

**Fix.** Unpack in the order that is returned, or split twice, in two.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

train_data, test_data, valid_data = dataset.split([0.7, 0.2, 0.1])  # <- found here
print(len(train_data), len(valid_data), len(test_data))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

train_data, valid_data, test_data = dataset.split([0.7, 0.2, 0.1])
print(len(train_data), len(valid_data), len(test_data))
```
"""

from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, role_in_words, rule


@rule(level="mistake", needs=("split",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the names of a three-way split with the order in which torchtext returns it."""
    second = [
        fact for fact in record.ask(Data, what="split") if fact.counts.get("of") == 3 and fact.counts["position"] == 1
    ]
    for middle in second:
        last = next(
            fact
            for fact in record.ask(Data, what="split")
            if fact.place == middle.place and fact.n > middle.n and fact.counts["position"] == 2
        )
        roles = role_in_words(middle.name), role_in_words(last.name)
        if None in roles:
            raise Unseen("the three parts have names that do not say what they are for")
        if roles == ("test", "valid"):
            sizes = _sizes(middle), _sizes(last)
            yield Finding(
                middle.place,
                f"split() takes its ratios as train, test, valid but returns train, valid, test: '{middle.name}' holds the "
                f"{sizes[0]}validation reviews and '{last.name}' the {sizes[1]}test reviews. "
                f"Write them as train, valid, test on the left.",
                (middle.n, last.n),
                None if sizes[0] != sizes[1] or not sizes[0] else "habit",
            )


def _sizes(part: Data) -> str:
    """Return how many reviews a part has, or its share of them, and a space; nothing where neither is known."""
    if "examples" in part.counts:
        return f"{int(part.counts['examples']):,} "
    return f"{part.counts['share']:.0%} " if "share" in part.counts else ""
