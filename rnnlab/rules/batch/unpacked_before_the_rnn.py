"""# The batch was packed, and unpacked again before the RNN

**What happened.** `pad_packed_sequence` stands before the RNN. It undoes what `pack_padded_sequence` did, and the RNN reads
the padded batch.

**Why it matters.** A pack lets the RNN stop at each review's last word. After 8 words and 32 pads an untrained GRU's hidden
state has moved by 0.83 of its own length away from what it was at the last word (seed 1, 16 units).

**Fix.** Give the pack itself to the RNN, and unpack its output, if every step of it is needed.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
lengths = torch.randint(1, 13, (70,))
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], lengths[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], lengths[50:], label[50:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        steps, lengths = pad_packed_sequence(packed, batch_first=True)  # <- found here
        output, hidden = self.rnn(steps)
        return self.fc(output[torch.arange(len(output)), lengths - 1])


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
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
lengths = torch.randint(1, 13, (70,))
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], lengths[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], lengths[50:], label[50:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.rnn(packed)
        return self.fc(hidden[-1])


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

from rnnlab.facts import Call, PackedNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule, walk_back


@rule(level="mistake", needs=("pack_padded_sequence",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask of each unpacking whether its pack came straight from packing, and whether an RNN reads what comes out."""
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    if not runs:
        raise Unseen("no RNN was seen")
    seen = set()
    for unpacked in record.ask(Call, what="pad_packed_sequence"):
        packed = _packing(record, unpacked)
        reader = next((run for run in runs if unpacked in walk_back(record, run.inputs[:1])), None)
        if packed is not None and reader is not None and unpacked.place not in seen:
            seen.add(unpacked.place)
            yield Finding(
                unpacked.place,
                f"{expression(record, unpacked.place)} undoes the packing of {line(packed)} before the RNN in {line(reader)} has "
                f"read the pack: the RNN reads every <pad> as a word. Give the pack itself to the RNN, and unpack its output.",
                (unpacked.n, packed.n, reader.n),
            )


def _packing(record: Record, unpacked: Call) -> Call | None:
    """Return the packing that made what is unpacked, if nothing has read it in between."""
    notes = [item.note for item in unpacked.inputs if isinstance(item.note, PackedNote)]
    makers = [record.fact(n) for note in notes for n in note.made_by if 0 <= n < len(record)]
    packings = [fact for fact in makers if isinstance(fact, Call) and fact.what == "pack_padded_sequence"]
    return packings[0] if packings and len(packings) == len(makers) else None
