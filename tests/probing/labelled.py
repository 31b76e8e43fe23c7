"""Models as learners write them, with every axis of every row written down by hand.

A label is one line for each row: `operation: axes in, axes in -> axes out, axes out`. A dot is an axis that has no name (one of
size 1 that was added, the width between two linear layers); everything else has one, and a trace has to find it or say `?`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

WORDS = 23


class Sizes(NamedTuple):
    seq_len: int
    batch: int
    emb: int
    hid: int
    classes: int


class Labelled(NamedTuple):
    """A model, how its inputs are made, and its labels; `axes` where nothing but its author knows them."""

    model: Callable[[Sizes], nn.Module]
    inputs: Callable[[Sizes], tuple[Any, ...]]
    labels: str
    axes: str | None = None


def text(s: Sizes) -> tuple[Tensor]:
    return (torch.arange(s.seq_len * s.batch).view(s.seq_len, s.batch) % WORDS,)


def batch_first(s: Sizes) -> tuple[Tensor]:
    return (text(s)[0].t().contiguous(),)


def lengths(s: Sizes) -> Tensor:
    return torch.tensor([max(1, s.seq_len - i) for i in range(s.batch)])


class Plain(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        output, (hidden, cell) = self.rnn(embedded)
        return self.fc(hidden.squeeze(0))


PLAIN = """
embedding: seq_len batch -> seq_len batch emb
lstm: seq_len batch emb -> seq_len batch hid, layers batch hid, layers batch hid
squeeze: layers batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Packed(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor, text_lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(text), text_lengths)
        packed_output, (hidden, cell) = self.rnn(packed)
        output, output_lengths = pad_packed_sequence(packed_output)
        words = torch.tanh(packed_output.data)
        steps = torch.arange(output.size(0)).unsqueeze(1) < text_lengths
        total = (output * steps.unsqueeze(2)).sum(0)
        return self.fc(hidden[-1] + total)


PACKED = """
embedding: seq_len batch -> seq_len batch emb
pack_padded_sequence: seq_len batch emb, batch -> tokens emb
lstm: tokens emb -> tokens hid, layers batch hid, layers batch hid
pad_packed_sequence: tokens hid -> seq_len batch hid, batch
tanh: tokens hid -> tokens hid
tensor: -> seq_len
unsqueeze: seq_len -> seq_len .
compare: seq_len ., batch -> seq_len batch
unsqueeze: seq_len batch -> seq_len batch .
arithmetic: seq_len batch hid, seq_len batch . -> seq_len batch hid
sum: seq_len batch hid -> batch hid
index: layers batch hid -> batch hid
arithmetic: batch hid, batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Bidirectional(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        states = hidden.view(2, 2, text.size(0), -1)
        forwards, backwards = states[-1]
        ends = torch.cat((forwards, backwards), dim=1)
        return self.fc(ends + output.mean(1))


BIDIRECTIONAL = """
embedding: batch seq_len -> batch seq_len emb
lstm: batch seq_len emb -> batch seq_len 2*hid, layers*directions batch hid, layers*directions batch hid
view: layers*directions batch hid -> layers directions batch hid
index: layers directions batch hid -> directions batch hid
cat: batch hid, batch hid -> batch 2*hid
mean: batch seq_len 2*hid -> batch 2*hid
arithmetic: batch 2*hid, batch 2*hid -> batch 2*hid
linear: batch 2*hid -> batch classes
"""


class MeanPool(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.GRU(s.emb, s.hid, num_layers=2)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(text))
        channels = output.permute(1, 2, 0)
        pooled = F.adaptive_avg_pool1d(channels, 1).squeeze(2)
        deepest = channels.topk(2, dim=2).values.mean(2)
        return self.fc(pooled + deepest + channels.max(dim=2)[0])


MEAN_POOL = """
embedding: seq_len batch -> seq_len batch emb
gru: seq_len batch emb -> seq_len batch hid, layers batch hid
permute: seq_len batch hid -> batch hid seq_len
avg_pool1d: batch hid seq_len -> batch hid .
squeeze: batch hid . -> batch hid
topk: batch hid seq_len -> batch hid ., batch hid .
mean: batch hid . -> batch hid
arithmetic: batch hid, batch hid -> batch hid
max: batch hid seq_len -> batch hid, batch hid
arithmetic: batch hid, batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Attention(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid, batch_first=True)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        scores = torch.bmm(output, hidden[-1].unsqueeze(2)).squeeze(2)
        weights = F.softmax(scores.masked_fill(text == 1, -1e9), dim=1)
        context = torch.bmm(weights.unsqueeze(1), output).squeeze(1)
        return self.fc(context)


