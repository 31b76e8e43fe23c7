"""# The sentence was given without its batch axis

**What happened.** The model was trained on (batch, seq_len) and is given a single sentence as (seq_len): the axis of the
batch is missing.

**Why it matters.** The RNN does not complain: it takes two axes for one sequence without a batch. What follows then
counts the wrong axes. `output[:, -1]` of (seq_len 3, hid 16) is the last of 16 features of each word, where it was the last
word of each review.

**Fix.** Keep the axis, with size 1: `ids.unsqueeze(0)` for (batch, seq_len), `ids.unsqueeze(1)` for (seq_len, batch).

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
        return self.fc(output[:, -1])


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
        try:
            return model(ids)  # <- found here
        except RuntimeError as error:
            return error


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
        return self.fc(output[:, -1])


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

from rnnlab.facts import Call, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.asking.predictions import made_through, predictions, rank, rnns_in, trained_at_the_same_place
from rnnlab.rules.asking.states import readers, reads_batch_first
from rnnlab.rules.kit import Finding, Level, Unseen, expression, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for predictions whose RNN reads two axes where it read three in training."""
    done: set[Place | None] = set()
    unknown = False
    for scope in predictions(record):
        for rnn in rnns_in(record, scope):
            before = trained_at_the_same_place(record, rnn)
            if rank(rnn.inputs[0]) is None:
                unknown = True
            if rank(rnn.inputs[0]) != 2 or scope.place in done or not before or not _is_one_sentence(record, scope):
                continue
            if all(rank(one.inputs[0]) == 3 for one in before):
                done.add(scope.place)
                yield Finding(scope.place, _message(record, scope.place, rnn), (scope.n, rnn.n), _level(record, rnn))
    if unknown and not done:
        raise Unseen("how many axes a prediction gives its model was not seen")


def _is_one_sentence(record: Record, scope: Scope) -> bool:
    """Say whether a model is given a list of numbers as it is: a tensor of one axis, made of a list."""
    given = [list(made_through(record, item)) for item in scope.inputs[1:2]]
    return any(
        call.what == "tensor" and len(getattr(call.output, "shape", None) or ()) == 1 for one in given for call in one
    )


def _level(record: Record, rnn: Call) -> Level | None:
    """Who reads the last layer's final state alone gets the right answer all the same."""
    reading = readers(list(record.ask(Call)), rnn)
    final = [call for call in reading if call.what == "index" and call.values.get("index") == [-1]]
    return "habit" if reading and len(final) == len(reading) and "layers" in _first_axes(final) else None


def _first_axes(calls: list[Call]) -> set[str]:
    axes = [getattr(item.note, "axes", ()) for call in calls for item in call.inputs[:1]]
    return {found[0].name for found in axes if found}


def _message(record: Record, place: Place | None, rnn: Call) -> str:
    first = reads_batch_first(rnn)
    cure = {True: "unsqueeze(0)", False: "unsqueeze(1)", None: "unsqueeze(0) or unsqueeze(1)"}[first]
    return (
        f"{expression(record, place)} gives the model one sentence without a batch axis; in training the RNN read three axes, "
        f"here {expression(record, rnn.place)} reads two, and what follows counts the wrong ones. Add the axis: {cure}."
    )
