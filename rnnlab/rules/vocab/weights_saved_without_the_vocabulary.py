"""# The weights were saved, the vocabulary was not

**What happened.** `torch.save(model.state_dict())` keeps the numbers of the model; which word has which number is only in
this process.

**Why it matters.** Next day nobody can tell which of the embedding's rows is which word: with 20,000 words, the file is
20,000 vectors without names. A vocabulary that is built again must come from the same texts, in the same order, with the
same library.

**Fix.** Save both in one file: `torch.save({"weights": model.state_dict(), "words": words}, path)`; the names of the labels
too.

```python bad
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
table = pd.DataFrame({"text": ["a great film", "a dull film", "great plot", "dull and long"], "label": [1, 0, 1, 0]})


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
    words = words_of(table["text"])
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(table["text"], table["label"]):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), torch.tensor([label]))
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "/dev/null")  # <- found here


train()
```

```python good
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
table = pd.DataFrame({"text": ["a great film", "a dull film", "great plot", "dull and long"], "label": [1, 0, 1, 0]})


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
    words = words_of(table["text"])
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(table["text"], table["label"]):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), torch.tensor([label]))
        loss.backward()
        optimizer.step()
    torch.save({"weights": model.state_dict(), "words": words}, "/dev/null")


train()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.asking.tables import last_word
from rnnlab.rules.kit import Finding, Unseen, expression, rule
from rnnlab.sources import file_and_cell

# Whatever may write a vocabulary, by the last word of what is called.
_WRITES = re.compile(
    r"dump|dumps|write|writelines|writerow|writerows|save|savez|savetxt|to_json|to_pickle|to_csv|save_\w+|save_to_file|"
    r"log_artifact|log_model|save_pretrained|export\w*|safe_dump"
)
_OF_WORDS = re.compile(
    r"voc|word|wrd|stoi|itos|tok|token|2i|2id|2idx|2index|index|dict|field|text|encoder|tokeniz|mapping|char|lang|corpus|meta|self$",
    re.IGNORECASE,
)
# What a program writes down of its own course.
_OF_RESULTS = re.compile(
    r"loss|acc|metric|result|histor|report|pred|submi|score|f1|epoch|log|fig|plot|plt|df\b|frame|csv", re.IGNORECASE
)


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for programs that save weights and, anywhere, nothing else."""
    saved = [fact for fact in record.ask(Data, what="checkpoint") if fact.samples.get("deed") == "saved"]
    if not saved:
        raise Unseen("no weights were saved")
    learned = [fact for fact in record.ask(Data, what="vocabulary") if fact.made_from and fact.seen_by == "source"]
    if not learned and not _builds_elsewhere(record):
        raise Unseen("no vocabulary was learned from texts")
    if not all(_is_weights_alone(record, one) for one in saved):
        return
    if _writes_something_else(record):
        raise Unseen("what the program writes besides the weights was not followed")
    saved.sort(key=lambda one: one.samples.get("holds") != "state_dict")
    yield Finding(
        saved[0].place,
        f"{expression(record, saved[0].place)} keeps the weights alone: which word has which number is lost when the program "
        f"ends. Save the vocabulary in the same file.",
        (saved[0].n, *(one.n for one in learned[:1])),
    )


def _builds_elsewhere(record: Record) -> bool:
    """Say whether a field of torchtext is asked for its words that another file gave it."""
    fields = [fact for fact in record.ask(Data, what="field") if fact.name]
    asked = {ast.unparse(node) for _, _, tree in trees(record) for node in all_nodes(tree) if _is_vocab(node)}
    return any(f"{fact.name}.vocab" in asked for fact in fields)


def _is_vocab(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "vocab"


def _writes_something_else(record: Record) -> bool:
    """Say whether a call may write the vocabulary: one that writes anything but weights, numbers of the course and tables."""
    nodes = [node for _, _, tree in trees(record) for node in all_nodes(tree)]
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}  # what they write is looked at itself
    for _, _, tree in trees(record):
        for node in all_nodes(tree):
            if not isinstance(node, ast.Call) or last_word(node) in own or not _WRITES.fullmatch(last_word(node)):
                continue
            if ast.unparse(node.func) == "torch.save":
                continue  # told of as what is saved
            written = " ".join(ast.unparse(one) for one in (*node.args[:1], *_owner(node)))
            if _OF_WORDS.search(written) or not _OF_RESULTS.search(written):
                return True
        if any(
            "file" in {word.arg for word in node.keywords} for node in all_nodes(tree) if isinstance(node, ast.Call)
        ):
            return True
    return False


def _owner(call: ast.Call) -> list[ast.expr]:
    return [call.func.value] if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else []


def _is_weights_alone(record: Record, saved: Data) -> bool:
    """Say whether a file holds a model or its weights, and nothing that the program learned besides."""
    holds, facts = str(saved.samples.get("holds")), {fact.id: fact for fact in record.ask(Data)}
    behind = {facts[one].what for one in saved.made_from if one in facts}
    if holds.startswith("the whole module"):
        # A model may keep the words that it was made with.
        return "model" in behind and not any(_KEEPS.search(text) for text in record.sources.values())
    written = _written(record, saved)
    if isinstance(written, ast.Dict):
        return "state_dict()" in ast.unparse(written) and all(_is_of_the_course(one) for one in written.values)
    if isinstance(written, ast.Call) and last_word(written) == "state_dict":
        return True
    return holds == "state_dict" and behind <= {"model"}


_KEEPS = re.compile(
    r"self\.(?!\w*(size|len|num|dim))\w*(voc|word|stoi|itos|w2i|tokeni|dictionary|2i|lex|index)\w* *=", re.IGNORECASE
)


def _is_of_the_course(value: ast.expr) -> bool:
    """Say whether a value is weights, or a number or list that training itself gives: an epoch, a loss, a best score."""
    if isinstance(value, ast.Call) and last_word(value) == "state_dict":
        return True
    return isinstance(value, ast.Constant) or bool(_OF_TRAINING.search(ast.unparse(value)))


_OF_TRAINING = re.compile(r"loss|acc|epoch|step|best|score|f1|metric|histor|iter", re.IGNORECASE)


def _written(record: Record, saved: Data) -> ast.expr | None:
    """Return what is given to the call that saves."""
    place = saved.place
    for key, _, tree in trees(record):
        if place is None or file_and_cell(key) != (place.file, place.cell):
            continue
        for node in all_nodes(tree):
            if (
                isinstance(node, ast.Call)
                and (node.lineno, node.col_offset) == (place.line, place.column)
                and node.args
            ):
                found = _behind(tree, node.args[0])
                dicts = [one for _, _, other in trees(record) for one in _dicts_of_weights(other)]
                # What a helper of another file is given: the one dict of weights that the program makes.
                return dicts[0] if isinstance(found, ast.Name) and len(dicts) == 1 else found
    return None


def _dicts_of_weights(tree: ast.Module) -> list[ast.Dict]:
    return [one for one in all_nodes(tree) if isinstance(one, ast.Dict) and ".state_dict()" in ast.unparse(one)]


def _behind(tree: ast.Module, node: ast.expr) -> ast.expr:
    """Return what a name is given, where it is given one thing only; a parameter is the one dict of weights that there is."""
    if not isinstance(node, ast.Name):
        return node
    given = [
        one.value
        for one in all_nodes(tree)
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == node.id and one.lineno < node.lineno
    ]
    given = given or list(_dicts_of_weights(tree))
    return given[0] if len(given) == 1 else node
