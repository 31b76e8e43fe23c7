"""# The BucketIterator does not bucket

**What happened.** `BucketIterator` was made without `sort_within_batch=True`. It then shuffles only, like a plain
`Iterator`: reviews of all lengths share a batch.

**Why it matters.** Only time is lost: every review is filled up to the longest of its batch. For 25,000 lengths drawn like
those of long reviews (log-normal, 212 words on average), batches of 64 hold 3.7 positions for each word, and 1.05 if they
are bucketed: an epoch takes some three times as long.

**Fix.** Write `BucketIterator(..., sort_key=lambda row: len(row.text), sort_within_batch=True)`.

```python bad
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
train_loader = BucketIterator(train_data, batch_size=8, shuffle=True, sort_key=lambda row: len(row.text))  # <- found here


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

from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="habit", needs=("loader",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for training iterators that should bucket and were not told to sort within the batch."""
    # A run knows the iterator that came out, and no longer what was written.
    loaders = [one for one in record.ask(Data, what="loader") if one.seen_by == "source"]
    buckets = [one for one in loaders if one.samples.get("type") == "BucketIterator"]
    if not buckets:
        raise Unseen("the source makes no BucketIterator")
    if _has_one_length(record):
        return
    seen = set()
    for one in buckets:
        options = one.samples.get("options") or {}
        shuffles = options.get("shuffle") is not False and options.get("sort") is not True
        if shuffles and options.get("sort_within_batch") is not True and one.place not in seen:
            seen.add(one.place)
            yield Finding(one.place, _message(one), (one.n,))


def _has_one_length(record: Record) -> bool:
    """Say whether a field fills every review up to one length: then there is nothing to put together."""
    fields = record.ask(Data, what="field")
    return any((one.samples.get("options") or {}).get("fix_length") is not None for one in fields)


def _message(loader: Data) -> str:
    return (
        f"'{loader.name or 'This iterator'}' does not bucket: without sort_within_batch=True a BucketIterator only shuffles, and "
        f"each review is filled up to the longest of a random batch. The score stays the same, an epoch takes longer."
    )
