"""The subject of the experiments: a model and the form of its inputs, asked on a fresh copy each time.

Its weights are drawn anew: what the experiments ask is a matter of how the model is wired, and a table of zeros or a tiny
initialisation would hide it.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnlab.facts import Place
from rnnlab.probing.copies import copied, in_silence
from rnnlab.probing.experiments.form import Form
from rnnlab.probing.experiments.texts import Maker, Text, start
from rnnlab.watching.measuring import tensors_in


class Lost(Exception):  # noqa: N818  # it is no error of ours
    """The answer has another shape than it had with other sizes; `shape` is what it has, `expected` what it should have."""

    def __init__(self, shape: Sequence[int], expected: Sequence[int]) -> None:
        super().__init__(f"the answer has the shape {tuple(shape)}, not {tuple(expected)}")
        self.shape, self.expected = list(shape), list(expected)


class Subject:
    """A model that is experimented on.

    Args:
        model: it is never run itself.
        form: how it is called.
        place: where its class stands.
        files: the files that its code stands in, so that a line of them can be named.
        weights: how wide the weights are drawn; None keeps the model's own.
    """

    def __init__(
        self,
        model: nn.Module,
        form: Form,
        *,
        place: Place | None = None,
        files: Sequence[str] = (),
        seed: int = 0,
        weights: float | None = 1.0,
    ) -> None:
        self.form, self.place, self.files, self.seed = form, place, tuple(files), seed
        with in_silence():
            self.model = copied(model)
            if weights is not None:
                draw_weights(self.model, seed, weights)

    @property
    def name(self) -> str:
        """The name of the model's class."""
        return type(self.model).__name__

    def drawn(self, seed: int, weights: float) -> Subject:
        """Return the same subject with other weights."""
        return Subject(self.model, self.form, place=self.place, files=self.files, seed=seed, weights=weights)

    def fresh(self) -> nn.Module:
        """Return a copy in eval mode that shares its weights: what it keeps from call to call, it keeps for itself."""
        return copied(self.model, share=True)

    # --- sizes ---------------------------------------------------------------------------------------------------

    def batch(self, wished: int) -> int:
        """Return a batch size: the wished one, or the only one that the model takes."""
        return 1 if self.form.axes == ("seq_len",) else self.form.batch or wished

    def seq_len(self, wished: int) -> int:
        """Return a seq_len: the wished one, or the only one that the model takes."""
        return self.form.seq_len or wished

    def expected(self, batch: int, seq_len: int) -> list[int]:
        """Return the shape of the answer for these sizes."""
        sizes = {"batch": batch, "seq_len": seq_len, "seq_len*batch": batch * seq_len}
        return [sizes[name] if name in sizes else int(name) for name in self.form.output]

    # --- asking --------------------------------------------------------------------------------------------------

    def raw(self, model: nn.Module, batch: Sequence[Text], seq_len: int, side: str = "right", seed: int = 0) -> Any:
        """Call a copy on texts, padded to seq_len, from a known random state; return whatever its forward returns."""
        seed_all(seed)
        start(model, self.form, len(batch))
        given, named = Maker(model, self.form, batch, seq_len, side).arguments()
        return model(*given, **named)

    def answer(
        self,
        batch: Sequence[Text],
        *,
        seq_len: int = 0,
        side: str = "right",
        seed: int = 0,
        model: nn.Module | None = None,
        grad: bool = False,
    ) -> Tensor:
        """Return the answers (batch, numbers) for texts, in the order in which they were given.

        Args:
            seq_len: to how many steps they are padded; 0 pads to the longest.
            model: a copy that goes on with its state; a fresh one without.

        Raises:
            Lost: the answer's shape is another one, and its numbers cannot be told apart.
            Exception: whatever the model raises.
        """
        seq_len = seq_len or self.form.seq_len or max(len(text) for text in batch)
        order = list(range(len(batch)))
        if self.form.sorted_lengths:
            order.sort(key=lambda i: -len(batch[i]))
        with in_silence(), torch.set_grad_enabled(grad):
            result = self.raw(model or self.fresh(), [batch[i] for i in order], seq_len, side, seed)
        answer = self.rows(result, len(batch), seq_len)
        back = torch.tensor(order).argsort()
        return answer[back]

    def picked(self, result: Any) -> Tensor:
        """Return the answer among all that a forward returned, as it is."""
        return answers_in(result)[self.form.result]

    def rows(self, result: Any, batch: int, seq_len: int) -> Tensor:
        """Return the answer with the batch first and all else in one axis."""
        answer, expected = self.picked(result), self.expected(batch, seq_len)
        if list(answer.shape) != expected:
            if answer.numel() != torch.Size(expected).numel():
                raise Lost(answer.shape, expected)
            answer = answer.reshape(expected)  # an axis of one was squeezed away
        axis = self.form.batch_axis
        if axis is None:
            return answer.reshape(1, -1)
        return answer.movedim(axis, 0).reshape(batch, -1)

    def line(self) -> int | None:
        """Return the line of the learner's that runs now, innermost first: to be asked from within a hook."""
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename in self.files:
                return frame.f_lineno
            frame = frame.f_back
        return None

    def line_of(self, error: BaseException) -> int | None:
        """Return the learner's innermost line that an error went through."""
        line, trace = None, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self.files:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line


def answers_in(result: Any) -> list[Tensor]:
    """Return the floating tensors that a forward returned, whatever holds them."""
    if hasattr(result, "to_tuple"):
        result = result.to_tuple()
    elif not isinstance(result, Tensor | tuple | list | dict) and hasattr(result, "__dict__"):
        result = vars(result)
    return [tensor for tensor in tensors_in((result,)) if tensor.is_floating_point()]


def seed_all(seed: int) -> None:
    """Set the random states of Python, NumPy and torch."""
    random.seed(seed)
    torch.manual_seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed)


def draw_weights(model: nn.Module, seed: int, width: float) -> None:
    """Draw every weight anew, in place: as wide as keeps signals alive. A pad's row of zeros stays zero."""
    seed_all(seed)
    tables = {id(m.weight): m for m in model.modules() if isinstance(m, nn.Embedding)}
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.is_floating_point() or not parameter.numel():
                continue
            table = tables.get(id(parameter))
            pad = table.padding_idx if table is not None else None
            row = parameter[pad].clone() if pad is not None else None
            inputs = parameter[0].numel() if parameter.dim() > 1 and table is None else 1
            spread = width * (1.0 if table is not None else 0.4 if parameter.dim() < 2 else 1.2 / inputs**0.5)
            parameter.normal_(0.0, spread)
            if row is not None and pad is not None and not bool(row.any()):
                parameter[pad] = row


@contextlib.contextmanager
def hooked(handles: list[Any]) -> Iterator[None]:
    """Remove hooks afterwards."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def difference(one: Tensor, other: Tensor) -> float:
    """Return the largest difference between two answers; infinity where one is no number and the other is."""
    if one.shape != other.shape:
        return float("inf")
    if not one.numel():
        return 0.0
    bad = one.isfinite() != other.isfinite()
    if bool(bad.any()):
        return float("inf")
    return float((one - other).nan_to_num(0.0, 0.0, 0.0).abs().max())


def spread(answers: Tensor) -> float:
    """Return by how much the answers (batch, numbers) of different texts differ: what a change is measured against."""
    if len(answers) < 2:
        return float(answers.abs().max()) if answers.numel() else 0.0
    return float((answers.max(0).values - answers.min(0).values).max())


def said(error: BaseException) -> str:
    """Return an error's name and its first line."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:300]}" if first else type(error).__name__
