"""# A layer's parameters are not in the optimizer

**What happened.** The optimizer was given the parameters of a part of the model, or was made before a layer was put in.

**Why it matters.** A layer that it does not hold keeps the random weights that it was born with: it gets gradients, and
nobody uses them. In a classifier of 2 classes a random head alone allows what a random projection of the state allows.

**Fix.** Give it `model.parameters()`, after the model is complete.

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
optimizer = torch.optim.Adam(model.rnn.parameters(), lr=0.01)  # <- found here
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

import ast
from collections.abc import Iterator

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.asking.written import Written, calls, is_backward, word
from rnnlab.rules.kit import Finding, Unseen, expression, rule
from rnnlab.sources import file_and_cell

# The layers that a classifier cannot do without training; an embedding may be pretrained.
_OPTIMIZERS = frozenset("Adam AdamW SGD RMSprop Adagrad Adadelta Adamax NAdam RAdam".split())
_LOADS = ("load_state_dict", "load_weights", "load_model", "load_checkpoint")
_TRAINED = frozenset("LSTM GRU RNN LSTMCell GRUCell RNNCell Linear".split())


@rule(level="mistake", needs=("optimizer", "model"), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each optimizer whose parameters it holds, and what was put into the model later."""
    optimizers = list(record.ask(Data, what="optimizer"))
    if has_text(record, "requires_grad = False", "requires_grad_(False)", "requires_grad=False"):
        raise Unseen("the program freezes parameters, and which ones is not known")
    known, found = False, set[int]()
    for finding in _as_written(record):
        known = True
        if finding.place is not None:
            found.add(finding.place.line)
        yield finding
    for optimizer in optimizers:
        if optimizer.place is not None and optimizer.place.line in found:
            continue
        counts = optimizer.counts
        if counts.get("of_parameters") is not None and counts.get("parameters_held") is not None:  # a run has counted
            known = True
            if len(optimizers) == 1 and counts["parameters_held"] < counts["of_parameters"]:
                yield _finding(
                    record,
                    optimizer,
                    f"{int(counts['parameters_held']):,} of the {int(counts['of_parameters']):,} parameters of "
                    f"{optimizer.samples.get('model', 'the model')}",
                )
            continue
        holds = optimizer.samples.get("holds") or []
        known |= bool(holds)
        if (late := _put_in_later(record, optimizer)) is not None:
            yield Finding(
                optimizer.place,
                f"{expression(record, optimizer.place)} was made before {expression(record, late.place)} in line "
                f"{late.place.line if late.place else '?'}: it does not hold the new layer, which is never trained. Make the "
                f"optimizer after it.",
                (optimizer.n, late.n),
            )
        elif (
            len(optimizers) == 1
            and len(holds) == 1
            and holds[0][1] == "part"
            and _is_plain(optimizer)
            and not _is_made_with_weights(record, optimizer)
        ):
            missing = _missing(record, {name for name, _ in holds})
            if missing:
                yield _finding(
                    record,
                    optimizer,
                    f"the parameters of {', '.join(sorted({n for n, _ in holds}))} alone, not of {missing}",
                )
    if not known:
        raise Unseen("whose parameters the optimizer holds is not known")


