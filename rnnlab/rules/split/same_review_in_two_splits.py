"""# The same review stands in two splits

**What happened.** The data hold some reviews more than once, and the cut dealt the copies to different splits: a review of
the test was read during training, token for token.

**Why it matters.** On a review that it has learnt by heart a model is right for the wrong reason, and the test counts it. The
50,000 IMDb reviews hold 418 copies; after one draw of 34,000, 6,000 and 10,000 reviews, 107 test reviews (1.1 %) stand in the
training split as well: up to one point of accuracy that nobody earned.

**Fix.** Drop the copies before the first split, for example with `table.drop_duplicates(subset="review")` of pandas.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
texts = [f"review number {i}" for i in range(100)] * 2
examples = [Example.fromlist([text, str(i % 2)], fields) for i, text in enumerate(texts)]
dataset = Dataset(examples, fields)

train_data, test_data = dataset.split(0.5)  # <- found here
print(len(train_data), len(test_data))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
texts = [f"review number {i}" for i in range(100)] * 2
texts = list(dict.fromkeys(texts))
examples = [Example.fromlist([text, str(i % 2)], fields) for i, text in enumerate(texts)]
dataset = Dataset(examples, fields)

train_data, test_data = dataset.split(0.5)
print(len(train_data), len(test_data))
```
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import place_of, trees
from rnnlab.rules.asking.tables import Piece, blocks, is_unchanged, last_word, overlap, pieces
from rnnlab.rules.kit import Finding, Level, Splits, Unseen, expression, rule

_HANDFUL = 20  # so few rows are no split
_FEW = 0.01  # of the smaller split: below it, the score cannot move by a point


@dataclass(frozen=True)
class _Pair:
    """Two final splits that share reviews: `judged` is the one whose score suffers."""

    judged: Data
    other: Data
    examples: int
    text: str
    place: Place | None

    @property
    def share(self) -> float:
        return self.examples / max(1, self.judged.counts["examples"])


# The SMS Spam Collection of Almeida and Hidalgo under the names of its files.
_SMS = re.compile(r"SMSSpamCollection(\.txt|\.tsv|\.csv)?|sms\.tsv|sms[_-]?spam[_-]?collection\.\w+", re.IGNORECASE)
_DROPS = re.compile(
    r"duplicate|\bunique\(|\bset\(\w*(text|message|sms|rows|lines)|fromkeys|GroupShuffleSplit|GroupKFold|\bseen\b"
)


_OF_LABELS = re.compile(r"\w*(label|class|categor|sentiment|target|genre|^y)\w*['\"]?\]?\.unique\(", re.IGNORECASE)


@rule(level="mistake", needs=("source",))
def check(record: Record) -> Iterator[Finding]:
    """Gather the pairs of final splits that share reviews, by the line that cut them apart."""
    splits = Splits(record)
    if all(fact.seen_by == "source" for fact in splits.data.values()):
        yield from _cut_so_that_they_overlap(record)
        yield from _with_copies(record, splits)
        raise Unseen("source alone does not show which reviews are the same")
    if not any(fact.what == "split" or _is_for_judging(splits, fact) for fact in splits.data.values()):
        raise Unseen("no split of the data was seen (with inspectors: put inspectors.split around it)")
    pairs = [pair for fact in splits.data.values() for pair in _pairs(splits, fact)]
    hidden = [fact for fact in splits.data.values() if _is_for_judging(splits, fact) and "texts" in fact.samples]
    if hidden and not pairs:
        raise Unseen(f"the texts of {splits.name(hidden[0].id) or 'a split'} could not be compared with the others'")
    for place in dict.fromkeys(pair.place for pair in pairs):
        yield _finding(splits, sorted((p for p in pairs if p.place == place), key=lambda p: -p.share))


def _cut_so_that_they_overlap(record: Record) -> Iterator[Finding]:
    """Look for two splits that the source cuts from the same rows, so that they must share some."""
    for key, text, tree in trees(record):
        for block in blocks(tree):
            found: dict[int, tuple[Piece, Piece]] = {}
            for one, two in _sharing(block):
                found.setdefault(two.statement.lineno, (one, two))
            for one, two in found.values():
                place, first = place_of(key, text, two.statement), place_of(key, text, one.statement)
                yield Finding(
                    place,
                    f"'{two.name}' is cut from '{two.whole}', from which line {first.line} cut '{one.name}' already "
                    f"({expression(record, first)}): they share rows, and '{_judged(one, two)}' is no unseen data. "
                    f"Cut once, or cut the second piece from what the first one left.",
                )


def _with_copies(record: Record, splits: Splits) -> Iterator[Finding]:
    """Look for a cut through a public file that is known to hold reviews or messages twice, where no copies are dropped."""
    if any(_DROPS.search(_OF_LABELS.sub("", text)) for text in record.sources.values()):
        return
    for table in splits.data.values():
        known, level = _known_copies(record, table)
        if not known:
            continue
        cuts = [
            fact
            for fact in splits.data.values()
            if fact.what == "split" and (splits.role(fact.id) == "test" or fact.samples.get("side") == "test")
        ]
        cut = next((fact for fact in cuts if table.id in _numbers_behind(splits, fact)), None)
        if cut is not None:
            yield Finding(
                cut.place,
                f"{expression(record, cut.place)} cuts {known}, and no copy is dropped before: the same texts are in the "
                f"training and the test part. Call drop_duplicates() first.",
                (table.n, cut.n),
                level,
            )
            return


def _known_copies(record: Record, table: Data) -> tuple[str, Level]:
    """Say of a public file how many copies it holds, and how much that weighs."""
    name = _file_name(table)
    if _is_sms_collection(record, table):
        return f"the SMS Spam Collection ({name}), of whose 5,572 messages 403 are copies of another", "risk"
    if re.fullmatch(r"imdb[ _-]dataset\.csv", name, re.IGNORECASE):
        return f"the IMDb reviews of {name}, of which 418 of 50,000 are copies of another", "habit"
    if re.fullmatch(r"bbc[-_ ]?text([-_]\w+)?\.csv", name, re.IGNORECASE):
        return f"the BBC news of {name}, of whose 2,225 articles 99 are copies of another", "risk"
    if name == "train.csv" and _has_columns(record, "keyword", "location", "target"):
        return f"the disaster tweets of Kaggle ({name}), of whose 7,613 texts 110 are copies of another", "risk"
    return "", "habit"


def _has_columns(record: Record, *names: str) -> bool:
    return all(
        any(re.search(rf"['\"]{name}['\"]|\.{name}\b", text) for text in record.sources.values()) for name in names
    )


def _is_sms_collection(record: Record, table: Data) -> bool:
    """Say whether a table is the public SMS Spam Collection: by its own file name, or as Kaggle hands it out."""
    path = _file_name(table)
    if _SMS.fullmatch(path):
        return True
    return path == "spam.csv" and _has_columns(record, "v1", "v2")


def _file_name(table: Data) -> str:
    return re.split(r"[\\/]", str(table.samples.get("path") or ""))[-1]


def _numbers_behind(splits: Splits, fact: Data) -> set[int]:
    return {one.id for one in _lineage(splits, fact)}


def _sharing(block: list[ast.stmt]) -> Iterator[tuple[Piece, Piece]]:
    """Return the pairs of pieces that share rows, where no other piece of the first one's role is apart from the second."""
    cut = pieces(block)
    for n, two in enumerate(cut):
        for one in cut[:n]:
            if one.whole != two.whole or one.role == two.role or not is_unchanged(block, one, two):
                continue
            train = next((piece for piece in (one, two) if piece.role == "train"), None)
            if _is_looked_at(one) or _is_looked_at(two):
                continue
            if overlap(one, two) and not (train and _retrained(cut, train)):
                yield one, two


