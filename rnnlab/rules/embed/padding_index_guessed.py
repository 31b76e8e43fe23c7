"""# The index of the padding was guessed

**What happened.** The vocabulary gives `<pad>` one index, and a number that is written elsewhere in the program takes
another one for it: `padding_idx=0`, `text != 0` or a `pad_sequence` that fills up with 0.

**Why it matters.** Nothing stops: the padding is then counted as words and something else is left out instead.
torchtext numbers `<unk>` 0 and `<pad>` 1, so that `text != 0` masks the unknown words: in the IMDb test reviews, cut to
25,000 words, that is 3.96 % of all words, and none of the padding.

**Fix.** Ask the vocabulary: `index["<pad>"]`, `TEXT.vocab.stoi[TEXT.pad_token]` or `vocab["<pad>"]`, once, and use that
name everywhere.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {"<unk>": 0, "<pad>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=index["<pad>"]), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=index["<pad>"])
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2)  # <- found here
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
index = {"<unk>": 0, "<pad>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=index["<pad>"]), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=index["<pad>"])
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != index["<pad>"]).unsqueeze(2)
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

from rnnlab.facts import Call, Place, makers
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import Numbering, fillings, looked_up_among, numbering_of
from rnnlab.rules.asking.states import names
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule

_COMPARED = re.compile(r"(?:!=|==|\.ne\(|\.eq\()\s*(\d+)\s*\)*")


@rule(level="mistake", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare every number that is taken for the padding's index with the index that the vocabulary gives it."""
    layers = list(record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding"))
    known = [one for layer in layers if (one := numbering_of(record, layer)) is not None]
    known = [one for one in known if one.padding is not None or one.pads_at_the_end]
    if not known or len({(one.padding, one.pads_at_the_end, one.first) for one in known}) != 1:
        raise Unseen("no vocabulary was seen that gives the padding an index")
    seen: set[Place | None] = set()
    for call, index, level in [*_of_layers(layers), *_of_comparisons(record), *_of_fillings(record)]:
        if call.place not in seen and _is_another(known[0], index):
            seen.add(call.place)
            yield Finding(call.place, _message(record, known[0], call, index), (call.n,), level)


def _is_another(numbering: Numbering, index: int) -> bool:
    """Say whether the vocabulary gives this index to something else than the padding."""
    if numbering.padding is not None:
        return index != numbering.padding and numbering.token_at(index) is not None
    return numbering.first is not None and index <= numbering.first


def _of_layers(layers: list[Call]) -> Iterator[tuple[Call, int, Level | None]]:
    for layer in layers:
        index = layer.values["options"].get("padding_idx")
        if isinstance(index, int) and not isinstance(index, bool) and index >= 0:
            yield layer, index, None


def _of_comparisons(record: Record) -> Iterator[tuple[Call, int, Level | None]]:
    """Return the comparisons of the same indices that an embedding looks up."""
    looked_up = [makers(call.inputs[0].note) for call in record.ask(Call, what="embedding") if call.inputs]
    for call in record.ask(Call, where=lambda call: call.what in ("compare", "eq")):
        note = call.inputs[0].note if call.inputs else None
        match = _COMPARED.search(expression(record, call.place))
        is_looked_up = "seq_len" in names(note) and bool(makers(note)) and makers(note) in looked_up
        if match and is_looked_up and _is_of_padding(record, call):
            yield call, int(match[1]), None


def _is_of_padding(record: Record, call: Call) -> bool:
    """Say whether a comparison leaves an index out, or makes a mask; one that looks for an index may mean another token."""
    lines = record.text_of(call.place).splitlines() if call.place is not None else []
    written = lines[call.place.line - 1] if call.place is not None and call.place.line <= len(lines) else ""
    return "!=" in written or ".ne(" in written or "mask" in written.lower()


def _of_fillings(record: Record) -> Iterator[tuple[Call, int, Level | None]]:
    for filling in looked_up_among(record, fillings(record)):
        if filling.index is not None and filling.call.what in ("pad_sequence", "pad_list"):
            yield filling.call, filling.index, "risk"


def _message(record: Record, numbering: Numbering, call: Call, index: int) -> str:
    is_at = f"index {numbering.padding}" if numbering.padding is not None else "the index after all words"
    return (
        f"{expression(record, call.place)} takes {index} for the padding, but in '{numbering.name}' the padding has {is_at}, "
        f"and {index} is {numbering.token_at(index)}. Ask the vocabulary for it, once, and use that name everywhere."
    )
