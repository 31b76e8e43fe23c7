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
        return self.fc(output.mean(dim=1))


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
        return self.fc(output.mean(dim=1))


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
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, rule

_COPIES = ("list", "tuple", "enumerate")


@rule(level="risk", needs=("vocabulary",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for words that are numbered by going over a set."""
    plain = [one for one in record.ask(Data, what="vocabulary") if one.samples.get("made_by") == "a dict" and one.place]
    if not plain:
        raise Unseen("no vocabulary was seen that the program numbers itself")
    seen = set()
    for vocabulary in plain:
        place = vocabulary.place
        number = vocabulary.samples.get("numbered_at")
        if place is None or not isinstance(number, int) or (place.file, number) in seen:
            continue
        if _goes_over_a_set(record.text_of(place), number):
            seen.add((place.file, number))
            yield _finding(record, vocabulary, Place(place.file, number, cell=place.cell))


def _goes_over_a_set(text: str, number: int) -> bool:
    """Say whether a dict comprehension in this line goes over a set: written there, or bound to the name that it goes over."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    made = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.DictComp) and node.lineno <= number <= (node.end_lineno or 0)
    ]
    return any(_is_set(tree, node.generators[0].iter, number) for node in made if len(node.generators) == 1)


def _is_set(tree: ast.Module, node: ast.expr, before: int, depth: int = 4) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        called = node.func.id
        return called in ("set", "frozenset") or (
            called in _COPIES and bool(node.args) and _is_set(tree, node.args[0], before, depth)
        )
    if isinstance(node, ast.Name) and depth:
        bound = _bound(tree, node.id, before)
        return bool(bound) and all(_is_set(tree, value, value.lineno, depth - 1) for value in bound[-1:])
    return False


def _bound(tree: ast.Module, name: str, before: int) -> list[ast.expr]:
    """Return the values that a name was given above a line; a list that is sorted in place is no set any more."""
    found: list[tuple[int, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.lineno < before:
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                found.append((node.lineno, node.value))
        elif (
            isinstance(node, ast.Attribute)
            and node.attr == "sort"
            and node.lineno < before
            and _is_name(node.value, name)
        ):
            found.append((node.lineno, node))
    return [value for _, value in sorted(found, key=lambda pair: pair[0])]


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _finding(record: Record, vocabulary: Data, place: Place) -> Finding:
    saved = record.first(Call, where=lambda call: call.what == "save") or record.first(Data, what="checkpoint")
    after = "Weights that are saved here fit no other process. " if saved else ""
    return Finding(
        place,
        f"'{vocabulary.name or 'The vocabulary'}' numbers words in the order of a set, and Python draws that order anew in every "
        f"process: each run gives the words other indices. {after}Write enumerate(sorted(...)).",
        (vocabulary.n,),
    )
