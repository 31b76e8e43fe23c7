"""# The model itself was saved, not its weights

**What happened.** `torch.save(model)` pickles the object: its class is looked up by name and file when it is loaded again.

**Why it matters.** Since torch 2.6 `torch.load` refuses such files (`Weights only load failed`), and a class that was
renamed or moved cannot be found: 10 of the threads that were read for this page are about just that.

**Fix.** Save `model.state_dict()`, build the model anew and load it with `load_state_dict`.

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
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
torch.save(model, "/dev/null")  # <- found here
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
vocabulary = {"film": 2}
torch.save({"weights": model.state_dict(), "vocabulary": vocabulary}, "/dev/null")
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_OF_A_MODEL = {"eval", "train", "parameters", "named_parameters", "state_dict", "zero_grad"}


@rule(level="habit", needs=("checkpoint",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each checkpoint whether it holds a whole model."""
    done, unknown = set(), ""
    for saved in record.ask(Data, what="checkpoint", where=lambda fact: fact.samples.get("deed") == "saved"):
        holds = str(saved.samples.get("holds", ""))
        name = str(saved.samples.get("written", ""))
        torchs = "torch.save" in record.line(saved.place) if saved.place is not None else False
        if holds == "?" and torchs and name.replace(".", "").replace("_", "a").isalnum():
            # A parameter, or an object of a class that is not there: what the program asks of it says what it is.
            if _is_asked_as_a_model(record, name):
                holds = "whole"
            else:
                unknown = name
        if "whole" in holds and saved.place not in done:
            done.add(saved.place)
            yield Finding(
                saved.place,
                f"{expression(record, saved.place)} pickles the whole object, which today's torch.load refuses. Save its "
                f"state_dict() instead.",
                (saved.n,),
            )
    if unknown:
        raise Unseen(f"what {unknown} is, which is saved as a whole, was not seen")


def _is_asked_as_a_model(record: Record, name: str) -> bool:
    """Say whether the program asks of an object of this name what only models are asked."""
    for _, _, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.Attribute) and node.attr in _OF_A_MODEL and ast.unparse(node.value) == name:
                return True
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                return True
    return False
