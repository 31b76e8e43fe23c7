"""# The highest probability is called the probability of one class

**What happened.** The largest of the probabilities is printed as that of one class: whichever class wins, its probability
is shown under this name.

**Why it matters.** A review that is negative with 0.98 is announced as positive with 0.98. The largest of two probabilities
is never below 0.5, so no review ever looks negative.

**Fix.** Take the probability of the class that is named: `p[1]`, with the number that the label map gives to `positive`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
words = {"a": 1, "great": 2, "film": 3}


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
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
ids = torch.tensor([[words[word] for word in "a great film".split()]])
with torch.no_grad():
    p = torch.softmax(model(ids), dim=1)[0]
print(f"probability of a positive review: {p.max().item():.2f}")  # <- found here
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
words = {"a": 1, "great": 2, "film": 3}


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
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

model.eval()
ids = torch.tensor([[words[word] for word in "a great film".split()]])
with torch.no_grad():
    p = torch.softmax(model(ids), dim=1)[0]
print(f"probability of a positive review: {p[1].item():.2f}")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Named, Place, Said, makers
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import function_around, trees, with_parents
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule
from rnnlab.sources import file_and_cell

_CLASSES = (
    "positive negative pos neg spam ham toxic fake male female sarcastic offensive hateful olumlu olumsuz positivo negativo "
    "positiva negativa positif negatif positiv negativ"
).split()
_IN_OTHER_SCRIPTS = ("正面", "负面", "好评", "差评", "积极", "消极")
_KEEPS_NUMBERS = ("index", "squeeze", "to", "view", "select")


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for texts that name one class before the largest of several probabilities."""
    said = list(record.ask(Said))
    found: dict[Place | None, tuple[Said, Call, str]] = {}
    for fact in said:
        for text, value in _with_values(fact):
            named = _classes_in(text)
            largest = _largest_of(record, value)
            if len(named) == 1 and largest is not None and _is_always_said(record, largest, named):
                found.setdefault(largest.place, (fact, largest, named.pop()))
    if all(fact.seen_by == "run" for fact in said):
        raise Unseen("what made the numbers that the program prints was not seen")
    if never(said, lambda fact: any(fact is one for one, _, _ in found.values()), record):
        return
    for fact, largest, name in found.values():
        yield Finding(
            largest.place,
            f"{expression(record, largest.place)} is the probability of whichever class wins, and is announced as that of "
            f"'{name}': a sure answer for the other class looks the same. Take the probability at the index of '{name}'.",
            (fact.n, largest.n),
        )


def _with_values(fact: Said) -> Iterator[tuple[str, Named]]:
    """Return each value of a printed text with what stands before it."""
    pieces = fact.text.split("{}")
    yield from zip(pieces, fact.values, strict=False)


def _classes_in(text: str) -> set[str]:
    words = set(re.findall(r"[^\W\d_]+", text.lower()))
    return words & set(_CLASSES) | {word for word in _IN_OTHER_SCRIPTS if word in text}


def _largest_of(record: Record, value: Named) -> Call | None:
    """Return the call that took the largest of a softmax, where a printed value is that."""
    call = _only_maker(record, value)
    outermost = call
    for _ in range(8):
        if call is None:
            return None
        if call.what == "max":
            return outermost if _is_of_probabilities(record, call) else None
        if call.what not in ("item", *_KEEPS_NUMBERS) or not call.inputs or _chooses(call):
            return None
        call = _only_maker(record, call.inputs[0])
    return None


def _only_maker(record: Record, value: Named) -> Call | None:
    facts = [record.fact(n) for n in sorted(makers(value.note)) if 0 <= n < len(record)]
    return facts[0] if len(facts) == 1 and isinstance(facts[0], Call) else None


def _chooses(call: Call) -> bool:
    return call.what == "index" and call.values.get("index") not in ([0], [":", 0])


def _is_of_probabilities(record: Record, call: Call) -> bool:
    """Say whether the largest is taken of what a softmax gave, for one review."""
    made = _only_maker(record, call.inputs[0]) if call.inputs else None
    while made is not None and made.what in _KEEPS_NUMBERS and made.inputs:
        made = _only_maker(record, made.inputs[0])
    return made is not None and made.what == "softmax"


def _is_always_said(record: Record, call: Call, named: set[str]) -> bool:
    """Say whether the text does not depend on the answer: in no branch, and no other class is named in the function."""
    place = call.place
    for key, _, tree in trees(record):
        if place is None or file_and_cell(key) != (place.file, place.cell):
            continue
        for node, parents in with_parents(tree):
            if isinstance(node, ast.expr) and node.lineno == place.line:
                inner = [one for one in parents if isinstance(one, ast.If | ast.IfExp | ast.Match | ast.While)]
                if any("__name__" not in ast.unparse(getattr(one, "test", one)) for one in inner):
                    return False
    function = function_around(record, place)
    texts = [
        one.value
        for one in ast.walk(function or ast.Module([], []))
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return all(_classes_in(text) <= named for text in texts)
