"""Errors of packing and of the RNN layer: lengths, sizes, states, and the tuple that it returns."""

from __future__ import annotations

import re
from typing import Any

from rnnlab.errors.kit import (
    Explanation,
    axis,
    code,
    expected_and_got,
    explains,
    first,
    history,
    line_of,
    makers_of,
    one_of,
    recurrent_calls,
    shown,
    sized,
    tensor,
    word,
)
from rnnlab.facts import Call, Crash, GroupNote, PackedNote, TensorNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record


def _lengths(crash: Crash) -> dict[str, Any]:
    return crash.values.get("lengths") or {} if crash.what == "pack_padded_sequence" else {}


def _name(crash: Crash) -> str:
    found = word(crash, 1, "lengths")
    return found if found.replace(".", "").isidentifier() else "lengths"


# --- packing -----------------------------------------------------------------------------------------------------------


@explains("RuntimeError TypeError", r"'lengths' argument should be a 1D CPU int64 tensor")
def lengths_on_the_gpu(record: Record, crash: Crash) -> Explanation | None:
    """Packing counts on the CPU and wants its lengths there."""
    lengths = _lengths(crash)
    if lengths.get("dims") != 1 or lengths.get("device") in {None, "cpu"}:
        return None
    name, device = _name(crash), lengths["device"]
    return Explanation(
        f"{code(record, crash.place)}: {name} is ({lengths['count']}) {lengths['dtype']} on {device}; the "
        "lengths have to lie on the cpu.",
        "Packing cuts the batch up step by step in main memory. An iterator with device=... (or .to(device)) has "
        "moved the lengths along with the text.",
        f"write `pack_padded_sequence({word(crash, 0, 'embedded')}, {name}.cpu(), ...)`; the text itself stays "
        f"on {device}",
    )


@explains("RuntimeError TypeError", r"'lengths' argument should be a 1D CPU int64 tensor")
def lengths_are_not_one_axis(record: Record, crash: Crash) -> Explanation | None:
    """The lengths have two axes, or none."""
    note = tensor(crash, 1)
    if _lengths(crash).get("dims") in {None, 1} or note is None:
        return None
    name = _name(crash)
    write = (
        f"`{name}.squeeze(1)`"
        if note.shape is not None and len(note.shape) == 2 and note.shape[1] == 1
        else f"`{name}.reshape(-1)`"
    )
    return Explanation(
        f"{code(record, crash.place)}: {shown(crash.inputs[1], 'lengths')}; packing wants one length per text, "
        "(batch).",
        "The lengths have another number of axes than one.",
        f"write {write}",
    )


@explains("RuntimeError", r"must be sorted in decreasing order")
def lengths_not_sorted(record: Record, crash: Crash) -> Explanation | None:
    """With enforce_sorted=True, the default, the longest text has to come first."""
    lengths = _lengths(crash)
    rises = lengths.get("rises")
    if lengths.get("sorted") is not False or not isinstance(rises, list):
        return None
    position, before, after = rises
    return Explanation(
        f"{code(record, crash.place)}: the {lengths['count']} lengths run from {lengths['shortest']} to "
        f"{lengths['longest']} and are not in "
        f"falling order: position {position} has {before}, position {position + 1} has {after}.",
        "enforce_sorted=True (the default) takes the batch as sorted, longest text first.",
        "write `pack_padded_sequence(..., enforce_sorted=False)`, which sorts for you and puts the order back; "
        "or let the iterator sort: `BucketIterator(..., sort_within_batch=True, sort_key=lambda x: len(x.text))`",
    )


