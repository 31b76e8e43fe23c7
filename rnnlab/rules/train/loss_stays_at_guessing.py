"""# The loss stays where guessing puts it

**What happened.** Through the whole last epoch the mean loss was that of a model that knows nothing: ln(classes), for two
classes 0.6931. The weights moved, and the answers did not get better than a coin's.

**Why it matters.** Cross-entropy over two classes is 0.6931 when both get half the probability, and 1.0986 over three. A model
that reads the padding as its last step sits there for epochs: the lecture's unpacked LSTM spent seven of them at 50 %. More
epochs rarely help, because nothing that tells the classes apart reaches the weights.

**Fix.** Look at what the model reads before you change anything else: is the last step a word or padding (pack the batch), is
the axis of the batch where the RNN expects it, do texts and labels belong together? Then train on one batch alone until its
loss is near 0: a model that cannot do that is broken. Only then try another learning rate; Adam at 0.001 to 0.01 is a good
start.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


torch.manual_seed(1)
text = torch.randint(1, 60, (400, 6))
label = (text[:, -1] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for epoch in range(3):
    total = 0
    for text, label in loader:  # <- found here
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(label)
    print(f"epoch {epoch + 1}: loss {total / len(loader.dataset):.4f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


torch.manual_seed(1)
text = torch.randint(1, 60, (400, 6))
label = (text[:, -1] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    total = 0
    for text, label in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(label)
    print(f"epoch {epoch + 1}: loss {total / len(loader.dataset):.4f}")
```
"""

import math
from collections.abc import Iterator

from rnnlab.facts import Call, TensorNote
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, counted_in, passes
from rnnlab.rules.kit import Finding, Unseen, rule

_CLASSES = ("cross_entropy", "nll_loss")
_BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_NEAR = 0.01  # of the loss of guessing
_BATCHES = 20  # fewer say little of the mean


@rule(level="risk", needs=("training pass",), whole_loops=True)
def check(record: Record) -> Iterator[Finding]:
    """Hold the mean loss of each training loop's last epoch against that of guessing."""
    ran = [one for one in passes(record, "training") if record.fact(one.end).seen_by == "run"]
    last = {one.place: one for one in ran}
    judged = False
    for one in last.values():
        counted, classes = counted_in(record, one), _classes(record, one)
        if counted is None or counted.counts.get("losses", 0) < _BATCHES or classes is None:
            continue
        judged = True
        mean, guessing = counted.counts["loss_sum"] / counted.counts["losses"], math.log(classes)
        if abs(mean - guessing) <= _NEAR * guessing:
            yield Finding(
                one.place,
                f"the mean loss of the last epoch is {mean:.4f}; guessing between {classes} classes gives ln({classes}) = "
                f"{guessing:.4f}. The model has learnt nothing that tells them apart: see what its last step reads, then try to "
                f"fit one batch alone.",
                (counted.n,),
            )
    if not judged:
        raise Unseen(f"no epoch of {_BATCHES} batches or more was run whose loss is a cross-entropy")


def _classes(record: Record, one: Pass) -> int | None:
    """Return how many classes the only loss of a pass chooses between; None where there are several, or another kind."""
    found = {_of(call) for call in one.calls(record, *_CLASSES, *_BINARY)}
    return found.pop() if len(found) == 1 else None


def _of(call: Call) -> int | None:
    if call.what in _BINARY:
        return 2
    scores = call.inputs[0].note if call.inputs else None
    shape = scores.shape if isinstance(scores, TensorNote) else None
    return shape[1] if shape is not None and len(shape) == 2 and (shape[1] or 0) > 1 else None
