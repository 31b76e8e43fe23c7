"""# Every review was put in the same class

**What happened.** The evaluation went over reviews of several classes, and the model gave the same answer for each of them. The
accuracy is the share of that class, whatever the reviews say.

**Why it matters.** Where 79 of 100 messages are no spam, a model that never calls one spam has 79 % accuracy and finds 0 of the
spam. An accuracy that equals the share of the commonest class, digit by digit and epoch after epoch, is the sign of it.

**Fix.** Print the confusion matrix, or at least how often each class was answered. If the classes are unequal, weigh the loss
(`weight=` of `CrossEntropyLoss`, `pos_weight=` of `BCEWithLogitsLoss`) or draw them equally often, and report the F1 score
beside the accuracy. If they are equal, the model has learnt nothing yet: see `loss_stays_at_guessing`.

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
text = torch.randint(1, 60, (600, 6))
label = (text[:, -1] > 50).long()
train_data = TensorDataset(text[:400], label[:400])
test_data = TensorDataset(text[400:], label[400:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)
model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
model.eval()
correct = 0
with torch.no_grad():
    for text, label in test_loader:  # <- found here
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(test_data):.3f}")
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
text = torch.randint(1, 60, (600, 6))
label = ((text[:, -1] > 50) ^ (torch.rand(600) < 0.05)).long()
train_data = TensorDataset(text[:400], label[:400])
test_data = TensorDataset(text[400:], label[400:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(6):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
model.eval()
correct = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(test_data):.3f}")
```
"""

from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.answered import Answered, answered
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.kit import Finding, Unseen, rule

_ROWS = 100  # of a few reviews, all may well get the same answer


@rule(level="risk", needs=("evaluation pass",), whole_loops=True)
def check(record: Record) -> Iterator[Finding]:
    """Look for evaluations, the last of each loop, whose answers name one class only."""
    judged = [one for one in answered(record) if one.rows >= _ROWS] if passes(record, "training") else []
    if not judged:
        raise Unseen(
            f"no evaluation of {_ROWS} reviews or more was run, after a training, whose answers and labels were counted"
        )
    for one in judged:
        if one.called == 1 and one.there > 1:
            yield Finding(one.place, _message(one), one.evidence)


def _message(one: Answered) -> str:
    is_commonest = one.right == one.commonest
    share = f"{one.right:,.0f} of {one.rows:,.0f}, the share of {'the commonest' if is_commonest else 'that'} class"
    return (
        f"all {one.rows:,.0f} reviews were put in one class, although the labels name {one.there:.0f}: the accuracy of "
        f"{one.right / one.rows:.1%} is {share}. Count how often each class is answered, and weigh the loss if they are unequal."
    )
