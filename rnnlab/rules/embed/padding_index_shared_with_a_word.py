"""# A word has the index of the padding

**What happened.** Short reviews are filled up with an index that the vocabulary gives to a word as well: the words are
numbered from 0 on, and `pad_sequence` fills up with 0.

**Why it matters.** The model cannot tell the word from the end of a review: with `padding_idx=0` it has no vector, with
a mask of `text != 0` it is left out, and without either every review ends in that word. In the program below word 0 is
`0`, the number of the first film; all 40 texts side by side are 360 positions, and 0 stands at 143 of them, and one of
these means that word.

**Fix.** Leave the index of the padding free: number the words from 1 on (`enumerate(words, start=1)`), or put `<pad>`
in front of them, and give the embedding one more row.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words)}
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)  # <- found here


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2)
        return self.fc((output * mask).sum(dim=1) / mask.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2)
        return self.fc((output * mask).sum(dim=1) / mask.sum(dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, PackedNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import SharedFilling, shared_fillings
from rnnlab.rules.kit import Finding, rule


@rule(level="mistake", needs=("layer",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the index that fills reviews up with the indices that the words have."""
    runs = [call for call in record.ask(Call, where=lambda call: call.what in RECURRENT) if call.inputs]
    if runs and all(isinstance(run.inputs[0].note, PackedNote) for run in runs):
        return  # nobody reads what stands behind the last word
    seen = set()
    for one in shared_fillings(record):
        place = (
            one.numbering.place if one.numbering and one.filling.call.what == "__setitem__" else one.filling.call.place
        )
        if place not in seen:
            seen.add(place)
            level = "risk" if one.token != "a word" else None
            yield Finding(place, _message(one), (one.filling.call.n,), level)


def _message(one: SharedFilling) -> str:
    if one.numbering is None:
        return (
            f"Reviews are filled up with {one.filling.call.values.get('padding_text')}, the index of unknown words: the model "
            f"cannot tell an unknown word from the end of a review. Give the vocabulary a '<pad>' of its own."
        )
    index = one.filling.index or 0
    return (
        f"Reviews are filled up with {index}, and in '{one.numbering.name}' {index} is {one.token}: the model cannot tell it "
        f"from the end of a review. Number the words from {index + 1} on; that takes one more row."
    )
