"""# The training reviews were not shuffled

**What happened.** The loader that the model learns from gives the reviews in the order of the data, in every epoch alike.

**Why it matters.** Files of reviews are often sorted: first one class, then the other. A GRU that learnt 400 made-up rows
of two classes for 5 epochs was right on 73 to 88 % of 200 others with shuffling, and on 50 to 66 % where the rows were
sorted by label (5 seeds each): the last batches of each epoch teach one class alone.

**Fix.** Write `shuffle=True` in the loader of the training split, and only there.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16)  # <- found here
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16)


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
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], label[50:]), batch_size=16)


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
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, label in test_loader:
        correct += (model(text).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.rules.asking.batches import asked_for_at, loaders_of
from rnnlab.rules.asking.syntax import all_nodes, place_of, tree_at, trees
from rnnlab.rules.asking.written import Written, bound_in, calls, is_backward, loops_in, walked_over, within, word
from rnnlab.rules.kit import Finding, Unseen, role_in_words, rule

_MIXES = re.compile(
    r"shuffle\w*\(|permutation\(|randperm\(|\.sample\(|random_split\(|train_test_split\(|IterableDataset|Sampler"
)
_MIXED_BY = ("random_split", "train_test_split", "sample", "StratifiedShuffleSplit", "ShuffleSplit")


@rule(level="risk", real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask every loader that a model is trained on whether anything mixes its rows."""
    trained = [loader for loader in loaders_of(record, "training") if role_in_words(loader.name) in (None, "train")]
    cut = list(_cut_by_hand(record))
    cut += _own_iterators(record)
    yield from cut
    if not trained and not cut:
        raise Unseen("no loader was seen that a model is trained on")
    ordered = [loader for loader in trained if _keeps_the_order(loader) and not _is_one_batch(record, loader)]
    behind = {loader.id: _behind(record, loader) for loader in ordered}
    ordered = [loader for loader in ordered if not _mixed_before(record, behind[loader.id])]
    yield from (_finding(record, loader) for loader in ordered if not _unknown_mixing(record))
    if any(_unknown_mixing(record) for loader in ordered):
        raise Unseen("something mixes rows here; whether it mixes those of the training was not seen")
    if any(loader.samples.get("options", {}).get("shuffle") == "?" for loader in trained):
        raise Unseen("whether the training loader shuffles depends on what the program is told")


def _cut_by_hand(record: Record) -> Iterator[Finding]:
    """Look in each loop over epochs for a loop that cuts its batches off the same rows, in their order, and trains on them."""
    if any(_MIXES.search(line.partition("#")[0]) for text in record.sources.values() for line in text.splitlines()):
        return
    written = Written(record)
    for source, _, body in written.scopes():
        for outer, _ in loops_in(body):
            for loop in within(outer):
                if loop is outer or not isinstance(loop, ast.For) or not any(map(is_backward, calls(loop))):
                    continue
                rows = _cut_at(loop)
                if rows and not rows & bound_in(outer.body):
                    name = min(rows)
                    yield Finding(
                        source.place(loop.iter),
                        f"The batches are cut off '{name}' from its beginning to its end, and nothing mixes its rows before: "
                        f"every epoch takes them in the order of the data. If they are sorted by label, as in many files, the "
                        f"last batches teach one class. Mix the rows at the beginning of each epoch: random.sample(range("
                        f"len({name})), len({name})).",
                    )


