"""# The gradients were never set back to zero

**What happened.** `backward()` adds to the gradients that are there, and nothing sets them to zero between two steps of the
optimizer.

**Why it matters.** Each step then goes along the sum of all gradients since the beginning. With a constant gradient of 1 the
tenth step of SGD is ten times as long as the first (55 steps' worth of way after 10), so the loss jumps or grows.

**Fix.** Call `optimizer.zero_grad()` once for each step, before `backward()`.

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
        loss = F.cross_entropy(model(text), label)
        loss.backward()  # <- found here
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

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, has_text, passes
from rnnlab.rules.asking.written import Written, loop_at, word
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule


@rule(level="mistake", needs=("backward", "optimizer_step"), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each training pass for what sets the gradients to zero, and when."""
    training = [one for one in passes(record, "training") if one.calls(record, "backward") and _steps(record, one)]
    if not training:
        raise Unseen("no pass was seen that computes gradients and makes steps")
    if has_text(record, ".grad = None", ".grad.zero_()", ".grad.data.zero_()"):
        raise Unseen("the program sets gradients by hand")
    seen, unknown = set(), None
    for one in training:
        backward = one.calls(record, "backward")[0]
        if backward.place in seen:
            continue
        zeros = one.calls(record, "zero_grad")
        if not zeros:
            if _sets_them_unseen(record, one):
                unknown = backward
            elif never(list(record.ask(Call, what="zero_grad")), lambda call: False, record):
                seen.add(backward.place)
                yield _missing(record, one, backward)
        elif (between := _between(record, one, backward)) is not None:
            seen.add(backward.place)
            yield Finding(
                backward.place,
                f"{expression(record, between.place)} in line {between.place.line if between.place else '?'} comes after "
                f"{expression(record, backward.place)} and before the step: the step finds gradients of zero, and nothing is "
                f"learnt. Move it in front of backward().",
                (backward.n, between.n),
            )
    if unknown is not None:
        raise Unseen(f"whose gradients are set to zero in the loop of {expression(record, unknown.place)} was not seen")


def _sets_them_unseen(record: Record, one: Pass) -> bool:
    """Say whether the loop is written to set gradients to zero, itself or in what it calls, and nobody saw whose."""
    loop = loop_at(record, one.place)
    return loop is not None and Written(record).does(loop, lambda call: word(call.func) == "zero_grad")


def _steps(record: Record, one: Pass) -> list[Call]:
    return one.calls(record, "optimizer_step")


def _missing(record: Record, one: Pass, backward: Call) -> Finding:
    elsewhere = record.first(Call, what="zero_grad")
    if elsewhere is not None and elsewhere.place is not None:
        how = f"zero_grad in line {elsewhere.place.line} stands outside of the loop over the batches"
    else:
        how = "nothing sets them to zero"
    return Finding(
        backward.place,
        f"{expression(record, backward.place)} adds each batch's gradients to those of all batches before it: {how}. Call "
        f"optimizer.zero_grad() once for each step, before backward().",
        (backward.n, _steps(record, one)[0].n),
        "risk" if _steps(record, one)[0].values.get("owner") == "unknown" else None,
    )


def _between(record: Record, one: Pass, backward: Call) -> Call | None:
    """Return a zero_grad that wipes the gradients away between backward and the step of the same optimizer."""
    step = next((call for call in _steps(record, one) if call.n > backward.n), None)
    if step is None:
        return None
    for zero in one.calls(record, "zero_grad"):
        same = zero.values.get("optimizer") == step.values.get("optimizer")
        if backward.n < zero.n < step.n and same and zero.certain and step.certain:
            return zero
    return None
