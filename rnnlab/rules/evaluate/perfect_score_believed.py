"""# Every single answer was right

**What happened.** The evaluation found every answer right, on a hundred reviews or more. Real texts do not allow that: some of
them are ironic, or labelled wrongly. Something else gives the answer away.

**Why it matters.** On the 50,000 IMDb reviews a simple LSTM reaches some 89 % and the best models 97 %. A score of 100 % has
been traced to labels that had all become the same number after a library changed their spelling, to the training file read
again as the test, and to a column of the answer left among the inputs. In the program below the labels name 1 class of 2.

**Fix.** Look at the test reviews before you believe it: how many classes do the labels name, how many of the texts stand in the
training split as well, and does the text hold the label itself? Then train again, and expect less.

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
label = (text[:, -1] > 60).long()
train_data = TensorDataset(text[:400], label[:400])
test_data = TensorDataset(text[400:], label[400:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)
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
label = ((text[:, -1] > 30) ^ (torch.rand(600) < 0.1)).long()
train_data = TensorDataset(text[:400], label[:400])
test_data = TensorDataset(text[400:], label[400:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=16)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
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
from rnnlab.rules.kit import Finding, Splits, Unseen, rule

_ROWS = 100


@rule(level="risk", needs=("evaluation pass",), whole_loops=True)
def check(record: Record) -> Iterator[Finding]:
    """Look for evaluations of unseen reviews, the last of each loop, in which every answer was right."""
    splits = Splits(record)
    judged = [one for one in answered(record) if one.rows >= _ROWS and splits.role(one.over) != "train"]
    if not judged:
        raise Unseen(f"no evaluation of {_ROWS} reviews or more was run outside of the training split")
    for one in judged:
        if one.right == one.rows:
            yield Finding(one.place, _message(one), one.evidence)


def _message(one: Answered) -> str:
    if one.there == 1:
        reason = "Their labels name one class only: see how the labels are mapped, and which rows were loaded."
    else:
        reason = "Look for test reviews that stand in the training split too, and for texts that hold their own label."
    return f"all {one.rows:,.0f} answers were right, on reviews that were not trained on: texts seldom allow that. {reason}"
