"""# The padding is trained like a word

**What happened.** `nn.Embedding` was not told which index fills short reviews up (`padding_idx`), so `<pad>` gets a
random vector, and the training goes on to change it.

**Why it matters.** The padding then means something: what it adds depends on how much of it there is. Where the padding
is masked or packed this changes nothing. In the program below, 39 % of all positions are padding when its 40 texts of 3
to 9 words lie side by side: no word is as frequent.

**Fix.** Give the embedding the index: `nn.Embedding(len(index), 100, padding_idx=index["<pad>"])`. Its row is then zero
and stays zero.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
words = sorted({word for text in texts for word in text.split()})
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8)  # <- found here
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
index = {"<pad>": 0, "<unk>": 1}
for word in words:
    index[word] = len(index)
rows = [(torch.tensor([index[word] for word in text.split()]), i % 2) for i, text in enumerate(texts)]


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True), torch.tensor(labels)


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
"""

from collections.abc import Iterator

from rnnlab.facts import Call, PackedNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import line, padding_behind
from rnnlab.rules.kit import Finding, Unseen, rule


@rule(level="habit", needs=("layer",))
def check(record: Record) -> Iterator[Finding]:
    """Look for embeddings without `padding_idx` that look up padded batches, which no RNN reads packed."""
    layers = {call.n: call for call in record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding")}
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    packed = any(run.inputs and isinstance(run.inputs[0].note, PackedNote) for run in runs)
    seen, unknown = set(), 0
    for call in record.ask(Call, what="embedding"):
        layer = layers.get(call.values.get("made", -1))
        if layer is None or layer.values["options"].get("padding_idx") is not None:
            continue
        padding = padding_behind(record, call.inputs[:1])
        unknown += padding is None
        if padding is None or padding.side == "none" or not padding.is_followed or packed or call.grad_on is False:
            continue
        if layer.place not in seen and "freeze" not in layer.values["options"]:
            seen.add(layer.place)
            yield Finding(
                layer.place,
                f"This embedding looks up batches that are filled up ({line(padding.fact)}), and was not told with which "
                f"index: the padding has a random vector, which is trained like a word's. Give it padding_idx=... .",
                (layer.n, call.n, padding.fact.n),
            )
    if not seen and (unknown or not layers):
        raise Unseen("nobody could see how the batches of an embedding without padding_idx are filled up")
