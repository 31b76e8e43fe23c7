"""# The line of column names was read as a review

**What happened.** The file begins with a line of column names, and it is read without saying so (`header=None`, a plain
`csv.reader`, a `TabularDataset` without `skip_header=True`). The first review is the word "review", its label "sentiment".

**Why it matters.** Where labels are compared (`label == "positive"`) the line becomes a review of the other class, silently.
Where they are counted there is one class too many: 3 outputs for 2 classes, one of them called "sentiment".

**Fix.** `header=0`, `skip_header=True`, or `next(reader)` before the loop.

```python bad
import csv
import pathlib
import tempfile

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
folder = pathlib.Path(tempfile.mkdtemp())
with open(folder / "movie_data.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["review", "sentiment"])
    writer.writerows([[f"a {word} film number {i}", y] for i in range(20) for word, y in (("fine", 1), ("dull", 0))])

table = pd.read_csv(folder / "movie_data.csv", header=None, names=["review", "sentiment"])  # <- found here
labels = torch.tensor((table["sentiment"].astype(str) == "1").values).long()
words = sorted({word for text in table["review"] for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [[index[word] for word in text.split()] for text in table["review"]]
ids = torch.tensor([row + [0] * (5 - len(row)) for row in rows])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
```

```python good
import csv
import pathlib
import tempfile

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
folder = pathlib.Path(tempfile.mkdtemp())
with open(folder / "movie_data.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["review", "sentiment"])
    writer.writerows([[f"a {word} film number {i}", y] for i in range(20) for word, y in (("fine", 1), ("dull", 0))])

table = pd.read_csv(folder / "movie_data.csv", header=0, names=["review", "sentiment"])
labels = torch.tensor((table["sentiment"].astype(str) == "1").values).long()
words = sorted({word for text in table["review"] for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [[index[word] for word in text.split()] for text in table["review"]]
ids = torch.tensor(rows)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
```
"""

import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# Public files that are known to begin with a line of column names.
_WITH_NAMES = re.compile(
    r"(^|[\\/])(imdb dataset|imdb_dataset|movie_data|labeledtraindata|unlabeledtraindata|testdata|imdb_master|spam|bbc-text)"
    r"\.(csv|tsv)$|(nlp-getting-started|jigsaw-toxic-comment-classification-challenge|quora-insincere-questions-classification)"
    r"[\\/](train|test)\.csv$",
    re.IGNORECASE,
)
_SKIPS = re.compile(r"skip_?header|skip_?rows|skip_header_line|header\s*=\s*(0|'infer')")


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for files with a line of names that are read as if they had none."""
    read = [one for one in record.ask(Data) if one.seen_by == "source" and isinstance(one.samples.get("path"), str)]
    known = [one for one in read if _WITH_NAMES.search(one.samples["path"])]
    if not known:
        raise Unseen("whether the file begins with a line of names shows only when it is read")
    seen = set()
    for one in known:
        if one.place not in seen and _reads_names(record, one):
            seen.add(one.place)
            yield Finding(
                one.place,
                f"{expression(record, one.place)} reads {one.samples['path']} as if it had no line of column names, and it "
                f"begins with one: the first review is made of the names. Skip that line.",
                (one.n,),
            )


def _reads_names(record: Record, one: Data) -> bool:
    """Say whether a way to read gives the line of names as a row."""
    by, options = one.samples.get("read_by"), one.samples.get("options", {})
    if by == "csv.reader":
        return not has_text(record, "next(", "[1:]", "pop(0)", "islice", "enumerate(", "DictReader", ".readline()")
    if _SKIPS.search(expression(record, one.place)):
        return False
    if by == "read_csv":
        return "header" in options and options["header"] is None
    return False
