"""# Unknown words have the index of the padding

**What happened.** `index.get(word, 0)` gives words that are not in the vocabulary index 0, which is the index that fills
short reviews up.

**Why it matters.** The model cannot tell a missing word from the end of a review: with `padding_idx=0` both have a vector
of zeros that never learns, and where lengths are counted by `(text != 0)` the review gets shorter. In the IMDb test reviews
that is 3.96 % of all words, nine in a review of 230.

**Fix.** Give unknown words an index of their own: `{"<pad>": 0, "<unk>": 1}` and `index.get(word, 1)`.

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
index = {"<pad>": 0}
for text in train["text"]:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(rows):
    ids = [torch.tensor([index.get(word, 0) for word in text.split()]) for text, label in rows]  # <- found here
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
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
    ids = torch.tensor([[index.get(word, 0) for word in sentence.split()]])  # <- found here
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
index = {"<pad>": 0, "<unk>": 1}
for text in train["text"]:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(rows):
    ids = [torch.tensor([index.get(word, 1) for word in text.split()]) for text, label in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
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


sentence = " ".join(test["text"].iloc[0].split()[:4])
print(answer(sentence))
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import fillings, numberings
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_PADDING = re.compile(r"""["']\W*_*(pad|PAD|padding|PADDING)_*\W*["']""")
_UNKNOWN = re.compile(r"""["'][<\[_]*(unk|UNK|unknown|oov|OOV)[>\]_]*["']""")


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the index that look-ups give unknown words with the index that pads."""
    looks = [call for call in record.ask(Call, what="look_up") if isinstance(call.values.get("default"), int)]
    pads = _pads(record)
    alike = [look for look in looks if {look.values["default"]} == pads]
    has_unknown = any(_UNKNOWN.search(text) for text in record.sources.values())
    seen: set[tuple[str, int | None, int]] = set()
    for look in {look.place: look for look in alike}.values() if not has_unknown else ():
        if look.place is not None:
            seen.add((look.place.file, look.place.cell, look.place.line))
        yield _finding(record, look.place, look.values["default"], (look.n,))
    for place, index in _written(record, pads, has_unknown):
        if (place.file, place.cell, place.line) not in seen:
            seen.add((place.file, place.cell, place.line))
            yield _finding(record, place, index, ())
    if seen:
        return
    if not looks or not pads:
        raise Unseen("no index for unknown words and for padding was seen")
    if alike and has_unknown:
        raise Unseen("the program has a token for unknown words; whether it is this index was not seen")


def _finding(record: Record, place: Place | None, index: int | None, evidence: tuple[int, ...]) -> Finding:
    number = f"index {index}, which is the padding" if index is not None else "the index of the padding"
    return Finding(
        place,
        f"{expression(record, place)} gives unknown words {number}: the model reads "
        f"a word that it does not know as the end of a review. Give them an index of their own.",
        evidence,
    )


def _written(record: Record, pads: set[int], has_unknown: bool) -> Iterator[tuple[Place, int | None]]:
    """Return look-ups, as they are written, that give unknown words the index of the token that fills up."""
    known = numberings(record)
    padding = {one.name: one.padding for one in known if one.padding is not None}
    names = {one.name for one in known} | {fact.name for fact in record.ask(Data, what="vocabulary") if fact.name}
    for key, text, tree in trees(record):
        for node in all_nodes(tree):
            if (
                not has_unknown
                and len(pads) == 1
                and (given := _otherwise(node, names)) is not None
                and given.value in pads
            ):
                yield place_of(key, text, given), min(pads)
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            owner, default = ast.unparse(node.func.value).rpartition(".")[2], node.args[-1]
            if node.func.attr == "set_default_index" and len(node.args) == 1:
                first = {
                    str(tokens[0])
                    for fact in record.ask(Data, what="vocabulary")
                    if (tokens := fact.samples.get("specials"))
                }
                is_first = isinstance(default, ast.Constant) and default.value == 0 and len(first) == 1
                if _is_of_padding(default) or (is_first and _PADDING.fullmatch(repr(first.pop()))):
                    yield place_of(key, text, node), None
            elif node.func.attr == "get" and len(node.args) == 2 and not isinstance(node.args[0], ast.Constant):
                if _is_of_padding(default):
                    yield place_of(key, text, node), None
                elif not has_unknown and _is_number(default, padding.get(owner)) and pads <= {padding[owner]}:
                    yield place_of(key, text, node), padding[owner]


def _otherwise(node: ast.AST, names: set[str]) -> ast.Constant | None:
    """Return the number that a word gets which a dict lacks: `index[word] if word in index else 0`, or in two branches."""
    if not isinstance(node, ast.If | ast.IfExp) or not isinstance(node.test, ast.Compare) or len(node.test.ops) != 1:
        return None
    asks, owner = node.test.ops[0], ast.unparse(node.test.comparators[0]).rpartition(".")[2]
    if not isinstance(asks, ast.In | ast.NotIn) or owner not in names:
        return None
    there, lacking = (node.body, node.orelse) if isinstance(asks, ast.In) else (node.orelse, node.body)
    if not _reads(there, owner):
        return None
    if isinstance(lacking, list):
        lacking = lacking[0] if len(lacking) == 1 else None
        if isinstance(lacking, ast.Expr) and isinstance(lacking.value, ast.Call) and len(lacking.value.args) == 1:
            lacking = lacking.value.args[0]
        elif isinstance(lacking, ast.Assign):
            lacking = lacking.value
    is_number = isinstance(lacking, ast.Constant) and type(lacking.value) is int
    return lacking if is_number and isinstance(lacking, ast.Constant) else None


def _reads(part: ast.expr | list[ast.stmt], owner: str) -> bool:
    """Say whether a branch reads an index out of a dict, and does not write one into it."""
    nodes = [one for node in (part if isinstance(part, list) else [part]) for one in ast.walk(node)]
    items = [
        one for one in nodes if isinstance(one, ast.Subscript) and ast.unparse(one.value).rpartition(".")[2] == owner
    ]
    return bool(items) and all(isinstance(one.ctx, ast.Load) for one in items)


def _is_of_padding(default: ast.expr) -> bool:
    """Say whether an index is asked for by the padding's token: `vocab["<pad>"]`."""
    return isinstance(default, ast.Subscript) and bool(_PADDING.fullmatch(ast.unparse(default.slice)))


def _is_number(default: ast.expr, index: int | None) -> bool:
    return (
        index is not None
        and isinstance(default, ast.Constant)
        and default.value is not False
        and default.value == index
    )


def _pads(record: Record) -> set[int]:
    """Return the indices that are known to pad."""
    indices = [call.values.get("padding_idx") for call in record.ask(Call, what="embedding")]
    values = [call.values.get("padding_value") for call in record.ask(Call, what="pad_sequence")]
    ids = [call.values.get("padding_value") for call in record.ask(Call, what="pad_sequences")]
    filled = [one.index for one in fillings(record)]
    found = {int(one) for one in (*indices, *values, *ids, *filled) if isinstance(one, int | float) and one >= 0}
    return found or ({0} if any(_is_written_over_zeros(tree) for _, _, tree in trees(record)) else set())


def _is_written_over_zeros(tree: ast.Module) -> bool:
    """Say whether the numbers of words are written over whole zeros, from the first or up to the last: the rest fills up."""
    nodes = list(all_nodes(tree))
    zeros = {
        ast.unparse(one.targets[0])
        for one in nodes
        if isinstance(one, ast.Assign) and _ZEROS.match(ast.unparse(one.value))
    }
    return any(
        isinstance(target, ast.Subscript)
        and ast.unparse(target.value) in zeros
        and not isinstance(target.slice, ast.Constant)
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
    )


_ZEROS = re.compile(r"(np|numpy|torch)\.zeros\(.*(int|long)", re.IGNORECASE | re.DOTALL)
