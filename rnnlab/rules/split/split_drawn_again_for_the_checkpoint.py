"""# The split was drawn again for weights that are loaded

**What happened.** The program loads weights that were trained at another time, and draws its test reviews at random, by a
generator that nothing seeds. It is another draw than the one that the weights were trained on: most of these test reviews stood
in the training split then.

**Why it matters.** With 80 of 100 reviews for training, 80 % of a test split that is drawn anew were trained on. A model with
99.7 % on its training reviews and 89.2 % on others then shows 97.6 %. The vocabulary, if it is built again from the new
training part, gives the words other numbers as well.

**Fix.** Draw the split once and keep it: save the indices (or the three files) beside the weights and load them here. A
generator with the same seed in both programs does it too, as long as the rows and their order are the same.

```python bad
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

text = torch.arange(6400).view(400, 16) % 59 + 1
label = (text[:, -1] > 30).long()
reviews = TensorDataset(text, label)


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
if "weights" in sys.argv:
    model.load_state_dict(torch.load("weights.pt", weights_only=True))
_, test = random_split(reviews, [300, 100])  # <- found here
correct = 0
model.eval()
with torch.no_grad():
    for text, label in DataLoader(test, batch_size=50):
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(test):.3f}")
```

```python good
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

text = torch.arange(6400).view(400, 16) % 59 + 1
label = (text[:, -1] > 30).long()
reviews = TensorDataset(text, label)


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
if "weights" in sys.argv:
    model.load_state_dict(torch.load("weights.pt", weights_only=True))
_, test = random_split(reviews, [300, 100], generator=torch.Generator().manual_seed(1))
correct = 0
model.eval()
with torch.no_grad():
    for text, label in DataLoader(test, batch_size=50):
        correct += (model(text).argmax(1) == label).sum().item()
print(f"test accuracy {correct / len(test):.3f}")
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.seeding import unseeded
from rnnlab.rules.asking.syntax import all_nodes
from rnnlab.rules.asking.written import Function, Source, Written, calls, is_backward, word
from rnnlab.rules.kit import Finding, Unseen, rule
from rnnlab.sources import file_and_cell

_ORDER = ("shuffle", "permutation", "sample")  # a draw of an order, which may only serve the batches
_PARTS = ("random_split", "train_test_split", "split")


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for programs that load weights, train nothing, and draw a split that nothing seeds."""
    written = Written(record)
    text = "\n".join(source.text for source in written.sources)
    judged = False
    for file, statements in _programs(written).items():
        reached = [call for statement in statements for call in _reached(written, statement)]
        loading = next((call for call in reached if word(call.func) in ("load_state_dict", "load_weights")), None)
        if loading is None or any(is_backward(call) for call in reached):
            continue
        judged = True
        for call in reached:
            if word(call.func) in _PARTS and (seed := unseeded(call, text)):
                source = _source_of(written, call)
                yield Finding(
                    source.place(call),
                    f"{file} loads weights at line {loading.lineno} and trains nothing, and {ast.unparse(call)[:60]} draws "
                    f"another split than the training did: most of its test reviews were trained on. {seed} in both programs, "
                    f"or save the split beside the weights.",
                )
    if not judged:
        raise Unseen("no program was seen that loads weights and trains nothing")


def _programs(written: Written) -> dict[str, list[ast.stmt]]:
    """Return the statements of each file of its own, by its name; a notebook's cells make one program."""
    found: dict[str, list[ast.stmt]] = {}
    for source in written.sources:
        run = (one for one in source.tree.body if not isinstance(one, Function | ast.ClassDef))
        found.setdefault(file_and_cell(source.key)[0], []).extend(run)
    return found


def _reached(written: Written, node: ast.AST, seen: frozenset[int] = frozenset()) -> Iterator[ast.Call]:
    """Return the calls that a statement makes, itself and through the program's functions that it calls."""
    for call in calls(node):
        yield call
        for function in written.called(call):
            if id(function) not in seen:
                for statement in function.body:
                    yield from _reached(written, statement, seen | {id(function)})


def _source_of(written: Written, call: ast.Call) -> Source:
    return next(source for source in written.sources if any(node is call for node in all_nodes(source.tree)))
