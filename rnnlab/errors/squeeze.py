"""Errors of choosing the state: axes that are indexed or dropped, and what is then missing further on."""

from __future__ import annotations

import re

from rnnlab.errors.kit import (
    Explanation,
    axis,
    code,
    directions,
    explains,
    history,
    is_batch_first,
    line_of,
    makers_of,
    shown,
    sized,
    source,
    tensor,
    word,
)
from rnnlab.facts import Call, Crash, TensorNote, tensors
from rnnlab.operations import RECURRENT
from rnnlab.record import Record

_MISSING = (
    r"Dimension out of range|Expected input batch_size|[Tt]arget size|batched|zero-dimensional|too many indices|"
    r"0-d tensor|of dimension 0|size of tensor a|multi-target|iteration over a 0-d"
)


# --- a batch of one ------------------------------------------------------------------------------------------------------


@explains("IndexError RuntimeError ValueError TypeError", _MISSING)
def squeeze_dropped_a_batch_of_one(record: Record, crash: Crash) -> Explanation | None:
    """squeeze() drops every axis of size 1, and with a single text the batch is one of them."""
    for call in history(record, crash.inputs):
        lost = _lost_batch(call)
        if lost is None or call.place is None:
            continue
        before, after = lost
        return Explanation(
            f"{code(record, call.place)} in {line_of(call.place, crash)} made {sized(before.shape, before.axes)} into "
            f"{sized(after.shape, after.axes)}: the batch had one text, and its axis is gone. "
            f"So here, {code(record, crash.place)}: {', '.join(shown(item) for item in crash.inputs[:2])}.",
            "squeeze() drops each axis of size 1, whatever it stands for; in larger batches it drops only the "
            "one that you mean.",
            f"name the axis that you mean: {_named(call, before)}",
            (call.n,),
        )
    return None


def _lost_batch(call: Call) -> tuple[TensorNote, TensorNote] | None:
    """Return a squeeze's input and result, if the result has lost a batch axis of size 1."""
    before = tensors(call.inputs[0].note) if call.inputs else []
    after = call.output
    if call.what != "squeeze" or not before or not isinstance(after, TensorNote) or before[0].shape is None:
        return None
    names = [name.name for name in before[0].axes]
    kept = [name.name for name in after.axes]
    if "batch" not in names or "batch" in kept or before[0].shape[names.index("batch")] != 1:
        return None
    return before[0], after


def _named(call: Call, before: TensorNote) -> str:
    word = call.inputs[0].name if call.inputs and call.inputs[0].name.replace(".", "").isidentifier() else "x"
    others = [i for i, size in enumerate(before.shape or ()) if size == 1 and axis(before, i) != "batch"]
    if axis(before, 0).startswith("layers"):
        return f"`{word}[-1]` takes the last layer's state and always keeps the batch"
    return f"`{word}.squeeze({others[0]})`" if others else "index it, for instance `hidden[-1]`"


# --- h_n and its first axis ----------------------------------------------------------------------------------------------


@explains("IndexError", r"index (-?\d+) is out of bounds for dimension 0 with size")
def direction_that_is_not_there(record: Record, crash: Crash) -> Explanation | None:
    """`hidden[-2]` asks for the forward direction of an RNN that has one direction and one layer."""
    given = tensor(crash, 0)
    asked = re.search(r"index (-?\d+) is out of bounds for dimension 0 with size (\d+)", crash.message)
    if given is None or asked is None or not axis(given, 0).startswith("layers"):
        return None
    index, layers = int(asked[1]), int(asked[2])
    rnn = next((call for call in makers_of(record, given) if call.what in RECURRENT), None)
    if rnn is None or index >= 0 or directions(rnn) == 2:
        return None
    name = word(crash, 0, "hidden")
    return Explanation(
        f"{code(record, crash.place)}: {shown(crash.inputs[0])}; its first axis counts {layers} = layers × "
        f"directions, so there is no [{index}].",
        f"[{index}] is the forward direction of a bidirectional RNN's last layer; "
        f"{(rnn.layer or 'this one').partition('(')[0]} here has one direction.",
        f"take `{name}[-1]` alone, or make the layer bidirectional=True",
        (rnn.n,),
    )


@explains("IndexError", r"index (\d+) is out of bounds for dimension 0 with size")
def hidden_is_never_batch_first(record: Record, crash: Crash) -> Explanation | None:
    """The hidden state's first axis is layers × directions, also with batch_first=True."""
    given = tensor(crash, 0)
    asked = re.search(r"index (\d+) is out of bounds for dimension 0 with size (\d+)", crash.message)
    if given is None or asked is None or not axis(given, 0).startswith("layers"):
        return None
    return _batch_second(
        f"{code(record, crash.place)}: {shown(crash.inputs[0])}, and you take number {asked[1]} of its first axis.",
        word(crash, 0, "hidden"),
    )


def _batch_second(happened: str, name: str, evidence: tuple[int, ...] = ()) -> Explanation:
    return Explanation(
        happened,
        "The hidden state is (layers × directions, batch, hid), always: batch_first=True turns the RNN's input "
        "and output round, not its states.",
        f"the last layer's state of every text is `{name if name.isidentifier() else 'hidden'}[-1]`",
        evidence,
    )


