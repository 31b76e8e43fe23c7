"""# Only a part of the data was loaded, and of one class

**What happened.** The data stand sorted by their label, and only the first rows (or one folder of two) were read, often
left in from trying out.

**Why it matters.** All labels are the same. The first 4,000 reviews of the `imdb` data set of the hub are all negative, as
the program below shows on a file that is sorted alike: 0 of 100 are positive. Whatever the text is, one answer scores 100 %
on them.

**Fix.** Read everything, shuffle with a seed, and only then take fewer.

```python bad
import tempfile
from pathlib import Path

import pandas as pd

path = Path(tempfile.mkdtemp()) / "reviews_sorted.csv"
lines = [f"film number {i},{int(i >= 250)}" for i in range(500)]
path.write_text("\\n".join(["text,label", *lines]), encoding="utf-8")
df = pd.read_csv(path.parent / "reviews_sorted.csv", nrows=100)  # <- found here
print(df.label.sum(), "of", len(df), "are positive")
```

```python good
import tempfile
from pathlib import Path

import pandas as pd

path = Path(tempfile.mkdtemp()) / "reviews_sorted.csv"
lines = [f"film number {i},{int(i >= 250)}" for i in range(500)]
path.write_text("\\n".join(["text,label", *lines]), encoding="utf-8")
df = pd.read_csv(path.parent / "reviews_sorted.csv").sample(n=100, random_state=1)
print(df.label.sum(), "of", len(df), "are positive")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.sorting import from_hub, order_of, part
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.asking.tables import last_word
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_FOLDERS = (("pos", "neg"), ("positive", "negative"), ("spam", "ham"))
_SORTED_NAME = re.compile(r"(?<!un)sorted(?![_ -]?(by[_ -]?)?(date|time|id|year|length))", re.IGNORECASE)
_BY_LABEL = re.compile(r"sorted([_ -]?by)?([_ -]?(label|class|sentiment|target))?\.\w+$", re.IGNORECASE)
_LISTS = {"glob", "iglob", "rglob", "listdir", "iterdir", "scandir", "walk"}


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for the first rows of what is known to be sorted, and for one folder of two."""
    read = [fact for fact in record.ask(Data) if fact.seen_by == "source" and "path" in fact.samples]
    yield from _of_the_hub(record)
    yield from _first_rows(read)
    yield from _one_folder(record, read)
    if not any(fact.what in ("table", "file", "dataset") for fact in read):
        raise Unseen("which files were read is not known")


def _of_the_hub(record: Record) -> Iterator[Finding]:
    hub = from_hub(record)
    for fact in hub:
        asked = part(fact)
        if asked is None:
            continue
        others = [other for other in map(part, hub) if other is not None and other != asked and other[0] == asked[0]]
        if not others and not (asked[1] and asked[2]):
            yield Finding(
                fact.place,
                f"'{fact.name or asked[0]}' is a part of '{asked[0]}', which gives {order_of(fact.samples.get('path'))}: its "
                f"labels are all the same, or nearly so. Load the whole split, shuffle(seed=1), then select(range(...)).",
                (fact.n,),
            )


def _first_rows(read: list[Data]) -> Iterator[Finding]:
    for fact in read:
        rows = (fact.samples.get("options") or {}).get("nrows")
        name = re.split(r"[\\/]", str(fact.samples["path"]))[-1]
        if rows is not None and _SORTED_NAME.search(name):
            yield Finding(
                fact.place,
                f"nrows={rows} reads the first rows of '{name}', which is sorted by its name: they may all be of one class. "
                f"Read all rows, then sample(n=..., random_state=1).",
                (fact.n,),
                None if _BY_LABEL.search(name) else "risk",
            )


def _one_folder(record: Record, read: list[Data]) -> Iterator[Finding]:
    """Look for folders of reviews of one label where the other label's folder is never read."""
    files = [str(fact.samples["path"]).lower() for fact in read if fact.what == "file"]
    folders = [set(re.split(r"[\\/]", path.partition("{}")[2] or path)) for path in files]
    for pair in _FOLDERS:
        for here, there in (pair, pair[::-1]):
            if not any(here in folder for folder in folders) or any(there in folder for folder in folders):
                continue
            if any("{}" in folder or "?" in folder for folder in folders):
                continue
            for key, text, tree in trees(record):
                for call in all_nodes(tree):
                    if isinstance(call, ast.Call) and last_word(call) in _LISTS and _names(call, here):
                        place = place_of(key, text, call)
                        yield Finding(
                            place,
                            f"{expression(record, place)} lists the reviews in '{here}', and nothing reads those in "
                            f"'{there}': every label is the same. Read both folders.",
                        )


def _names(call: ast.Call, folder: str) -> bool:
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and folder in re.split(r"[\\/]", node.value)
        for node in ast.walk(call)
    )