@explains("RuntimeError", r"Expected `len\(lengths\)` to be equal to batch_size")
def packing_reads_another_axis_as_batch(record: Record, crash: Crash) -> Explanation | None:
    """The lengths count the axis that packing takes for the time axis: batch_first does not fit the input."""
    padded, lengths = tensor(crash, 0), _lengths(crash)
    if padded is None or padded.shape is None or len(padded.shape) < 3:
        return None
    batch_first = bool((crash.values.get("options") or {}).get("batch_first"))
    batch, time = (0, 1) if batch_first else (1, 0)
    count, longest = lengths.get("count"), lengths.get("longest")
    # The numbers decide: one length for each row of the other axis, and none longer than this one.
    if count != padded.shape[time] or count == padded.shape[batch]:
        return None
    if isinstance(longest, int) and longest > (padded.shape[batch] or 0):
        return None
    looks, takes = ("(seq_len, batch)", "(batch, seq_len)") if batch_first else ("(batch, seq_len)", "(seq_len, batch)")
    name = word(crash, 0, "the input")
    write = "leave batch_first=True out here" if batch_first else "write `pack_padded_sequence(..., batch_first=True)`"
    rnn = "the RNN layer and pad_packed_sequence" if not batch_first else "the RNN layer"
    return Explanation(
        f"{code(record, crash.place)}: {name} is {sized(padded.shape, padded.axes)}; batch_first={batch_first} "
        f"reads axis {batch} as the batch, "
        f"{padded.shape[batch]} texts, and there are {count} lengths.",
        f"len(lengths)={count} is the size of axis {time}: the input looks {looks}, this line takes {takes}.",
        f"{write} and say the same to {rnn}, or turn the text round before the embedding: `text.t()`",
    )


@explains("RuntimeError", r"Expected `len\(lengths\)` to be equal to batch_size")
def lengths_of_another_batch(record: Record, crash: Crash) -> Explanation | None:
    """There are more or fewer lengths than texts."""
    padded, lengths = tensor(crash, 0), _lengths(crash)
    if padded is None or padded.shape is None or len(padded.shape) < 2 or not lengths:
        return None
    batch = 0 if (crash.values.get("options") or {}).get("batch_first") else 1
    return Explanation(
        f"{code(record, crash.place)}: {word(crash, 0, 'the input')} is {sized(padded.shape, padded.axes)}, its "
        f"batch is axis {batch} with "
        f"{padded.shape[batch]} texts; there {'is' if lengths['count'] == 1 else 'are'} "
        f"{one_of(lengths['count'], 'length')}.",
        "Text and lengths do not belong to one batch, or the lengths count something else than the words of each text.",
        "take both from the same batch: `text, text_lengths = batch.text`",
    )


# --- the layer -----------------------------------------------------------------------------------------------------------


@explains("RuntimeError", r"must be equal to input_size|mat1 and mat2 shapes cannot be multiplied")
def rnn_made_for_another_embedding(record: Record, crash: Crash) -> Explanation | None:
    """The RNN's input_size is not the width of what it reads."""
    wants = (crash.values.get("options") or {}).get("input_size")
    note = crash.inputs[0].note if crash.inputs else None
    got = note.features[-1] if isinstance(note, PackedNote) and note.features else None
    if isinstance(note, TensorNote) and note.shape:
        got = note.shape[-1]
    if crash.what not in RECURRENT or wants is None or got is None or wants == got:
        return None
    layer = (crash.layer or "the layer").partition("(")[0]
    from_embedding = any(call.what == "embedding" for call in history(record, crash.inputs[:1]))
    means = f"The first number of nn.{layer} is the size of the last axis that it reads"
    return Explanation(
        f"{code(record, crash.place)}: {shown(crash.inputs[0])}; {layer} was made with input_size={wants} and "
        f"got {got} numbers per word.",
        f"{means}: {got}, the embedding_dim of your embedding." if from_embedding else f"{means}, here {got}.",
        f"write `nn.{layer}({got}, ...)`, in names `nn.{layer}(embedding_dim, hidden_dim)`",
    )


