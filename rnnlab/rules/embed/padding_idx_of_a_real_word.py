"""# The index given for the padding is that of a word

**What happened.** `padding_idx` names the row of a word (or of the unknown words), while short reviews are filled up
with another index.

**Why it matters.** The row of `padding_idx` starts as zeros and never learns: that word looks like nothing to the model
for ever. And the real padding has a random vector that is trained. With torchtext, `padding_idx=0` is `<unk>`: in the
IMDb test reviews, cut to 25,000 words, every 25th word (3.96 %).

**Fix.** Give `padding_idx` the index that fills up: `padding_idx=TEXT.vocab.stoi[TEXT.pad_token]`,
`padding_idx=index["<pad>"]`.

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
    return pad_sequence(ids, batch_first=True, padding_value=len(index)), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)  # <- found here
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != len(index)).unsqueeze(2)
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
index = {word: i for i, word in enumerate(words)}
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=len(index)), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=len(index))
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != len(index)).unsqueeze(2)
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

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import Filling, Numbering, fillings, numbering_of
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="mistake", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask of each embedding which word has the index that it takes for the padding."""
    layers = list(record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding"))
    filled, looked_at, seen = fillings(record), 0, set()
    for layer in layers:
        index, numbering = layer.values["options"].get("padding_idx"), numbering_of(record, layer)
        if numbering is None or not isinstance(index, int) or isinstance(index, bool):
            looked_at += isinstance(index, str)  # the index is asked for
            continue
        looked_at += 1
        token = numbering.token_at(index)
        if token is not None and layer.place not in seen and _pads_elsewhere(numbering, filled, index):
            seen.add(layer.place)
            yield Finding(layer.place, _message(numbering, index, token), (layer.n,))
    if not looked_at:
        raise Unseen("no embedding was seen whose padding_idx and whose words could be compared")


def _pads_elsewhere(numbering: Numbering, filled: list[Filling], index: int) -> bool:
    """Say whether reviews are known to be filled up with another index."""
    if numbering.padding is not None:
        return numbering.padding != index
    if numbering.pads_at_the_end:
        return True
    return bool(filled) and all(_is_behind_all(one, numbering) for one in filled)


def _is_behind_all(filling: Filling, numbering: Numbering) -> bool:
    """Say whether the index that fills up is the number of all words."""
    return str(filling.call.values.get("padding_value")) == f"= len({numbering.name})"


def _message(numbering: Numbering, index: int, token: str) -> str:
    is_at = f"index {numbering.padding}" if numbering.padding is not None else "the index after all words"
    return (
        f"padding_idx={index} is {token} in '{numbering.name}': its vector stays zero and never learns. Reviews are "
        f"filled up with {is_at}, whose vector is trained like a word's. Give padding_idx that index."
    )
