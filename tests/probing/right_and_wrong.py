"""Small classifiers, wired rightly and wrongly: what the experiments must tell apart."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

WORDS, EMB, HID, CLASSES = 40, 12, 8, 3


class Model(nn.Module):
    """What all have: a table, an RNN and a head."""

    batch_first = False
    layers = 1
    two_way = False
    kind: Any = nn.LSTM
    heads = 1

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, EMB, padding_idx=1)
        self.rnn = self.kind(EMB, HID, num_layers=self.layers, bidirectional=self.two_way, batch_first=self.batch_first)
        self.fc = nn.Linear(HID * self.heads, CLASSES)

    def packed(self, text: Tensor, lengths: Tensor) -> Any:
        vectors = self.embedding(text)
        return pack_padded_sequence(vectors, lengths.cpu(), batch_first=self.batch_first, enforce_sorted=False)


# --- right ---------------------------------------------------------------------------------------------------------


class Packed(Model):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.packed(text, lengths))
        return self.fc(hidden[-1])


class PackedSorted(Model):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(pack_padded_sequence(self.embedding(text), lengths.cpu()))
        return self.fc(hidden[-1])


class TwoWay(Model):
    batch_first, layers, two_way, heads = True, 2, True, 2

    def forward(self, text: Tensor, text_lengths: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.packed(text, text_lengths))
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))


class Gathered(Model):
    batch_first, kind = True, nn.GRU

    def forward(self, x: Tensor, lens: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(x))
        return self.fc(output[torch.arange(len(x)), lens - 1])


class MaskedMean(Model):
    batch_first, kind = True, nn.GRU

    def forward(self, x: Tensor) -> Tensor:
        mask = (x != 1).float().unsqueeze(2)
        output, hidden = self.rnn(self.embedding(x))
        return self.fc((output * mask).sum(1) / mask.sum(1))


class MaskedAttention(Model):
    batch_first, kind = True, nn.GRU

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(HID, 1)

    def forward(self, x: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(x))
        scores = self.score(output).squeeze(2).masked_fill(x == 1, float("-inf"))
        return self.fc(torch.bmm(torch.softmax(scores, 1).unsqueeze(1), output).squeeze(1))


class Unpacked(Model):
    """Unpacks and masks by the lengths: it wants a batch as long as its longest text."""

    batch_first = True

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        output, _ = pad_packed_sequence(self.rnn(self.packed(text, lengths))[0], batch_first=True)
        mask = (text != 1).unsqueeze(2)
        return self.fc(output.masked_fill(~mask, -9.0).max(1).values)


class Normed(Packed):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.BatchNorm1d(HID), nn.Dropout(0.5), nn.Linear(HID, CLASSES))  # type: ignore[assignment]


# --- pads ----------------------------------------------------------------------------------------------------------


class PadReadAsLast(Model):
    def forward(self, text: Tensor) -> Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


class MeanOverPads(Model):
    batch_first, kind = True, nn.GRU

    def forward(self, text: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text))[0].mean(1))


class MaxOverPads(MeanOverPads):
    def forward(self, text: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text))[0].max(1).values)


class AttentionOverPads(MaskedAttention):
    def forward(self, x: Tensor) -> Tensor:
        output, hidden = self.rnn(self.embedding(x))
        weights = torch.softmax(self.score(output).squeeze(2), 1)
        return self.fc(torch.bmm(weights.unsqueeze(1), output).squeeze(1))


class LengthsUnused(Model):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text))[1][0][-1])


# --- neighbours ----------------------------------------------------------------------------------------------------


class BatchReadAsTime(Model):
    """Takes the last step of an output whose first axis is the batch: the last review."""

    batch_first = True

    def forward(self, text: Tensor) -> Tensor:
        output, _ = self.rnn(self.embedding(text))
        return self.fc(output[-1])


class TimeReadAsBatch(Model):
    def forward(self, text: Tensor) -> Tensor:
        output, _ = self.rnn(self.embedding(text))
        return self.fc(output[:, -1])


class ViewForPermute(Model):
    def forward(self, text: Tensor) -> Tensor:
        vectors = self.embedding(text)
        output, (hidden, _) = self.rnn(vectors.view(text.shape[1], text.shape[0], -1))
        return self.fc(hidden[-1])


class ViewOfStates(Model):
    layers, heads = 2, 2

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        output, (hidden, _) = self.rnn(self.packed(text, lengths))
        return self.fc(hidden.view(text.shape[1], -1))


class SoftmaxOverBatch(Packed):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return torch.softmax(super().forward(text, lengths), dim=0)


class SortedAndNotRestored(Model):
    batch_first = True

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embedding(text[order]), lengths.cpu(), batch_first=True)
        return self.fc(self.rnn(packed)[1][0][-1])


# --- states, steps and sizes ---------------------------------------------------------------------------------------


class LowerLayer(Packed):
    layers = 2

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(self.rnn(self.packed(text, lengths))[1][0][0])


class CellState(Packed):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(self.rnn(self.packed(text, lengths))[1][1][-1])


class BackwardAtTheEnd(Model):
    batch_first, two_way, heads = True, True, 2

    def forward(self, text: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text))[0][:, -1])


class DropoutAlwaysOn(Packed):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(F.dropout(self.rnn(self.packed(text, lengths))[1][0][-1], 0.5))


class RandomFirstState(Model):
    kind = nn.GRU

    def forward(self, text: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text), torch.randn(1, text.shape[1], HID))[1][-1])


class StateCarried(Model):
    kind = nn.GRU
    detached = True

    def __init__(self) -> None:
        super().__init__()
        self.state: Tensor | None = None

    def forward(self, text: Tensor) -> Tensor:
        state = self.state if self.state is not None and self.state.shape[1] == text.shape[1] else None
        output, hidden = self.rnn(self.embedding(text), state)
        self.state = hidden.detach() if self.detached else hidden
        return self.fc(hidden[-1])


class StateInTheGraph(StateCarried):
    detached = False


class Squeezed(Packed):
    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(self.rnn(self.packed(text, lengths))[1][0].squeeze())


class BatchSizeBuiltIn(Model):
    batch_first, kind = True, nn.GRU

    def forward(self, text: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(text), torch.zeros(1, 16, HID))[1][-1])


class BagOfWords(Model):
    batch_first = True

    def forward(self, text: Tensor) -> Tensor:
        self.rnn(self.embedding(text))
        return self.fc(self.embedding(text).mean(1)[:, :HID])


class LayersInAList(Packed):
    def __init__(self) -> None:
        super().__init__()
        self.more = [nn.Linear(HID, HID)]

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return self.fc(self.more[0](self.rnn(self.packed(text, lengths))[1][0][-1]))


class Answers(Packed):
    """Gives what `ending` makes of the logits."""

    ending: Any = staticmethod(lambda logits: logits)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return type(self).ending(super().forward(text, lengths))


class Probabilities(Answers):
    ending = staticmethod(lambda logits: torch.softmax(logits, 1))


class LogProbabilities(Answers):
    ending = staticmethod(lambda logits: torch.log_softmax(logits, 1))


class Sigmoids(Answers):
    ending = staticmethod(torch.sigmoid)


RIGHT = (Packed, PackedSorted, TwoWay, Gathered, MaskedMean, MaskedAttention, Unpacked, Normed)
READS_PADS = (PadReadAsLast, MeanOverPads, MaxOverPads, AttentionOverPads, LengthsUnused)
MIXES = (BatchReadAsTime, TimeReadAsBatch, ViewForPermute, ViewOfStates, SoftmaxOverBatch)
