"""What an answer depends on, by its gradient at each word of each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.subject import Subject, hooked, seed_all
from rnnlab.probing.experiments.texts import Maker, Text, start


def weighted(answers: Tensor) -> Tensor:
    """Return one number for each answer: its own numbers with weights from 1 to 2, since those of a softmax sum to one."""
    return (answers * torch.linspace(1.0, 2.0, answers.shape[-1], dtype=answers.dtype)).sum(-1)


def gradients_of_steps(subject: Subject, batch: Sequence[Text], seq_len: int, side: str = "right") -> Tensor | None:
    """Return the norm of each answer's gradient at each word: (answer, text, seq_len). None where no vector can be seen.

    The vectors are what the model's embeddings gave, or its input where that holds features.
    """
    order = list(range(len(batch)))
    if subject.form.sorted_lengths:
        order.sort(key=lambda i: -len(batch[i]))
    with in_silence(), torch.enable_grad():
        seen, answers = _vectors_and_answers(subject, [batch[i] for i in order], seq_len, side)
        if not seen or not answers.requires_grad:
            return None
        leaves = [leaf for leaf, _ in seen]
        found = torch.zeros(len(answers), len(batch) * seq_len)
        for row, number in zip(found, weighted(answers), strict=True):
            grads = torch.autograd.grad(number, leaves, retain_graph=True, allow_unused=True)
            for grad, (_, positions) in zip(grads, seen, strict=True):
                if grad is not None:
                    row.index_add_(0, positions, grad.double().square().sum(-1).float().flatten())
    found = found.reshape(len(answers), len(batch), seq_len)
    back = torch.tensor(order).argsort()
    return (found[back][:, back] if len(found) == len(back) else found).sqrt()


Seen = list[tuple[Tensor, Tensor]]  # vectors that are leaves, and for each the position text*seq_len+step of its word


def _vectors_and_answers(subject: Subject, batch: Sequence[Text], seq_len: int, side: str) -> tuple[Seen, Tensor]:
    """Run a copy in which the words' vectors are leaves of the graph."""
    model = subject.fresh()
    start(model, subject.form, len(batch))
    maker = Maker(model, subject.form, batch, seq_len, side)
    seen: Seen = []
    known = _by_word(subject, batch, seq_len)
    if subject.form.kind == "features":
        maker.text.requires_grad_(True)
        seen.append((maker.text, _rectangle(maker, maker.text).flatten()))

    def cut(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        positions = _told_apart(known, inputs[0]) if known is not None else _positions(maker, output, len(seen))
        if positions is None:
            return output
        leaf = output.detach().requires_grad_(True)
        seen.append((leaf, positions.flatten()))
        return leaf

    handles = [m.register_forward_hook(cut) for m in model.modules() if isinstance(m, nn.Embedding)]
    seed_all(0)
    with hooked(handles):
        given, named = maker.arguments()
        return seen, subject.rows(model(*given, **named), len(batch), seq_len)


def _by_word(subject: Subject, batch: Sequence[Text], seq_len: int) -> Tensor | None:
    """Return for each id the one position where it stands, -1 for others; None where an id stands in two places."""
    if subject.form.kind != "ids" or any(len(text) != seq_len for text in batch):
        return None
    ids = torch.cat(list(batch))
    if len(ids.unique()) != len(ids):
        return None
    return torch.full((subject.form.width,), -1).index_copy(0, ids, torch.arange(len(ids)))


def _told_apart(known: Tensor, ids: Any) -> Tensor | None:
    """Return the position of each word that is looked up, wherever the model has moved it; None for ids of other things."""
    if not isinstance(ids, Tensor) or ids.is_floating_point() or not ids.numel() or int(ids.max()) >= len(known):
        return None
    positions = known[ids.long()]
    return positions if bool((positions >= 0).all()) else None


def _positions(maker: Maker, vectors: Tensor, earlier: int) -> Tensor | None:
    """Return the position of each word whose vector was looked up, None where that is not known."""
    words = vectors.numel() // max(1, vectors.shape[-1])
    roles = {argument.role for argument in maker.form.arguments}
    lengths = maker.lengths.tolist()
    if "packed" in roles:
        if vectors.dim() != 2 or words != sum(lengths):
            return None
        grid = torch.arange(maker.batch * maker.seq_len).reshape(maker.batch, maker.seq_len)
        return pack_padded_sequence(grid, maker.lengths, batch_first=True, enforce_sorted=False).data
    if "texts" in roles:
        rows = [torch.arange(length) + i * maker.seq_len for i, length in enumerate(lengths)]
        if words == sum(lengths) and words != maker.batch * maker.seq_len:
            return torch.cat(rows)
        alone = rows[earlier % maker.batch]
        if words == len(alone):
            return alone
    return _rectangle(maker, vectors) if words == maker.batch * maker.seq_len else None


def _rectangle(maker: Maker, vectors: Tensor) -> Tensor:
    """Return the positions of a rectangle's words, by its shape; where that says nothing, by the order of the text's axes."""
    grid = torch.arange(maker.batch * maker.seq_len).reshape(maker.batch, maker.seq_len)
    shape = tuple(vectors.shape[:-1])
    if shape == tuple(grid.shape) and (maker.batch != maker.seq_len or maker.form.axes[0] == "batch"):
        return grid
    return grid.t() if shape == (maker.seq_len, maker.batch) or maker.form.axes[0] == "seq_len" else grid
