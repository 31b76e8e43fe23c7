"""# The reviews are cut into tokens again in every epoch

**What happened.** The tokenizer stands where each batch is made: in the dataset's `__getitem__`, in the collate function or in
the loop over the batches. Every epoch cuts every review again, and every epoch gets the same tokens.

**Why it matters.** The result is right; only time is lost. 25,000 reviews of 230 words take 4 s by a regular expression and
minutes by spaCy. That is paid once an epoch, while the GPU waits, instead of once.

**Fix.** Tokenize once, before the first epoch, and keep the tokens or the indices in a list.

```python bad
import re

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [(f"a fine film, number {i}", 1) for i in range(30)]
rows = good + [(f"a dull film, number {i}", 0) for i in range(30)]


def tokenize(text):
    return re.findall(r"[a-z]+|[0-9]+", text.lower())


index = {"<pad>": 0, "<unk>": 1}
for text, label in rows:
    for word in tokenize(text):
        index.setdefault(word, len(index))


def collate(batch):
    ids = [torch.tensor([index.get(word, 1) for word in tokenize(text)]) for text, label in batch]  # <- found here
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in batch])


loader = DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    for text, label in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
```

```python good
import re

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [(f"a fine film, number {i}", 1) for i in range(30)]
rows = good + [(f"a dull film, number {i}", 0) for i in range(30)]


def tokenize(text):
    return re.findall(r"[a-z]+|[0-9]+", text.lower())


rows = [(tokenize(text), label) for text, label in rows]
index = {"<pad>": 0, "<unk>": 1}
for words, label in rows:
    for word in words:
        index.setdefault(word, len(index))


def collate(batch):
    ids = [torch.tensor([index.get(word, 1) for word in words]) for words, label in batch]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for words, label in batch])


loader = DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    for text, label in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Data, Loop, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, has_text, passes
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# Data that come in a stream, or do not fit in memory, are cut as they come.
_STREAMS = ("IterableDataset", "streaming=True", "chunksize=")


@rule(level="habit", needs=("source", "tokens"), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for tokens that are made between two batches of training."""
    training = [one for one in passes(record, "training") if _is_repeated(record, one)]
    tokens = [one for one in record.ask(Data, what="tokens") if one.seen_by == "source"]
    if not training:
        raise Unseen("no epochs of training were seen")
    if has_text(record, *_STREAMS):
        raise Unseen("the reviews come in a stream, and are cut as they come")
    seen = set()
    for one in tokens:
        within = next((each for each in training if each.begin < one.n < each.end), None)
        if within is None:
            continue
        place = _asked_for_at(record, one, within)
        if place is not None and (place.file, place.cell, place.line) not in seen:
            seen.add((place.file, place.cell, place.line))
            yield _finding(record, one, place)


def _is_repeated(record: Record, one: Pass) -> bool:
    """Say whether a pass lies in a loop: that of the epochs."""
    around = {loop.place for loop in record.ask(Loop) if loop.executed is None and loop.n < one.begin}
    return any(loop.place in around for loop in record.ask(Loop) if loop.executed is not None and loop.n > one.end)


def _asked_for_at(record: Record, tokens: Data, within: Pass) -> Place | None:
    """Return the line that asks for the tokens: in the loop, or in the function that the loader calls."""
    scopes = list(_scopes(record, tokens, within))
    if not scopes:
        return tokens.place
    called = [scope for scope in scopes if within.place is None or not _is_at(scope.place, within.place)]
    if called:
        # The loader calls the outermost function, at no line of the program: the line is inside it.
        return called[0 if len(called) == len(scopes) else -1].place
    return _through_a_lambda(record, scopes[0].function.rpartition(".")[2], tokens) or tokens.place


def _scopes(record: Record, tokens: Data, within: Pass) -> Iterator[Scope]:
    """Return the calls of functions, inside a pass, that tokens are made in, the innermost first."""
    inside = tokens.inside
    while inside is not None and inside > within.begin:
        fact = record.fact(inside)
        if isinstance(fact, Scope) and fact.place is not None:
            yield fact
        inside = fact.inside


def _is_at(one: Place | None, two: Place) -> bool:
    return one is not None and (one.file, one.cell, one.line) == (two.file, two.cell, two.line)


def _through_a_lambda(record: Record, function: str, tokens: Data) -> Place | None:
    """Return where a function calls the lambda that tokenizes."""
    line = tokens.place.line if tokens.place is not None else 0
    for key, text, tree in trees(record):
        named = {
            target.id
            for node in all_nodes(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and node.lineno == line
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in all_nodes(tree):
            if isinstance(node, ast.FunctionDef) and node.name == function:
                for call in ast.walk(node):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in named:
                        return place_of(key, text, call)
    return None


def _finding(record: Record, tokens: Data, place: Place) -> Finding:
    return Finding(
        place,
        f"{expression(record, place)} cuts the reviews of every batch into tokens ({tokens.samples.get('how', '?')}), and every "
        f"epoch cuts all of them again. Do it once, before the first epoch, and keep the lists of tokens.",
        (tokens.n,),
    )
