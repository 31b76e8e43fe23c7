"""# The lengths were asked for and are not used

**What happened.** The batches bring the lengths of their reviews along (`include_lengths=True`, or a collate function),
and nothing reads them: nothing is packed, and no step is chosen by them.

**Why it matters.** The result is the same as without lengths: the RNN reads the padding like words. In a test with 100
random reviews the final states of an untrained LSTM lay 88 times closer together after 10 pads than after the last
word.

**Fix.** Hand the lengths to the model and pack: `pack_padded_sequence(embedded, lengths.cpu(), enforce_sorted=False)`.
Or do not ask for them.

```python bad
import torch
from torch import nn
from torchtext.data import BucketIterator, Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = BucketIterator(train_data, batch_size=8, shuffle=True, sort_key=lambda row: len(row.text), sort_within_batch=True)


class RNN(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 8, padding_idx=TEXT.vocab.stoi[TEXT.pad_token])
        self.rnn = nn.LSTM(8, 6, bidirectional=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, text):
        output, (hidden, cell) = self.rnn(self.embedding(text))
        mask = (text != TEXT.vocab.stoi[TEXT.pad_token]).unsqueeze(2)
        return self.fc((output * mask).sum(dim=0) / mask.sum(dim=0))


model = RNN(len(TEXT.vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    text, lengths = batch.text  # <- found here
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), batch.label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext.data import BucketIterator, Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = BucketIterator(train_data, batch_size=8, shuffle=True, sort_key=lambda row: len(row.text), sort_within_batch=True)


class RNN(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 8, padding_idx=TEXT.vocab.stoi[TEXT.pad_token])
        self.rnn = nn.LSTM(8, 6)
        self.fc = nn.Linear(6, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths.cpu(), enforce_sorted=False)
        output, (hidden, cell) = self.rnn(packed)
        return self.fc(hidden[-1])


model = RNN(len(TEXT.vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    text, lengths = batch.text
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text, lengths), batch.label)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, PackedNote, Place, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import is_two_way, padding_behind
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees, with_parents
from rnnlab.rules.kit import Finding, Unseen, rule

_LENGTHS = re.compile(
    r"(?:\w+_)?(?:len|lens|length|lengths|seqlens?|laengen|längen|uzunluk|uzunluklar|longitudes|长度)"
)


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for lengths that are unpacked from a batch and never read, where an RNN reads padded batches."""
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    padded = [run for run in runs if run.inputs and not isinstance(run.inputs[0].note, PackedNote)]
    if not runs or (padded and all(padding_behind(record, run.inputs[:1]) is None for run in padded)):
        raise Unseen("no RNN was seen that reads batches of which it is known how they are filled up")
    if len(padded) < len(runs):
        return
    # Whoever reads forwards alone, and leaves the padding out afterwards, needs no lengths.
    if not any(is_two_way(run) for run in runs) and _makes_a_mask(record):
        raise Unseen("the model finds the padding by its index; whether it leaves it out everywhere was not seen")
    for key, text, tree in trees(record):
        for node, around in with_parents(tree):
            target = _unpacked(node)
            reach = _reach(node, around, tree)
            for name in _names(target):
                if _LENGTHS.fullmatch(name) and not _is_read(reach, name):
                    place = place_of(key, text, target) if target is not None else None
                    yield Finding(place, _message(name))
    yield from _dropped_by_the_model(record)
    if any("include_lengths=True" in text.replace(" ", "") for text in record.sources.values()):
        yield from _only_the_words(record)


def _makes_a_mask(record: Record) -> bool:
    """Say whether the indices that an embedding looks up are compared with a number."""
    looked_up = [
        found for call in record.ask(Call, what="embedding") if call.inputs and (found := makers(call.inputs[0].note))
    ]
    compared = record.ask(Call, where=lambda call: call.what in ("compare", "eq", "ne") and bool(call.inputs))
    return any(makers(call.inputs[0].note) in looked_up for call in compared)


def _dropped_by_the_model(record: Record) -> Iterator[Finding]:
    """`text, _ = batch` in a model's forward, where the program puts the lengths beside the words of each batch."""
    beside = {name for _, _, tree in trees(record) for node in all_nodes(tree) for name in _lengths_beside(node)}
    if not beside:
        return
    for key, text, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.FunctionDef) and node.name == "forward":
                for one in _takes_the_words_alone(node):
                    yield Finding(place_of(key, text, one), _message(sorted(beside)[0]))


