"""# Unknown words have the index of the padding

**What happened.** `index.get(word, 0)` gives words that are not in the vocabulary index 0, which is the index that fills
short reviews up.

**Why it matters.** The model cannot tell a missing word from the end of a review: with `padding_idx=0` both have a vector
of zeros that never learns, and where lengths are counted by `(text != 0)` the review gets shorter. In the IMDb test reviews
that is 3.96 % of all words, nine in a review of 230.

**Fix.** Give unknown words an index of their own: `{"<pad>": 0, "<unk>": 1}` and `index.get(word, 1)`.

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
index = {"<pad>": 0}
for text in train["text"]:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(rows):
    ids = [torch.tensor([index.get(word, 0) for word in text.split()]) for text, label in rows]  # <- found here
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
    ids = torch.tensor([[index.get(word, 0) for word in sentence.split()]])  # <- found here
    model.eval()
    with torch.no_grad():
        return model(ids).argmax(dim=1).item()


print(answer("a fine film"))
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

import re
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_UNKNOWN = re.compile(r"""["'][<\[_]*(unk|UNK|unknown|oov|OOV)[>\]_]*["']""")


@rule(level="risk", needs=("look_up",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the index that look-ups give unknown words with the index that pads."""
    looks = [call for call in record.ask(Call, what="look_up") if isinstance(call.values.get("default"), int)]
    pads = _pads(record)
    if not looks or not pads:
        raise Unseen("no index for unknown words and for padding was seen")
    alike = [look for look in looks if {look.values["default"]} == pads]
    if alike and any(_UNKNOWN.search(text) for text in record.sources.values()):
        raise Unseen("the program has a token for unknown words; whether it is this index was not seen")
    for look in {look.place: look for look in alike}.values():
        index = look.values["default"]
        yield Finding(
            look.place,
            f"{expression(record, look.place)} gives unknown words index {index}, which is the padding: the model reads "
            f"a word that it does not know as the end of a review. Give them an index of their own.",
            (look.n,),
        )


def _pads(record: Record) -> set[int]:
    """Return the indices that are known to pad."""
    indices = [call.values.get("padding_idx") for call in record.ask(Call, what="embedding")]
    values = [call.values.get("padding_value") for call in record.ask(Call, what="pad_sequence")]
    ids = [call.values.get("padding_value") for call in record.ask(Call, what="pad_sequences")]
    return {int(one) for one in (*indices, *values, *ids) if isinstance(one, int | float) and one >= 0}
