"""# The graph was kept so that backward() would run

**What happened.** `backward(retain_graph=True)` keeps the graph of a batch after its gradients were computed.

**Why it matters.** Mostly it silences *Trying to backward through the graph a second time*, which says that the hidden state
of the last batch is still part of its graph. Each step then walks back through all batches before: the 10th costs ten times
the first, and memory grows.

**Fix.** Cut the state off: `hidden = hidden.detach()`, or begin each batch without one.

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
        loss.backward(retain_graph=True)  # <- found here
        optimizer.step()
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

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Place
from rnnlab.record import Record
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.syntax import around_place
from rnnlab.rules.asking.written import calls as calls_in
from rnnlab.rules.asking.written import word
from rnnlab.rules.kit import Finding, expression, rule

_KEPT = re.compile(r"retain_graph\s*=\s*True")


@rule(level="risk", needs=("backward",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for a kept graph where a pass goes back only once for each batch."""
    calls = {call.place: call for call in record.ask(Call, what="backward")}
    several = {call.place for one in passes(record, "training") for call in _several(one.calls(record, "backward"))}
    several |= {place for place in calls if _is_one_of_many(record, place)}
    for place, call in calls.items():
        code = expression(record, place)
        if _KEPT.search(code) and place not in several:
            yield Finding(
                place,
                f"{code} keeps the graph of this batch. If it was added against an error, a state of the last batch is still in "
                f"its graph: cut it off with detach(); each step costs more than the one before.",
                (call.n,),
            )


def _is_one_of_many(record: Record, place: Place | None) -> bool:
    """Say whether backward() stands in a loop over what a model answered, or over its heads: then a kept graph is wanted."""
    loops = [node for node in around_place(record, place) if isinstance(node, ast.For)]
    asked = {word(call.func) for node in loops[-1:] for call in calls_in(node)}
    return len(loops) > 1 and "backward" in asked and not asked & {"zero_grad", "step"}


def _several(calls: list[Call]) -> list[Call]:
    """Return the calls of a pass that goes back more than once for a batch: then a kept graph is wanted."""
    return calls if len({call.place for call in calls}) > 1 else []
