"""# The padding went into the average

**What happened.** The states of all steps are averaged (or their maximum is taken, or attention weighs them), and the steps
behind the end of a shorter review, where the RNN read `<pad>`, count like words.

**Why it matters.** The answer for a review then depends on how long the longest review of its batch is. In a test with 50
untrained models the scores of one and the same review moved by 0.016 to 0.17 between a batch of its own and a batch with
longer ones; a model that leaves the padding out moves by rounding errors only, 0.00000009.

**Fix.** Leave the padding out: multiply by a mask and divide by the lengths for a mean, and fill the padding with minus
infinity (`masked_fill`) before a maximum or before the softmax of attention.

```python bad
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
rows = [(torch.randint(1, 50, (2 + i % 9,)), i % 2) for i in range(32)]


def collate(batch):
    texts, labels = zip(*batch)
    return pad_sequence(texts, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.mean(dim=1))  # <- found here


model = Classifier()
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
```

```python good
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
rows = [(torch.randint(1, 50, (2 + i % 9,)), i % 2) for i in range(32)]


def collate(batch):
    texts, labels = zip(*batch)
    return pad_sequence(texts, batch_first=True), torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        mask = (text != 0).unsqueeze(2).float()
        return self.fc((output * mask).sum(dim=1) / mask.sum(dim=1))


model = Classifier()
for text, label in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
    loss = nn.functional.cross_entropy(model(text), label)
    loss.backward()
```
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Named, PackedNote, Place, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import (
    KEEPS,
    Padding,
    after_the_rnn,
    first_tensor,
    is_hidden,
    names,
    padding_behind,
    probe,
    recurrent,
)
from rnnlab.rules.kit import Finding, Level, Unseen, expression, line, never, rule

_TAKES_ALL = {"mean": "averages", "max": "takes the maximum of", "sum": "adds up", "softmax": "weighs"}
_POOLS = {"avg_pool1d": "averages", "max_pool1d": "takes the maximum of"}
# What works on the states alone, and cannot bring in which of them are padding.
_BESIDE = frozenset({*KEEPS, *"linear matmul add_matmul cat stack unsqueeze squeeze view expand einsum".split()})
_MASKING = re.compile(r"mask|where\(|length|!=|==|[<>]")


@dataclass(frozen=True)
class _Taken:
    """An operation over all steps of an RNN, the RNN, how its batches were filled up, and whether they were packed."""

    call: Call
    run: Call
    padding: Padding
    packed: bool


@rule(level="mistake")
def check(record: Record) -> Iterator[Finding]:
    """Find what mixes all steps of an RNN with no mask on the way, and ask whether some of the steps are padding."""
    runs = recurrent(record)
    calls = [call for call in after_the_rnn(record) if _along_the_words(call)]
    taken = [found for call in calls if (found := _taken(record, call)) is not None]
    unpadded = {found.call.place for found in taken if found.padding.side != "right"}
    seen: set[Place | None] = set()
    for found in taken:
        place = found.call.place
        if place in seen | unpadded or _changes_nothing(record, found) or not _is_learnt_from(found, taken):
            continue
        seen.add(place)
        evidence = (found.call.n, found.run.n, found.padding.fact.n)
        yield Finding(place, _message(record, found), evidence, _level(found))
    if not seen:
        never(calls, lambda _: False, record)
        if not any(_is_looked_at(record, run) for run in runs):
            raise Unseen("nobody could see how the batches that the RNN read were filled up")


def _is_looked_at(record: Record, run: Call) -> bool:
    """Say whether it is known how the batch that an RNN read was filled up, or that it was packed."""
    return bool(run.inputs) and (
        isinstance(run.inputs[0].note, PackedNote) or padding_behind(record, run.inputs[:1]) is not None
    )


def _along_the_words(call: Call) -> bool:
    """Say whether an operation takes all steps of a review together."""
    note = first_tensor(call)
    found = names(note)
    if "seq_len" not in found:
        return False
    if call.what in _POOLS:
        return found[-1] == "seq_len" and names(call.output)[-1:] != ["seq_len"]
    dim = call.values.get("dim")
    dims = [one % len(found) for one in (dim if isinstance(dim, list) else [dim]) if isinstance(one, int)]
    return call.what in _TAKES_ALL and found.index("seq_len") in dims


def _taken(record: Record, call: Call) -> _Taken | None:
    """Return what an operation takes of which RNN; None where a mask, or anything else, may come in on the way."""
    behind = _states_behind(record, call)
    if behind is None or (call.what == "sum" and any(one.what == "softmax" for one in behind)):
        return None
    runs = [one for one in behind if one.what in RECURRENT]
    if len({run.place for run in runs}) != 1 or not runs[0].inputs:
        return None
    packed = any(isinstance(run.inputs[0].note, PackedNote) for run in runs)
    if packed and (call.what == "sum" or any(_fills_otherwise(record, one) for one in behind)):
        return None
    padding = padding_behind(record, runs[0].inputs[:1])
    return _Taken(call, runs[0], padding, packed) if padding is not None else None


def _states_behind(record: Record, call: Call) -> list[Call] | None:
    """Return all that an operation's input was made by, back to the RNN; None where not only the states of an RNN are in it."""
    found: dict[int, Call] = {}
    waiting = [(call, item) for item in call.inputs]
    while waiting:
        reader, item = waiting.pop()
        made = makers(item.note)
        if not made and reader.what not in ("matmul", "linear", "add_matmul", "einsum"):
            return None
        for n in made - found.keys():
            fact = record.fact(n)
            if not isinstance(fact, Call) or not _is_of_the_states(record, fact):
                return None
            found[n] = fact
            waiting += [(fact, one) for one in _inputs(fact)]
    return list(found.values())