@explains("RuntimeError", r"Expected hidden\S* size")
def first_state_has_another_number_of_layers(record: Record, crash: Crash) -> Explanation | None:
    """The first hidden state counts layers, and forgets the directions (or the other way round)."""
    sizes = expected_and_got(crash.message)
    options = crash.values.get("options") or {}
    if sizes is None or len(sizes[0]) != 3 or len(sizes[1]) != 3 or sizes[0][1:] != sizes[1][1:] or not options:
        return None
    (wanted, *_), (got, *_) = sizes
    layers, both = options.get("num_layers", 1), 2 if options.get("bidirectional") else 1
    return Explanation(
        f"{code(record, crash.place)}: the first hidden state is {sized(sizes[1])}, the layer wants {sized(sizes[0])}.",
        f"The first axis counts layers × directions: {layers} × {both} = {wanted}, and you gave {got}.",
        f"make it `torch.zeros({wanted}, batch, hid)`, or leave it out: without one the layer begins with zeros",
    )


@explains("RuntimeError", r"[Bb]ackward through the graph a second time")
def hidden_state_of_the_last_batch_still_in_graph(record: Record, crash: Crash) -> Explanation | None:
    """The RNN starts from the state of the batch before, which still carries that batch's graph."""
    for call in reversed(recurrent_calls(record)):
        states = call.inputs[1:]
        again = [item for item in states if any(_same_call(made, call) for made in makers_of(record, item.note))]
        if again:
            name = again[0].name
            where = (
                f"{code(record, call.place)} in {line_of(call.place, crash)}" if call.place is not None else "the RNN"
            )
            kept = name if name.replace(".", "").isidentifier() else "hidden"
            pair = call.what == "lstm" and kept != name
            cut = f"tuple(state.detach() for state in {kept})" if pair else f"{kept}.detach()"
            return Explanation(
                f"{code(record, crash.place)}: {where} starts from {name or 'a state'} "
                f"{sized(_shape(again[0].note))}, which the same line made "
                "for the batch before; that batch's graph was freed by its own backward().",
                "The hidden state of the last batch is still in its graph, so this backward() would walk into "
                "the last batch as well.",
                f"leave the state out (each text begins with zeros), or cut it off before the layer: `{kept} = "
                f"{cut}`; "
                "retain_graph=True only hides it",
                (call.n,),
            )
    return None


def _shape(note: object) -> tuple[int | None, ...] | None:
    return note.shape if isinstance(note, TensorNote) else None


def _same_call(one: Call, other: Call) -> bool:
    return one.what == other.what and one.place == other.place


# --- what the layer returns ------------------------------------------------------------------------------------------------


def _made_by_rnn(record: Record, crash: Crash) -> Call | None:
    made = [call for item in crash.inputs for call in makers_of(record, item.note)]
    return made[0] if made and all(call.what in RECURRENT for call in made) else None


@explains("TypeError AttributeError", r"must be Tensor, not tuple|'tuple' object has no attribute")
def rnn_result_not_unpacked(record: Record, crash: Crash) -> Explanation | None:
    """The tuple that an RNN layer returns is used as if it were a tensor."""
    is_tuple = crash.values.get("given") == "tuple" or crash.values.get("owner") == "tuple"
    rnn = _made_by_rnn(record, crash)
    if rnn is None or not is_tuple or not isinstance(rnn.output, GroupNote):
        return None
    note = crash.inputs[0].note
    count = len(note.items) if isinstance(note, GroupNote) else len(crash.inputs)
    lstm = rnn.what == "lstm"
    # (hidden, cell) are two states of equal sizes; the whole result begins with the output.
    states = [one.shape for one in _tensors(crash)]
    is_state = lstm and count == 2 and len(states) == 2 and states[0] == states[1]
    held = "(hidden, cell)" if is_state else "(output, (hidden, cell))" if lstm else "(output, hidden)"
    name = crash.inputs[0].name or crash.values.get("owner_name") or "what it is given"
    name = "what it is given" if "(" in name else name
    write = "output, (hidden, cell) = ..." if lstm else "output, hidden = ..."
    return Explanation(
        f"{code(record, crash.place)}: {name} is the tuple {held} of the {rnn.what.upper()} layer, and a tensor "
        "is wanted.",
        f"An {rnn.what.upper()} returns its output at every step and its last "
        f"state{'s, hidden and cell' if lstm else ''}."
        if lstm
        else f"A {rnn.what.upper()} returns its output at every step and its last hidden state.",
        f"take it apart where the layer is called, `{write}`, and give on `hidden[-1]`",
        (rnn.n,),
    )


