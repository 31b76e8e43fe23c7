"""Stages 6 to 10: embed, rnn, squeeze, head, loss. The lecture's model, padded and packed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence

from rnnlab.pipeline.settings import RnnKind

_RNNS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class ReviewClassifier(nn.Module):
    """Embedding → RNN → last hidden state → linear layer.

    Shapes: text (seq_len, batch) and lengths (batch) → logits (batch, classes).
    """

    def __init__(
        self,
        words: int,
        emb: int,
        hid: int,
        classes: int,
        kind: RnnKind = "lstm",
        packed: bool = True,
    ) -> None:
        super().__init__()
        self.kind, self.packed = kind, packed
        self.embedding = nn.Embedding(words, emb)
        self.rnn = _RNNS[kind](emb, hid)
        self.head = nn.Linear(hid, classes)

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits (batch, classes) of a batch."""
        embedded = self.embedding(text)
        sequence = embedded
        if self.packed:
            sequence = pack_padded_sequence(embedded, lengths.cpu())
        if self.kind == "lstm":
            output, (hidden, cell) = self.rnn(sequence)
        else:
            output, hidden = self.rnn(sequence)
        hidden = hidden.squeeze(0)
        return self.head(hidden)


def read_to_each_end(model: ReviewClassifier, text: Tensor, lengths: Tensor) -> Tensor:
    """Return the packed model's very logits without packing: the fast way to train it on a CPU.

    The RNN reads the padded batch, and each review's state is taken at its own last word, before any padding. PyTorch
    unrolls a packed sequence on a CPU, and its backward pass then costs seq_len times too much memory traffic.
    """
    output, _ = model.rnn(model.embedding(text))
    return model.head(at_each_end(output, lengths))


def at_each_end(output: Tensor, lengths: Tensor) -> Tensor:
    """Return the state (batch, hid) at each review's own last word, from output (seq_len, batch, hid)."""
    last_word = lengths.to(output.device) - 1
    return output[last_word, torch.arange(len(lengths), device=output.device)]


def first_look(
    model: ReviewClassifier, text: Tensor, lengths: Tensor, label: Tensor
) -> tuple[Tensor, Tensor]:
    """Run one batch through the untrained model: the logits and their loss."""
    logits = model(text, lengths)
    loss = cross_entropy(logits, label)
    return logits, loss
