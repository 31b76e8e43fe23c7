"""# The evaluation prepared gradients that nobody asks for

**What happened.** The evaluation ran with gradients on: torch kept every intermediate result of each batch for a
`backward()` that never comes.

**Why it matters.** The results are the same; memory and time are not. For the lecture's LSTM (200 steps, batch 64) the kept
results take 227 MiB more, and larger test batches end in an error for want of memory.

**Fix.** Put the loop under `with torch.no_grad():` (or `torch.inference_mode()`).

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
    model.eval()
    correct = seen = 0
    for text, label in valid_loader:  # <- found here
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

from collections.abc import Iterator

from rnnlab.facts import Call, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text, model_calls, passes, trained_later
from rnnlab.rules.asking.states import makers_in
from rnnlab.rules.kit import Finding, Unseen, expression, rule, walk_back

_SWITCHES = ("no_grad", "inference_mode", "set_grad_enabled", "volatile")


@rule(level="habit", real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each evaluation whether gradients were on."""
    looked, done = False, set()
    trained_on = trained_later(record)
    for one in passes(record, "evaluation"):
        if any(n in trained_on for n in one.numbers):
            continue
        known = [(call, _are_on(record, call)) for call in model_calls(one.calls(record))]
        looked |= any(are_on is not None for _, are_on in known)
        on = [call for call, are_on in known if are_on]
        if on and one.place not in done:
            done.add(one.place)
            yield Finding(
                one.place,
                "The model answers for these batches with gradients on, and no backward() follows: torch keeps every "
                "intermediate result for nothing. Put the loop under torch.no_grad().",
                (on[0].n, one.end),
            )
    for call in _asked_beside(record):
        looked = True
        if call.place not in done:
            done.add(call.place)
            yield Finding(
                call.place,
                f"{expression(record, call.place)} is asked in the training loop with gradients on, and no backward() asks for "
                f"its answer: torch keeps every intermediate result for nothing. Put it under torch.no_grad().",
                (call.n,),
            )
    if not looked:
        raise Unseen("no evaluation over batches was seen")


def _asked_beside(record: Record) -> list[Scope]:
    """Return the calls of models in training passes that no backward() reads, where another one's answer is read."""
    asked: dict[Place, list[Call]] = {}
    first: dict[Place, Scope] = {}
    inside = {n for one in passes(record, "training") for n in one.numbers}
    for scope in record.ask(Scope, where=lambda one: one.n in inside and one.function.endswith(".forward")):
        if scope.place is not None and scope.phase == "into" and not _is_a_part(record, scope):
            first.setdefault(scope.place, scope)
            asked.setdefault(scope.place, []).extend(_within(record, scope))
    backwards = list(record.ask(Call, what="backward"))
    if len(asked) < 2 or not backwards or not all(makers_in(call) for call in backwards):
        return []
    read = {fact.n for call in backwards for fact in walk_back(record, call.inputs)}
    is_read = {place: any(call.n in read for call in calls) for place, calls in asked.items()}
    if not any(is_read.values()):
        return []
    return [first[p] for p, calls in asked.items() if not is_read[p] and any(_are_on(record, one) for one in calls)]


def _is_a_part(record: Record, scope: Scope) -> bool:
    around = record.fact(scope.inside) if scope.inside is not None else None
    return isinstance(around, Scope) and around.function.endswith(".forward")


def _within(record: Record, scope: Scope) -> list[Call]:
    """Return the layers that a model's call goes through."""
    around = {scope.n}
    found = []
    for n in range(scope.n + 1, len(record)):
        fact = record.fact(n)
        if fact.inside not in around:
            continue
        if isinstance(fact, Scope):
            around.add(fact.n)
        elif isinstance(fact, Call):
            found.append(fact)
    return model_calls(found)


def _are_on(record: Record, call: Call) -> bool | None:
    """Say whether gradients are on; in a function that nobody calls they are where the program never switches them off."""
    if call.grad_on is None and call.seen_by == "source" and not has_text(record, *_SWITCHES):
        return True
    return call.grad_on