def _own_iterators(record: Record) -> Iterator[Finding]:
    """Look for training batches of a class that cuts them off its rows in order, in a program that mixes nothing."""
    files = list(trees(record))
    if any(_MIXES.search(line.partition("#")[0]) for _, text, _ in files for line in text.splitlines()):
        return
    classes = {
        node.name
        for _, _, tree in files
        for node in all_nodes(tree)
        if isinstance(node, ast.ClassDef) and _cuts_in_order(node)
    }
    makers = classes | {
        node.name
        for _, _, tree in files
        for node in all_nodes(tree)
        if isinstance(node, ast.FunctionDef)
        and classes & {word(one.func) for one in calls(node)}
        and not any(map(is_backward, calls(node)))
        and len(node.body) <= 3
    }
    for key, text, tree in files if classes else ():
        for node in all_nodes(tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            name = ast.unparse(node.targets[0])
            if word(node.value.func) in makers and role_in_words(name.rpartition(".")[2]) == "train":
                yield Finding(
                    place_of(key, text, node.value),
                    f"'{name}' cuts its batches off the rows from the first to the last, and nothing mixes the rows: every epoch "
                    f"takes them in the order of the data. If they are sorted by label, as in many files, the last batches teach "
                    f"one class. Call random.shuffle on the rows at the beginning of each epoch.",
                )


def _cuts_in_order(node: ast.ClassDef) -> bool:
    """Say whether a class gives its batches by a counter: `self.rows[self.index * size : (self.index + 1) * size]`."""
    methods = [
        one for one in node.body if isinstance(one, ast.FunctionDef) and one.name in ("__next__", "next", "__iter__")
    ]
    for method in methods:
        for one in ast.walk(method):
            if not isinstance(one, ast.Subscript) or not isinstance(one.slice, ast.Slice) or one.slice.lower is None:
                continue
            lower = ast.unparse(one.slice.lower)
            if ast.unparse(one.value).startswith("self.") and re.match(r"self\.\w+( \*|$)", lower):
                return True
    return False


def _cut_at(loop: ast.For) -> set[str]:
    """Return the rows that a loop over the starts of batches cuts them off: `rows[i : i + size]` for i in steps of a size."""
    over = walked_over(loop)
    if not isinstance(over, ast.Call) or word(over.func) not in ("range", "trange") or len(over.args) != 3:
        return set()
    if not isinstance(loop.target, ast.Name):
        return set()
    start = loop.target.id
    return {
        word(node.value)
        for node in ast.walk(loop)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and node.slice.lower is not None
        and ast.unparse(node.slice.lower) == start
        and isinstance(node.value, ast.Name)
    }


def _keeps_the_order(loader: Data) -> bool:
    """Say whether a loader gives its rows in their own order: no shuffling, no sampler of the program's, no sorting."""
    options = loader.samples.get("options", {})
    sampler = loader.samples.get("sampler", "SequentialSampler")
    return options.get("shuffle") is False and sampler == "SequentialSampler" and not options.get("sort")


def _is_one_batch(record: Record, loader: Data) -> bool:
    """Say whether a batch holds all rows: `DataLoader(rows, batch_size=len(rows))`; then their order is no matter."""
    call = tree_at(record, loader.place)
    sizes = [word.value for word in call.keywords if word.arg == "batch_size"] if isinstance(call, ast.Call) else []
    return any(isinstance(size, ast.Call) and ast.unparse(size.func) == "len" for size in sizes)


def _behind(record: Record, loader: Data) -> set[int]:
    """Return the identities of all data that a loader's rows were made from."""
    data = {fact.id: fact for fact in record.ask(Data)}
    waiting, seen = list(loader.made_from), set[int]()
    while waiting:
        number = waiting.pop()
        if number in data and number not in seen:
            seen.add(number)
            waiting += data[number].made_from
    return seen


def _mixed_before(record: Record, behind: set[int]) -> bool:
    """Say whether all of the rows were mixed before the loader; what was mixed class by class is still in order."""
    data = [fact for fact in record.ask(Data) if fact.id in behind and fact.what != "vocabulary"]
    if any(fact.samples.get("cut_by") in _MIXED_BY for fact in data):
        return True
    if any("shuffl" in str(fact.samples.get("path") or "").lower() for fact in data):
        return True  # another program wrote the rows, mixed
    rows = {fact.id for fact in data if fact.what in ("table", "file", "dataset", "split")}
    roots = {fact.id for fact in data if fact.id in rows and not rows & set(fact.made_from)}
    return any(roots <= _reach(record, call) for call in record.ask(Call, what="shuffle"))


def _reach(record: Record, call: Call) -> set[int]:
    """Return the data that a shuffling mixes, and all that they were made from."""
    data = {fact.id: fact for fact in record.ask(Data)}
    mixed = [data[n] for n in call.values.get("data", []) if n in data]
    return {one.id for one in mixed} | {n for one in mixed for n in _behind(record, one)}


def _unknown_mixing(record: Record) -> bool:
    """Say whether a line speaks of mixing rows, and what it mixes was not seen."""
    calls = {
        (call.place.file, call.place.line)
        for call in record.ask(Call, what="shuffle")
        if call.place and call.values.get("data")
    }
    cuts = {
        (d.place.file, d.place.line)
        for d in record.ask(Data, what="split")
        if d.place and d.samples.get("cut_by") in _MIXED_BY
    }
    for file, text in record.sources.items():
        for number, line in enumerate(text.splitlines(), 1):
            code = line.partition("#")[0]
            if "import" not in code and _MIXES.search(code) and (file, number) not in calls | cuts:
                return True
    return False


def _finding(record: Record, loader: Data) -> Finding:
    name = loader.name or "the training loader"
    return Finding(
        asked_for_at(record, loader),
        f"'{name}' is made without shuffle=True, and nothing mixes its rows before: every epoch takes them in the order "
        f"of the data. If they are sorted by label, as in many files, the last batches teach one class. Write shuffle=True.",
        (loader.n,),
    )
