"""# The model that predicts was never given the trained weights

**What happened.** A new model is made for the prediction, and nobody loads the weights that were trained and saved (or only
a part of them).

**Why it matters.** It runs: a fresh model answers with its random weights, for two classes near 0.5 and right in 50 of 100
reviews, whatever the training reached.

**Fix.** Load them before the first prediction: `model.load_state_dict(torch.load("weights.pt"))`, with `strict=True`.

```python bad
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
reviews = ["a great film", "a dull film", "great plot", "dull and long"]
labels = torch.tensor([1, 0, 1, 0])


def words_of(texts):
    counts = Counter(word for text in texts for word in text.split())
    return {word: i + 1 for i, (word, _) in enumerate(counts.most_common())}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def train():
    words = words_of(reviews)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(reviews, labels):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), label.unsqueeze(0))
        loss.backward()
        optimizer.step()
    torch.save({"weights": model.state_dict(), "words": words}, "weights.pt")


def predict(text):
    saved = torch.load("weights.pt")
    words = saved["words"]
    model = Classifier()
    model.eval()
    with torch.no_grad():
        scores = model(torch.tensor([[words.get(word, 0) for word in text.split()]]))  # <- found here
        return scores.argmax(1)


train()
print(predict("a great plot"))
```

```python good
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
reviews = ["a great film", "a dull film", "great plot", "dull and long"]
labels = torch.tensor([1, 0, 1, 0])


def words_of(texts):
    counts = Counter(word for text in texts for word in text.split())
    return {word: i + 1 for i, (word, _) in enumerate(counts.most_common())}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def train():
    words = words_of(reviews)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(reviews, labels):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), label.unsqueeze(0))
        loss.backward()
        optimizer.step()
    torch.save({"weights": model.state_dict(), "words": words}, "weights.pt")


def predict(text):
    saved = torch.load("weights.pt")
    words = saved["words"]
    model = Classifier()
    model.load_state_dict(saved["weights"])
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([[words.get(word, 0) for word in text.split()]])).argmax(1)


train()
print(predict("a great plot"))
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.inside import around
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_MEANT = re.compile(r"untrained|random|baseline|fresh|initial|dummy|chance", re.IGNORECASE)
_LOADS = re.compile(r"load|restore|resume|from_pretrained|copy")


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for models that answer, were never trained and got no weights, where another one of their class was trained."""
    models = list(record.ask(Data, what="model", where=lambda fact: fact.seen_by == "source"))
    if not models:
        raise Unseen("no model was seen")
    held = {number for fact in record.ask(Data, what="optimizer") for number in fact.made_from}
    trained = {model.samples.get("type") for model in models if model.id in held}
    done = set()
    for model in models:
        if model.id in held or model.samples.get("type") not in trained or not model.name:
            continue
        filled = [fact for fact in record.ask(Data, what="weights") if fact.samples.get("model") == model.id]
        if filled and not all(_is_a_part(record, one) for one in filled):
            continue
        if not filled and _may_be_filled(record, model):
            continue
        asked = _first_answer(record, model)
        if asked is None or _is_tried_before_training(record, asked) or _MEANT.search(model.name):
            continue
        if asked.place not in done:
            done.add(asked.place)
            yield Finding(asked.place, _message(record, model, filled), (model.n, asked.n, *(one.n for one in filled)))


def _is_tried_before_training(record: Record, asked: Scope) -> bool:
    """Say whether a model is only tried, to see its shapes, above the training in the same file."""
    steps = list(record.ask(Call, what="optimizer_step"))
    here = [step for step in steps if step.place and asked.place and step.place.file == asked.place.file]
    return bool(here) and all(step.n > asked.n for step in steps)


def _is_a_part(record: Record, weights: Data) -> bool:
    """Say whether weights are those of a part of the model, which `strict=False` lets pass."""
    saved = [
        str(one.samples.get("written"))
        for one in record.ask(Data, what="checkpoint")
        if one.samples.get("deed") == "saved"
    ]
    parts = [re.search(r"(?<![\w.])(?!self\.)\w+\.\w+\.state_dict\(", text) for text in saved]
    return weights.samples.get("strict") is False and bool(saved) and all(parts)


def _may_be_filled(record: Record, model: Data) -> bool:
    """Say whether the model's name meets anything that may give it weights: a loading method, or a function that is not ours."""
    name = model.name.rpartition(".")[2]
    defined = {
        node.name
        for _, _, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    for key, text, tree in trees(record):
        if model.place is None or not key.startswith(model.place.file):
            continue
        if re.search(r"\.copy_\(|\.data\s*=", text) and re.search(rf"\b{re.escape(name)}\.(named_)?parameters\(", text):
            return True
        for node in all_nodes(tree):
            if isinstance(node, ast.Call) and _meets(node, name, defined):
                return True
            if isinstance(node, ast.Assign) and (_is_renamed(node, name) or _is_read_again(node, name)):
                return True
    return False


def _meets(call: ast.Call, name: str, defined: set[str]) -> bool:
    called = ast.unparse(call.func)
    last = called.rpartition(".")[2]
    if re.search(rf"\b{re.escape(name)}\b", called):
        return bool(_LOADS.search(last))
    given = {ast.unparse(one).rpartition(".")[2] for one in [*call.args, *(word.value for word in call.keywords)]}
    return name in given and last not in defined | {"print", "summary", "DataParallel", "len", "type", "str"}


def _is_renamed(assign: ast.Assign, name: str) -> bool:
    """Say whether the model gets another name, or its name another model."""
    read = ast.unparse(assign.value)
    return read == name or bool(re.fullmatch(rf"(\w+\.)*{re.escape(name)}", read))


def _is_read_again(assign: ast.Assign, name: str) -> bool:
    """Say whether the model's name is given what somebody loaded: `model = torch.load("model.pt")`."""
    called = ast.unparse(assign.value.func) if isinstance(assign.value, ast.Call) else ""
    return bool(_LOADS.search(called)) and name in [ast.unparse(one).rpartition(".")[2] for one in assign.targets]


def _first_answer(record: Record, model: Data) -> Scope | None:
    """Return the first call of the model, under its name and in the same call of a function."""
    kind, name = str(model.samples.get("type")), model.name.rpartition(".")[2]
    home = next((scope.n for scope in around(record, model)), None)
    for scope in record.ask(Scope, where=lambda scope: scope.n > model.n and scope.function == f"{kind}.forward"):
        here = next((one.n for one in around(record, scope)), None)
        if here == home and re.match(rf"(\w+\.)*{re.escape(name)}\(", expression(record, scope.place)):
            return scope
    return None


def _message(record: Record, model: Data, filled: list[Data]) -> str:
    if filled:
        return (
            f"{model.name} got the weights of a part of the trained model only, which strict=False lets pass: the rest answers "
            f"with random weights. Save and load the whole model's state_dict()."
        )
    return (
        f"{model.name} was made by {expression(record, model.place)} and answers here with random weights: nobody loaded the "
        f"trained ones into it. Call {model.name}.load_state_dict(...) before."
    )
