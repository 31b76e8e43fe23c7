"""# The model went on training in evaluation mode

**What happened.** `model.eval()` was called for an evaluation, and the next epoch trained without `model.train()`.

**Why it matters.** From then on dropout is off: the model trains without the protection that it was given, and overfits from
epoch 2 on. With a dropout of 0.5 each hidden number was to be missing in half of the batches.

**Fix.** Call `model.train()` at the beginning of each epoch.

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
model.train()
for epoch in range(2):
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    model.eval()  # <- found here
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

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, acts_in_training, loops, model_calls, passes
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("backward",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each training pass whether the model was in evaluation mode, or will be when its loop comes round."""
    looked, done = False, set()
    training = passes(record, "training")
    for one in training:
        calls = model_calls(one.calls(record))
        looked |= any(call.training is not None for call in calls)
        off = [call for call in calls if call.training is False and call.certain]
        before = _eval_before(record, off[0].n) if off else _left_on(record, one)
        if before is None or before.place in done or not _may_be_trained(record, before):
            continue
        done.add(before.place)
        acting = [call for call in calls if acts_in_training(call)]
        rest = (
            f"{expression(record, acting[0].place)} does nothing in it"
            if acting
            else "it has no dropout and no batch norm, so nothing changes here"
        )
        yield Finding(
            before.place,
            f"{expression(record, before.place)} is still in force when the next epoch trains: {rest}. Call model.train() at "
            f"the beginning of each epoch.",
            (before.n, *(call.n for call in acting[:1])),
            None if acting else "habit",
        )
    if not looked:
        raise Unseen("no training pass was seen whose mode is known")


def _may_be_trained(record: Record, mode: Call) -> bool:
    """Say whether an optimizer holds the model that a mode was set for: a teacher, or a part that is frozen, stays as it is."""
    model = mode.values.get("model")
    held = [fact.made_from for fact in record.ask(Data, what="optimizer")]
    return model is None or not all(held) or any(model in one for one in held)


def _eval_before(record: Record, n: int) -> Call | None:
    """Return the call of eval() that is in force: the last one before, or, where a loop comes round, the last of all."""
    modes = list(record.ask(Call, what="eval_mode"))
    return next((call for call in reversed(modes) if call.n < n), modes[-1] if modes else None)


def _left_on(record: Record, one: Pass) -> Call | None:
    """Return the eval() of a loop over epochs in which the model is never set back to training."""
    for epochs in loops(record, "epochs"):
        if not epochs.begin < one.begin < epochs.end:
            continue
        inside = [record.fact(n) for n in range(epochs.begin, epochs.end)]
        if any(isinstance(fact, Data) and fact.what == "model" for fact in inside):
            continue  # each turn makes a model anew, which begins in training mode
        modes = [fact for fact in inside if isinstance(fact, Call) and fact.what in ("eval_mode", "train_mode")]
        if modes and all(call.what == "eval_mode" and call.certain for call in modes):
            return modes[-1]
    return None
