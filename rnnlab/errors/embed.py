"""Errors of the embedding: ids that the table has no row for, and ids that are no whole numbers."""

from __future__ import annotations

from rnnlab.errors.kit import Explanation, code, explains, makers_of, shown
from rnnlab.facts import Crash
from rnnlab.record import Record


def _table(crash: Crash) -> str:
    rows = crash.values["rows"]
    return (
        f"{crash.layer.partition('(')[0]} has {rows:,} rows, 0 to {rows - 1:,}"
        if crash.layer
        else f"the table has {rows:,} rows"
    )


def _wrong_id(crash: Crash) -> str:
    """`the id 20,001 ('film') at [3, 17] and 4 others`."""
    values = crash.values
    token = f" ('{values['token']}')" if values.get("token") is not None else ""
    others = values["bad_count"] - 1
    rest = f", and {others:,} more ids" if others > 1 else ", and one more id" if others else ""
    return f"the id {values['bad']:,}{token} at {values['bad_at']}{rest}"


@explains("IndexError", r"index out of range")
def embedding_smaller_than_the_vocabulary(record: Record, crash: Crash) -> Explanation | None:
    """num_embeddings is less than the number of entries of the vocabulary that made the ids."""
    values = crash.values
    if "bad" not in values or values["bad"] < 0 or values.get("vocabulary_size", 0) <= values["rows"]:
        return None
    name, size, rows = values["vocabulary"], values["vocabulary_size"], values["rows"]
    over = size - rows
    why = (
        "the two more are <unk> and <pad>, which max_size does not count"
        if over == 2 == len(values.get("specials", ())) and name.endswith(".vocab")
        else f"{over:,} of its entries have no row"
    )
    return Explanation(
        f"{code(record, crash.place)}: {shown(crash.inputs[0])} and holds {_wrong_id(crash)}; {_table(crash)}.",
        f"{name} has {size:,} entries, num_embeddings is {rows:,}: {why}.",
        f"write `nn.Embedding(len({name}), ...)`, so that the table always has a row for each entry",
    )


@explains("IndexError", r"index out of range")
def id_without_a_row_in_the_embedding(record: Record, crash: Crash) -> Explanation | None:
    """An id is negative or larger than the table's last row."""
    values = crash.values
    if "bad" not in values or not crash.inputs:
        return None
    happened = f"{code(record, crash.place)}: {shown(crash.inputs[0])} and holds {_wrong_id(crash)}; {_table(crash)}."
    if values["bad"] < 0:
        return Explanation(
            happened,
            f"The ids run from {values['smallest']:,} to {values['largest']:,}; a table's rows count from 0, so "
            "no id may be negative.",
            "look where the negative number comes from: a padding value of -1, or 1 taken off an id that was 0",
        )
    return Explanation(
        happened,
        f"The ids run from {values['smallest']:,} to {values['largest']:,}. They come from a vocabulary with "
        "more entries than "
        "num_embeddings, or from another vocabulary than the one this table was made for.",
        f"make the table as long as the vocabulary (`len(vocab)`): here at least {values['largest'] + 1:,} rows",
    )


@explains("RuntimeError TypeError", r"'indices'.*scalar types: Long, Int; but got")
def ids_are_not_whole_numbers(record: Record, crash: Crash) -> Explanation | None:
    """The embedding gets floating-point numbers where it wants ids."""
    dtype = crash.values.get("dtype", "")
    if not crash.inputs or not dtype.startswith(("float", "bfloat", "bool", "int16", "int8", "uint8")):
        return None
    name = crash.inputs[0].name
    happened = (
        f"{code(record, crash.place)}: {shown(crash.inputs[0], 'what it is given')}, and a table is read by int64 ids."
    )
    twice = any(call.what in {"embedding", "embedding_bag"} for call in makers_of(record, crash.inputs[0].note))
    if twice:
        return Explanation(
            happened,
            f"{name or 'This'} comes out of an embedding already.",
            "pass the ids to one embedding only, and its result to the RNN",
        )
    word = name or "ids"
    return Explanation(
        happened,
        "The ids were made as another type on the way: by a Field with dtype=torch.float, by numpy, or by "
        "torch.tensor of floats.",
        f"make them `torch.long` where they are born, or write `{word}.long()`",
    )
