"""# HTML line breaks became words

**What happened.** The reviews hold HTML such as `<br />`, and nothing took it out before the text was cut into tokens. The
pieces (`/><br`, `br`, `/>`) are now words of the vocabulary.

**Why it matters.** They are frequent and mean nothing: in the IMDb reviews `/><br` is the 17th most frequent token of all,
0.75 % of 9.2 million. They take steps of the RNN and, where reviews are cut at a length, the place of words. The effect on
the score is small: expect tidier tokens, not a better accuracy.

**Fix.** Replace the breaks by a space before the text is cut: in the table, or in the function given to `Field(tokenize=...)`.
The `preprocessing=` of a Field comes too late, it sees the tokens.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(f"A film number {i} .<br /><br />Go and see it .", str(i % 2)) for i in range(40)]
dataset = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(dataset)  # <- found here
print(TEXT.vocab.freqs.most_common(5))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField


def tokens(text):
    return text.replace("<br />", " ").split()


TEXT, LABEL = Field(tokenize=tokens), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(f"A film number {i} .<br /><br />Go and see it .", str(i % 2)) for i in range(40)]
dataset = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(dataset)
print(TEXT.vocab.freqs.most_common(5))
```
"""

from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="risk", needs=("vocabulary",))
def check(record: Record) -> Iterator[Finding]:
    """Look for pieces of HTML among the words of each vocabulary."""
    if not any("tag_words" in vocabulary.counts for vocabulary in record.ask(Data, what="vocabulary")):
        raise Unseen("how often the words of the vocabulary occur was not seen")
    for vocabulary in record.ask(Data, what="vocabulary", where=lambda fact: bool(fact.counts.get("tag_words"))):
        yield Finding(vocabulary.place, _message(vocabulary), (vocabulary.n,))


def _message(vocabulary: Data) -> str:
    tags, counts = vocabulary.samples["tags"], vocabulary.counts
    shown = ", ".join(f"{word!r} ({count:,} times, rank {rank})" for word, count, rank in tags[:3])
    more = int(counts["tag_words"]) - len(tags[:3])
    share = counts["tag_tokens"] / max(1, counts["tokens"])
    return (
        f"'{vocabulary.name or 'the vocabulary'}' counts pieces of HTML as words: {shown}{f' and {more} more' if more else ''}, "
        f"{share:.2%} of all tokens. The score will hardly change, but they take steps of the RNN and mean nothing. "
        f"Replace '<br />' by a space before the text is cut into tokens, for example in the function of Field(tokenize=...)."
    )
