"""# The vocabulary was built again, from other texts, for trained weights

**What happened.** The weights are loaded, but the numbers of the words are made anew, and from other texts than in
training.

**Why it matters.** Row 7 of the embedding belongs to the word that had number 7 in training. With other texts, other words
are more frequent, and each word gets the vector of another one. If the size differs too, loading stops (`size mismatch for
embedding.weight`).

**Fix.** Save the vocabulary with the weights, and load both.

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
    torch.save({"weights": model.state_dict(), "words": words}, "weights.pt")


new = pd.DataFrame({"text": ["a long and dull plot", "a dull plot"]})


def predict(text):
    saved = torch.load("weights.pt")
    words = words_of(new["text"])  # <- found here
    model = Classifier()
    model.load_state_dict(saved["weights"])
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([[words.get(word, 0) for word in text.split()]])).argmax(1)


train()
print(predict("a great plot"))
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
    torch.save({"weights": model.state_dict(), "words": words}, "weights.pt")


new = pd.DataFrame({"text": ["a long and dull plot", "a dull plot"]})


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

from collections.abc import Iterator

from rnnlab.facts import Call, Data, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.inside import around, is_in
from rnnlab.rules.kit import Finding, Level, Splits, Unseen, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for vocabularies that are made anew for weights that are loaded, or of the test reviews alone."""
    for first, second in _made_for_the_test(record):
        yield Finding(second.place, _message(second), (first.n, second.n))
    loaded = list(
        record.ask(Data, what="weights", where=lambda fact: fact.seen_by == "source" and bool(fact.made_from))
    )
    if not loaded:
        raise Unseen("no weights were loaded")
    done = set()
    for weights in loaded:
        if weights.place is None:
            continue
        home = _home(record, weights)
        if any(is_in(record, fact, home, weights.place.file) for fact in record.ask(Data, what="optimizer")):
            continue
        for made in record.ask(Data, what="vocabulary", where=lambda fact: fact.seen_by == "source"):
            if (
                made.place in done
                or not is_in(record, made, home, weights.place.file)
                or not _is_made_of_texts(record, made)
            ):
                continue
            done.add(made.place)
            yield Finding(made.place, _message(made), (made.n, weights.n), _level(record, made))


def _made_for_the_test(record: Record) -> Iterator[tuple[Data, Data]]:
    """Return pairs of vocabularies: what the model was trained with, and one of test reviews alone that takes its place later."""
    splits, made = Splits(record), [one for one in record.ask(Data, what="vocabulary") if one.certain and one.made_from]
    models = list(record.ask(Data, what="optimizer"))
    roles = {one.id: {splits.role(part) for source in one.made_from for part in splits.parts(source)} for one in made}
    for n, second in enumerate(made):
        first = next((one for one in made[:n] if roles[one.id] == {"train"} and one.name == second.name), None)
        if first is None or not roles[second.id] <= {"test", "valid"} or not _is_trained_between(record, first, second):
            continue
        if second.name and not any(one.n > second.n for one in models):
            yield first, second


def _is_trained_between(record: Record, first: Data, second: Data) -> bool:
    return any(first.n < step.n < second.n for step in record.ask(Call, what="optimizer_step"))


def _home(record: Record, weights: Data) -> Scope | None:
    """Return the call of a function that weights are loaded in."""
    return next(around(record, weights), None)


def _is_made_of_texts(record: Record, made: Data) -> bool:
    """Say whether a vocabulary was made of texts, and not of a list of words that somebody saved."""
    behind = [fact for fact in record.ask(Data) if fact.id in made.made_from]
    return bool(behind) and all(fact.what in ("table", "split", "dataset", "texts", "tokens") for fact in behind)


def _level(record: Record, made: Data) -> Level | None:
    """The same texts, counted in the same way, give the same numbers; what training counted may not have been seen."""
    others = [fact for fact in record.ask(Data, what="vocabulary") if fact.id != made.id]
    others = [fact for fact in others if _is_made_of_texts(record, fact)]
    if any(_texts(record, one) == _texts(record, made) for one in others):
        return "habit"
    apart = [fact for fact in others if fact.place != made.place]
    # In another program, files whose names are not written may be the same ones.
    same_file = {one.place.file for one in (made, *apart) if one.place is not None}
    return None if apart and (len(same_file) == 1 or all(_is_known(record, one) for one in (made, *apart))) else "risk"


def _texts(record: Record, made: Data) -> list[tuple[str, object, object]]:
    facts = {fact.id: fact for fact in record.ask(Data)}
    behind = [facts[one] for one in made.made_from if one in facts]
    return [(fact.what, fact.samples.get("path") or fact.id, fact.samples.get("side")) for fact in behind]


def _is_known(record: Record, made: Data) -> bool:
    """Say whether the names of the files are known from which a vocabulary was made."""
    return all(isinstance(path, str) and "{" not in path for _, path, _ in _texts(record, made))


def _message(made: Data) -> str:
    return (
        f"{made.name or 'The vocabulary'} is made again here, for weights that were trained with another one: from other texts "
        f"the words get other numbers, and so the vectors of other words. Load the vocabulary that was saved with the weights."
    )
