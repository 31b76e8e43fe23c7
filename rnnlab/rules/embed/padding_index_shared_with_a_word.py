"""# A word has the index of the padding

**What happened.** Short reviews are filled up with an index that the vocabulary gives to a word as well: the words are
numbered from 0 on, and `pad_sequence` fills up with 0.

**Why it matters.** The model cannot tell the word from the end of a review: with `padding_idx=0` it has no vector, with
a mask of `text != 0` it is left out, and without either every review ends in that word. In the program below word 0 is
`0`, the number of the first film; all 40 texts side by side are 360 positions, and 0 stands at 143 of them, and one of
these means that word.

**Fix.** Leave the index of the padding free: number the words from 1 on (`enumerate(words, start=1)`), or put `<pad>`
in front of them, and give the embedding one more row.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words)}
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)  # <- found here


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2)
        return self.fc((output * mask).sum(dim=1) / mask.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2)
        return self.fc((output * mask).sum(dim=1) / mask.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, PackedNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import SharedFilling, shared_fillings
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the index that fills reviews up with the indices that the words have."""
    if _all_packed(record):
        return  # nobody reads what fills up
    looked_up = list({one.place: one for one in _looked_up_again(record)}.values())
    yield from looked_up
    try:
        shared = shared_fillings(record)
    except Unseen:
        if looked_up:
            return
        raise
    seen = set()
    for one in shared:
        place = (
            one.numbering.place if one.numbering and one.filling.call.what == "__setitem__" else one.filling.call.place
        )
        if place not in seen:
            seen.add(place)
            level = "risk" if one.token != "a word" else None
            yield Finding(place, _message(one), (one.filling.call.n,), level)


def _looked_up_again(record: Record) -> Iterator[Finding]:
    """Look for words that are filled up with the number of the padding, which is then looked up as if it were a word."""
    for key, text, tree in trees(record):
        for function in all_nodes(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                words, number = _filled_with_a_number(node)
                vocabulary = _PADDING_LOOKED_UP.fullmatch(number)
                if vocabulary is None or not isinstance(node, ast.stmt | ast.expr):
                    continue
                if words and any(_looks_up(one, words, vocabulary["name"]) for one in ast.walk(function)):
                    yield Finding(
                        place_of(key, text, node),
                        f"{ast.unparse(node)[:70]} fills the words up with a number, and each of them is looked up as a word "
                        f"afterwards: no word is called so, and the padding gets the index of unknown words. Fill up with the "
                        f"token ('<PAD>'), or after the words were looked up.",
                    )


_PADDING_LOOKED_UP = re.compile(
    r"(?P<name>[\w.]+)(\.get\(|\[)(['\"]\W*(pad|PAD)\W*['\"]|\w*(pad|PAD)\w*)(, *\w+)?[)\]]"
)


def _filled_with_a_number(node: ast.AST) -> tuple[str, str]:
    """Return which list is filled up, and with what: `words.extend([index["<pad>"]] * n)`, `words += [...] * n`."""
    added: ast.expr | None = None
    owner = ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "extend" and node.args:
        owner, added = ast.unparse(node.func.value), node.args[0]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        owner, added = ast.unparse(node.target), node.value
    if isinstance(added, ast.BinOp) and isinstance(added.op, ast.Mult) and isinstance(added.left, ast.List):
        return owner, ast.unparse(added.left.elts[0]) if len(added.left.elts) == 1 else ""
    return "", ""


def _looks_up(node: ast.AST, words: str, vocabulary: str) -> bool:
    """Say whether each of these words is looked up in a vocabulary, in a loop or a comprehension."""
    if isinstance(node, ast.For) and ast.unparse(node.iter) == words:
        target, body = ast.unparse(node.target), " ".join(ast.unparse(one) for one in node.body)
    elif isinstance(node, ast.ListComp) and ast.unparse(node.generators[0].iter) == words:
        target, body = ast.unparse(node.generators[0].target), ast.unparse(node.elt)
    else:
        return False
    return f"{vocabulary}.get({target}" in body or f"{vocabulary}[{target}]" in body


def _all_packed(record: Record) -> bool:
    """Say whether every RNN is given packed reviews: it stops at their ends."""
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    return bool(runs) and all(run.inputs and isinstance(run.inputs[0].note, PackedNote) for run in runs)


def _message(one: SharedFilling) -> str:
    if one.numbering is None:
        return (
            f"Reviews are filled up with {one.filling.call.values.get('padding_text')}, the index of unknown words: the model "
            f"cannot tell an unknown word from the end of a review. Give the vocabulary a '<pad>' of its own."
        )
    index = one.filling.index or 0
    return (
        f"Reviews are filled up with {index}, and in '{one.numbering.name}' {index} is {one.token}: the model cannot tell it "
        f"from the end of a review. Number the words from {index + 1} on; that takes one more row."
    )
