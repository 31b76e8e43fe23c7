"""# Words without a vector are all the same

**What happened.** The matrix of word vectors starts as zeros, and only words that the file of vectors knows get a row.
All others keep a row of zeros, and the embedding is frozen.

**Why it matters.** All these words look alike to the model, like `<pad>` and like each other, and they can never become
different. In the program below that is 9 of 12 words.

**Fix.** Start from random numbers of the same spread (`torch.randn`, `np.random.normal`; with torchtext
`unk_init=torch.Tensor.normal_`) and set only the row of the padding to zero, or let the embedding learn
(`freeze=False`).

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
vectors = torch.zeros(len(index), 8)  # <- found here
vectors[0] = 0
for word, i in index.items():
    if word in glove:
        vectors[i] = glove[word]
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=True, padding_idx=0)
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
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=True, padding_idx=0)
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
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, names_in_text, place_of, trees
from rnnlab.rules.asking.vectors import Matrix, matrices
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for matrices of zeros with a row for each word, of which only some are written, in an embedding that is frozen."""
    frozen = [
        call
        for call in record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding")
        if call.values["options"].get("freeze") is True
    ]
    found = matrices(record)
    of_fields = list(_of_fields(record))
    for place, evidence in of_fields:
        yield Finding(
            place,
            f"{expression(record, place)} leaves the words without a vector at zero: all have one vector, that of "
            f"the padding. Add unk_init=torch.Tensor.normal_, and set only the padding's row to zero.",
            evidence,
            None if frozen else "habit",
        )
    if of_fields:
        return
    if not found or not frozen:
        raise Unseen("no frozen embedding was seen whose rows are written one by one")
    for one in found:
        if one.made_by == "zeros" and one.filled_if and not one.otherwise and _is_frozen(one, frozen):
            yield Finding(
                one.place,
                f"'{one.name}' starts as zeros, and only some words get a row: all others have one vector, that of "
                f"the padding, and the embedding is frozen. Start from random numbers and set only the padding's row to zero.",
            )


def _of_fields(record: Record) -> Iterator[tuple[Place | None, tuple[int, ...]]]:
    """Return where torchtext is given vectors from a file that are read later on, and nothing is said of other words."""
    code = [(key, text, tree, ast.unparse(tree)) for key, text, tree in trees(record)]
    if not any(".vectors" in text for *_, text in code) or any("unk_init" in text for *_, text in code):
        return
    for vocabulary in record.ask(
        Data, what="vocabulary", where=lambda fact: fact.samples.get("made_by") == "build_vocab"
    ):
        if vocabulary.samples.get("options", {}).get("vectors") is not None:
            yield vocabulary.place, (vocabulary.n,)
    for key, text, tree, _ in code:
        for node in all_nodes(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".vocab.load_vectors"):
                yield place_of(key, text, node), ()


def _is_frozen(one: Matrix, frozen: list[Call]) -> bool:
    """Say whether a frozen embedding is made of this matrix; where that was not followed, one of each is enough."""
    written = [str(call.values.get("written", {}).get("num_embeddings", "")) for call in frozen]
    return any(one.name in names_in_text(text) for text in written) or all(_is_plain(text) for text in written)


def _is_plain(text: str) -> bool:
    """A bare name is an argument, which may be the matrix under another name."""
    return text.isidentifier()
