"""Rows that were cut out of others: giving values the identity of a part, whatever they are."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.values import (
    Constant,
    Either,
    Instance,
    Listing,
    Mapping,
    Number,
    Tensor,
    Thing,
    Unknown,
    Value,
    deep_origins,
)


def rebased(value: Value, number: int, depth: int = 3) -> Value:
    """Return a value as the same kind of rows, but of the data of this identity."""
    origin = frozenset({number})
    if isinstance(value, Listing) and depth:
        element = value.element
        if value.items is not None:
            known = [rebased(one, number, depth - 1) for one in value.items[:8]]
            from rnnlab.reading.heap import joined_all

            element = joined_all(known) if known else None
        inner = rebased(element, number, depth - 1) if element is not None else Unknown(origin)
        if value.items is not None and value.kind == "tuple" and depth < 3:
            return Listing("tuple", [rebased(one, number, depth - 1) for one in value.items], None, origin, value.made)
        return Listing("list", None, inner, origin, value.made)
    if isinstance(value, Thing):
        fields = {**value.fields, "rows_of": value}
        if isinstance(element := fields.get("element"), Value):
            fields["element"] = rebased(element, number, depth - 1) if depth else Unknown(origin)
        return Thing(value.kind, fields, origin, value.made, number)
    if isinstance(value, Tensor):
        return Tensor(value.shape, value.symbols, value.dtype, origin, value.made)
    if isinstance(value, Number):
        return Number(value.size, value.text, origin, value.made)
    if isinstance(value, Mapping):
        made = Mapping(
            {k: rebased(v, number, depth - 1) for k, v in list(value.items.items())[:16]} if depth else {},
            origins=origin,
        )
        made.fields["element"] = (
            rebased(value.fields["element"], number, depth - 1)
            if value.fields["element"] and depth
            else Unknown(origin)
        )
        return made
    if isinstance(value, Constant) or (
        isinstance(value, Either) and all(isinstance(v, Constant) for v in value.options)
    ):
        return value
    return Unknown(origin, value.made, getattr(value, "text", ""))


def part_of_dataset(value: Value, number: int) -> Value:
    """Return a part of a dataset: it is walked over like the whole, and its rows are its own."""
    if isinstance(value, Instance | Thing):
        return Thing("torch.utils.data.Subset", {"group": "part", "dataset": value}, frozenset({number}), number=number)
    return rebased(value, number)


def row_origins(value: Value, number: int | None) -> frozenset[int]:
    """Return the identity of rows, or of the data behind them."""
    return frozenset({number}) if number is not None else deep_origins(value)


def is_rows(told: Any) -> bool:
    """Say whether a fact tells of rows (not of a vocabulary, a model, …)."""
    return told is not None and told.what in ("table", "file", "dataset", "split", "loader", "batch")