def _tensors(crash: Crash) -> list[TensorNote]:
    note = first(crash.inputs)
    if note is None and crash.inputs and isinstance(crash.inputs[0].note, GroupNote):
        return [item.note for item in crash.inputs[0].note.items if isinstance(item.note, TensorNote)]
    return [item.note for item in crash.inputs if isinstance(item.note, TensorNote)]


@explains("ValueError TypeError", r"values to unpack \(expected (\d)")
def rnn_result_unpacked_in_another_form(record: Record, crash: Crash) -> Explanation | None:
    """The names on the left do not fit what the RNN layer returns."""
    calls = recurrent_calls(record)
    rnn = calls[-1] if calls else None
    if rnn is None or rnn.place is None or crash.place is None or rnn.place.file != crash.place.file:
        return None
    if not crash.place.line <= rnn.place.line <= max(crash.place.line, crash.place.end_line):
        return None
    wanted = re.search(r"expected (\d)", crash.message)
    lstm = rnn.what == "lstm"
    gives = "output, (hidden, cell)" if lstm else "output, hidden"
    if not lstm and wanted is not None and wanted[1] == "2":
        means = f"A {rnn.what.upper()} has no cell state: `(hidden, cell)` takes its one state apart along the layers."
    else:
        means = (
            f"{'An' if lstm else 'A'} {rnn.what.upper()} returns two things{', the second is a pair' if lstm else ''}."
        )
    return Explanation(
        f"{code(record, rnn.place)} returns {gives}, and the names on the left ask for something else.",
        means,
        f"write `{gives} = {code(record, rnn.place).strip('`')}`",
        (rnn.n,),
    )


@explains("TypeError AttributeError", r"PackedSequence")
def packed_sequence_not_padded_back(record: Record, crash: Crash) -> Explanation | None:
    """A packed sequence is used as if it were a padded tensor."""
    packed = next((item for item in crash.inputs if isinstance(item.note, PackedNote)), None)
    if packed is None:
        return None
    return Explanation(
        f"{code(record, crash.place)}: {shown(packed)}, and a tensor is wanted.",
        "A packed sequence holds the real words step by step and has no batch axis.",
        f"give on the last state (`hidden[-1]`), or put the padding back first: "
        f"`output, lengths = pad_packed_sequence({packed.name or 'packed_output'})`",
    )


@explains(
    "ValueError RuntimeError",
    r"Expected (input to be )?2D or 3D|should also be [23]-D|Expected input to be 2-?D or 3-?D",
)
def rnn_input_has_another_number_of_axes(record: Record, crash: Crash) -> Explanation | None:
    """The RNN layer reads (seq_len, batch, features), and gets another number of axes."""
    given = tensor(crash, 0)
    if crash.what not in RECURRENT or given is None:
        return None
    order = (
        "(batch, seq_len, features)"
        if (crash.values.get("options") or {}).get("batch_first")
        else "(seq_len, batch, features)"
    )
    axes = len(given.shape or ())
    missing = "An axis is missing, mostly the batch of a single sentence." if axes < 3 else "There is an axis too many."
    if axes == 3:
        missing = "The first hidden state has to have three axes as well: (layers, batch, hid)."
    names = "" if axis(given, 0) == "?" else f" ({', '.join(axis(given, i) for i in range(axes))})"
    return Explanation(
        f"{code(record, crash.place)}: {', '.join(shown(item) for item in crash.inputs[:2])}; the layer reads {order}.",
        f"{missing}{names}",
        "give it three axes: `text.unsqueeze(1)` adds the batch axis to a single sentence (`unsqueeze(0)` with "
        "batch_first=True)",
    )
