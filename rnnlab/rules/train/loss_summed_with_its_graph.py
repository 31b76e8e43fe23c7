"""# The running loss keeps every batch's graph

**What happened.** `total += loss` adds the tensor itself: the sum stays part of the graph, and with it every batch that went
into it.

**Why it matters.** Nothing is freed before the epoch ends: memory grows with each batch until the process is killed. For the
lecture's LSTM (200 steps, batch 64) about 227 MiB stay for each batch.

**Fix.** Add the number alone: `total += loss.item()`.

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
    total = 0
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss  # <- found here
    print(f"epoch {epoch}: loss {total.item() / len(train_loader):.2f}")
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
    total = 0
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(train_loader):.2f}")
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Call, Named, makers
from rnnlab.operations import LOSSES, UNKNOWN_LOSS
from rnnlab.record import Record
from rnnlab.rules.asking.carried import cuts_the_graph
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.syntax import all_nodes
from rnnlab.rules.asking.written import Written, calls, is_backward, within, word
from rnnlab.rules.kit import Finding, Unseen, expression, rule, walk_back


@rule(level="mistake", needs=("backward",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for sums of losses, in passes that train or keep gradients, that no backward() asks for."""
    if not passes(record, "training"):
        raise Unseen("no training pass was seen")
    # By place: the last turn of a loop is told again, and what it makes is known by the numbers of its first turn.
    used = {fact.place for call in record.ask(Call, what="backward") for fact in walk_back(record, call.inputs)}
    done = set()
    for one in passes(record):
        for call in one.calls(record, "arithmetic"):
            loss = _loss(record, call)
            if loss is None or call.place in used or call.place in done or call.grad_on is False:
                continue
            if one.kind == "evaluation" and not (call.grad_on and call.certain):
                continue
            done.add(call.place)
            yield Finding(
                call.place,
                f"{expression(record, call.place)} keeps the graph of every batch until the epoch ends, so memory grows with "
                f"each one. Write {loss}.item() there.",
                (call.n,),
            )
    for found in _kept_in_lists(record):
        if found.place not in done:
            done.add(found.place)
            yield found


def _kept_in_lists(record: Record) -> Iterator[Finding]:
    """Look in each loop that trains for a list outside of it that gets the loss itself."""
    for source in Written(record).sources:
        for loop in all_nodes(source.tree):
            if not isinstance(loop, ast.For | ast.While):
                continue
            trained = {
                call.func.value.id
                for call in calls(loop)
                if is_backward(call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
            }
            for call in calls(loop):
                if _keeps_a_loss(call, trained) and not _is_let_go(source.tree, loop, call, trained):
                    name = ast.unparse(call.args[0])
                    yield Finding(
                        source.place(call),
                        f"{ast.unparse(call)} keeps the loss itself, and with it the graph of its batch, for as long as the "
                        f"list lives: memory grows with each one. Append {name}.item().",
                        level="risk",
                    )


def _keeps_a_loss(call: ast.Call, trained: set[str]) -> bool:
    if word(call.func) != "append" or len(call.args) != 1 or not isinstance(call.func, ast.Attribute):
        return False
    one = call.args[0]
    return isinstance(one, ast.Name) and one.id in trained


def _is_let_go(tree: ast.Module, loop: ast.For | ast.While, call: ast.Call, trained: set[str]) -> bool:
    """Say whether the list begins anew in each turn, is emptied, is trained on, or the loss is a plain number by then."""
    assert isinstance(call.func, ast.Attribute)
    kept, loss = ast.unparse(call.func.value), ast.unparse(call.args[0])
    for node in within(loop):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {ast.unparse(one) for one in targets}
            value = ast.unparse(node.value) if node.value is not None else ""
            if kept in names or (
                loss in names and any(f"{end}(" in value for end in ("item", "float", "detach", "numpy"))
            ):
                return True
            if names & trained and kept in value:
                return True
        if isinstance(node, ast.Delete) and kept in map(ast.unparse, node.targets):
            return True
    text = ast.unparse(tree)
    return f"{kept}.clear(" in text or any(f"{kept})" in line for line in text.splitlines() if ".backward(" in line)


def _loss(record: Record, call: Call) -> str | None:
    """Return the learner's word for what is added to a running sum, where it is a loss with its graph: `total += loss`."""
    text = expression(record, call.place)
    if not call.binds or not ("+=" in text or text.startswith(call.binds[0]) or text.endswith(call.binds[0])):
        return None
    for item in call.inputs:
        if item.name != call.binds[0] and _carries_loss(record, item):
            return item.name if item.name.isidentifier() else f"({item.name})"
    return None


def _carries_loss(record: Record, item: Named) -> bool:
    waiting, seen = sorted(makers(item.note)), set[int]()
    while waiting:
        n = waiting.pop()
        fact = record.fact(n) if 0 <= n < len(record) and n not in seen else None
        seen.add(n)
        if isinstance(fact, Call) and fact.what in (*LOSSES, UNKNOWN_LOSS):
            return True
        if isinstance(fact, Call) and fact.what in ("arithmetic", "to") and not cuts_the_graph(record, fact):
            waiting += [m for one in fact.inputs for m in makers(one.note)]
    return False
