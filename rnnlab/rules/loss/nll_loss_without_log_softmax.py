"""# NLL loss was given no log-probabilities

**What happened.** `nll_loss` (or `nn.NLLLoss`) reads log-probabilities, and got raw logits or probabilities.

**Why it matters.** NLL loss takes the number of the right class with its sign turned and averages that. From logits it can
fall without end; from probabilities it lies between -1 and 0: a perfect model has the loss -1, a guessing one of two classes
-0.5. A negative loss is the sign of it.

**Fix.** End the model in `log_softmax(..., dim=1)`, or take `cross_entropy` on the logits.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


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
for text, label in loader:
    optimizer.zero_grad()
    loss = F.nll_loss(model(text), label)  # <- found here
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return F.log_softmax(self.fc(hidden[-1]), dim=1)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.nll_loss(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.losses import losses, origin, scores
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_GIVEN = {
    "softmax": "probabilities, so it lies between -1 and 0",
    "sigmoid": "sigmoids, so it lies between -1 and 0",
    "linear": "raw logits, so it can fall without end",
}


@rule(level="mistake", needs=("nll_loss",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind what each NLL loss reads for a log-softmax."""
    unknown: list[Call] = []
    for loss in losses(record, "nll_loss"):
        given = scores(loss)
        behind = origin(record, given.note if given else None)
        wrong = behind.some_are(*_GIVEN)
        if wrong:
            what = f" from {expression(record, wrong[0].place)}" if wrong[0].what != "linear" else ""
            yield Finding(
                loss.place,
                f"{expression(record, loss.place)} wants log-probabilities and is given{what} {_GIVEN[wrong[0].what]}. Give it "
                f"log_softmax(..., dim=1), or take cross_entropy on the logits.",
                (loss.n, wrong[0].n),
                None if behind.all_are(*_GIVEN) else "risk",
            )
        elif not behind.all_are("log_softmax"):
            unknown.append(loss)
    if unknown:
        raise Unseen(f"what {expression(record, unknown[0].place)} reads could not be followed to a log-softmax")
