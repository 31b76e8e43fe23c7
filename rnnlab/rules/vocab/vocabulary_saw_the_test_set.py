"""# The vocabulary was built from the test reviews too

**What happened.** `build_vocab` was given the test reviews: by name, or inside the whole dataset that the test reviews were
cut from. The words and their order were chosen with reviews in hand that the model must not know before the test.

**Why it matters.** Some words get an index only because the test uses them, and the test then meets fewer `<unk>` than new
reviews will. In the 50,000 IMDb reviews (34,000 for training, 10,000 for the test) it decides 821 of the 20,000 words and
moves the share of `<unk>` in the test from 3.96 % to 3.78 %. The score moves little, but the test is no longer a test.

**Fix.** Split first, then call `build_vocab` with the training split alone; the other splits share the Field.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

TEXT.build_vocab(dataset)  # <- found here
LABEL.build_vocab(dataset)
train_data, test_data = dataset.split(0.8)
print(len(TEXT.vocab), len(train_data), len(test_data))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

train_data, test_data = dataset.split(0.8)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
print(len(TEXT.vocab), len(train_data), len(test_data))
```
"""

from collections.abc import Iterator
from typing import NamedTuple

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.rules.asking.picked import picks_rows
from rnnlab.rules.kit import Finding, Splits, Unseen, expression, never, role_in_words, rule

_FEWEST = 10  # reviews whose words prove something


