"""# The reviews were packed in one order of the axes and unpacked in the other

**What happened.** `pack_padded_sequence(..., batch_first=True)` packs a batch of shape (batch, seq_len, ...). Without
`batch_first=True` the `pad_packed_sequence` behind it returns (seq_len, batch, ...), and the next operation reads reviews
as steps.

**Why it matters.** Where the numbers of reviews and steps are equal, as in the program below (12 and 12), nothing fails,
and each answer adds up one step of 12 different reviews.

**Fix.** Say `batch_first=True` in both.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (72, 12))
lengths = torch.full((72,), 12)
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:60], lengths[:60], label[:60]), batch_size=12, shuffle=True)
test_loader = DataLoader(TensorDataset(text[60:], lengths[60:], label[60:]), batch_size=12)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        packed, hidden = self.rnn(packed)
        output, lengths = pad_packed_sequence(packed)  # <- found here
        return self.fc(output.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, lengths, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text, lengths), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, lengths, label in test_loader:
        correct += (model(text, lengths).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (72, 12))
lengths = torch.full((72,), 12)
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:60], lengths[:60], label[:60]), batch_size=12, shuffle=True)
test_loader = DataLoader(TensorDataset(text[60:], lengths[60:], label[60:]), batch_size=12)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        packed, hidden = self.rnn(packed)
        output, lengths = pad_packed_sequence(packed, batch_first=True)
        return self.fc(output.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, lengths, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text, lengths), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, lengths, label in test_loader:
        correct += (model(text, lengths).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, makers
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule, walk_back

_TURNS = ("permute", "transpose", "t", "movedim", "view")
_OVER_AN_AXIS = ("sum", "mean", "max", "amax", "softmax", "argmax")


@rule(level="mistake", needs=("pad_packed_sequence",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare each unpacking with the packing behind it, and look at what reads the batch that comes out."""
    seen = set()
    for unpacked in record.ask(Call, what="pad_packed_sequence"):
        behind = walk_back(record, unpacked.inputs)
        packed = next((fact for fact in behind if isinstance(fact, Call) and fact.what == "pack_padded_sequence"), None)
        first = unpacked.values.get("batch_first")
        said = packed.values.get("batch_first") if packed is not None else None
        if packed is None or not isinstance(first, bool) or not isinstance(said, bool):
            raise Unseen(f"what {expression(record, unpacked.place)} was packed by was not seen")
        if said is first:
            continue
        readers = [call for call in record.ask(Call) if any(unpacked.n in makers(item.note) for item in call.inputs)]
        wrong = next(
            (reader for reader in readers if _axis(record, reader) == (1 if packed.values["batch_first"] else 0)), None
        )
        if any(reader.what in _TURNS for reader in readers) or (readers and wrong is None):
            raise Unseen(f"whether what {expression(record, unpacked.place)} gives is read with its axes as they are")
        if wrong is not None and unpacked.place not in seen:
            seen.add(unpacked.place)
            yield _finding(record, unpacked, packed, wrong)


def _axis(record: Record, reader: Call) -> int | None:
    """Return the axis that an operation takes for the steps: the one that it goes over, or picks one index of."""
    if reader.what == "index":
        keys = list(reader.values.get("index", ()))[:2]
        if keys == ["Tensor", "Tensor"]:  # output[rows, last]: the rows are counted through
            rows = reader.inputs[1].note if len(reader.inputs) > 1 else None
            return 1 if any(_counts_through(record, n) for n in makers(rows)) else None
        return next((axis for axis, key in enumerate(keys) if isinstance(key, int)), None)
    axis = reader.values.get("dim") if reader.what in _OVER_AN_AXIS else None
    return axis if isinstance(axis, int) and axis in (0, 1) else None


def _counts_through(record: Record, n: int) -> bool:
    fact = record.fact(n) if 0 <= n < len(record) else None
    return isinstance(fact, Call) and "arange" in (fact.what, fact.values.get("of"))


def _finding(record: Record, unpacked: Call, packed: Call, wrong: Call) -> Finding:
    said = packed.values["batch_first"]
    axes = "(seq_len, batch, ...)" if said else "(batch, seq_len, ...)"
    return Finding(
        unpacked.place,
        f"{line(packed).capitalize()} packs with batch_first={said}, {expression(record, unpacked.place)} unpacks without it "
        f"and gives {axes}: {expression(record, wrong.place)} in {line(wrong)} takes reviews for steps. "
        f"Write batch_first={said} here too.",
        (unpacked.n, packed.n, wrong.n),
    )
