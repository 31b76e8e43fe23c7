"""# The model goes on from the last fold

**What happened.** The model is made once, before the loop over the folds (or over several runs): each turn trains the same
weights further.

**Why it matters.** With 5 folds the second fold is judged on reviews that the model learnt in the first one, the fifth on reviews
that it has seen four times. Each fold looks better than the last, and their mean is no estimate of anything.

**Fix.** Make the model and its optimizer at the start of each turn.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (80, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:64], label[48:64]), batch_size=16)
test_loader = DataLoader(TensorDataset(text[64:], label[64:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def evaluate(model, loader):
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    return correct / seen


def train(model, optimizer):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
results = []
for fold in range(3):  # <- found here
    train(model, optimizer)
    results.append(evaluate(model, test_loader))
print(results)
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (80, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:64], label[48:64]), batch_size=16)
test_loader = DataLoader(TensorDataset(text[64:], label[64:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def evaluate(model, loader):
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    return correct / seen


def train(model, optimizer):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()


results = []
for fold in range(3):
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    train(model, optimizer)
    results.append(evaluate(model, test_loader))
print(results)
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes
from rnnlab.rules.asking.written import Written, bound_in, calls, is_backward, models_in, within, word
from rnnlab.rules.kit import Finding, Unseen, rule

_TURNS = re.compile(
    r"^(k|i_?)?(fold|run|seed|trial|repeat|repetition|rep|experiment)s?(_?(i|idx|id|nr|no|num|number))?$", re.I
)
_FRESH = re.compile(
    r"deepcopy|load_(state_dict|model|weights|checkpoint)|reset|init(ialize|ialise)?_?(weight|param|model|net)|clone"
    r"|(build|make|create|get|new|fresh)_?\w*(model|net|classifier|rnn|lstm|gru)|^apply$",
    re.IGNORECASE,
)
_FOLDS = re.compile(r"fold|kf\b|cv\b|skf|splitter|shuffle_?split", re.I)


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look at each loop over folds or runs that trains, and ask where the model it trains was made."""
    written, looked = Written(record), False
    models = models_in(written)
    for source in written.sources:
        for loop in all_nodes(source.tree):
            if not isinstance(loop, ast.For) or not _is_over_folds(loop) or not written.does(loop, is_backward):
                continue
            looked = True
            if written.does(loop, lambda call: _makes_anew(written, call)):
                continue
            used = {one.id for one in within(loop) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
            kept = (used & models.keys()) - bound_in(loop.body)
            if kept:
                name = sorted(kept)[0]
                level = None if _goes_over_parts(loop) else "risk"
                yield Finding(source.place(loop.target), _message(loop, name, models[name]), level=level)
    if not looked:
        raise Unseen("no loop over folds or runs was seen that trains")


def _is_over_folds(loop: ast.For) -> bool:
    """Say whether a loop goes over folds, or does all of it again and again."""
    over = [word(call.func) for call in calls(loop.iter)]
    for call in calls(loop.iter):
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "split"
            and _FOLDS.search(ast.unparse(call.func.value))
        ):
            return True
    targets = [one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)]
    return "range" in over and any(_TURNS.match(name) for name in targets)


def _goes_over_parts(loop: ast.For) -> bool:
    """Say whether the turns are folds, where each must not know the others; of runs, one may be meant to go on."""
    return "fold" in ast.unparse(loop.target).lower() or any(word(call.func) == "split" for call in calls(loop.iter))


def _makes_anew(written: Written, call: ast.Call) -> bool:
    """Say whether a call makes a model, or brings back its first weights."""
    name = word(call.func)
    return name in written.modules or bool(_FRESH.search(name)) or name == "Sequential"


def _message(loop: ast.For, name: str, made: int) -> str:
    return (
        f"Each turn of the loop in line {loop.lineno} trains {name}, made once in line {made}, further: later turns have "
        f"already learnt from reviews that they are judged on, and the results are not independent. Make {name} and its "
        f"optimizer in the loop."
    )
