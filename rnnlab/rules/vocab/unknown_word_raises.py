"""# A word that training did not have raises a KeyError

**What happened.** Words are looked up by `index[word]` in a plain dict that was made from the training reviews. New reviews
have other words.

**Why it matters.** In the 50,000 IMDb reviews 3.96 % of the words of the test are not among the 20,000 of the training
vocabulary: at 230 words a review, 1 - 0.9604 ** 230 = 99.99 % of new reviews would raise.

**Fix.** Keep an index for unknown words and write `index.get(word, unknown)`; train with it, so that its vector learns
something.

```python bad
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [f"a fine film number {i}" for i in range(30)]
bad = [f"a dull film number {i}" for i in range(30)]
table = pd.DataFrame({"text": good + bad, "label": [1] * 30 + [0] * 30}).sample(frac=1, random_state=1)
train, test = table[:40], table[40:]
index = {"<pad>": 0, "<unk>": 1}
for text in train["text"]:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(rows):
    ids = [torch.tensor([index.get(word, 1) for word in text.split()]) for text, label in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        words = (text != 0).unsqueeze(2)
        return self.fc((output * words).sum(dim=1) / words.sum(dim=1).clamp(min=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answer(sentence):
    ids = torch.tensor([[index[word] for word in sentence.split()]])  # <- found here
    model.eval()
    with torch.no_grad():
        return model(ids).argmax(dim=1).item()


sentence = " ".join(test["text"].iloc[0].split()[:4])
print(answer(sentence))
```

```python good
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
good = [f"a fine film number {i}" for i in range(30)]
bad = [f"a dull film number {i}" for i in range(30)]
table = pd.DataFrame({"text": good + bad, "label": [1] * 30 + [0] * 30}).sample(frac=1, random_state=1)
train, test = table[:40], table[40:]
index = {"<pad>": 0, "<unk>": 1}
for text in train["text"]:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(rows):
    ids = [torch.tensor([index.get(word, 1) for word in text.split()]) for text, label in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([label for text, label in rows])


train_rows = list(zip(train["text"], train["label"]))
train_loader = DataLoader(train_rows, batch_size=8, shuffle=True, collate_fn=collate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        words = (text != 0).unsqueeze(2)
        return self.fc((output * words).sum(dim=1) / words.sum(dim=1).clamp(min=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answer(sentence):
    ids = torch.tensor([[index.get(word, 1) for word in sentence.split()]])
    model.eval()
    with torch.no_grad():
        return model(ids).argmax(dim=1).item()


sentence = " ".join(test["text"].iloc[0].split()[:4])
print(answer(sentence))
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.plain_dicts import File, plain_dicts
from rnnlab.rules.asking.syntax import all_nodes, place_of, tree_at, trees
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask of each plain look-up whether its words come from elsewhere than the vocabulary's."""
    plain = {one.id: one for one in record.ask(Data, what="vocabulary") if one.samples.get("made_by") == "a dict"}
    looks = list(record.ask(Call, what="look_up", where=lambda call: call.values.get("vocabulary") in plain))
    if len({call.values.get("vocabulary") for call in record.ask(Call, what="look_up")}) > 1:
        raise Unseen("there are several vocabularies; which of them numbers words and which labels was not seen")
    seen, guarded = set(), False
    for look in looks:
        vocabulary = plain[look.values["vocabulary"]]
        if not _is_new(record, look, vocabulary) or look.place in seen:
            continue
        if _OF_LETTERS.search(expression(record, look.place)):
            continue  # a training of some size has seen all letters there are
        if _is_guarded(record, look.place):
            guarded = True
            continue
        seen.add(look.place)
        yield _finding(record, look, vocabulary)
    for one, name in _typed_in(record) if not seen else ():
        if _is_guarded(record, one):
            guarded = True
            continue
        seen.add(one)
        yield _of_what_is_typed(record, one, name)
    if not seen and not (plain and looks):
        raise Unseen("no dict of the program's own was seen that numbers words, and that words are looked up in")
    if not seen and any(_is_of_unknown_words(look) for look in looks):
        raise Unseen("from where the words come that are looked up was not seen")
    if not seen and any(
        not plain[look.values["vocabulary"]].certain and "default" not in look.values for look in looks
    ):
        raise Unseen("from which reviews the words of the vocabulary come was not seen")
    if guarded and not seen:
        raise Unseen("the program asks whether a word is in the vocabulary; whether it asks each time was not seen")


def _is_new(record: Record, look: Call, vocabulary: Data) -> bool:
    """Say whether the words of a look-up without a default are not those that the vocabulary was made from."""
    data = look.values.get("data")
    if (
        "default" in look.values
        or (look.values.get("key") is not None and not _is_in_a_comprehension(record, look))
        or data is None
        or not look.certain
        or "setdefault" in expression(record, look.place)
    ):
        return False
    if not data:
        scope = look.inside is not None
        return scope and look.n > vocabulary.n and _after_training(record, look)
    made_from = set(vocabulary.made_from)
    wholes = {parent for fact in record.ask(Data) if fact.id in data for parent in fact.made_from}
    parts = {parent for fact in record.ask(Data) if fact.id in made_from for parent in fact.made_from}
    return not (set(data) | wholes) & made_from and not set(data) & parts


