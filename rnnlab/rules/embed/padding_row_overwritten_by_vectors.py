"""# The row of the padding was overwritten by the vectors

**What happened.** The embedding was made with `padding_idx`, so its row for `<pad>` was zero. Then the pretrained vectors were
copied over all rows, and the matrix of vectors has random numbers in that row.

**Why it matters.** `padding_idx` keeps the row from learning, it does not set it to zero again: from now on every pad has one
and the same random vector for good. Of 100 numbers from a normal distribution its length is 10.0 on average instead of 0.
Where the batches are packed, or the padding is masked, nobody reads it.

**Fix.** Set the row to zero after copying: `embedding.weight.data[PAD_IDX] = torch.zeros(EMBEDDING_DIM)`.

```python bad
import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = [("good" if i % 2 else "bad") + f" film {i % 9}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
glove = {word: torch.randn(8) for word in ["good", "bad", "film"]}
vectors = torch.randn(len(index), 8)
for word, i in index.items():
    if word in glove:
        vectors[i] = glove[word]
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.embedding.weight.data.copy_(vectors)  # <- found here
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = [("good" if i % 2 else "bad") + f" film {i % 9}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
glove = {word: torch.randn(8) for word in ["good", "bad", "film"]}
vectors = torch.randn(len(index), 8)
for word, i in index.items():
    if word in glove:
        vectors[i] = glove[word]
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.embedding.weight.data.copy_(vectors)
        self.embedding.weight.data[0] = torch.zeros(8)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import names_in, place_of, trees, with_parents
from rnnlab.rules.asking.vectors import Matrix, matrices
from rnnlab.rules.kit import Finding, Unseen, rule

_COPIED = re.compile(r"([\w.]+)\.weight(?:\.data)?\.copy_")
_RANDOM = {"normal", "uniform", "uniform_", "rand", "randn", "random", "standard_normal"}
_ZEROED = re.compile(
    r"\.weight(?:\.data)?\[[^\]:]+\]\s*(?:=[^=]|\.(?:zero_|fill_|data\.zero_|data\.fill_))|zeros_\([\w.]*weight"
)


@rule(level="risk", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for vectors that are copied over an embedding with `padding_idx` and whose row for the padding is not zero."""
    padded = [
        call
        for call in record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding")
        if call.values["options"].get("padding_idx") is not None and "freeze" not in call.values["options"]
    ]
    names = {name.rpartition(".")[2] for call in padded for name in call.binds}
    if not padded:
        raise Unseen("no embedding was made with padding_idx")
    if any(_ZEROED.search(text) for text in record.sources.values()):
        return
    known = {one.name: one for one in matrices(record)}
    drawn = [
        fact for fact in record.ask(Data, what="vocabulary") if (fact.samples.get("options") or {}).get("unk_init")
    ]
    for key, text, tree in trees(record):
        for node, _ in with_parents(tree):
            match = _COPIED.fullmatch(ast.unparse(node.func)) if isinstance(node, ast.Call) and node.args else None
            if not match or match[1].rpartition(".")[2] not in names or not isinstance(node, ast.Call):
                continue
            if _is_random_at_the_padding(node.args[0], known, bool(drawn)):
                yield Finding(place_of(key, text, node), _message(match[1], ast.unparse(node.args[0])), (padded[0].n,))


def _is_random_at_the_padding(given: ast.expr, known: dict[str, Matrix], drawn: bool) -> bool:
    """Say whether the vectors have random numbers where the padding stands."""
    if ast.unparse(given).endswith(".vectors"):
        return drawn
    filled = list(known.values())
    alone = filled[0] if len(filled) == 1 else None  # it came as an argument, under another name
    one = next((known[name] for name in names_in(given) if name in known), alone)
    return one is not None and one.made_by in _RANDOM and not one.zeroed


def _message(layer: str, vectors: str) -> str:
    return (
        f"{vectors} has random numbers in the row of the padding, and this copies them over the zeros that padding_idx had put "
        f"there: they stay. Set the row to zero afterwards: {layer}.weight.data[padding_idx] = 0."
    )