@rule(level="mistake", needs=("vocabulary",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Follow each source of a vocabulary down to its final splits and ask what these are for."""
    splits = Splits(record)
    proofs = [proof for fact in record.ask(Data, what="marked words") if (proof := _proof(splits, fact)) is not None]
    vocabularies = list(record.ask(Data, what="vocabulary", where=lambda fact: fact.certain))
    if not vocabularies and not proofs and not _are_of_training(splits, record):
        raise Unseen("which reviews the vocabulary was built from depends on what the program is told")

    trained = [one for one in vocabularies if _parts(splits, one, "train")]

    def saw_too_much(vocabulary: Data) -> bool:
        # One of test reviews alone, beside one of training reviews, is another mistake: it numbers their words anew.
        if trained and vocabulary not in trained and not _parts(splits, vocabulary, "all"):
            return False
        return bool(_parts(splits, vocabulary, "test") or _parts(splits, vocabulary, "valid"))

    found = [vocabulary for vocabulary in vocabularies if saw_too_much(vocabulary)]
    picked = [one for one in found if _is_picked(record, splits, one)] if not proofs else []
    found = [one for one in found if one not in picked]
    for vocabulary in {one.place: one for one in reversed(found)}.values():  # a loop makes one in each turn
        yield _finding(record, splits, vocabulary, [proof for proof in proofs if _is_of(proof, vocabulary)])
    if not found and proofs:
        yield _proved(record, proofs[0])
    elif picked and not found:
        raise Unseen("the vocabulary is built from rows that a condition picks; which these are was not seen")
    elif never(vocabularies, saw_too_much, record) and not _are_of_training(splits, record):
        _say_what_is_unknown(splits, vocabularies)


def _is_picked(record: Record, splits: Splits, vocabulary: Data) -> bool:
    """Say whether the reviews were picked by a condition out of a whole, where source alone takes them for the whole."""
    return (
        vocabulary.seen_by == "source"
        and not any(source in _parts(splits, vocabulary, "test") for source in vocabulary.made_from)
        and picks_rows(record, vocabulary.place)
    )


class _Proof(NamedTuple):
    """Words of single made-up test reviews that a vocabulary knows: how many reviews have such a word, and how many it knows."""

    fact: Data
    name: str
    known: int
    reviews: int


def _proof(splits: Splits, marked: Data) -> _Proof | None:
    """Say whether a dry run's vocabulary knows the words that stand in single test reviews alone."""
    parts = [
        _Proof(marked, splits.name(row["of"]), row["alone"], row["own"])
        for row in marked.samples.get("rows", ())
        if splits.role(row["of"]) == "test"
    ]
    files = [
        _Proof(marked, f"the file of the {g} reviews", k, n)
        for g, k, n in marked.samples.get("files", ())
        if g == "test"
    ]
    # Words that come once may be dropped; but what is known of most test reviews was not learned elsewhere.
    return next((one for one in (*parts, *files) if one.reviews >= _FEWEST and 2 * one.known >= one.reviews), None)


def _are_of_training(splits: Splits, record: Record) -> bool:
    """Say whether all vocabularies know the words of single training reviews, and of no test review."""
    known: list[tuple[str | None, int, int]] = []
    for marked in record.ask(Data, what="marked words"):
        known += [(splits.role(row["of"]), row["alone"], row["own"]) for row in marked.samples.get("rows", ())]
        known += [(role_in_words(group), words, rows) for group, words, rows in marked.samples.get("files", ())]
    tests = [words for role, words, rows in known if role == "test" and rows >= _FEWEST]
    return bool(tests) and not any(tests) and any(role == "train" and 2 * words >= rows for role, words, rows in known)


def _is_of(proof: _Proof, vocabulary: Data) -> bool:
    return proof.fact.samples.get("vocabulary") in (0, vocabulary.id)


def _proved(record: Record, proof: _Proof) -> Finding:
    return Finding(
        proof.fact.place,
        f"the vocabulary '{proof.fact.name}' knows a word that stands in no other review of {proof.known} of the "
        f"{proof.reviews} made-up reviews in '{proof.name}': it was built with the test reviews in hand. "
        f"Split first, then build it from the training reviews alone.",
        (proof.fact.n,),
        "habit" if _is_frozen(record) else None,
    )


def _parts(splits: Splits, vocabulary: Data, role: str) -> list[int]:
    """Return the final splits of this role that a vocabulary was built from."""
    parts = {part for source in vocabulary.made_from for part in splits.parts(source)}
    return sorted(part for part in parts if splits.role(part) == role)


def _finding(record: Record, splits: Splits, vocabulary: Data, proofs: list[_Proof]) -> Finding:
    test, valid = _parts(splits, vocabulary, "test"), _parts(splits, vocabulary, "valid")
    part = splits.data[(test or valid)[0]]
    # What is cut out of training reviews is held out from them to choose by, whatever it is called.
    if all(_is_of_a_training_part(splits, one) for one in test):
        test = []
    kind = "test" if test else "validation"
    through = [s for s in vocabulary.made_from if s != part.id and part.id in splits.parts(s)]
    whole = splits.data[through[0]].name if through else ""
    way = f"'{whole}' holds the reviews of" if whole else "its texts hold those of" if through else "it was given"
    train = _parts(splits, vocabulary, "train")
    name = splits.name(train[0]) if train else "the training split"
    by_field = expression(record, vocabulary.place).partition("(")[0].endswith("build_vocab")
    cure = f"call {vocabulary.name or 'TEXT'}.build_vocab({name})" if by_field else f"build it from '{name}' alone"
    return Finding(
        vocabulary.place,
        f"{expression(record, vocabulary.place)} chose its {_number(vocabulary, 'words')}words with the {kind} "
        f"reviews in hand: {way} '{splits.name(part.id)}'{_size(part)}. "
        f"Split first, then {cure}.",
        (vocabulary.n, part.n, *(proof.fact.n for proof in proofs)),
        "habit" if _is_frozen(record) else None if test else "risk",
    )


def _is_of_a_training_part(splits: Splits, number: int) -> bool:
    """Say whether rows were cut out of the training side of an earlier cut."""
    above = [splits.data[one] for one in splits.data[number].made_from if one in splits.data]
    return any(
        one.samples.get("side") == "train" or _is_of_a_training_part(splits, one.id) for one in above if one.id < number
    )


def _is_frozen(record: Record) -> bool:
    """Say whether every embedding is of pretrained vectors that are never trained: then a word's row tells nothing."""
    layers = record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding")
    made = [call.values.get("options", {}) for call in layers]
    return bool(made) and all(one.get("pretrained") is True and one.get("freeze") is True for one in made)


def _number(fact: Data, name: str) -> str:
    """Return a count and a space; nothing where source alone knows of it."""
    return f"{int(fact.counts[name]):,} " if name in fact.counts else ""


def _size(part: Data) -> str:
    return f" ({int(part.counts['examples']):,} reviews)" if "examples" in part.counts else ""


def _say_what_is_unknown(splits: Splits, vocabularies: list[Data]) -> None:
    if any(vocabulary.counts.get("unrecognised_sources") for vocabulary in vocabularies):
        raise Unseen("build_vocab was given something that is no dataset, so it is not known which reviews it saw")
    sources = {part for vocabulary in vocabularies for source in vocabulary.made_from for part in splits.parts(source)}
    if not sources or any(splits.role(source) is None for source in sources):
        raise Unseen(
            "nothing shows what the dataset behind the vocabulary is for: no split of it was seen, "
            "and its name does not say 'train'"
        )
