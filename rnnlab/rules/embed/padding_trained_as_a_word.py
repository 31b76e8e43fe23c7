"""# The padding is trained like a word

**What happened.** `nn.Embedding` was not told which index fills short reviews up (`padding_idx`), so `<pad>` gets a
random vector, and the training goes on to change it.

**Why it matters.** The padding then means something: what it adds depends on how much of it there is. Where the padding
is packed away, or masked behind an RNN that reads forward only, this changes nothing. In the program below, 39 % of all
positions are padding when its 40 texts of 3 to 9 words lie side by side: no word is as frequent.

**Fix.** Give the embedding the index: `nn.Embedding(len(index), 100, padding_idx=index["<pad>"])`. Its row is then zero
and stays zero.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8)  # <- found here
        self.rnn = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 2)

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
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 2)

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

import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, PackedNote, Place
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import shared_fillings
from rnnlab.rules.asking.states import Padding, line_elsewhere, padding_behind
from rnnlab.rules.kit import Finding, Unseen, rule

_FROZEN = re.compile(
    r"weight\.requires_grad\s*=\s*False|\.weight\s*=\s*[\w.]*Parameter\([^)]*requires_grad\s*=\s*False"
)


@rule(level="habit", needs=("layer",))
def check(record: Record) -> Iterator[Finding]:
    """Look for embeddings without `padding_idx` that look up padded batches, which no RNN reads packed."""
    layers = {call.n: call for call in record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding")}
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    packed = any(run.inputs and isinstance(run.inputs[0].note, PackedNote) for run in runs)
    learns = any(record.ask(Call, what="backward"))
    found: dict[Place | None, tuple[Call, Call, Padding]] = {}
    unknown = 0
    for call in record.ask(Call, what="embedding"):
        layer = layers.get(call.values.get("made", -1))
        if layer is None or layer.values["options"].get("padding_idx") is not None or not _learns(record, layer):
            continue
        padding = padding_behind(record, call.inputs[:1])
        unknown += padding is None or not padding.is_followed
        if padding is not None and not isinstance(padding.fact, Data) and not learns:
            continue  # a sentence that is predicted
        if padding is None or padding.side == "none" or not padding.is_followed or packed or call.grad_on is False:
            continue
        found.setdefault(layer.place, (layer, call, padding))
    if found and not _is_unknown_anyway(record):
        yield from _of_each_file(found)
    elif not found and (unknown or not layers):
        raise Unseen("nobody could see how the batches of an embedding without padding_idx are filled up")


def _learns(record: Record, layer: Call) -> bool:
    """Say whether the rows of an embedding are trained: vectors that are frozen stay as they are."""
    if layer.values["options"].get("freeze", False) is not False:
        return False
    return layer.place is None or not _FROZEN.search(record.text_of(layer.place))


def _is_unknown_anyway(record: Record) -> bool:
    """Say whether reviews are filled up with the index of unknown words: another mistake, and its row is to be trained."""
    try:
        return any(one.token != "a word" for one in shared_fillings(record))
    except Unseen:
        return False


def _of_each_file(found: dict[Place | None, tuple[Call, Call, Padding]]) -> Iterator[Finding]:
    """One finding names all the embeddings of a file: it is one mistake, which was copied."""
    by_file: dict[str, list[tuple[Call, Call, Padding]]] = {}
    for place, one in found.items():
        by_file.setdefault(place.file if place is not None else "", []).append(one)
    for several in by_file.values():
        several.sort(key=lambda one: (one[0].place.cell or 0, one[0].place.line) if one[0].place else (0, 0))
        layer, call, padding = several[0]
        others = ", ".join(str(one[0].place.line) for one in several[1:] if one[0].place is not None)
        too = f" (so do those in line {others})" if others else ""
        yield Finding(
            layer.place,
            f"This embedding{too} looks up batches that are filled up ({line_elsewhere(padding.fact, layer.place)}), and was not "
            f"told with which index: the padding has a vector of its own, which is trained like a word's. Give it "
            f"padding_idx=... .",
            (layer.n, call.n, padding.fact.n),
        )
