"""# The batches go to the device, the model (or its first state) does not

**What happened.** Texts and labels are moved to a device that may be a GPU. The model's weights, or the zeros that its RNN
begins with, are never moved; or a tensor is moved and the moved copy is thrown away.

**Why it matters.** On a computer without a GPU nothing is seen. On one with a GPU the first batch stops: `Expected all
tensors to be on the same device, but found at least 2 devices, cuda:0 and cpu`.

**Fix.** `model = Classifier().to(device)` before the optimizer is made; `torch.zeros(..., device=text.device)` for a state.
A module is moved in place, a tensor is not: `text = text.to(device)`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()  # <- found here
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    text, label = text.to(device), label.to(device)
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
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    text, label = text.to(device), label.to(device)
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place, Scope, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import CELLS
from rnnlab.rules.asking.syntax import all_nodes, place_of, tree_at, trees
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule, walk_back

# What moves everything by itself, or says where everything is made.
_ELSEWHERE = re.compile(
    r"set_default_device|set_default_tensor_type|accelerat|LightningModule|\bTrainer\(|\bLearner\(|NeuralNetClassifier|"
    r"with torch\.device|deepspeed|horovod|set_device\("
)
_GPU = re.compile(r"cuda|mps|gpu", re.IGNORECASE)
_BORN = ("zeros", "randn", "rand", "ones", "empty", "full", "normal")


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask who is moved to a device that may be a GPU, and what meets there."""
    moves = _moves(record)
    if any(_ELSEWHERE.search(text) for text in record.sources.values()):
        raise Unseen("a library of this program moves things by itself")
    models = list(record.ask(Data, what="model", where=lambda fact: fact.seen_by == "source" and fact.certain))
    if not models:
        raise Unseen("no model was seen")
    if not any(_GPU.search(text) for text in record.sources.values()):
        return
    moved = {call.values["model"] for call in record.ask(Call, what="to") if "model" in call.values}
    batches = _moved_batches(record, moves) or _moved_by_loaders(record)
    for model in models:
        if model.id not in moved and batches and _is_trained(record, model) and not _may_be_moved(record, model, moves):
            yield Finding(
                model.place,
                f"The batches are moved to a device, {model.name or 'the model'} never is: on a computer with a GPU the first "
                f"batch stops. Write .to(...) with the same device behind {expression(record, model.place)}.",
                (model.n,),
            )
    if moved and batches:
        yield from _states_left_behind(record)
    if moved:
        yield from _moves_thrown_away(record)


def _moves(record: Record) -> list[tuple[Place, ast.Call]]:
    """Return the calls that move something, with their places: `x.to(device)`, `x.cuda()`; changes of the type are none."""
    return [
        (place_of(key, source, node), node)
        for key, source, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.Call) and _is_a_move(node)
    ]


