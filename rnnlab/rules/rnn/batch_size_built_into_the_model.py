"""# The model works with one batch size only

**What happened.** The model does not ask its input how many reviews it holds: a constant stands where the size of the batch
belongs, in the first state or in a `view`.

**Why it matters.** The last batch of a pass holds what is left over, and a single sentence is a batch of 1. A state of
another size stops the program (`Expected hidden size (1, 4, 16), got [1, 16, 16]`); a `view` may not stop it and mix the
reviews instead. With 25,000 reviews and batches of 64, 40 reviews are in the batch that fails.

**Fix.** Take the size from the input: `text.size(0)` (or `len(text)`), or leave the state out, which begins with zeros.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
BATCH = 16
loader = DataLoader(TensorDataset(text, label), batch_size=BATCH, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        state = torch.zeros(1, BATCH, 16)  # <- found here
        output, state = self.rnn(self.embedding(text), state)
        return self.fc(state[-1])


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
BATCH = 16
loader = DataLoader(TensorDataset(text, label), batch_size=BATCH, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        state = torch.zeros(1, len(text), 16)
        output, state = self.rnn(self.embedding(text), state)
        return self.fc(state[-1])


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

from rnnlab.facts import Call, Data, Place, Probe, Scope
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.constants import is_fixed, sizes_written
from rnnlab.rules.asking.states import CELLS, probe
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule, walk_back

_MADE = ("tensor", "array", "zeros", "randn", "rand", "ones", "empty", "new_zeros")


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for constants where the size of the batch belongs: in first states and in views that forward makes."""
    if not any(True for _ in record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS)):
        raise Unseen("the program ran no RNN")
    places: set[Place | None] = set()
    for call, written in (*_states(record), *_views(record)):
        if call.place not in places:
            places.add(call.place)
            experiment = _tried(record, call)
            evidence = (call.n,) if experiment is None else (call.n, experiment.n)
            yield Finding(call.place, _message(record, call, written, experiment), evidence, _level(record, experiment))


def _states(record: Record) -> Iterator[tuple[Call, str]]:
    """Return what makes first states of a fixed batch size inside forward, with the size as it is written."""
    for rnn in record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS):
        axis = 1 if rnn.what in RECURRENT else 0
        for made in walk_back(record, rnn.inputs[1:]):
            if not isinstance(made, Call) or made.what not in _MADE:
                continue
            sizes = sizes_written(record, made)
            if len(sizes) == axis + 2 and _is_made_in_forward(record, made) and is_fixed(record, made, sizes[axis]):
                known = made.values.get("sizes")
                if not (isinstance(known, list) and len(known) > axis and known[axis] == 1):
                    yield made, ast.unparse(sizes[axis])


def _views(record: Record) -> Iterator[tuple[Call, str]]:
    """Return views in forward whose first size is a constant, and the batch size of a loader."""
    sizes_of_batches = {fact.counts.get("batch_size") for fact in record.ask(Data, what="loader")} - {None, 1}
    for call in record.ask(Call, what="view", where=lambda call: call.training is not None):
        sizes = sizes_written(record, call)
        shape = getattr(call.output, "shape", None)
        known = shape is not None and len(shape) > 1 and shape[0] in sizes_of_batches
        if known and sizes and is_fixed(record, call, sizes[0]):
            yield call, ast.unparse(sizes[0])


def _is_made_in_forward(record: Record, made: Call) -> bool:
    """Say whether a state is made anew while the model runs, so that nobody outside can give it another size."""
    if made.training is not None:
        return True
    inside = made.inside
    while inside is not None:
        scope = record.fact(inside)
        if isinstance(scope, Scope) and scope.function.rpartition(".")[2] == "forward":
            return True
        inside = scope.inside
    return False


def _tried(record: Record, call: Call) -> Probe | None:
    """Return the experiment in which the model took no other batch size."""
    one = probe(record, "batch size", call.place)
    return one if one is not None and one.given.get("works_with") is not None else None


def _level(record: Record, experiment: Probe | None) -> Level | None:
    """Where every loader drops what is left over, no batch of another size comes along in the program itself."""
    loaders = list(record.ask(Data, what="loader"))
    drops = [loader.samples.get("options", {}).get("drop_last") is True for loader in loaders]
    return "risk" if loaders and all(drops) and experiment is None else None


def _message(record: Record, call: Call, written: str, experiment: Probe | None) -> str:
    tried = (
        f" Tried, the model takes batches of {experiment.given['works_with']} only." if experiment is not None else ""
    )
    return (
        f"{expression(record, call.place)} has {written} where the size of the batch belongs: a last batch of fewer reviews, or "
        f"a single sentence, does not fit.{tried} Take the size from the input, as in text.size(0)."
    )
