"""Errors of the head: a layer that wants another number of features than it gets."""

from __future__ import annotations

from rnnlab.errors.kit import (
    Explanation,
    axis,
    code,
    directions,
    explains,
    history,
    shown,
    sized,
    state_of,
    tensor,
    word,
)
from rnnlab.facts import Call, Crash, TensorNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record

_WIDTHS = r"mat1 and mat2 shapes cannot be multiplied"


class _Widths:
    """A linear layer that got another width than it wants: `wants`, `got`, and the RNN that made what it got."""

    def __init__(self, record: Record, crash: Crash, given: TensorNote, wants: int) -> None:
        self.given, self.wants, self.got = given, wants, (given.shape or (0,))[-1] or 0
        self.rnn: Call | None = next(
            (call for call in history(record, crash.inputs[:1]) if call.what in RECURRENT), None
        )
        state = state_of(self.rnn) if self.rnn is not None else None
        self.hid = (state.shape or (0,))[-1] if state is not None else None
        self.two = self.rnn is not None and directions(self.rnn) == 2
        layer = crash.layer.partition("(")[0] if crash.layer else "the layer"
        self.happened = (
            f"{code(record, crash.place)}: {shown(crash.inputs[0])}, the layer's weight is {_weight(crash, wants)}: "
            f"{layer} wants {wants:,} numbers in the last axis and got {self.got:,}."
        )


def _weight(crash: Crash, wants: int) -> str:
    note = crash.parameters[0].note if crash.parameters else None
    return sized(note.shape, note.axes) if isinstance(note, TensorNote) else f"(in_features={wants})"


def _widths(record: Record, crash: Crash) -> _Widths | None:
    given = tensor(crash, 0)
    weight = crash.parameters[0].note if crash.parameters else None
    if crash.what != "linear" or given is None or not given.shape or not isinstance(weight, TensorNote):
        return None
    wants = weight.shape[-1] if weight.shape and len(weight.shape) == 2 else None
    return _Widths(record, crash, given, wants) if wants is not None and wants != given.shape[-1] else None


@explains("RuntimeError", _WIDTHS)
def head_not_twice_as_wide_for_two_directions(record: Record, crash: Crash) -> Explanation | None:
    """A bidirectional RNN gives 2*hid numbers, the head wants hid."""
    seen = _widths(record, crash)
    if seen is None or not seen.two or seen.hid != seen.wants or seen.got != 2 * seen.wants:
        return None
    return Explanation(
        seen.happened,
        f"{seen.got} = 2*hid: the RNN is bidirectional and its two directions stand side by side, "
        f"but this head was made for one (in_features={seen.wants} = hid).",
        f"write `nn.Linear(2 * {seen.wants}, ...)`, in names `nn.Linear(hidden_dim * 2, ...)`",
        (seen.rnn.n,) if seen.rnn is not None else (),
    )


@explains("RuntimeError", _WIDTHS)
def one_direction_taken_of_two(record: Record, crash: Crash) -> Explanation | None:
    """The head wants both directions of a bidirectional RNN and is given one."""
    seen = _widths(record, crash)
    if seen is None or not seen.two or seen.hid != seen.got or seen.wants != 2 * seen.got:
        return None
    return Explanation(
        seen.happened,
        f"in_features={seen.wants} = 2*hid: this head expects both directions of the RNN, and "
        f"{word(crash, 0, 'what it got')} is one of them.",
        "put both last states side by side: `torch.cat((hidden[-2], hidden[-1]), dim=1)`",
        (seen.rnn.n,) if seen.rnn is not None else (),
    )


@explains("RuntimeError", _WIDTHS)
def head_twice_as_wide_for_one_direction(record: Record, crash: Crash) -> Explanation | None:
    """The head was made for a bidirectional RNN, and the RNN has one direction."""
    seen = _widths(record, crash)
    if seen is None or seen.two or seen.hid is None or seen.hid != seen.got or seen.wants != 2 * seen.hid:
        return None
    layer = (seen.rnn.layer or "the RNN").partition("(")[0] if seen.rnn is not None else "RNN"
    return Explanation(
        seen.happened,
        f"in_features={seen.wants} = 2*hid: this head expects a bidirectional {layer}, and yours has one direction.",
        f"write `nn.Linear({seen.hid}, ...)`, or make the {layer} bidirectional=True and join its two directions "
        "with torch.cat",
        (seen.rnn.n,) if seen.rnn is not None else (),
    )


@explains("RuntimeError", _WIDTHS)
def layer_reads_another_axis(record: Record, crash: Crash) -> Explanation | None:
    """The width that the layer wants stands on another axis than the last."""
    seen = _widths(record, crash)
    if seen is None or seen.given.shape is None:
        return None
    places = [i for i, size in enumerate(seen.given.shape[:-1]) if size == seen.wants]
    if len(places) != 1:
        return None
    at = places[0]
    name, last = axis(seen.given, at), axis(seen.given, -1)
    # Sizes may be equal by chance: only a name that a layer's features have proves it.
    if not any(part in name for part in ("hid", "emb", "proj")):
        return None
    given = word(crash, 0, "the input")
    return Explanation(
        seen.happened,
        f"A layer reads the last axis, here {last if last != '?' else 'one of ' + str(seen.got)}; the "
        f"{seen.wants} numbers stand on axis {at} ({name}).",
        f"put that axis last: `{given}.transpose({at}, -1)`"
        if given.isidentifier()
        else f"put axis {at} last with `.transpose({at}, -1)`",
    )


@explains("RuntimeError", _WIDTHS)
def layer_made_for_another_width(record: Record, crash: Crash) -> Explanation | None:
    """A linear layer gets another number of features than it was made for; no more is certain."""
    seen = _widths(record, crash)
    if seen is None:
        return None
    name = axis(seen.given, -1)
    came = f"the {name} axis" if name != "?" else "the last axis"
    return Explanation(
        seen.happened,
        f"in_features must be the size of {came} of what comes in: {seen.got:,}.",
        f"write `nn.Linear({seen.got}, ...)`, or look why {word(crash, 0, 'the input')} is not {seen.wants:,} wide",
    )
