"""# The gradients were clipped after the step that used them

**What happened.** `clip_grad_norm_` stands behind `optimizer.step()`: the step has used the gradients as they were, and the
clipped ones are thrown away by the next `zero_grad()`.

**Why it matters.** The clipping has no effect at all: a gradient of norm 100 moves the weights 100 times as far as one
clipped to 1.

**Fix.** The order is `backward()`, clip, `step()`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # <- found here
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```
"""

from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("clip_grad_norm_",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each training pass in which order it clips and steps."""
    looked, done = False, set()
    for one in passes(record, "training"):
        backward = one.calls(record, "backward")
        steps, clips = one.calls(record, "optimizer_step"), one.calls(record, "clip_grad_norm_")
        if not (backward and steps and clips):
            continue
        looked = True
        first = backward[0].n
        step = next((call for call in steps if call.n > first), None)
        clip = next((call for call in clips if call.n > first), None)
        between = step is not None and any(first < call.n < step.n for call in clips)
        if step is not None and clip is not None and not between and clip.n > step.n and clip.place not in done:
            done.add(clip.place)
            yield Finding(
                clip.place,
                f"{expression(record, clip.place)} comes after {expression(record, step.place)}, which has used the gradients "
                f"as they were: the clipping has no effect. Move it between backward() and step().",
                (step.n, clip.n),
            )
    if not looked:
        raise Unseen("no training pass was seen that clips and steps")