def _is_looked_at(piece: Piece) -> bool:
    """Say whether a piece is a handful of rows, taken to be printed or tried: `rows[:3]`, `table.sample(1)`."""
    if isinstance(piece.cut, ast.Slice):
        bounds = (piece.cut.lower or ast.Constant(0), piece.cut.upper)
        low, high = (one.value if isinstance(one, ast.Constant) else None for one in bounds)
        return isinstance(low, int) and isinstance(high, int) and 0 <= high - low <= _HANDFUL
    if last_word(piece.cut) != "sample":
        return False
    sizes = [*piece.cut.args[:2], *(word.value for word in piece.cut.keywords if word.arg in ("n", "k"))]
    return any(isinstance(one, ast.Constant) and type(one.value) is int and one.value <= _HANDFUL for one in sizes)


def _retrained(cut: list[Piece], train: Piece) -> bool:
    """Say whether there is another piece to train on: after all choices are made, one may train on everything."""
    return any(
        piece.role == "train" and piece.whole == train.whole and piece.statement is not train.statement for piece in cut
    )


def _judged(one: Piece, two: Piece) -> str:
    return one.name if two.role == "train" or (one.role == "test" and two.role == "valid") else two.name


def _is_for_judging(splits: Splits, fact: Data) -> bool:
    return fact.what in ("dataset", "split") and splits.role(fact.id) in ("test", "valid")


def _pairs(splits: Splits, fact: Data) -> Iterator[_Pair]:
    for shared in fact.samples.get("shared", ()) if fact.what in ("dataset", "split") else ():
        other = splits.data.get(shared["with"])
        if other is None or splits.is_cut_up(fact.id) or splits.is_cut_up(other.id):
            continue
        sides = [(fact, other, shared["examples"]), (other, fact, shared["examples_there"])]
        judged = [side for side in sides if _is_for_judging(splits, side[0])]
        if judged and splits.role(fact.id) != splits.role(other.id):
            side = min(judged, key=lambda side: side[0].counts["examples"])
            yield _Pair(*side, shared["text"], _cut_apart(splits, fact, other).place)


def _cut_apart(splits: Splits, one: Data, two: Data) -> Data:
    """Return a fact of the line that cut two datasets apart; of two that were made by themselves, the later one."""
    for a in _lineage(splits, one):
        for b in _lineage(splits, two):
            if a.made_from == b.made_from and a.id != b.id:
                return max(a, b, key=lambda fact: fact.n)
    return max(one, two, key=lambda fact: fact.n)


def _lineage(splits: Splits, fact: Data) -> list[Data]:
    """Return a dataset, what it was cut from, and so on."""
    found = [fact]
    while found[-1].made_from and found[-1].made_from[0] in splits.data:
        found.append(splits.data[found[-1].made_from[0]])
    return found


def _finding(splits: Splits, pairs: list[_Pair]) -> Finding:
    said = "; ".join(
        f"{pair.examples:,} of the {int(pair.judged.counts['examples']):,} reviews of '{splits.name(pair.judged.id)}' "
        f"({pair.share:.1%}) stand in '{splits.name(pair.other.id)}' as well"
        for pair in pairs
    )
    return Finding(
        pairs[0].place,
        f'Token for token, {said}. One of them: "{pairs[0].text}". The score on them is an answer learnt by heart. '
        f"Drop the copies before the first split, for example with drop_duplicates() of pandas.",
        tuple(dict.fromkeys(n for pair in pairs for n in (pair.judged.n, pair.other.n))),
        "risk" if pairs[0].share < _FEW else None,
    )