ATTENTION = """
embedding: batch seq_len -> batch seq_len emb
lstm: batch seq_len emb -> batch seq_len hid, layers batch hid, layers batch hid
index: layers batch hid -> batch hid
unsqueeze: batch hid -> batch hid .
matmul: batch seq_len hid, batch hid . -> batch seq_len .
squeeze: batch seq_len . -> batch seq_len
eq: batch seq_len -> batch seq_len
arithmetic: batch seq_len, batch seq_len -> batch seq_len
softmax: batch seq_len -> batch seq_len
unsqueeze: batch seq_len -> batch . seq_len
matmul: batch . seq_len, batch seq_len hid -> batch . hid
squeeze: batch . hid -> batch hid
linear: batch hid -> batch classes
"""


class MultiHead(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.GRU(s.emb, s.hid)
        self.attention = nn.MultiheadAttention(s.hid, 1)
        self.norm = nn.LayerNorm(s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(text))
        attended, weights = self.attention(output, output, output)
        looked_at = weights.sum(dim=1)
        best = looked_at.argmax(dim=1)
        chosen = attended[best, torch.arange(text.shape[1])]
        return self.fc(self.norm(chosen + attended.mean(dim=0)))


MULTI_HEAD = """
embedding: seq_len batch -> seq_len batch emb
gru: seq_len batch emb -> seq_len batch hid, layers batch hid
attention: seq_len batch hid, seq_len batch hid, seq_len batch hid -> seq_len batch hid, batch seq_len seq_len
sum: batch seq_len seq_len -> batch seq_len
argmax: batch seq_len -> batch
tensor: -> batch
index: seq_len batch hid, batch, batch -> batch hid
mean: seq_len batch hid -> batch hid
arithmetic: batch hid, batch hid -> batch hid
layer_norm: batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Flattened(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid)
        self.norm = nn.BatchNorm1d(s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        seq_len, batch = text.shape
        output, (hidden, cell) = self.rnn(self.embedding(text))
        flat = output.reshape(-1, output.size(2))
        back = self.norm(flat).view(seq_len, batch, -1)
        windows = back[1:].reshape((seq_len - 1) * batch, -1)
        again = windows.view(seq_len - 1, batch, -1)
        return self.fc(again[-1])


FLATTENED = """
embedding: seq_len batch -> seq_len batch emb
lstm: seq_len batch emb -> seq_len batch hid, layers batch hid, layers batch hid
view: seq_len batch hid -> seq_len*batch hid
batch_norm: seq_len*batch hid -> seq_len*batch hid
view: seq_len*batch hid -> seq_len batch hid
index: seq_len batch hid -> seq_len-1 batch hid
view: seq_len-1 batch hid -> (seq_len-1)*batch hid
view: (seq_len-1)*batch hid -> seq_len-1 batch hid
index: seq_len-1 batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Convolved(nn.Module):
    """A convolution and a pooling between the embedding and the RNN, and one over three steps at once."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.conv = nn.Conv1d(s.emb, s.emb, 3)
        self.pool = nn.MaxPool1d(2)
        self.rnn = nn.LSTM(s.emb, s.hid, batch_first=True)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text).transpose(1, 2)
        pooled = self.pool(torch.relu(self.conv(embedded)))
        output, (hidden, cell) = self.rnn(pooled.transpose(1, 2))
        rows = output.reshape(-1, output.shape[2])
        return self.fc(hidden.squeeze(0))


CONVOLVED = """
embedding: batch seq_len -> batch seq_len emb
transpose: batch seq_len emb -> batch emb seq_len
conv1d: batch emb seq_len -> batch channels seq_len-2
relu: batch channels seq_len-2 -> batch channels seq_len-2
max_pool1d: batch channels seq_len-2 -> batch channels (seq_len-2)//2
transpose: batch channels (seq_len-2)//2 -> batch (seq_len-2)//2 channels
lstm: batch (seq_len-2)//2 channels -> batch (seq_len-2)//2 hid, layers batch hid, layers batch hid
view: batch (seq_len-2)//2 hid -> batch*((seq_len-2)//2) hid
squeeze: layers batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Cells(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.cell = nn.LSTMCell(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        h = torch.zeros(text.size(1), self.cell.hidden_size)
        c = torch.zeros_like(h)
        steps = []
        for step in embedded:
            h, c = self.cell(step, (h, c))
            steps.append(h)
        output = torch.stack(steps)
        return self.fc(output[-1])


CELLS = """
embedding: seq_len batch -> seq_len batch emb
tensor: -> batch hid
tensor_like: batch hid -> batch hid
lstm_cell: batch emb, batch hid, batch hid -> batch hid, batch hid
stack: ... -> seq_len batch hid
index: seq_len batch hid -> batch hid
linear: batch hid -> batch classes
"""


class Bag(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(WORDS, s.emb)
        self.hidden = nn.Linear(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor, offsets: Tensor) -> Tensor:
        bags = self.bag(text, offsets)
        return self.fc(F.relu(self.hidden(bags)))


BAG = """
embedding_bag: tokens, batch -> batch emb
linear: batch emb -> batch .
relu: batch . -> batch .
linear: batch . -> batch classes
"""


def bags(s: Sizes) -> tuple[Tensor, Tensor]:
    return torch.arange(s.seq_len * s.batch) % WORDS, torch.arange(s.batch) * s.seq_len


class Projected(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid + 1, proj_size=s.hid, batch_first=True)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        last = output[:, -1]
        return F.log_softmax(self.fc(last), dim=1)


PROJECTED = """
embedding: batch seq_len -> batch seq_len emb
lstm: batch seq_len emb -> batch seq_len proj, layers batch proj, layers batch hid
index: batch seq_len proj -> batch proj
linear: batch proj -> batch classes
log_softmax: batch classes -> batch classes
"""


class Characters(nn.Module):
    """Words as letters: a convolution over the letters of each word, then an LSTM over the words."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.letters = nn.Embedding(WORDS, s.emb)
        self.conv = nn.Conv1d(s.emb, s.emb, 3, padding=1)
        self.rnn = nn.LSTM(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, letters: Tensor) -> Tensor:
        seq_len, batch, word_len = letters.shape
        embedded = self.letters(letters.view(seq_len * batch, word_len))
        convolved = self.conv(embedded.permute(0, 2, 1))
        words = convolved.max(dim=2).values
        output, (hidden, cell) = self.rnn(words.view(seq_len, batch, -1))
        return self.fc(hidden.squeeze(0))


CHARACTERS = """
view: seq_len batch word_len -> seq_len*batch word_len
embedding: seq_len*batch word_len -> seq_len*batch word_len emb
permute: seq_len*batch word_len emb -> seq_len*batch emb word_len
conv1d: seq_len*batch emb word_len -> seq_len*batch channels word_len
max: seq_len*batch channels word_len -> seq_len*batch channels, seq_len*batch channels
view: seq_len*batch channels -> seq_len batch channels
lstm: seq_len batch channels -> seq_len batch hid, layers batch hid, layers batch hid
squeeze: layers batch hid -> batch hid
linear: batch hid -> batch classes
"""


def letters(s: Sizes) -> tuple[Tensor]:
    return (torch.arange(s.seq_len * s.batch * 6).view(s.seq_len, s.batch, 6) % WORDS,)


class Windows(nn.Module):
    """Three widths of convolution beside each other (no RNN says which axis is which)."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.narrow = nn.Conv1d(s.emb, s.hid, 2)
        self.wide = nn.Conv1d(s.emb, s.hid, 3, stride=2)
        self.fc = nn.Linear(2 * s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text).permute(0, 2, 1)
        narrow, wide = F.relu(self.narrow(embedded)), F.relu(self.wide(embedded))
        pooled = [F.max_pool1d(one, one.shape[2]).squeeze(2) for one in (narrow, wide)]
        return self.fc(torch.cat(pooled, dim=1))


WINDOWS = """
embedding: batch seq_len -> batch seq_len emb
permute: batch seq_len emb -> batch emb seq_len
conv1d: batch emb seq_len -> batch channels seq_len-1
relu: batch channels seq_len-1 -> batch channels seq_len-1
conv1d: batch emb seq_len -> batch channels (seq_len-1)//2
relu: batch channels (seq_len-1)//2 -> batch channels (seq_len-1)//2
max_pool1d: batch channels seq_len-1 -> batch channels .
squeeze: batch channels . -> batch channels
max_pool1d: batch channels (seq_len-1)//2 -> batch channels .
cat: batch channels, batch channels -> batch 2*channels
linear: batch 2*channels -> batch classes
"""


class Averaged(nn.Module):
    """The mean of the words' vectors, the words first."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.fc = nn.Linear(s.emb, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text).permute(1, 0, 2)
        pooled = F.avg_pool2d(embedded, (embedded.shape[1], 1)).squeeze(1)
        return self.fc(pooled)


AVERAGED = """
embedding: seq_len batch -> seq_len batch emb
permute: seq_len batch emb -> batch seq_len emb
avg_pool2d: batch seq_len emb -> batch . emb
squeeze: batch . emb -> batch emb
linear: batch emb -> batch classes
"""


class Scrambled(nn.Module):
    """A view in the place of a transpose: the sizes are right and the content is not, so these axes have no name."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.GRU(s.emb, s.hid)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(text))
        wrong = output.view(output.shape[1], output.shape[0], -1)
        return self.fc(wrong.sum(1))


SCRAMBLED = """
embedding: seq_len batch -> seq_len batch emb
gru: seq_len batch emb -> seq_len batch hid, layers batch hid
view: seq_len batch hid -> . . hid
sum: . . hid -> . hid
linear: . hid -> . .
"""


class Given(nn.Module):
    """An LSTM that is given its first state, and reads the last step by gather."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, s.emb)
        self.rnn = nn.LSTM(s.emb, s.hid, batch_first=True)
        self.fc = nn.Linear(s.hid, s.classes)

    def forward(self, text: Tensor, lengths: Tensor, state: tuple[Tensor, Tensor]) -> Tensor:
        output, state = self.rnn(self.embedding(text), state)
        index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, output.size(2))
        last = output.gather(1, index).squeeze(1)
        return self.fc(last)


GIVEN = """
embedding: batch seq_len -> batch seq_len emb
lstm: batch seq_len emb, layers batch hid, layers batch hid -> batch seq_len hid, layers batch hid, layers batch hid
arithmetic: batch -> batch
view: batch -> batch . .
expand: batch . . -> batch . .
gather: batch seq_len hid, batch . . -> batch . hid
squeeze: batch . hid -> batch hid
linear: batch hid -> batch classes
"""


def with_state(s: Sizes) -> tuple[Any, ...]:
    zeros = torch.zeros(1, s.batch, s.hid)
    return (*batch_first(s), lengths(s), (zeros, zeros.clone()))


MODELS = {
    "plain": Labelled(Plain, text, PLAIN),
    "packed": Labelled(Packed, lambda s: (*text(s), lengths(s)), PACKED),
    "bidirectional": Labelled(Bidirectional, batch_first, BIDIRECTIONAL),
    "mean pool": Labelled(MeanPool, text, MEAN_POOL),
    "attention": Labelled(Attention, batch_first, ATTENTION),
    "multi-head attention": Labelled(MultiHead, text, MULTI_HEAD),
    "flattened": Labelled(Flattened, text, FLATTENED),
    "convolved": Labelled(Convolved, batch_first, CONVOLVED),
    "cells": Labelled(Cells, text, CELLS, "seq_len batch"),
    "bag": Labelled(Bag, bags, BAG),
    "projected": Labelled(Projected, batch_first, PROJECTED),
    "characters": Labelled(Characters, letters, CHARACTERS, "seq_len batch word_len"),
    "windows": Labelled(Windows, batch_first, WINDOWS),
    "averaged": Labelled(Averaged, text, AVERAGED),
    "scrambled": Labelled(Scrambled, text, SCRAMBLED),
    "given": Labelled(Given, with_state, GIVEN),
}

COINCIDENCES = {
    "all distinct": Sizes(11, 4, 6, 8, 3),
    "seq_len == batch": Sizes(5, 5, 6, 8, 3),
    "seq_len == hid, batch == emb": Sizes(8, 6, 6, 8, 3),
    "emb == hid": Sizes(11, 4, 8, 8, 3),
    "all equal": Sizes(6, 6, 6, 6, 6),
    "classes == batch": Sizes(11, 4, 6, 8, 4),
}
