"""# The embedding has fewer rows than there are words

**What happened.** `nn.Embedding` was made with one number and the words were numbered by another: `len(index)` rows for words
that are numbered from 1 on, or `max_size` rows where `<unk>` and `<pad>` come on top.

**Why it matters.** The last words have no row. On a CPU the program stops with `IndexError: index out of range in self`, on
a GPU with an assertion that names no line; and only in the batch in which one of these words occurs. The program below runs
through with its first 2 texts and stops at the third, which holds the last of its 5 words.

**Fix.** Count the rows where the words are numbered: `len(index)` if padding and unknown words are in the dict, `len(index)
+ 1` (or `+ 2`) if they are not, `len(TEXT.vocab)` with torchtext, `len(tokenizer.word_index) + 1` with Keras.

```python bad
import torch
from torch import nn

torch.manual_seed(1)
texts = ["a fine film", "a dull film", "a fine one", "a dull one"]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
ids = torch.tensor([[index[word] for word in text.split()] for text in texts])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)  # <- found here
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
print(model(ids[:2]).shape)
```

```python good
import torch
from torch import nn

torch.manual_seed(1)
texts = ["a fine film", "a dull film", "a fine one", "a dull one"]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
ids = torch.tensor([[index[word] for word in text.split()] for text in texts])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
print(model(ids[:2]).shape)
```
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Data, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import Numbering, numbering_of
from rnnlab.rules.kit import Finding, Level, Unseen, rule

_LENGTH = re.compile(r"= len\(([\w.]+)\)(?: \+ (\d+))?")


@dataclass(frozen=True)
class _Rows:
    """How many rows an embedding lacks, what it should have, and whether that depends on how many words there are."""

    lacking: int
    wanted: str
    level: Level | None = None


@rule(level="mistake", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the rows of each embedding with the highest index that its words are given."""
    layers = list(record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding"))
    compared, seen = 0, set()
    for layer in layers:
        rows = _rows(record, layer)
        compared += rows is not None
        place = _written_at(record, layer)
        if rows is not None and rows.lacking > 0 and place not in seen:
            seen.add(place)
            yield Finding(place, _message(layer, rows), (layer.n,), rows.level)
    if not compared:
        raise Unseen("no embedding was seen whose size and whose words could be compared")


def _rows(record: Record, layer: Call) -> _Rows | None:
    told = layer.values["options"].get("num_embeddings")
    if isinstance(told, str):
        match = _LENGTH.fullmatch(told)
        if match is None:
            return None
        return _of_length(record, layer, match[1], int(match[2] or 0))
    return _of_limit(numbering_of(record, layer), told) if isinstance(told, int) else None


def _of_length(record: Record, layer: Call, counted: str, more: int) -> _Rows | None:
    """The embedding has as many rows as something is long."""
    name = counted.rpartition(".")[2]
    if name == "word_index":
        made = [fact for fact in record.ask(Data, what="vocabulary") if fact.samples.get("made_by") == "Tokenizer"]
        if not made or any("num_words" in text for text in record.sources.values()):
            return None
        return _Rows(1 - more, f"len({counted}) + 1: Keras numbers words from 1 on, and 0 fills up")
    numbering = numbering_of(record, layer)
    if numbering is None or numbering.at_the_end or not numbering.is_whole:
        return None
    if name == numbering.name and numbering.lowest is not None:
        low = numbering.lowest
        return _Rows(low - more, f"len({counted}) + {low}: its indices begin with {low}")
    if name == numbering.over and numbering.start is not None and not numbering.limit:
        start = numbering.start
        return _Rows(start - more, f"len({counted}) + {start}: its words are numbered from {start} on")
    return None


def _of_limit(numbering: Numbering | None, told: int) -> _Rows | None:
    """The embedding has a number of rows that is written, and so many words are taken at most."""
    if numbering is None or not numbering.limit.isdecimal() or numbering.first is None:
        return None
    most = int(numbering.limit)
    wanted = most + numbering.first
    if not most <= told < wanted:
        return _Rows(0, "")
    return _Rows(wanted - told, f"{wanted}: {most} words, and {numbering.first} indices before them", "risk")


def _written_at(record: Record, layer: Call) -> Place | None:
    """Return the line in which the size is chosen: where the model is made, if its size is an argument of the model's."""
    written = str(layer.values.get("written", {}).get("num_embeddings", ""))
    scope = record.fact(layer.inside) if layer.inside is not None else None
    is_argument = isinstance(scope, Scope) and any(item.name == written for item in scope.inputs)
    return scope.place if is_argument and scope is not None else layer.place


def _message(layer: Call, rows: _Rows) -> str:
    told = str(layer.values["options"].get("num_embeddings")).removeprefix("= ")
    lacks = "the last word has no row" if rows.lacking == 1 else f"the last {rows.lacking} words have no row"
    return (
        f"The embedding gets {told} rows, but {lacks}: looking it up ends in 'index out of range in self'. "
        f"Give it {rows.wanted}."
    )
