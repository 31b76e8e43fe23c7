"""# The pretrained vectors are not used

**What happened.** Word vectors were read and put into a matrix, and then nothing takes them: `nn.Embedding` keeps its
random rows. Often `self.embedding.from_pretrained(vectors)` was called on a layer; it is a class method, makes a new
layer, and that one was dropped.

**Why it matters.** The model learns from random vectors and nothing says so: with 20,000 words of 300 numbers each, all
6,000,000 numbers that were read are lost, and the score is the one without pretrained vectors.

**Fix.** Assign the layer that comes back: `self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False,
padding_idx=0)`, or copy the matrix into the layer: `self.embedding.weight.data.copy_(vectors)`.

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
vectors[0] = 0
for word, i in index.items():
    if word in glove:
        vectors[i] = glove[word]
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.embedding.from_pretrained(vectors, freeze=False)  # <- found here
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
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
vectors[0] = 0
for word, i in index.items():
    if word in glove:
        vectors[i] = glove[word]
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
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

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import place_of, trees, with_parents
from rnnlab.rules.asking.vectors import matrices
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for vectors that are read, and for layers made of vectors, of which nothing is made."""
    found = [*_matrices(record), *_dropped(record), *_vocabularies(record)]
    yield from found
    if not found and not any(
        re.search(r"from_pretrained|\.weight\b|vectors", text) for text in record.sources.values()
    ):
        raise Unseen("the program reads no pretrained vectors")


def _matrices(record: Record) -> Iterator[Finding]:
    for one in matrices(record):
        if not one.reads:
            yield Finding(
                one.place,
                f"'{one.name}' is filled with pretrained vectors, and nothing reads it: the embedding starts from random "
                f"numbers. Copy it into the layer: embedding.weight.data.copy_(torch.as_tensor({one.name})).",
            )


def _vocabularies(record: Record) -> Iterator[Finding]:
    """`build_vocab(vectors=...)` loads vectors; only `vocab.vectors` gives them to a layer."""
    asked = any(re.search(r"\.vectors\b|['\"]vectors['\"]|__dict__|getattr", text) for text in record.sources.values())
    for fact in record.ask(Data, what="vocabulary"):
        if (
            not asked
            and (fact.samples.get("options") or {}).get("vectors")
            and fact.samples.get("made_by") == "build_vocab"
        ):
            yield Finding(
                fact.place,
                f"'{fact.name}' loads pretrained vectors, and nothing reads {fact.name}.vocab.vectors: the embedding starts from "
                f"random numbers. Write model.embedding.weight.data.copy_({fact.name}.vocab.vectors).",
                (fact.n,),
            )


def _dropped(record: Record) -> Iterator[Finding]:
    """Layers that `from_pretrained` makes and nobody keeps."""
    own = any(re.search(r"def from_pretrained\(", text) for text in record.sources.values())
    for key, text, tree in trees(record):
        for node, around in with_parents(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "from_pretrained"
            ):
                continue
            owner, parent = ast.unparse(node.func.value), around[-1]
            is_layer = owner.endswith("Embedding") or (not own and not owner.rpartition(".")[2][:1].isupper())
            if is_layer and (isinstance(parent, ast.Expr) or _is_never_read(parent, around)):
                place = place_of(key, text, parent if isinstance(parent, ast.stmt) else node)
                yield Finding(place, _words(owner, isinstance(parent, ast.Expr)))


def _is_never_read(parent: ast.AST, around: tuple[ast.AST, ...]) -> bool:
    """Say whether a layer is given a local name that the function never reads."""
    function = next((one for one in reversed(around) if isinstance(one, ast.FunctionDef)), None)
    if function is None or not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return False
    target = parent.targets[0]
    return isinstance(target, ast.Name) and not any(
        isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
        for node in ast.walk(function)
    )


def _words(owner: str, dropped: bool) -> str:
    told = (
        "is a class method: it makes a new layer, which is dropped here"
        if dropped
        else "makes a layer that nothing reads"
    )
    layer = owner if owner.startswith("self.") and dropped else "self.embedding"
    return (
        f"{owner}.from_pretrained(...) {told}, and the model goes on with random vectors. "
        f"Write {layer} = nn.Embedding.from_pretrained(...)."
    )