def _is_a_move(node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("to", "cuda"):
        return False
    if ast.unparse(node.func.value) in ("torch", "torch.backends"):
        return False
    given = [*node.args, *(word.value for word in node.keywords if word.arg == "device")]
    if node.func.attr == "cuda":
        return True
    words = ast.unparse(given[0]) if given else ""
    return bool(words) and not re.search(r"torch\.(?!device)|\bcpu\b|dtype|float|long|int", words)


def _moved_batches(record: Record, moves: list[tuple[Place, ast.Call]]) -> list[Call]:
    """Return the moves of tensors that came out of a batch."""
    lines = {_line(place) for place, _ in moves}
    batches = {fact.n for fact in record.ask(Data, what="batch")}
    return [
        call
        for call in _moved_tensors(record)
        if _line(call.place) in lines
        and (
            batches & {n for item in call.inputs for n in makers(item.note)}
            or any(fact.n in batches for fact in walk_back(record, call.inputs))
        )
    ]


def _moved_tensors(record: Record) -> Iterator[Call]:
    return record.ask(Call, what="to", where=lambda call: "model" not in call.values)


def _line(place: Place | None) -> tuple[str, int | None, int] | None:
    return (place.file, place.cell, place.line) if place is not None else None


def _moved_by_loaders(record: Record) -> list[Data]:
    """Return torchtext's loaders that put their batches on a device: `BucketIterator(..., device=device)`."""
    found = []
    for loader in record.ask(Data, what="loader", where=lambda fact: "Iterator" in str(fact.samples.get("type"))):
        for _, _, tree in trees(record):
            for node in all_nodes(tree):
                if isinstance(node, ast.Call) and loader.place is not None and node.lineno == loader.place.line:
                    words = [ast.unparse(word.value) for word in node.keywords if word.arg == "device"]
                    found += [loader for word in words if word not in ("None", "-1") and "cpu" not in word]
    return found


def _is_trained(record: Record, model: Data) -> bool:
    return any(model.id in fact.made_from for fact in record.ask(Data, what="optimizer"))


def _may_be_moved(record: Record, model: Data, moves: list[tuple[Place, ast.Call]]) -> bool:
    """Say whether something is moved that may be the model: it is neither a tensor that was followed nor of a batch."""
    tensors = {_line(call.place) for call in _moved_tensors(record)}
    batches = {item for fact in record.ask(Data, what="batch") for item in fact.samples}
    own = {model.name.rpartition(".")[2], str(model.samples.get("type"))} - {""}
    for place, node in moves:
        words = set(re.findall(r"\w+", ast.unparse(node.func)))
        if words & own or (_line(place) not in tensors and not words & batches and not _is_a_loss(record, place)):
            return True
    return not model.name


def _is_a_loss(record: Record, place: Place) -> bool:
    """Say whether a line makes a loss: it is moved for its weights, and is no model."""
    lines = {_line(call.place) for call in record.ask(Call, what="layer") if "Loss" in str(call.layer)}
    return _line(place) in lines


def _states_left_behind(record: Record) -> Iterator[Finding]:
    """Look for first states that are made without a device while the model runs."""
    done: set[Place | None] = set()
    for rnn in record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS):
        for item in rnn.inputs[1:]:
            facts = [record.fact(n) for n in sorted(makers(item.note)) if 0 <= n < len(record)]
            made = facts[0] if facts else None
            # A state that is moved on some paths is made by several facts.
            all_are = all(isinstance(one, Call) and _is_left_behind(record, one) for one in facts)
            if isinstance(made, Call) and all_are and made.place not in done:
                done.add(made.place)
                yield Finding(made.place, _left_message(record, made), (made.n, rnn.n))


def _left_message(record: Record, made: Call) -> str:
    return (
        f"{expression(record, made.place)} is on the CPU, and the model and its batches are moved to a device: on a computer "
        f"with a GPU the RNN stops. Add device= with the device of what the RNN reads."
    )


def _is_left_behind(record: Record, made: Call) -> bool:
    """Say whether a state is born by a bare `torch.zeros(...)`, and while the model runs."""
    if made.what not in ("tensor", *_BORN) or made.training is None:
        return False
    node = tree_at(record, made.place)
    if not isinstance(node, ast.Call) or "device" in ast.unparse(node) or "cuda" in ast.unparse(node):
        return False
    return ast.unparse(node.func) in {f"torch.{word}" for word in _BORN}


def _moves_thrown_away(record: Record) -> Iterator[Finding]:
    """Look for `text.to(device)` on a line of its own, where the model reads `text` as it was."""
    alone = {
        _line(place_of(key, source, node))
        for key, source, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_a_move(node.value)
    }
    done: set[Place | None] = set()
    for call in _moved_tensors(record):
        reader = _reads_the_old_one(record, call) if _line(call.place) in alone else None
        if reader is not None and reader.place not in done:
            done.add(reader.place)
            name, text = call.inputs[0].name, expression(record, call.place)
            yield Finding(
                reader.place,
                f"{text} in {line(call)} gives a moved copy, which nobody keeps: the model reads {name} where it was, and on a "
                f"computer with a GPU it stops. Write {name} = {text}.",
                (call.n, reader.n),
            )


def _reads_the_old_one(record: Record, move: Call) -> Scope | None:
    """Return the call of the model that reads, later, the tensor that was not moved."""
    old = {n for item in move.inputs for n in makers(item.note)}
    name = move.inputs[0].name if move.inputs else ""
    for scope in record.ask(Scope, where=lambda scope: scope.n > move.n and scope.function.endswith("forward")):
        if any(item.name == name and makers(item.note) & old for item in scope.inputs):
            return scope
    return None
