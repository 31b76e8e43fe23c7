"""# The sentence was cut into tokens in another way than the training reviews

**What happened.** The function that predicts cuts its sentence by itself (`split()` for spaCy, no `lower()`, ...), and other
tokens come out than the Field made of the training reviews.

**Why it matters.** The model knows tokens, not text. In the program below `"Great film, great plot!"` cut by `split()` has 3
unknown words of 4 (`Great`, `film,`, `plot!`); cut as in training it has none of 6. The model then answers about `<unk>`.

**Fix.** Let the Field that was used for training cut the sentence too: `TEXT.preprocess(sentence)`. What counts are the tokens,
not the tool: `spacy.blank("en")` gives the same ones as `en_core_web_sm`.

```python bad
import re

import torch
from torchtext.data import Dataset, Example, Field


def words_and_marks(text):
    return re.findall(r"[a-z]+|[^a-z ]", text.lower())


TEXT = Field(tokenize=words_and_marks)
fields = [("text", TEXT)]
texts = ["A great film!", "The plot, a bore.", "Great plot, great film!"]
TEXT.build_vocab(Dataset([Example.fromlist([text], fields) for text in texts], fields))
embedding = torch.nn.Embedding(len(TEXT.vocab), 4)


def predict(sentence):
    tokens = sentence.split()  # <- found here
    ids = [TEXT.vocab.stoi[token] for token in tokens]
    return embedding(torch.tensor(ids).unsqueeze(1)).mean()


predict("Great film, great plot!")
```

```python good
import re

import torch
from torchtext.data import Dataset, Example, Field


def words_and_marks(text):
    return re.findall(r"[a-z]+|[^a-z ]", text.lower())


TEXT = Field(tokenize=words_and_marks)
fields = [("text", TEXT)]
texts = ["A great film!", "The plot, a bore.", "Great plot, great film!"]
TEXT.build_vocab(Dataset([Example.fromlist([text], fields) for text in texts], fields))
embedding = torch.nn.Embedding(len(TEXT.vocab), 4)


def predict(sentence):
    tokens = TEXT.preprocess(sentence)
    ids = [TEXT.vocab.stoi[token] for token in tokens]
    return embedding(torch.tensor(ids).unsqueeze(1)).mean()


predict("Great film, great plot!")
```
"""

from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, rule


@rule(level="mistake", needs=("prediction tokens",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the tokens of each prediction with those that the training Field makes of the same sentence."""
    seen = set()
    for fact in record.ask(Data, what="prediction tokens", where=lambda fact: fact.samples.get("equal_ids") is False):
        if fact.place not in seen:
            seen.add(fact.place)
            yield Finding(fact.place, _message(record, fact), (fact.n, *fact.made_from))


def _message(record: Record, fact: Data) -> str:
    vocabulary = record.first(Data, what="vocabulary")
    field = (vocabulary.name if vocabulary else "") or "TEXT"
    counts = {name: int(count) for name, count in fact.counts.items()}
    return (
        f"The sentence \"{fact.samples['text']}\" was cut into {counts['tokens']} tokens here; '{field}', which cut the "
        f"training reviews, makes {counts['expected']} of it. {_difference(fact)} "
        f"Unknown to the vocabulary (<unk>): {counts['unknown']} of {counts['tokens']} here, {counts['unknown_expected']} of "
        f"{counts['expected']} there. Write tokens = {field}.preprocess(sentence) in this line."
    )


def _difference(fact: Data) -> str:
    here, there = fact.samples["tokens"], fact.samples["expected"]
    for i, (mine, theirs) in enumerate(zip(here, there, strict=False), 1):
        if mine != theirs:
            return f"They first differ at token {i}: {mine!r} here, {theirs!r} there."
    return f"They are the same for the first {min(len(here), len(there))} tokens and differ after them."
