"""# `<unk>` became a class of its own

**What happened.** The labels have a `Field` like the words. Its vocabulary begins with `<unk>` (and `<pad>`), so the first
label has index 1 or 2, and `len(LABEL.vocab)` counts more classes than there are.

**Why it matters.** The model of the program below gets 3 outputs for 2 labels, and index 0 is no label: code that reads
index 0 and 1 as negative and positive reads the wrong ones, and BCE gets labels 1 and 2.

**Fix.** `LabelField()`, or `Field(sequential=False, unk_token=None)`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torchtext.data import Dataset, Example, Field, Iterator

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), Field(sequential=False)  # <- found here
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["a", ["fine", "dull"][i % 2], "film"]), ["pos", "neg"][i % 2]) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(TEXT.vocab), 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.fc = nn.Linear(8, len(LABEL.vocab))

    def forward(self, text, lengths):
        return self.fc(self.embedding(text).sum(dim=0) / lengths.unsqueeze(1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(*batch.text), batch.label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["a", ["fine", "dull"][i % 2], "film"]), ["pos", "neg"][i % 2]) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(TEXT.vocab), 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.fc = nn.Linear(8, len(LABEL.vocab))

    def forward(self, text, lengths):
        return self.fc(self.embedding(text).sum(dim=0) / lengths.unsqueeze(1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(*batch.text), batch.label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Data
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, rule, walk_back

_SPECIALS = ("<unk>", "<pad>")


@rule(level="mistake", needs=("label map",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for special tokens among the labels, unless the loss is given indices that were moved back."""
    maps = [one for one in record.ask(Data, what="label map") if _specials(one)]
    for loss in record.ask(Call, where=lambda call: call.what in LOSSES and len(call.inputs) > 1) if maps else ():
        if any(isinstance(fact, Call) and fact.what in ("sub", "add") for fact in walk_back(record, loss.inputs[1:2])):
            raise Unseen("the labels are moved by a number before the loss reads them")
    fields = {field.name: field for field in record.ask(Data, what="field")}
    for labels in maps:
        specials = _specials(labels)
        field = fields.get(labels.name)
        if field is None:
            raise Unseen(f"{labels.name} has {specials[0]} among its labels; the line that made its field was not seen")
        yield Finding(
            field.place,
            f"'{labels.name}' numbers labels as words: {' and '.join(specials)} come first, labels begin at {len(specials)}, and "
            f"len({labels.name}.vocab) counts {len(specials)} too many. Use LabelField(), or unk_token=None.",
            (labels.n, field.n),
        )


def _specials(labels: Data) -> list[str]:
    """Return the special tokens that have an index among the labels; labels are not padded, `<pad>` stands behind `<unk>`."""
    names = [str(one[0]) for one in labels.samples.get("labels", [])] + list(labels.samples.get("specials", []))
    return [special for special in _SPECIALS if special in names]