def _lengths_beside(node: ast.AST) -> list[str]:
    """Return the lengths in `return (words, lengths), labels`."""
    if not isinstance(node, ast.Return | ast.Yield) or not isinstance(node.value, ast.Tuple):
        return []
    pairs = [one for one in node.value.elts if isinstance(one, ast.Tuple) and len(one.elts) == 2]
    last = [pair.elts[1] for pair in pairs]
    return [one.id for one in last if isinstance(one, ast.Name) and _LENGTHS.fullmatch(one.id)]


def _takes_the_words_alone(forward: ast.FunctionDef) -> list[ast.stmt | ast.expr]:
    """Return where a forward takes the first part of what it is given, if nothing takes the second."""
    given = {one.arg for one in forward.args.args[1:]}
    nodes = list(ast.walk(forward))
    parts = [one for one in nodes if isinstance(one, ast.Subscript) and ast.unparse(one.value) in given]
    firsts: list[ast.stmt | ast.expr] = [one for one in parts if ast.unparse(one.slice) == "0"]
    if len(firsts) < len(parts):
        return []
    for one in nodes:
        target = _unpacked(one) if isinstance(one, ast.Assign) and ast.unparse(one.value) in given else None
        if isinstance(one, ast.Assign) and target is not None and _names(target)[1:] == ["_"]:
            firsts.append(one)
    return firsts[:1]


def _only_the_words(record: Record) -> Iterator[Finding]:
    """`text = batch.text[0]`, where nothing of the program takes the lengths that stand beside the words."""
    found: list[tuple[Place, str]] = []
    for key, text, tree in trees(record):
        subscripts = [node for node in all_nodes(tree) if isinstance(node, ast.Subscript)]
        found += [(place_of(key, text, node), name) for node in subscripts if (name := _first_of(node))]
    for name in sorted({name for _, name in found if _is_of_a_batch(record, name)}):
        places = [place for place, one in found if one == name]
        if _reads(record, name) == len(places):
            place = min(places, key=lambda one: (one.file, one.cell or 0, one.line))
            yield Finding(place, _message_of_words(name))


def _first_of(node: ast.Subscript) -> str:
    """Return the attribute's name of `batch.text[0]`; "" for anything else."""
    if not isinstance(node.value, ast.Attribute):
        return ""
    is_first = ast.unparse(node.slice) == "0" and isinstance(node.value.value, ast.Name)
    return node.value.attr if is_first else ""


def _reads(record: Record, name: str) -> int:
    """Return how often a program reads an attribute of this name of a variable."""
    nodes = [node for _, _, tree in trees(record) for node in all_nodes(tree) if isinstance(node, ast.Attribute)]
    return sum(
        node.attr == name and isinstance(node.value, ast.Name) and node.value.id not in ("x", "ex", "example", "self")
        for node in nodes
    )


def _is_of_a_batch(record: Record, name: str) -> bool:
    return any(f"{name}.1" in fact.samples for fact in record.ask(Data, what="batch"))


def _message_of_words(name: str) -> str:
    return (
        f"The Field gives the lengths beside the words (include_lengths=True), and only .{name}[0] is read: the RNN goes on over "
        f"the padding as if there were no lengths. Take both, text, lengths = batch.{name}, and pack: "
        f"pack_padded_sequence(embedded, lengths.cpu(), enforce_sorted=False)."
    )


def _unpacked(node: ast.AST) -> ast.Tuple | None:
    """Return the names that a batch is unpacked into, in a loop or in a line of its own."""
    if isinstance(node, ast.For) and not isinstance(node.iter, ast.Call):
        target = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Name | ast.Attribute):
        target = node.targets[0]
    else:
        return None
    return target if isinstance(target, ast.Tuple) and len(target.elts) > 1 else None


def _names(target: ast.Tuple | None) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)] if target is not None else []


def _reach(node: ast.AST, around: tuple[ast.AST, ...], tree: ast.Module) -> ast.AST:
    """Return where a name is known: the function that it is in, or the loop at the top of a file or cell."""
    function = next((one for one in reversed(around) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    return function or (node if isinstance(node, ast.For) else tree)


def _is_read(reach: ast.AST, name: str) -> bool:
    uses = [node for node in ast.walk(reach) if isinstance(node, ast.Name) and node.id == name]
    return any(isinstance(node.ctx, ast.Load | ast.Del) for node in uses)


def _message(name: str) -> str:
    return (
        f"'{name}' comes with the batch, and nothing reads it: the RNN goes on over the padding as if there were no lengths. "
        f"Hand it to the model and pack: pack_padded_sequence(embedded, {name}.cpu(), enforce_sorted=False)."
    )
