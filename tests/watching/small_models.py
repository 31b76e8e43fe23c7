"""Small models as learners write them, and how a test reads what was seen of them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnlab import sources
from rnnlab.facts import Call, Note, PackedNote, TensorNote
from rnnlab.record import Record
from rnnlab.views.shapes import note_text, outputs

WORDS = 11


def text(seq_len: int, batch: int) -> Tensor:
    """Return token indices (seq_len, batch), always the same."""
    return torch.arange(seq_len * batch).view(seq_len, batch) % WORDS


def lengths(seq_len: int, batch: int) -> Tensor:
    """Return lengths (batch), longest first."""
    return torch.tensor([max(1, seq_len - i) for i in range(batch)])


def calls(record: Record, what: str | None = None) -> list[Call]:
    return list(record.ask(Call, what=what) if what else record.ask(Call))


def axes(note: Note | None) -> str:
    """Return `seq_len batch emb`."""
    assert isinstance(note, TensorNote | PackedNote)
    return " ".join(axis.name for axis in note.axes)


def made(record: Record, what: str) -> str:
    """Return what the last call of an operation gave, as text: `hidden (1, batch=3, hid=5) float32`."""
    return "; ".join(note_text(item.name, item.note).plain for item in outputs(calls(record, what)[-1]))


def spans(record: Record) -> list[str]:
    """Return the source of every row, exactly as the learner wrote it."""
    return [sources.cut(record.sources[c.place.file], c.place) for c in calls(record) if c.place is not None]


class Plain(nn.Module):
    """The lecture's first model; any RNN, any layout."""

    def __init__(
        self, rnn: type[nn.Module] = nn.LSTM, emb: int = 4, hid: int = 5, classes: int = 2, **options: Any
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, emb)
        self.rnn = rnn(emb, hid, **options)
        self.fc = nn.Linear(hid, classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        output, state = self.rnn(embedded)
        hidden = state[0] if isinstance(state, tuple) else state
        hidden = hidden[-1]
        return self.fc(hidden)


class Packed(nn.Module):
    """The lecture's second model."""

    def __init__(self, emb: int = 4, hid: int = 5, classes: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, emb)
        self.rnn = nn.LSTM(emb, hid)
        self.fc = nn.Linear(hid, classes)

    def forward(self, text: Tensor, text_length: Tensor) -> Tensor:
        embedded = self.embedding(text)
        packed = pack_padded_sequence(embedded, text_length.cpu())
        packed_output, (hidden, cell) = self.rnn(packed)
        output, output_lengths = pad_packed_sequence(packed_output)
        hidden.squeeze_(0)
        logits = self.fc(hidden)
        return logits


class Bidirectional(nn.Module):
    """Two directions, end to end on one line."""

    def __init__(self, layers: int = 1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 5)
        self.rnn = nn.LSTM(5, 5, num_layers=layers, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(10, 5)

    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return self.fc(hidden)


class Cells(nn.Module):
    """A loop over an LSTMCell."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 4)
        self.cell = nn.LSTMCell(4, 5)
        self.fc = nn.Linear(5, 2)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        h, c = torch.zeros(text.size(1), 5), torch.zeros(text.size(1), 5)
        steps = []
        for t in range(text.size(0)):
            h, c = self.cell(embedded[t], (h, c))
            steps.append(h)
        output = torch.stack(steps)
        return self.fc(output[-1])


class Pooled(nn.Module):
    """The mean over the words; batch first, then permuted to Conv1d's order and back."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 4)
        self.rnn = nn.GRU(4, 5, batch_first=True)
        self.conv = nn.Conv1d(5, 6, 2)
        self.first = nn.Linear(5, 4)
        self.last = nn.Linear(4, 3)

    def forward(self, text: Tensor) -> Tensor:
        output, _ = self.rnn(self.embedding(text))
        swapped = output.permute(0, 2, 1)
        windows = F.relu(self.conv(swapped))
        pooled = swapped.mean(dim=2)
        return self.last(torch.relu(self.first(pooled)))


class Attention(nn.Module):
    """Scores by bmm, a softmax over seq_len, and the weights returned beside the logits."""

    def __init__(self, emb: int = 4, hid: int = 5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, emb)
        self.rnn = nn.LSTM(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 2)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        query = hidden[-1].unsqueeze(2)
        scores = torch.bmm(output, query).squeeze(2)
        weights = torch.softmax(scores, dim=1)
        context = torch.bmm(weights.unsqueeze(1), output).squeeze(1)
        logits = self.fc(context)
        return logits, weights


class RNN(nn.Module):
    """A learner's class with the name of torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2))
        self.embedding = nn.Embedding(WORDS, 4)
        self.lstm = LSTM(4, 5)

    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.lstm(self.embedding(text))
        hidden = hidden.squeeze(0)
        logits = self.layers(hidden)
        return logits


class LSTM(nn.LSTM):
    """A learner's subclass of a torch layer."""


class Bags(nn.Module):
    """A bag of words."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(WORDS, 4)
        self.fc = nn.Linear(4, 2)

    def forward(self, text: Tensor) -> Tensor:
        bags = self.bag(text)
        return self.fc(bags)
