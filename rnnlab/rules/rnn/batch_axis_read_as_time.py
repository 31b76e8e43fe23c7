"""# The RNN took the batch for the time

**What happened.** The texts are (batch, seq_len) and the RNN reads (seq_len, batch), or the other way round: `batch_first`
does not fit the data.

**Why it matters.** It runs without a word. The RNN then walks from review to review and takes the words of one position for
a sequence: in tests with 50 drawings of the weights, a review's answer had a gradient at other reviews' words every time
(0.075 to 0.69, where 0 is right).

**Fix.** Say `batch_first=True` for (batch, seq_len) data, or transpose the text: `text.t()`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))  # <- found here
        return self.fc(output[:, -1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
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
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Probe, TensorNote
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.states import (
    after_the_rnn,
    axes_in_words,
    first_tensor,
    names,
    number_at,
    reads_batch_first,
    recurrent,
)
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule, walk_back

_ORDERS = ("batch seq_len", "seq_len batch")


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Hold what the model's answer says of its input's axes against what its RNN takes them for."""
    rnns = recurrent(record)
    if any(_takes_the_last_review(call) for call in after_the_rnn(record)):
        return  # another mistake: one review is taken for the last step
    written = list(_by_the_source(record, rnns))
    looked = False
    for tried in record.ask(Probe, what="signature"):
        told, taken = tried.seen.get("by_output"), tried.seen.get("by_layers")
        looked |= told in _ORDERS and taken in _ORDERS
        touched = _touch(record, str(tried.given.get("model")))
        if told in _ORDERS and taken in _ORDERS and told != taken and touched is not None:
            rnn = rnns[0]
            yield Finding(
                rnn.place,
                f"{expression(record, rnn.place)} takes the text for ({taken.replace(' ', ', ')}), and the answer moves "
                f"with it as ({told.replace(' ', ', ')}): tried on tiny texts, a review's answer depends on others' words "
                f"(gradient {touched.seen['foreign']:.2g}). Set batch_first={told == 'batch seq_len'}, or transpose the text.",
                (rnn.n, tried.n, touched.n),
            )
            return
    if not looked:
        yield from written
    if not looked and not written and not any(_fits(rnn) for rnn in rnns):
        raise Unseen("which axis of the text is the batch was not seen")


def _by_the_source(record: Record, rnns: list[Call]) -> Iterator[Finding]:
    """Hold what the source says of the axes of a batch, or of the labels, against what the RNN takes them for."""
    seen = set()
    for rnn in rnns:
        same = [one for one in rnns if one.place == rnn.place and one.certain and one.grad_on is not False]
        if rnn.seen_by != "source" or rnn.place in seen or not same or not all(_is_turned(one) for one in same):
            continue
        seen.add(rnn.place)
        first = reads_batch_first(rnn)
        yield Finding(
            rnn.place,
            f"{expression(record, rnn.place)} is given batches of {axes_in_words(rnn.inputs[0].note)}, and takes them for "
            f"{'(batch, seq_len)' if first else '(seq_len, batch)'}: it reads word after word across the reviews. Set "
            f"batch_first={not first}, or transpose the text.",
            (rnn.n,),
        )
    for loss in record.ask(Call, where=lambda call: call.what in LOSSES and call.seen_by == "source"):
        rnn = _answers_for_each_word(record, loss, rnns)
        if rnn is not None and rnn.place not in seen:
            seen.add(rnn.place)
            yield Finding(
                rnn.place,
                f"{expression(record, rnn.place)} takes the first axis for the words, and the loss in {line(loss)} takes it for "
                f"the reviews: one label belongs to each row there. Set batch_first=True, or transpose the text and what is read "
                f"of the output.",
                (rnn.n, loss.n),
                "risk",
            )


def _is_turned(rnn: Call) -> bool:
    """Say whether the axes of what an RNN reads were named by the data, and stand the other way round."""
    note = rnn.inputs[0].note if rnn.inputs else None
    first = reads_batch_first(rnn)
    if not isinstance(note, TensorNote) or len(note.axes) != 3 or first is None:
        return False
    if 1 in (note.shape or ())[:2]:
        return False
    return names(note)[:2] == (["seq_len", "batch"] if first else ["batch", "seq_len"])


def _answers_for_each_word(record: Record, loss: Call, rnns: list[Call]) -> Call | None:
    """Return the RNN whose words are the rows of the scores that a loss holds against one label for each review."""
    if len(loss.inputs) < 2 or loss.grad_on is False:
        return None
    scores, labels = names(loss.inputs[0].note), names(loss.inputs[1].note)
    if len(scores) != 2 or scores[0] != "seq_len" or labels != ["batch"]:
        return None
    behind = {fact.n for fact in walk_back(record, loss.inputs[:1])}
    found = [rnn for rnn in rnns if rnn.n in behind and rnn.seen_by == "source"]
    if len({rnn.place for rnn in found}) != 1 or reads_batch_first(found[0]) is not False:
        return None
    return found[0] if names(found[0].inputs[0].note)[:2] == ["seq_len", "batch"] else None


def _touch(record: Record, model: str) -> Probe | None:
    return record.first(
        Probe,
        what="neighbours",
        where=lambda one: one.given.get("model") == model and one.seen.get("foreign", 0) > 1e-6,
    )


def _takes_the_last_review(call: Call) -> bool:
    return names(first_tensor(call))[:1] == ["batch"] and number_at(call, 0, 3) == -1


def _fits(rnn: Call) -> bool:
    """Say whether the axes of what an RNN reads were named by the data, and fit."""
    note = rnn.inputs[0].note if rnn.inputs else None
    if not isinstance(note, TensorNote) or len(note.axes) < 3:
        return False
    first = reads_batch_first(rnn)
    return first is not None and names(note)[:2] == (["batch", "seq_len"] if first else ["seq_len", "batch"])
