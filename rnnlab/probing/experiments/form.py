"""How a model is called: what each argument of its forward is, in which order the axes stand, what its answer looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "text",
    "lengths",
    "mask",
    "hidden",
    "cell",
    "batch size",
    "label",
    "features",
    "text and lengths",
    "packed",
    "texts",
    "dict",
    "object",
    "none",
]
BATCH_FIRST, TIME_FIRST = ("batch", "seq_len"), ("seq_len", "batch")


@dataclass(frozen=True)
class Argument:
    """One argument of a forward: `texts` is a list of tensors, one for each text.

    `keys` are the entries of a dict (or the attributes of an object) and what each is.

    `shape` says in which of several customary ways it is made, 0 being the most common.
    """

    name: str
    role: Role
    keys: tuple[tuple[str, Role], ...] = ()
    shape: int = 0
    by_name: bool = False


@dataclass(frozen=True)
class Form:
    """A way to call a model that was seen to work.

    `kind` is what a text consists of: `ids` (batch, seq_len) below `width`, or `features` (batch, seq_len, width). `axes` is
    the order of the text's first two axes; (`seq_len`,) alone where the model takes one text at a time. `batch` and `seq_len`
    are set where the model runs with no other size. `output` names the axes of its answer, constants as numbers;
    `result` is the position of the answer among the tensors that the forward returns; `before` is a method of the model that
    is called before each forward, as `model.hidden = model.init_hidden(batch)`.
    """

    arguments: tuple[Argument, ...]
    axes: tuple[str, ...] = BATCH_FIRST
    kind: Literal["ids", "features"] = "ids"
    width: int = 2
    pad: int = 0
    pad_from: Literal["padding_idx", "guessed", "zeros"] = "guessed"
    batch: int | None = None
    seq_len: int | None = None
    sorted_lengths: bool = False
    output: tuple[str, ...] = ()
    result: int = 0
    before: str = ""

    @property
    def has_lengths(self) -> bool:
        """Whether the model is told how long each text is, by lengths or by a mask."""
        roles = {role for argument in self.arguments for role in (argument.role, *(r for _, r in argument.keys))}
        return bool(roles & {"lengths", "mask", "text and lengths", "packed", "texts"})

    @property
    def batch_axis(self) -> int | None:
        """The axis of the answer that counts the texts."""
        return self.output.index("batch") if "batch" in self.output else None

    def roles(self) -> list[str]:
        """Return what the arguments are, in words: `text`, `lengths`, `dict(input_ids: text)`."""
        return [
            argument.role
            if not argument.keys
            else f"{argument.role}({', '.join(f'{key}: {role}' for key, role in argument.keys)})"
            for argument in self.arguments
        ]
