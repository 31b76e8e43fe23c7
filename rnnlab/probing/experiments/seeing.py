"""What an answer depends on, by its gradient at each word of each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

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
        found = torch.zeros(len(answers), len(batch), seq_len)
        for i, number in enumerate(weighted(answers)):
            for grad in torch.autograd.grad(number, seen, retain_graph=True, allow_unused=True):
                if grad is not None:
                    found[i] += _by_text(subject, grad, len(batch), seq_len)
    back = torch.tensor(order).argsort()
    return (found[back][:, back] if len(found) == len(back) else found).sqrt()


def _vectors_and_answers(
    subject: Subject, batch: Sequence[Text], seq_len: int, side: str
) -> tuple[list[Tensor], Tensor]:
    """Run a copy in which the words' vectors are leaves of the graph."""
    model, seen = subject.fresh(), []
    start(model, subject.form, len(batch))
    maker = Maker(model, subject.form, batch, seq_len, side)
    if subject.form.kind == "features":
        maker.text.requires_grad_(True)
        seen.append(maker.text)

    def cut(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        if output.dim() < 2 or output.numel() != output.shape[-1] * len(batch) * seq_len or subject.is_packed:
            return output
        leaf = output.detach().requires_grad_(True)
        seen.append(leaf)
        return leaf

    handles = [m.register_forward_hook(cut) for m in model.modules() if isinstance(m, nn.Embedding)]
    seed_all(0)
    with hooked(handles):
        given, named = maker.arguments()
        return seen, subject.rows(model(*given, **named), len(batch), seq_len)


def _by_text(subject: Subject, grad: Tensor, batch: int, seq_len: int) -> Tensor:
    """Return squared norms (text, seq_len) of a gradient whose last axis is the vector's."""
    squares = grad.double().square().sum(-1).float()
    first = subject.form.axes[0]
    if squares.dim() != 2 or set(squares.shape) != {batch, seq_len}:
        squares = squares.reshape((seq_len, batch) if first == "seq_len" else (batch, seq_len))
    if subject.form.axes == ("seq_len",):
        return squares.reshape(1, seq_len)
    if batch != seq_len:
        return squares if squares.shape == (batch, seq_len) else squares.t()
    return squares if first == "batch" else squares.t()
