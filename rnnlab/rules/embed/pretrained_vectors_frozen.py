"""# The pretrained vectors are frozen by default

**What happened.** `nn.Embedding.from_pretrained(vectors)` was not told whether the vectors may change, and by default
they may not: `freeze=True`.

**Why it matters.** Frozen vectors are often what is wanted, with few reviews above all. But then words without a vector
keep the row they were given: in the program below that is 9 of the 12 words.

**Fix.** Say which you want: `from_pretrained(vectors, freeze=False)` trains them on, `freeze=True` keeps them.

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
        self.embedding = nn.Embedding.from_pretrained(vectors, padding_idx=0)  # <- found here
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

import re
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, rule

_THAWED = re.compile(r"requires_grad_?\s*(=|\()\s*(True|not)|requires_grad_\(\)")


@rule(level="habit", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for `from_pretrained` without a word about freezing."""
    made = [
        call
        for call in record.ask(Call, what="layer")
        if call.layer == "Embedding" and "freeze" in call.values["options"]
    ]
    if not made:
        raise Unseen("no embedding was made of pretrained vectors")
    thawed = any(_THAWED.search(text) for text in record.sources.values())
    for call in {call.place: call for call in made if not _is_said(call)}.values():
        if not thawed:
            yield Finding(
                call.place,
                "from_pretrained(...) freezes the vectors unless it is told otherwise: this embedding never learns. "
                "Say which you want, freeze=True or freeze=False.",
                (call.n,),
            )


def _is_said(call: Call) -> bool:
    """Say whether freezing is spoken of: by its name, or as the second argument, which stands where a layer has its width."""
    return bool({"freeze", "embedding_dim"} & set(call.values["said"]))
