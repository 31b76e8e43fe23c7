"""# Layers in a Python list are not part of the model

**What happened.** Layers were put into a plain list (or tuple, or dict). The model does not know them: `parameters()`,
`to(device)` and `state_dict()` pass them by.

**Why it matters.** They are never trained and never saved. In the program below the model has 1 trainable layer less than it
uses: the optimizer holds 514 numbers, the list 1,632 more.

**Fix.** Use `nn.ModuleList` (or `nn.ModuleDict`).

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
        self.stack = [nn.GRU(16, 16, batch_first=True)]  # <- found here
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        output, hidden = self.stack[0](output)
        return self.fc(hidden[-1])


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
        self.stack = nn.ModuleList([nn.GRU(16, 16, batch_first=True)])
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        output, hidden = self.stack[0](output)
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

import ast
from collections.abc import Iterator

from rnnlab.facts import Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule


@rule(level="mistake", needs=("model",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each model for lists that hold layers."""
    known = False
    for model in record.ask(Data, what="model"):
        names = model.samples.get("python_lists")
        known |= names is not None
        for name in names or ():
            if _are_registered(record, str(model.samples.get("type", ""))):
                raise Unseen("the model makes its layers known by hand")
            place = _assigned(record, str(model.samples.get("type", "")), str(name)) or model.place
            code = expression(record, place)
            yield Finding(
                place,
                f"{code}: the layers in self.{name} are no part of {model.samples.get('type', 'the model')}, so the optimizer, "
                f".to(device) and state_dict() pass them by. Use nn.ModuleList.",
                (model.n,),
            )
    if not known:
        raise Unseen("what the model holds is not known")


def _are_registered(record: Record, kind: str) -> bool:
    """Say whether a model makes layers known under names that it works out: `add_module`, `setattr`."""
    texts = [
        ast.unparse(n)
        for _, _, t in trees(record)
        for n in ast.walk(t)
        if isinstance(n, ast.ClassDef) and n.name == kind
    ]
    return any(word in text for text in texts for word in (".add_module(", ".register_module(", "setattr(self"))


def _assigned(record: Record, kind: str, name: str) -> Place | None:
    """Return where `self.name` is assigned in the class of a model."""
    for key, text, tree in trees(record):
        for one in all_nodes(tree):
            if not (isinstance(one, ast.ClassDef) and one.name == kind):
                continue
            for node in ast.walk(one):
                if isinstance(node, ast.Assign) and any(
                    ast.unparse(target) == f"self.{name}" for target in node.targets
                ):
                    return place_of(key, text, node)
    return None
