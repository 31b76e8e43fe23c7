"""# The last batch of the evaluation was dropped

**What happened.** The loader that the model is judged on was made with `drop_last=True`. Its last batch is shorter than the
others, and the loader leaves it out.

**Why it matters.** Those reviews are never looked at. In the program below the test split has 20 reviews and batches of 16:
four of them, 20 %, do not count, and a split that is smaller than one batch gives no batch at all.

**Fix.** Leave `drop_last` out of the loaders of validation and test.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16, drop_last=True)  # <- found here


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```
"""

from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.batches import asked_for_at, judged_on
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("loader",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask every loader that a model is judged on whether it drops its last batch."""
    judged = judged_on(record)
    if not judged:
        raise Unseen("no loader was seen that a model is judged on")
    dropped = [loader for loader in judged if _drops(loader)]
    for loader in dropped:
        yield _finding(record, loader)
    if not dropped and any(loader.samples.get("options", {}).get("drop_last") == "?" for loader in judged):
        raise Unseen("whether the last batch is dropped depends on what the program is told")


def _drops(loader: Data) -> bool:
    """Say whether a loader drops reviews: a last batch that is full loses nothing."""
    counts = loader.counts
    if loader.samples.get("options", {}).get("drop_last") is not True:
        return False
    whole = counts.get("examples") and counts.get("batch_size") and counts["examples"] % counts["batch_size"] == 0
    return not whole


def _finding(record: Record, loader: Data) -> Finding:
    place = asked_for_at(record, loader)
    size, examples = int(loader.counts.get("batch_size", 0)), loader.counts.get("examples")
    lost = f"up to {size - 1}" if size > 1 else "the last few"
    if examples and size:
        lost = f"{int(examples) % size} of {int(examples)}"
    return Finding(
        place,
        f"{loader.name or expression(record, place)} is made with drop_last=True: {lost} reviews are never looked at, and the "
        f"score is that of the others. Leave drop_last out here; it belongs to the training loader alone.",
        (loader.n,),
    )
