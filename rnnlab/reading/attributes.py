"""Attributes: reading them off every kind of value, and writing them."""

from __future__ import annotations

from typing import Any

from rnnlab.reading import libraries
from rnnlab.reading.heap import joined_all
from rnnlab.reading.running import Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Either,
    File,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Method,
    Object,
    Packed,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
)

_PARTS = ("values", "indices")  # what max, min, sort and topk give along an axis


def read(run: Run, owner: Value, name: str, node: Any) -> Value:
    """Return an attribute of a value."""
    if isinstance(owner, Library):
        return libraries.attribute(run, owner, name)
    if isinstance(owner, Instance):
        return _of_instance(run, owner, name, node)
    if isinstance(owner, Tensor):
        return _of_tensor(run, owner, name, node)
    if isinstance(owner, File):
        return owner.fields.get(name) or Unknown(text=name)
    if isinstance(owner, Class):
        found = owner.attribute(name)
        if found is not None:
            return _unwrapped(found, owner)
        return Constant(owner.name) if name == "__name__" else Method(owner, name)
    if isinstance(owner, Thing):
        known = owner.fields.get(name)
        if isinstance(known, Value):
            return known
        return libraries.thing_attribute(run, owner, name, node)
    if isinstance(owner, Super):
        return _of_super(owner, name)
    if isinstance(owner, Packed):
        shape = None if owner.features is None else (run.size(), *owner.features)
        symbols = owner.symbols if shape is not None and len(owner.symbols) == len(shape) else None
        return Tensor(
            shape if name == "data" else None, symbols if name == "data" else None, "", owner.origins, owner.made
        )
    if isinstance(owner, Either):
        return joined_all(
            [read(run, option, name, node) for option in owner.options if not _is_none(option)] or [Unknown()]
        )
    if isinstance(owner, Function) and name in ("__name__", "__doc__"):
        return Constant(owner.name)
    if isinstance(owner, Mapping) and owner.kind == "namespace":
        return owner.items.get(name) or owner.fields["element"] or Unknown(owner.origins, text=name)
    if isinstance(owner, Listing) and name in _PARTS and owner.items is not None and len(owner.items) == 2:
        part = owner.items[_PARTS.index(name)]
        return part if isinstance(part, Tensor) else Method(owner, name)
    return Method(owner, name)


def _is_none(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


def _of_instance(run: Run, owner: Instance, name: str, node: Any) -> Value:
    if name in owner.fields:
        return owner.fields[name]
    found = owner.kind.attribute(name)
    if found is not None:
        if isinstance(found, Function) and any(_is_property(mark) for mark in found.marks):
            from rnnlab.reading.calling import Arguments, call

            return call(run, Method(owner, name, found), Arguments(node))
        return bound(found, owner)
    if name == "__class__":
        return owner.kind
    if name == "__dict__":
        return Mapping({key: value for key, value in owner.fields.items() if isinstance(value, Value)})
    # A class that the program asks `__getattr__` of answers to everything.
    return Method(owner, name)


def _is_property(mark: Value) -> bool:
    return isinstance(mark, Library) and mark.last in ("property", "cached_property")


def bound(value: Value, owner: Value) -> Value:
    """Return a class's attribute as an object gives it: a function as a method."""
    if not isinstance(value, Function):
        return value
    words = {mark.last for mark in value.marks if isinstance(mark, Library)}
    if "staticmethod" in words:
        return value
    if "classmethod" in words:
        return Method(owner.kind if isinstance(owner, Instance) else owner, value.name, value)
    return Method(owner, value.name, value)


def _unwrapped(value: Value, owner: Class) -> Value:
    if isinstance(value, Function) and any(isinstance(m, Library) and m.last == "classmethod" for m in value.marks):
        return Method(owner, value.name, value)
    return value


def _of_super(owner: Super, name: str) -> Value:
    line = owner.instance.kind.line() if isinstance(owner.instance, Instance) else owner.above.line()
    after = line[line.index(owner.above) + 1 :] if owner.above in line else []
    found = next((one.fields[name] for one in after if name in one.fields), None)
    return bound(found, owner.instance) if isinstance(found, Value) else Method(owner, name)


def _of_tensor(run: Run, owner: Tensor, name: str, node: Any) -> Value:
    from rnnlab.reading import tensors

    if name in ("T", "mT", "H", "mH"):
        return tensors.operate(run, name, [(run.story.word(getattr(node, "value", node)), owner)], node)
    if name == "data" and owner.owner is None:  # as detach() does; a weight's own numbers are the weight's
        return tensors.operate(run, "detach", [(run.story.word(getattr(node, "value", node)), owner)], node)
    if name in ("data", "grad"):
        return Tensor(owner.shape, owner.symbols, owner.dtype, owner.origins, owner.made, owner.owner)
    if name == "shape":
        return tensors.shape_value(run, owner, node)
    if name == "device":
        return Unknown(text="device")
    if name in ("ndim",) and owner.shape is not None:
        return Constant(len(owner.shape))
    if name in ("dtype", "requires_grad", "is_cuda", "ndim", "grad_fn"):
        return Unknown(text=name)
    return Method(owner, name)


def write(run: Run, owner: Value, name: str, value: Value, node: Any) -> None:
    """Give a value an attribute."""
    if isinstance(owner, Either):
        for option in owner.options:
            if isinstance(option, Object):
                run.heap.write(
                    option.fields,
                    name,
                    joined_all([v for v in (option.fields.get(name), value) if isinstance(v, Value)]),
                )
        return
    if isinstance(owner, Mapping):
        if name == "default_factory":
            run.heap.write(owner.fields, "counts_up", isinstance(value, Method) and value.name == "__len__")
        if owner.kind == "namespace":
            run.heap.write(owner.fields, "items", {**owner.items, name: value})
        return
    if isinstance(owner, Object) and not isinstance(owner, Listing):
        run.heap.write(owner.fields, name, value)
        libraries.attribute_written(run, owner, name, value, node)
    elif isinstance(owner, Library):
        libraries.flag_written(run, owner, name, value, node)
