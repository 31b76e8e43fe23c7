"""The model of a training run, and its fast reading: the recurrence on real tokens only, equal to the packed reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnlab.pipeline.model import at_each_end
from rnnlab.training.recipes import RunSettings

_RNNS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class TrainingModel(nn.Module):
    """Embedding → RNN → pooling → linear layer, with any number of layers and one direction or two.

    With one layer, one direction and the last state it is the lecture's ReviewClassifier: same names in its `state_dict`, same
    weights from the same seed, same numbers. `forward` is the reference: packed by torch, or padded where the settings say so.
    Shapes: text (seq_len, batch) and lengths (batch) → logits (batch, classes).
    """

    def __init__(self, settings: RunSettings, words: int, classes: int) -> None:
        super().__init__()
        self.kind, self.packed, self.pooling = settings.rnn, settings.packed, settings.pooling
        self.dropout = settings.dropout
        directions = 2 if settings.bidirectional else 1
        read_by_head = directions * settings.hid * (2 if settings.pooling == "max_mean" else 1)
        self.embedding = nn.Embedding(words, settings.emb)
        self.rnn = _RNNS[settings.rnn](
            settings.emb,
            settings.hid,
            settings.layers,
            bidirectional=settings.bidirectional,
            dropout=settings.dropout if settings.layers > 1 else 0.0,
        )
        self.head = nn.Linear(read_by_head, classes)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits (batch, classes) of a batch."""
        if not self.packed:
            output, state = self.rnn(self.dropped(self.embedding(text)))
            everything = torch.full_like(lengths, len(text))
            return self.answer(self.pooled(output, state, everything))
        return packed_logits(self, text, lengths)

    def dropped(self, values: Tensor) -> Tensor:
        """Set a share of the values to 0 in training."""
        return dropout(values, self.dropout, self.training) if self.dropout else values

    def pooled(self, output: Tensor, state: Any, lengths: Tensor) -> Tensor:
        """Return what the head reads (batch, width) from output (seq_len, batch, directions * hid) and the RNN's last state."""
        if self.pooling == "max_mean":
            directions = output.chunk(2 if self.rnn.bidirectional else 1, dim=2)
            return torch.cat([max_and_mean(one, lengths) for one in directions], dim=1)
        hidden = state[0] if self.kind == "lstm" else state
        return torch.cat([hidden[-2], hidden[-1]], dim=1) if self.rnn.bidirectional else hidden[-1]

    def answer(self, pooled: Tensor) -> Tensor:
        """Return the logits (batch, classes) of what was pooled (batch, width)."""
        return self.head(self.dropped(pooled))


def build_model(settings: RunSettings, words: int, classes: int) -> TrainingModel:
    """Return a model with fresh weights."""
    return TrainingModel(settings, words, classes)


def logits(model: nn.Module, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the model's logits (batch, classes) of text (seq_len, batch) by the fastest reading that gives the same numbers.

    A GPU runs packed sequences as they are; there `lengths` (batch) should lie on the host, since packing reads them. A CPU
    would unroll them in Python's stead, one step at a time, so it reads the padded batch and takes each state at its own end.
    """
    assert isinstance(model, TrainingModel)
    if not model.packed:
        return model(text, lengths)
    return packed_logits(model, text, lengths) if text.is_cuda else padded_logits(model, text, lengths)


def packed_logits(model: TrainingModel, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the logits of the packed batch: only its real tokens are embedded and read."""
    tokens = pack_padded_sequence(text, lengths.cpu(), enforce_sorted=False)
    packed = PackedSequence(model.dropped(model.embedding(tokens.data)), *tokens[1:])
    output, state = model.rnn(packed)
    if model.pooling == "max_mean":
        output = pad_packed_sequence(output, total_length=len(text))[0]
    return model.answer(model.pooled(output, state, lengths))


def padded_logits(model: TrainingModel, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the packed model's very logits from the padded batch: what stands after a review's end is never looked at."""
    inputs = model.dropped(model.embedding(text))
    lengths = lengths.to(text.device)
    outputs = _both_directions(model, inputs, lengths) if model.rnn.bidirectional else [model.rnn(inputs)[0]]
    pool = max_and_mean if model.pooling == "max_mean" else at_each_end
    return model.answer(torch.cat([pool(output, lengths) for output in outputs], dim=1))


def max_and_mean(output: Tensor, lengths: Tensor) -> Tensor:
    """Return maximum and mean (batch, 2 * width) over each review's own steps of output (seq_len, batch, width)."""
    lengths = lengths.to(output.device)
    padding = (torch.arange(len(output), device=output.device).unsqueeze(1) >= lengths).unsqueeze(2)
    most = output.masked_fill(padding, -torch.inf).amax(dim=0)
    mean = output.masked_fill(padding, 0.0).sum(dim=0) / lengths.unsqueeze(1)
    return torch.cat([most, mean], dim=1)


class _Mirrored(torch.autograd.Function):
    """Each review read from its end: the rows (steps * batch, width) in another order, which undoes itself."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        return rows.index_select(0, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].index_select(0, ctx.saved_tensors[0]), None


def _mirrored(values: Tensor, order: Tensor) -> Tensor:
    mirrored: Tensor = _Mirrored.apply(values.flatten(0, 1), order)  # type: ignore[assignment]
    return mirrored.view_as(values)


def _mirror(seq_len: int, lengths: Tensor) -> Tensor:
    """Return the order of flattened steps (seq_len * batch) that reverses each review within its own length."""
    step = torch.arange(seq_len, device=lengths.device).unsqueeze(1)
    source = torch.where(step < lengths, lengths - 1 - step, step)
    return (source * len(lengths) + torch.arange(len(lengths), device=lengths.device)).flatten()


def _both_directions(model: TrainingModel, inputs: Tensor, lengths: Tensor) -> list[Tensor]:
    """Return the last layer's outputs (seq_len, batch, hid) forward and backward, the latter from each review's end on."""
    order = _mirror(len(inputs), lengths)
    forward = backward = inputs
    for layer in range(model.rnn.num_layers):
        if layer:
            both = torch.cat([forward, _mirrored(backward, order)], dim=2)
            inputs = model.dropped(both)
        forward = _run(model, inputs, f"l{layer}")
        backward = _run(model, _mirrored(inputs, order), f"l{layer}_reverse")
    return [forward, backward]


def _run(model: TrainingModel, inputs: Tensor, name: str) -> Tensor:
    """Return the outputs (seq_len, batch, hid) of one layer and direction, called as torch calls its weights."""
    weights = [getattr(model.rnn, f"{part}_{name}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    start = inputs.new_zeros(1, inputs.shape[1], model.rnn.hidden_size)
    rest = (weights, True, 1, 0.0, model.training, False, False)
    if model.kind == "lstm":
        return torch.lstm(inputs, (start, start), *rest)[0]
    return (torch.gru if model.kind == "gru" else torch.rnn_tanh)(inputs, start, *rest)[0]
