"""Programs with one mistake each, and how a test asks what their error means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnlab.errors import Explanation, explain
from rnnlab.facts import Crash
from rnnlab.record import Record
from rnnlab.watching.watch import Watch, new_record

WORDS = 11


class Told:
    """What was told of a program that failed."""

    def __init__(self, record: Record, error: BaseException) -> None:
        self.record, self.error = record, error
        crash = record.last(Crash)
        assert crash is not None
        self.crash = crash
        self.explanation = explain(record) or Explanation("")

    @property
    def name(self) -> str:
        return self.explanation.name

    @property
    def line(self) -> str:
        """The learner's line that the explanation speaks of."""
        return self.record.line(self.explanation.place) if self.explanation.place is not None else ""


def told(program: Callable[..., Any], *given: Any, error: type[BaseException] = Exception) -> Told:
    """Run a program under observation until it fails, and return what was told of it."""
    record = new_record()
    with pytest.raises(error) as raised, Watch(record).looking():
        program(*given)
    return Told(record, raised.value)


def ids(*sizes: int) -> Tensor:
    """Return token ids of these sizes, always the same."""
    numbers = iter(range(10**6))

    def filled(sizes: tuple[int, ...]) -> Any:
        return [filled(sizes[1:]) for _ in range(sizes[0])] if sizes else next(numbers) % WORDS

    return torch.tensor(filled(sizes))


def lengths(seq_len: int, batch: int) -> Tensor:
    """Return lengths (batch), longest first."""
    return torch.tensor([max(1, seq_len - i) for i in range(batch)])


class Model(nn.Module):
    """A classifier as learners write it; `wants` is the head's in_features, `state` what it makes of the RNN's result."""

    def __init__(self, rnn: type[nn.Module] = nn.LSTM, wants: int = 5, classes: int = 2, **options: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 4)
        self.rnn = rnn(4, 5, **options)
        self.fc = nn.Linear(wants, classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        output, (hidden, cell) = self.rnn(embedded)
        return self.fc(self.state(output, hidden))

    def state(self, output: Tensor, hidden: Tensor) -> Tensor:
        return hidden[-1]


class Packing(Model):
    """The same with packing."""

    def forward(self, text: Tensor, text_lengths: Tensor, **options: Any) -> Tensor:  # type: ignore[override]
        embedded = self.embedding(text)
        packed = pack_padded_sequence(embedded, text_lengths, **options)
        output, (hidden, cell) = self.rnn(packed)
        return self.fc(hidden[-1])


def batches(rows: int, size: int, seq_len: int = 6) -> Iterator[tuple[Tensor, Tensor]]:
    """Return a loader of (text (batch, seq_len), labels (batch)); the last batch holds what is left over."""
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(ids(rows, seq_len), torch.arange(rows) % 2)
    return DataLoader(data, batch_size=size)  # type: ignore[return-value]
