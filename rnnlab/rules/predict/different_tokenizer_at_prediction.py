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

import ast
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import place_of
from rnnlab.rules.asking.tokenizing import RawCut, does_more_than_cut, raw_cuts, training_cuts
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the tokens of each prediction with those of the training reviews: seen in a run, or in the source."""
    seen = set()
    tried = list(record.ask(Data, what="prediction tokens"))
    for fact in tried:
        if fact.samples.get("equal_ids") is False and fact.place not in seen:
            seen.add(fact.place)
            yield Finding(fact.place, _message(record, fact), (fact.n, *fact.made_from))
    if tried:
        return
    cuts = training_cuts(record)
    if not cuts:
        raise Unseen("how the training reviews were cut into tokens was not seen")
    if all(does_more_than_cut(record, cut) for cut in cuts):
        for raw in raw_cuts(record):
            yield Finding(place_of(raw.key, raw.text, raw.node), _in_source(raw, cuts[0]), (cuts[0].n,))
            return
    if not all(cut.samples.get("function") for cut in cuts):
        raise Unseen("how a sentence is cut at prediction was not seen")


def _in_source(raw: RawCut, cut: Data) -> str:
    function, how = cut.samples.get("function"), cut.samples.get("how")
    here = (
        "takes the characters of the sentence" if raw.how == "characters" else "cuts the sentence by its blanks alone"
    )
    named = f"{function}()" if function else f"{how}"
    return (
        f"{ast.unparse(raw.node)} {here}; the training reviews went through {named} ({how}), which gives other tokens. What the "
        f"vocabulary does not know becomes unknown. Cut the sentence by the same function."
    )


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