def _inputs(call: Call) -> tuple[Named, ...]:
    return () if call.what in RECURRENT or call.what == "embedding" else call.inputs


def _is_of_the_states(record: Record, call: Call) -> bool:
    """Say whether an operation makes something of the states alone."""
    if call.what in ("index", "select"):
        return is_hidden(first_tensor(call))
    if call.what in ("arithmetic", "softmax"):
        return not _MASKING.search(expression(record, call.place))
    if call.what == "tensor":
        return not call.inputs and "of" in call.values  # a weight of the model's, as it was born
    return call.what in _BESIDE or call.what in RECURRENT or call.what == "embedding"  # words beside their states


def _fills_otherwise(record: Record, call: Call) -> bool:
    """Say whether unpacking fills the padding with something else than zeros."""
    return call.what == "pad_packed_sequence" and (
        call.values.get("padding_value", 0) not in (0, 0.0) or "padding_value" in expression(record, call.place)
    )


def _is_learnt_from(found: _Taken, taken: list[_Taken]) -> bool:
    """A sentence that is predicted may be filled up in another way than the reviews that were learnt from."""
    same = [one for one in taken if one.call.place == found.call.place]
    return found.call.grad_on is not False or all(one.call.grad_on is False for one in same)


def _changes_nothing(record: Record, found: _Taken) -> bool:
    """Say whether an experiment saw that more padding changes no answer; unpacking cuts off what the experiment adds."""
    if found.packed:
        return False
    experiment = probe(record, "padding", found.run.place, side="right")
    return experiment is not None and experiment.seen.get("largest_change") == 0.0


def _level(found: _Taken) -> Level | None:
    if found.packed:
        return "habit" if found.call.what.startswith("max") else "risk"
    return None if found.padding.is_followed and found.call.what != "sum" else "risk"


# --- what is said --------------------------------------------------------------------------------------------------


def _message(record: Record, found: _Taken) -> str:
    call = found.call
    does = {**_TAKES_ALL, **_POOLS}[call.what]
    note = first_tensor(call)
    what = f"{expression(record, call.place)} {does} all steps of ({', '.join(names(note))})"
    where = f"the reviews of a batch are filled up behind their ends ({line(found.padding.fact)})"
    if found.packed:
        effect = (
            "the zeros that unpacking puts there count like states of words"
            if not call.what.startswith("max")
            else "the zeros that unpacking puts there win over every negative state"
        )
        return (
            f"{what}, but {where}, and {effect}, the more the longer the longest review of the batch is. {_cure(call)}"
        )
    return (
        f"{what}, but {where}, so that steps which read only padding count like words: the answer for a review depends on the "
        f"longest review of its batch. {_cure(call)}"
    )


def _cure(call: Call) -> str:
    if call.what in ("mean", "sum", "avg_pool1d"):
        return "Multiply the states by a mask (text != padding) and divide their sum by the lengths."
    if call.what == "softmax":
        return "Before the softmax, fill the scores of the padding with minus infinity (masked_fill)."
    return "Before the maximum, fill the states of the padding with minus infinity (masked_fill)."
