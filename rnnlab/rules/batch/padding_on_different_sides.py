"""# Training and prediction fill up on different sides

**What happened.** The reviews that the model was trained on were filled up before their first word, the sentences that
it is asked about behind their last one (or the other way round).

**Why it matters.** A model that has only seen padding in front has learnt nothing about reading on after the last word:
while it reads the padding behind, it forgets the sentence. In a test with 100 random reviews the final states of an
untrained LSTM lay 88 times closer together after 10 pads than after the last word.

**Fix.** Fill up in one function, and call it in both places. With Keras: the same `padding=` in both calls of
`pad_sequences`.

```python bad
import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
index = {"<pad>": 0, "<unk>": 1}
for text in texts:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(batch):
    texts, labels = zip(*batch)
    ids = [[index[word] for word in text.split()] for text in texts]
    longest = max(len(one) for one in ids)
    return torch.tensor([[0] * (longest - len(one)) + one for one in ids]), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
rows = [(text, i % 2) for i, text in enumerate(texts)]
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answers(sentences):
    ids = [[index.get(word, 1) for word in sentence.split()] for sentence in sentences]
    longest = max(len(one) for one in ids)
    text = torch.tensor([one + [0] * (longest - len(one)) for one in ids])  # <- found here
    model.eval()
    with torch.no_grad():
        return model(text).argmax(dim=1).tolist()


print(answers(["good film", "bad bad bad film"]))
```

```python good
import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(1)
texts = ["good " * (1 + i % 5) + f"film {i}" if i % 2 else "bad " * (1 + i % 7) + f"film {i}" for i in range(40)]
index = {"<pad>": 0, "<unk>": 1}
for text in texts:
    for word in text.split():
        index.setdefault(word, len(index))


def collate(batch):
    texts, labels = zip(*batch)
    ids = [[index[word] for word in text.split()] for text in texts]
    longest = max(len(one) for one in ids)
    return torch.tensor([[0] * (longest - len(one)) + one for one in ids]), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
rows = [(text, i % 2) for i, text in enumerate(texts)]
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def answers(sentences):
    ids = [[index.get(word, 1) for word in sentence.split()] for sentence in sentences]
    longest = max(len(one) for one in ids)
    text = torch.tensor([[0] * (longest - len(one)) + one for one in ids])
    model.eval()
    with torch.no_grad():
        return model(text).argmax(dim=1).tolist()


print(answers(["good film", "bad bad bad film"]))
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.numbering import fillings
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.states import Padding, padding_behind
from rnnlab.rules.kit import Finding, Level, Unseen, line, rule


@rule(level="mistake", needs=("embedding",))
def check(record: Record) -> Iterator[Finding]:
    """Compare the side on which reviews are filled up in training with the side elsewhere."""
    inside = {n for one in passes(record, "training") for n in one.numbers}
    learnt: list[Padding] = []
    asked: list[tuple[Call, Padding]] = []
    for call in record.ask(Call, what="embedding"):
        padding = padding_behind(record, call.inputs[:1])
        if padding is None or padding.side == "none" or not padding.is_followed:
            continue
        if call.n in inside:
            learnt.append(padding)
        elif call.grad_on is False:
            asked.append((call, padding))
    level: Level | None = None
    if not learnt:
        learnt, level = _filled_elsewhere(record, [padding for _, padding in asked]), "risk"
    sides = {padding.side for padding in learnt}
    if len(sides) != 1 or not asked:
        raise Unseen("no two places were seen of which it is known on which side they fill up")
    seen = set()
    for call, padding in asked:
        if padding.side not in sides and padding.fact.place not in seen:
            seen.add(padding.fact.place)
            yield Finding(
                padding.fact.place, _message(padding, learnt[0]), (padding.fact.n, learnt[0].fact.n, call.n), level
            )


def _filled_elsewhere(record: Record, asked: list[Padding]) -> list[Padding]:
    """Return what fills up at any other place: the training batches, where they could not be followed back to it."""
    places = {padding.fact.place for padding in asked}
    found = []
    for filling in fillings(record):
        side = filling.call.values.get("padding_side")
        if filling.call.place not in places and side in ("right", "left"):
            found.append(Padding(side, filling.call, is_followed=False))
    return found


def _message(here: Padding, learnt: Padding) -> str:
    words = {"right": "behind their last word", "left": "before their first word"}
    return (
        f"Reviews are filled up {words[here.side]} here, and {words[learnt.side]} in training ({line(learnt.fact)}): the model "
        f"reads padding where it has never learnt to. Fill up on the same side in both places."
    )