def _is_in_a_comprehension(record: Record, look: Call) -> bool:
    """Say whether a known word is one of a sentence: `index[word]`, and neither `index["<pad>"]` nor `index[PAD]`."""
    tree = tree_at(record, look.place)
    return isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Name) and not tree.slice.id.isupper()


def _after_training(record: Record, look: Call) -> bool:
    """Say whether a model was trained before, or was given the weights of a training."""
    trained = any(step.n < look.n for step in record.ask(Call, what="optimizer_step"))
    return trained or any(weights.n < look.n for weights in record.ask(Data, what="weights"))


def _is_of_unknown_words(look: Call) -> bool:
    return "default" not in look.values and look.values.get("key") is None and look.values.get("data") is None


def _typed_in(record: Record) -> Iterator[tuple[Place, str]]:
    """Return look-ups of the words of a sentence that is typed in after training, each with the name of the dict."""
    for name, file in {one.name: one.file for one in plain_dicts(record)}.items():
        steps = [
            file.position(one) for one in file.nodes() if isinstance(one, ast.Attribute) and one.attr == "backward"
        ]
        for key, text, tree in file.parts if steps else ():
            for node in all_nodes(tree):
                if isinstance(node, ast.ListComp | ast.GeneratorExp) and _looks_up(node, name):
                    words = _text_of(node.generators[0].iter)
                    if words and _is_typed_in(file, words, min(steps)):
                        yield place_of(key, text, node), name


def _looks_up(node: ast.ListComp | ast.GeneratorExp, name: str) -> bool:
    """Say whether each word is looked up in a dict by its brackets, under no condition: `[index[w] for w in text.split()]`."""
    made = node.generators[0]
    return len(node.generators) == 1 and not made.ifs and ast.unparse(node.elt) == f"{name}[{ast.unparse(made.target)}]"


def _text_of(node: ast.expr) -> str:
    """Return the name of the text whose words are gone over: `text`, `text.lower().split()`, `tokenize(text)`."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and not node.args:
            node = node.func.value
        elif node.args:
            node = node.args[0]
        else:
            return ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_typed_in(file: File, name: str, after: tuple[int, int]) -> bool:
    """Say whether a name holds nothing but sentences that the program writes out, after training began."""
    given = file.given.get(name, [])
    return bool(given) and all(
        isinstance(one, ast.Constant) and isinstance(one.value, str) and file.position(one) > after for one in given
    )


def _of_what_is_typed(record: Record, place: Place, name: str) -> Finding:
    return Finding(
        place,
        f"{expression(record, place)} raises a KeyError for every word that '{name}' lacks, and the sentence is not of the "
        f"reviews that it was made from. Keep an index for unknown words: {name}.get(word, it).",
        level="risk",
    )


def _is_guarded(record: Record, place: Place | None) -> bool:
    """Say whether anything asks `word in index`, catches KeyError, or makes a dict that answers for every word."""
    owner = expression(record, place).lstrip("[(").partition("[")[0].rpartition(".")[2]
    names = "|".join(re.escape(name) for name in (owner, *_sets_of(record, owner)))
    asks = re.compile(rf"\bin (self\.)?({names})\b(?!\.values)|except\b|defaultdict|__missing__|__contains__")
    loops = re.compile(rf"for \w+(, ?\w+)* in (self\.)?({names})\b")
    return any(asks.search(loops.sub("", line)) for text in record.sources.values() for line in text.splitlines())


def _level(record: Record, look: Call) -> Level | None:
    """Of what is typed in, only the typed words matter; its letters are known after a few reviews, nearly always."""
    if look.values.get("data"):
        return None
    return "habit" if re.search(r"char|letter|alphabet", expression(record, look.place), re.IGNORECASE) else "risk"


def _sets_of(record: Record, owner: str) -> list[str]:
    """Return the names of sets that are made of a vocabulary's words, or of what it lacks: `known = set(index)`."""
    made = re.compile(rf"\b(set|frozenset|list)\([\w.]*\b{re.escape(owner)}\b|\b{re.escape(owner)}\.keys\(\)")
    given = [node for _, _, tree in trees(record) for node in all_nodes(tree) if isinstance(node, ast.Assign)]
    return [
        name.id
        for node in given
        if made.search(ast.unparse(node.value))
        for name in node.targets
        if isinstance(name, ast.Name)
    ]


def _finding(record: Record, look: Call, vocabulary: Data) -> Finding:
    line = vocabulary.place.line if vocabulary.place else "?"
    return Finding(
        look.place,
        f"{expression(record, look.place)} raises a KeyError for every word that the vocabulary of line {line} lacks, and "
        f"the words here come from other reviews than those it was made from. Keep an index for unknown words: .get(word, it).",
        (look.n, vocabulary.n),
        _level(record, look),
    )


_OF_LETTERS = re.compile(r"char|letter|alphabet|\bch\b|\bc\]|2c|c2", re.IGNORECASE)
