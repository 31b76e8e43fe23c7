"""# The running loss keeps every batch's graph

**What happened.** `total += loss` adds the tensor itself: the sum stays part of the graph, and with it every batch that went
into it.

**Why it matters.** Nothing is freed before the epoch ends: memory grows with each batch until the process is killed. For the
lecture's LSTM (200 steps, batch 64) about 227 MiB stay for each batch.

**Fix.** Add the number alone: `total += loss.item()`.

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
    total = 0
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss  # <- found here
    print(f"epoch {epoch}: loss {total.item() / len(train_loader):.2f}")
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
    total = 0
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(train_loader):.2f}")
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

from rnnlab.facts import Call, Named, makers
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.carried import cuts_the_graph
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.kit import Finding, Unseen, expression, rule, walk_back


@rule(level="mistake", needs=("backward",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for sums of losses in training passes that no backward() asks for."""
    training = passes(record, "training")
    if not training:
        raise Unseen("no training pass was seen")
    # By place: the last turn of a loop is told again, and what it makes is known by the numbers of its first turn.
    used = {fact.place for call in record.ask(Call, what="backward") for fact in walk_back(record, call.inputs)}
    done = set()
    for one in training:
        for call in one.calls(record, "arithmetic"):
            loss = _loss(record, call)
            if loss is None or call.place in used or call.place in done or call.grad_on is False:
                continue
            done.add(call.place)
            yield Finding(
                call.place,
                f"{expression(record, call.place)} keeps the graph of every batch until the epoch ends, so memory grows with "
                f"each one. Write {loss}.item() there.",
                (call.n,),
            )


def _loss(record: Record, call: Call) -> str | None:
    """Return the learner's word for what is added to a running sum, where it is a loss with its graph: `total += loss`."""
    text = expression(record, call.place)
    if not call.binds or not ("+=" in text or text.startswith(call.binds[0]) or text.endswith(call.binds[0])):
        return None
    for item in call.inputs:
        if item.name != call.binds[0] and _carries_loss(record, item):
            return item.name if item.name.isidentifier() else f"({item.name})"
    return None


def _carries_loss(record: Record, item: Named) -> bool:
    waiting, seen = sorted(makers(item.note)), set[int]()
    while waiting:
        n = waiting.pop()
        fact = record.fact(n) if 0 <= n < len(record) and n not in seen else None
        seen.add(n)
        if isinstance(fact, Call) and fact.what in LOSSES:
            return True
        if isinstance(fact, Call) and fact.what in ("arithmetic", "to") and not cuts_the_graph(record, fact):
            waiting += [m for one in fact.inputs for m in makers(one.note)]
    return False