def _as_written(record: Record) -> Iterator[Finding]:
    """Look for parts of a model that the program's only optimizer is not given, and for models that it does not know."""
    written = Written(record)
    made = [
        (source, node)
        for source in written.sources
        for node in all_nodes(source.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and word(node.value.func) in _OPTIMIZERS
    ]
    if len(made) != 1 or has_text(
        record, "add_param_group", "named_parameters", "from_pretrained", ".weight.data", ".weight ="
    ):
        return
    source, node = made[0]
    if _is_given_weights(source.tree, node.lineno):
        return  # what the optimizer does not hold was learnt before
    held = _held(source.tree, node.value) if isinstance(node.value, ast.Call) else []
    for said in (_parts_missing(written, source.tree, held), _models_missing(written, source.tree, held)):
        if said:
            yield Finding(
                source.place(node.value),
                f"{word(node.targets[0])} holds the parameters of {', '.join(held)}, but not those of {said}: they keep the "
                f"random weights that they were born with.",
            )


def _is_made_with_weights(record: Record, optimizer: Data) -> bool:
    place = optimizer.place
    same = [tree for key, _, tree in trees(record) if place is not None and file_and_cell(key)[0] == place.file]
    return place is not None and any(_is_given_weights(tree, place.line) for tree in same)


def _is_given_weights(tree: ast.Module, line: int) -> bool:
    """Say whether weights are loaded before a line."""
    return any(isinstance(one, ast.Call) and one.lineno < line and word(one.func) in _LOADS for one in all_nodes(tree))


def _held(tree: ast.Module, call: ast.Call) -> list[str]:
    """Return whose parameters an optimizer is given; nothing where one of them is not plain."""
    given = next((one.value for one in call.keywords if one.arg == "params"), call.args[0] if call.args else None)
    if isinstance(given, ast.Name):
        values = [n.value for n in all_nodes(tree) if isinstance(n, ast.Assign) and word(n.targets[0]) == given.id]
        grown = any(isinstance(n, ast.AugAssign) and word(n.target) == given.id for n in all_nodes(tree))
        given = values[0] if len(values) == 1 and not grown else None
    if given is None:
        return []
    asked = [one for one in ast.walk(given) if isinstance(one, ast.Call) and word(one.func) == "parameters"]
    known = {id(part) for one in asked for part in ast.walk(one)} | {
        id(one.func) for one in ast.walk(given) if isinstance(one, ast.Call) and word(one.func) in ("list", "chain")
    }
    plain = {"list", "chain", "itertools", "cfg", "args", "lr", "config", "self"}
    strange = [n.id for n in ast.walk(given) if isinstance(n, ast.Name) and id(n) not in known and n.id not in plain]
    owners = [one.func.value for one in asked if isinstance(one.func, ast.Attribute)]
    if strange or any(not isinstance(one, ast.Name | ast.Attribute) for one in owners):
        return []
    return [ast.unparse(one) for one in owners]


def _parts_missing(written: Written, tree: ast.Module, held: list[str]) -> str:
    """Return the layers of a model of which other layers are held one by one."""
    parts = [one.rpartition(".") for one in held if "." in one and not one.startswith("self.")]
    models = {model for model, _, _ in parts}
    for model in sorted(models - set(held)):
        kinds = {
            word(call.func)
            for node in all_nodes(tree)
            if isinstance(node, ast.Assign) and word(node.targets[0]) == model
            for call in ast.walk(node.value)
            if isinstance(call, ast.Call) and word(call.func) in written.modules
        }
        if len(kinds) != 1:
            continue
        layers = _layers(written, written.classes[kinds.pop()])
        missing = sorted(layers - {part for of, _, part in parts if of == model})
        if missing and len(missing) < len(layers):
            return ", ".join(f"{model}.{one}" for one in missing)
    return ""


def _layers(written: Written, kind: ast.ClassDef) -> set[str]:
    """Return the attributes of a model that hold something to train."""
    return {
        target.attr
        for node in ast.walk(kind)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if word(node.value.func) in _TRAINED | {"Embedding", "Conv1d", "Bilinear"}
        or word(node.value.func) in _own(written)
        for target in node.targets
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
    }


def _own(written: Written) -> set[str]:
    """Return the program's own layers that hold layers to train."""
    return {
        name
        for name in written.modules
        if any(isinstance(n, ast.Call) and word(n.func) in _TRAINED for n in ast.walk(written.classes[name]))
    }


def _models_missing(written: Written, tree: ast.Module, held: list[str]) -> str:
    """Return the models that answer where the loss goes back, and that the optimizer was not given at all."""
    if not held or any("." in one for one in held):
        return ""
    own = _own(written)
    models = {
        word(node.targets[0])
        for node in tree.body
        if isinstance(node, ast.Assign) and any(word(call.func) in own for call in calls(node.value))
    }
    if not set(held) <= models:
        return ""
    trained = {
        word(call.func)
        for loop in all_nodes(tree)
        if isinstance(loop, ast.For) and any(map(is_backward, calls(loop)))
        for call in calls(loop)
        if isinstance(call.func, ast.Name)
    }
    return ", ".join(sorted((models & trained) - set(held))) if trained & set(held) else ""


def _finding(record: Record, optimizer: Data, what: str) -> Finding:
    return Finding(
        optimizer.place,
        f"{expression(record, optimizer.place)} holds {what}: the rest keeps the random weights that it was born with. Give it "
        f"model.parameters().",
        (optimizer.n,),
    )


def _is_plain(optimizer: Data) -> bool:
    """Say whether it was given `something.parameters()` and nothing else."""
    given = str(optimizer.samples.get("parameters", ""))
    return given.endswith(".parameters()") and given.removesuffix(".parameters()").replace(".", "").isidentifier()


def _missing(record: Record, held: set[str]) -> str:
    """Return the layers of the program's models that are trained as a rule and that nobody holds; "" where none is missing."""
    layers = {layer for model in record.ask(Data, what="model") for layer in model.samples.get("layers", ())}
    return ", ".join(sorted((layers & _TRAINED) - held))


def _put_in_later(record: Record, optimizer: Data) -> Call | None:
    """Return a layer that was assigned into the optimizer's model after it was made, while no later optimizer holds it."""
    model = optimizer.samples.get("model")
    last = max((one.n for one in record.ask(Data, what="optimizer")), default=-1)
    if not model or optimizer.n != last:
        return None
    return next(
        record.ask(
            Call, what="layer", where=lambda call: call.n > last and any(b.startswith(f"{model}.") for b in call.binds)
        ),
        None,
    )
