"""# Log-softmax was taken before cross-entropy: twice, without harm

**What happened.** The model ends in `log_softmax`, and `cross_entropy` takes log-softmax again.

**Why it matters.** Nothing: log-softmax of log-probabilities is itself. In 1,000 random rows of 5 classes the two losses
differ by less than 0.000001. Only the time is spent twice, and readers stumble.

**Fix.** Return the logits, or take `nll_loss`, which wants log-probabilities.

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
        return F.log_softmax(self.fc(hidden[-1]), dim=1)  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
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
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.losses import losses, once_each, origin, scores
from rnnlab.rules.kit import Finding, expression, line, rule


@rule(level="habit", needs=("cross_entropy",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind what each cross-entropy reads for a log-softmax."""
    found = [
        (one.place, one, loss)
        for loss in losses(record, "cross_entropy")
        if (given := scores(loss)) is not None
        for one in origin(record, given.note).some_are("log_softmax")
    ]
    for one, loss in once_each(found):
        yield Finding(
            one.place,
            f"{expression(record, one.place)} is taken once more by {expression(record, loss.place)} in {line(loss)}. It does no "
            f"harm (log-softmax of log-probabilities is itself); leave it out, or take nll_loss.",
            (one.n, loss.n),
        )