@explains("ValueError RuntimeError", r"Expected input batch_size|[Tt]arget size|size of tensor a")
def layers_taken_for_the_batch(record: Record, crash: Crash) -> Explanation | None:
    """The logits' first axis is that of the layers: the hidden state was indexed as if the batch came first."""
    logits = tensor(crash, 0)
    if logits is None or not axis(logits, 0).startswith("layers"):
        return None
    for call in history(record, crash.inputs[:1]):
        before = tensors(call.inputs[0].note) if call.inputs else []
        if (
            call.what in {"index", "select", "squeeze"}
            and before
            and axis(before[0], 0).startswith("layers")
            and call.place is not None
        ):
            happened = (
                f"{code(record, call.place)} in {line_of(call.place, crash)}: {shown(call.inputs[0])}, and its batch "
                "axis was dropped. "
                f"So here, {code(record, crash.place)}: {', '.join(shown(item) for item in crash.inputs[:2])}."
            )
            return _batch_second(happened, call.inputs[0].name, (call.n,))
    return None


# --- output and its time axis ----------------------------------------------------------------------------------------------


@explains("ValueError RuntimeError", r"Expected input batch_size|[Tt]arget size|size of tensor a")
def time_taken_for_the_batch(record: Record, crash: Crash) -> Explanation | None:
    """The logits' first axis is the time: `output[-1]` of a batch_first layer, or text turned the other way round."""
    logits, target = tensor(crash, 0), tensor(crash, 1)
    if logits is None or target is None or axis(logits, 0) != "seq_len" or not logits.shape or len(logits.shape) > 2:
        return None
    calls = list(history(record, crash.inputs[:1]))
    here = f"So here, {code(record, crash.place)}: {', '.join(shown(item) for item in crash.inputs[:2])}."
    for call in calls:
        before = tensors(call.inputs[0].note) if call.inputs else []
        if call.what == "index" and before and axis(before[0], 0) == "batch" and call.place is not None:
            return Explanation(
                f"{code(record, call.place)} in {line_of(call.place, crash)}: {shown(call.inputs[0])}, and the index "
                "stands on the batch axis: "
                f"it takes all words of one text. {here}",
                "With batch_first=True the output is (batch, seq_len, hid): [-1] is the last text, not the last word.",
                f"write `{word_of(call)}[:, -1]`",
                (call.n,),
            )
    return _text_turned_round(record, calls, here)


def _text_turned_round(record: Record, calls: list[Call], here: str) -> Explanation | None:
    """The RNN took the time axis for the batch: the input's own names say so."""
    rnn = next((call for call in calls if call.what in RECURRENT), None)
    text = tensors(rnn.inputs[0].note) if rnn is not None and rnn.inputs else []
    if rnn is None or not text or text[0].shape is None or len(text[0].shape) != 3:
        return None
    batch = 0 if is_batch_first(rnn) else 1
    if axis(text[0], batch) != "seq_len":
        return None
    cure = "leave batch_first=True out" if batch == 0 else "make the layer with batch_first=True"
    return Explanation(
        f"{code(record, rnn.place)}: {shown(rnn.inputs[0])}; batch_first={batch == 0} reads axis {batch}, which "
        f"is seq_len, as the batch. {here}",
        "The text's axes are in another order than the layer reads them, so words were taken for texts.",
        f"{cure}, or turn the text round before the embedding: `text.t()`",
        (rnn.n,),
    )


def word_of(call: Call) -> str:
    """Return the learner's word for what a call worked on."""
    name = call.inputs[0].name if call.inputs else ""
    return name if name.replace(".", "").isidentifier() else "output"


# --- padding back --------------------------------------------------------------------------------------------------------


@explains(
    "IndexError RuntimeError ValueError",
    r"out of bounds for dimension|size of tensor a|Expected input batch_size|batch1 tensor|mask",
)
def padded_back_without_batch_first(record: Record, crash: Crash) -> Explanation | None:
    """The input was packed with batch_first=True and padded back without it, so its first two axes are swapped."""
    for call in history(record, crash.inputs):
        if call.what != "pad_packed_sequence" or call.place is None:
            continue
        output = tensors(call.output)
        packing = next((one for one in history(record, call.inputs) if one.what == "pack_padded_sequence"), None)
        padded = tensors(packing.inputs[0].note) if packing is not None and packing.inputs else []
        if not output or not padded or output[0].shape is None or padded[0].shape is None or len(padded[0].shape) < 3:
            continue
        before, after = padded[0].shape[:2], output[0].shape[:2]
        turned = (axis(padded[0], 0), axis(output[0], 0)) in {("batch", "seq_len"), ("seq_len", "batch")}
        if before == after or "batch_first" in source(record, call.place) or not (turned or before == after[::-1]):
            continue
        if packing is None or "batch_first=True" not in source(record, packing.place):
            continue
        return Explanation(
            f"{code(record, call.place)} in {line_of(call.place, crash)} gives "
            f"{sized(output[0].shape, output[0].axes)}, and what was packed was "
            f"{sized(padded[0].shape, padded[0].axes)}. So here, {code(record, crash.place)}: "
            f"{', '.join(shown(item) for item in crash.inputs[:2])}.",
            "The text was packed with batch_first=True and padded back without it: batch and seq_len have "
            "changed places.",
            "write `pad_packed_sequence(..., batch_first=True)`",
            (call.n,),
        )
    return None
