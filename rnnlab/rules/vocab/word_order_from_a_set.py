"""# The words are numbered in the order of a set

**What happened.** The indices come from `enumerate` over a set of words. Python draws the order of a set of texts anew in
every process.

**Why it matters.** With 5,000 words about one index in 5,000 stays the same from one run to the next: weights that are
loaded in another process read other words, and a seeded program still gives another result each time.

**Fix.** Sort the words first: `enumerate(sorted(words))`, or save the dict with the weights.

```python bad
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [f"a fine film number {i}" for i in range(30)]
bad = [f"a dull film number {i}" for i in range(30)]
table = pd.DataFrame({"text": good + bad, "label": [1] * 30 + [0] * 30}).sample(frac=1, random_state=1)
train, test = table[:40], table[40:]
words = set(word for text in train["text"] for word in text.split())
index = {word: i for i, word in enumerate(words, start=2)}  # <- found here


def collate(rows):
    ids = [torch.tensor([index.get(word, 1) for word in text.split()]) for text, label in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 2, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        words = (text != 0).unsqueeze(2)
        return self.fc((output * words).sum(dim=1) / words.sum(dim=1).clamp(min=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answer(sentence):
    ids = torch.tensor([[index.get(word, 1) for word in sentence.split()]])
    model.eval()
    with torch.no_grad():
        return model(ids).argmax(dim=1).item()


print(answer("a fine film"))
```

```python good
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [f"a fine film number {i}" for i in range(30)]
bad = [f"a dull film number {i}" for i in range(30)]
table = pd.DataFrame({"text": good + bad, "label": [1] * 30 + [0] * 30}).sample(frac=1, random_state=1)
train, test = table[:40], table[40:]
words = set(word for text in train["text"] for word in text.split())
index = {word: i for i, word in enumerate(sorted(words), start=2)}


def collate(rows):
    ids = [torch.tensor([index.get(word, 1) for word in text.split()]) for text, label in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 2, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        words = (text != 0).unsqueeze(2)
        return self.fc((output * words).sum(dim=1) / words.sum(dim=1).clamp(min=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answer(sentence):
    ids = torch.tensor([[index.get(word, 1) for word in sentence.split()]])
    model.eval()
    with torch.no_grad():
        return model(ids).argmax(dim=1).item()


print(answer("a fine film"))
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.plain_dicts import plain_dicts
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees
from rnnlab.rules.asking.tables import last_word
from rnnlab.rules.kit import Finding, Unseen, rule

_VOCABULARY = re.compile(r"vocab|tokenizer|stoi|w2i|word\w*2|dictionary", re.IGNORECASE)
_WRITES = {"save", "dump", "dumps", "savez", "save_checkpoint", "save_pickle", "save_json", "write"}


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for words that are numbered by going over a set."""
    plain = [one for one in record.ask(Data, what="vocabulary") if one.samples.get("made_by") == "a dict" and one.place]
    seen = set()
    for vocabulary in plain:
        file, cell = vocabulary.samples.get("numbered_in", (None, None))
        number = vocabulary.samples.get("numbered_at")
        if file is None or not isinstance(number, int) or (file, cell, number) in seen:
            continue
        if vocabulary.samples.get("order") == "set":
            seen.add((file, cell, number))
            if not _is_kept(record, vocabulary.name):
                yield _finding(record, vocabulary.name, (vocabulary.n,), Place(file, number, cell=cell))
    for one in plain_dicts(record):
        place = place_of(one.key, one.text, one.node)
        if (place.file, place.cell, place.line) in seen or one.file.set_behind(one.over) is None:
            continue
        seen.add((place.file, place.cell, place.line))
        if not _is_kept(record, one.name):
            yield _finding(record, one.name, (), place)
    if not plain and not seen:
        raise Unseen("no vocabulary was seen that the program numbers itself")


def _is_kept(record: Record, name: str) -> bool:
    """Say whether a program writes the numbering itself, or a vocabulary, to a file: then any process can read it again."""
    own = name.rpartition(".")[2]
    return any(
        own in names_in(argument) or _VOCABULARY.search(" ".join(names_in(argument)))
        for _, _, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.Call) and last_word(node) in _WRITES
        for argument in [*node.args, *(word.value for word in node.keywords)]
    )


def _finding(record: Record, name: str, evidence: tuple[int, ...], place: Place) -> Finding:
    saved = record.first(Call, where=lambda call: call.what == "save") or record.first(Data, what="checkpoint")
    after = "Weights that are saved here fit no other process. " if saved else ""
    return Finding(
        place,
        f"'{name or 'The vocabulary'}' numbers words in the order of a set, and Python draws that order anew in every "
        f"process: each run gives the words other indices. {after}Write enumerate(sorted(...)).",
        evidence,
    )
