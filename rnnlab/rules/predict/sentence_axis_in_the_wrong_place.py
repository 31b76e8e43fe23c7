"""# The sentence became a batch of texts of one word

**What happened.** The axis of size 1 was added on the wrong side: the words of the sentence stand where the model expects
reviews, and each review has one word.

**Why it matters.** It runs. A sentence of 8 words gives 8 answers, each about one word, and `[0]` or `argmax()` picks one
of them.

**Fix.** Follow the RNN: with `batch_first=True` a sentence is (1, seq_len), so `unsqueeze(0)`; without it (seq_len, 1), so
`unsqueeze(1)`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
words = {"a": 1, "great": 2, "film": 3}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def predict(sentence):
    model.eval()
    ids = torch.tensor([words.get(word, 0) for word in sentence.split()])
    with torch.no_grad():
        return model(ids.unsqueeze(1))  # <- found here


print(predict("a great film"))
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
words = {"a": 1, "great": 2, "film": 3}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()


def predict(sentence):
    model.eval()
    ids = torch.tensor([words.get(word, 0) for word in sentence.split()])
    with torch.no_grad():
        return model(ids.unsqueeze(0))


print(predict("a great film"))
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Place, Scope, TensorNote
from rnnlab.record import Record
from rnnlab.rules.asking.predictions import calls_in, made_through, predictions, trained_at_the_same_place
from rnnlab.rules.asking.states import names, size
from rnnlab.rules.kit import Finding, expression, rule

_ADDS_AN_AXIS = ("unsqueeze", "view", "index", "tensor")


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for sentences that a model takes for a batch of texts of one word."""
    done: set[Place | None] = set()
    for scope in predictions(record):
        for item in scope.inputs[1:]:
            for call in made_through(record, item):
                if call.what in _ADDS_AN_AXIS and call.place not in done and _is_turned(record, scope, call):
                    done.add(call.place)
                    yield Finding(call.place, _message(record, call), (call.n, scope.n))


def _is_turned(record: Record, scope: Scope, call: Call) -> bool:
    """Say whether the model's RNN takes the words for the batch, and had texts of more than one word in training."""
    note = call.output
    if not isinstance(note, TensorNote) or sorted(names(note)) != ["batch", "seq_len"]:
        return False
    time, batch = names(note).index("seq_len"), names(note).index("batch")
    if size(note, time) != 1 or size(note, batch) == 1:
        return False
    looked_up = calls_in(record, scope, "embedding")
    trained = [one for lookup in looked_up for one in trained_at_the_same_place(record, lookup)]
    return bool(trained) and not any(_is_of_one_word(one) for one in trained)


def _is_of_one_word(lookup: Call) -> bool:
    note = lookup.inputs[0].note if lookup.inputs else None
    return "seq_len" in names(note) and size(note, names(note).index("seq_len")) == 1


def _message(record: Record, call: Call) -> str:
    note = call.output
    time = names(note).index("seq_len")
    return (
        f"{expression(record, call.place)} gives ({', '.join(names(note))}) with seq_len 1: each word becomes a text of its own. "
        f"The model's RNN reads time along axis {time}, so the new axis belongs to the other side: unsqueeze({1 - time})."
    )
