"""How much gradient reaches each row of a forward pass: a backward pass in which nothing of the learner's changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import torch
from torch import Tensor

from rnnlab.facts import Call, Gap
from rnnlab.probing.copies import in_silence
from rnnlab.watching.measuring import tensors_in
from rnnlab.watching.recorder import Recorder

Loss = Callable[[Any], Tensor]


class Gradients:
    """Notes for each row the norm of the gradient that reaches its results.

    Several results of one row (an RNN's output, hidden and cell) count together: the root of the sum of their squares. A row
    that stands for several turns of a loop shows the first turn's gradient: the one that came furthest back.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._squares: dict[int, float] = {}
        self._asked: list[int] = []
        self._handles: list[Any] = []
        self._made: dict[int, list[tuple[Tensor, int]]] = {}

    @staticmethod
    @contextlib.contextmanager
    def kept(training: bool) -> Iterator[None]:
        """Run a forward pass so that one backwards may follow: with gradients on, in eval mode without cuDNN, which refuses."""
        with contextlib.ExitStack() as stack:
            if not training and torch.cuda.is_available():
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            stack.enter_context(torch.enable_grad())
            yield

    def follow(self, n: int, made: list[Tensor]) -> None:
        """Hook into the results of a row; whole numbers have no gradient, and what needs none is left alone."""
        numbers = [tensor for tensor in made if tensor.is_floating_point()]
        if numbers:
            self._asked.append(n)
            self._made[n] = [(tensor, tensor._version) for tensor in numbers]
        for tensor in numbers:
            if tensor.requires_grad:
                self._handles.append(tensor.register_hook(lambda gradient, n=n: self._arrived(n, gradient)))

    def _arrived(self, n: int, gradient: Tensor | None) -> None:
        if gradient is None:  # torch calls hooks of a cell state, say, that nothing came back to
            return
        with self._recorder.guarded(), torch.no_grad():
            values = gradient.detach()
            values = values.coalesce().values() if values.is_sparse else values
            self._squares[n] = self._squares.get(n, 0.0) + float(values.double().norm()) ** 2

    def run(self, result: Any, loss: Loss | None) -> None:
        """Go backwards from a result and complete the facts of the rows, while they still wait.

        Args:
            loss: gives one number of the result; without it `weighted` does.
        """
        trouble = ""
        try:
            with in_silence(), torch.enable_grad():
                _backwards(weighted(result) if loss is None else loss(result))
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0]
            trouble = f"the backward pass raised {type(error).__name__}: {first[:200]}"
        finally:
            self.close()
        for n in self._asked:
            fact = self._recorder.fact(n)
            if isinstance(fact, Call) and not trouble and (n in self._squares or not self._was_rewritten(n)):
                norm = self._squares[n] ** 0.5 if n in self._squares else None
                self._recorder.amend(msgspec.structs.replace(fact, gradient=norm, gradient_asked=True))
        if trouble:
            self._recorder.tell(Gap(seen_by="probe", what="gradients", why=trouble))
        self._made.clear()

    def _was_rewritten(self, n: int) -> bool:
        """Say whether a later row wrote into a result: torch then goes back around the row that made it, and nobody can tell."""
        return any(tensor._version != version for tensor, version in self._made[n])

    def close(self) -> None:
        """Remove every hook."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


def weighted(result: Any) -> Tensor:
    """Return one number of a model's floating results: their mean, with weights from 1 to 2 along the last axis.

    Without weights a softmax would pass nothing back: its probabilities always sum to 1.
    """
    tensors = [t for t in tensors_in((result,)) if t.is_floating_point() and t.requires_grad and t.numel()]
    if not tensors:
        raise ValueError("no result of the model needs a gradient: all parameters are frozen, or gradients are off")
    total = torch.zeros((), dtype=torch.float64, device=tensors[0].device)
    for tensor in tensors:
        width = tensor.shape[-1] if tensor.dim() else 1
        weights = torch.linspace(1, 2, width, dtype=torch.float64, device=tensor.device)
        total = total + (tensor.double() * weights).sum().to(total.device) * width / tensor.numel()
    return total


def _backwards(number: Any) -> None:
    """Go back from one number to every leaf that it was made from; `.grad` of the leaves is not touched."""
    if not isinstance(number, Tensor) or number.numel() != 1:
        raise ValueError("the loss function must give a tensor with one number")
    if number.grad_fn is None:
        raise ValueError("the loss needs no gradient: all parameters are frozen, or gradients are off")
    torch.autograd.grad(number.sum(), _leaves(number), allow_unused=True)


def _leaves(number: Tensor) -> list[Tensor]:
    """Return the leaves of a graph: parameters, and inputs that need a gradient."""
    waiting, seen, leaves = [number.grad_fn], set(), []
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if isinstance(variable, Tensor):
            leaves.append(variable)
        waiting.extend(child for child, _ in node.next_functions)
    return leaves
