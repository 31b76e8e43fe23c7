"""The model of a training run, and its fast reading: the recurrence on real tokens only, equal to the packed reference."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, pad
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnlab.pipeline.model import at_each_end
from rnnlab.training.recipes import RunSettings

# A stretch of fewer steps costs more to begin than it saves.
_SHORTEST_STRETCH = 32
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
    would unroll them step by step, so it reads the padded batch and takes each state at its own end.
    """
    assert isinstance(model, TrainingModel)
    if not model.packed:
        return model(text, lengths)
    return packed_logits(model, text, lengths) if text.is_cuda else padded_logits(model, text, lengths)


def packed_logits(model: TrainingModel, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the logits of the packed batch: only its real tokens are embedded and read."""
    lengths = lengths.cpu()
    # What comes sorted, as batches do, need not be put in order on the device and back.
    tokens = pack_padded_sequence(text, lengths, enforce_sorted=_longest_first(lengths.tolist()))
    packed = PackedSequence(model.dropped(model.embedding(tokens.data)), *tokens[1:])
    output, state = model.rnn(packed)
    if model.pooling == "max_mean":
        output = pad_packed_sequence(output, total_length=len(text))[0]
    return model.answer(model.pooled(output, state, lengths))


def padded_logits(model: TrainingModel, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the packed model's very logits from the padded batch: what stands after a review's end is never looked at.

    Where the reviews come longest first, as batches have them, those that have ended are left out in a few stretches of time.
    """
    inputs = model.dropped(model.embedding(text))
    stretches, lengths = _stretches(lengths.tolist()), lengths.to(text.device)
    pool = max_and_mean if model.pooling == "max_mean" else at_each_end
    outputs = _last_layer(model, inputs, lengths, stretches)
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


def _longest_first(lengths: list[int]) -> bool:
    return all(one >= other for one, other in pairwise(lengths))


def _stretches(lengths: list[int]) -> list[tuple[int, int]]:
    """Return (steps, reviews) of stretches of time, one after another: in each, only the first reviews go on.

    A stretch ends where a fifth of its reviews have ended. All is one stretch where the longest does not come first.
    """
    if not _longest_first(lengths):
        return [(max(lengths), len(lengths))]
    found, began, running = [], 0, len(lengths)
    while running:
        end = min(lengths[0], max(lengths[running * 4 // 5], began + _SHORTEST_STRETCH))
        found.append((end - began, running))
        began, running = end, sum(1 for length in lengths if length > end)
    return found


def _last_layer(
    model: TrainingModel, inputs: Tensor, lengths: Tensor, stretches: list[tuple[int, int]]
) -> list[Tensor]:
    """Return the last layer's outputs (seq_len, batch, hid) of each direction, the backward one from each review's end on."""
    order = _mirror(len(inputs), lengths) if model.rnn.bidirectional else None
    forward = _run(model, inputs, "l0", stretches)
    backward = None if order is None else _run(model, _mirrored(inputs, order), "l0_reverse", stretches)
    for layer in range(1, model.rnn.num_layers):
        if order is None or backward is None:
            forward = _run(model, model.dropped(forward), f"l{layer}", stretches)
        else:
            inputs = model.dropped(torch.cat([forward, _mirrored(backward, order)], dim=2))
            forward = _run(model, inputs, f"l{layer}", stretches)
            backward = _run(model, _mirrored(inputs, order), f"l{layer}_reverse", stretches)
    return [forward] if backward is None else [forward, backward]


def _run(model: TrainingModel, inputs: Tensor, name: str, stretches: list[tuple[int, int]]) -> Tensor:
    """Return the outputs (seq_len, batch, hid) of one layer and direction, 0 where a review has ended in a stretch before."""
    weights = [getattr(model.rnn, f"{part}_{name}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    call = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}[model.kind]
    batch, outputs = inputs.shape[1], []
    state = [inputs.new_zeros(1, batch, model.rnn.hidden_size)] * (2 if model.kind == "lstm" else 1)
    # `split` and not a slice: the gradient of a slice is as long as the whole, for each stretch again.
    for part, (_, reviews) in zip(inputs.split([steps for steps, _ in stretches]), stretches, strict=True):
        start = [one[:, :reviews] for one in state]
        output, *state = call(
            part[:, :reviews],
            start if model.kind == "lstm" else start[0],
            weights,
            True,
            1,
            0.0,
            model.training,
            False,
            False,
        )
        outputs.append(output if reviews == batch else pad(output, (0, 0, 0, batch - reviews)))
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)
