"""# The RNN begins with a random state

**What happened.** The first hidden state is drawn by `torch.randn` on every call.

**Why it matters.** One review gets another answer each time, in the test as well: with a state of 16 normal numbers the
first words of a review start from a vector of length 4 that says nothing.

**Fix.** Leave it out (the RNN then begins with zeros), or write `torch.zeros`.

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
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        hidden = torch.randn(1, text.shape[0], 16)  # <- found here
        output, hidden = self.rnn(self.embedding(text), hidden)
        return self.fc(hidden[-1])


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
        hidden = torch.zeros(1, text.shape[0], 16)
        output, hidden = self.rnn(self.embedding(text), hidden)
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

from rnnlab.facts import Call, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_RANDOM = ("randn", "rand", "randn_like", "rand_like", "normal")


@rule(level="risk", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look behind the first states that RNNs are given."""
    rnns = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    if not rnns:
        raise Unseen("no RNN was seen")
    done = set()
    for rnn in rnns:
        for n in sorted({n for item in rnn.inputs[1:] for n in makers(item.note)}):
            made = record.fact(n) if 0 <= n < len(record) else None
            if isinstance(made, Call) and made.place not in done and _is_random(record, made):
                done.add(made.place)
                yield Finding(
                    made.place,
                    f"{expression(record, made.place)} is the state that {expression(record, rnn.place)} begins with: one review "
                    f"gets another answer each time. Leave it out, and the RNN begins with zeros.",
                    (made.n, rnn.n),
                )


def _is_random(record: Record, made: Call) -> bool:
    if made.what not in ("tensor", "tensor_like", "array"):
        return made.what in _RANDOM
    said = str(made.values.get("of", "")) or expression(record, made.place).partition("(")[0].rpartition(".")[2]
    return said in _RANDOM
