"""Python's functions that look at objects: isinstance, getattr, hasattr, setattr, vars, type."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.libraries import choosing
from rnnlab.reading.libraries.registry import calls
from rnnlab.reading.values import (
    Constant,
    File,
    Instance,
    Library,
    Listing,
    Mapping,
    Tensor,
    Text,
    Unknown,
    Value,
    constant,
    derived,
    options,
)


@calls("builtins.isinstance")
def _isinstance(run: Any, given: Any) -> Value:
    value, kind = given.get(0), given.get(1)
    names = [one.last for one in (kind.items or ()) if isinstance(one, Library)] if isinstance(kind, Listing) else []
    names = [kind.last] if isinstance(kind, Library) else names
    if not names or not isinstance(value, Value):
        return derived([value])
    types = {type(one.value).__name__ if isinstance(one, Constant) else _type_name(one) for one in options(value)}
    if len(types) == 1 and (known := types.pop()):
        return Constant(known in names or (known == "bool" and "int" in names))
    return derived([value])


def _type_name(value: Value) -> str:
    if isinstance(value, Listing) and value.kind in ("list", "tuple", "set"):
        return value.kind
    if isinstance(value, Mapping):
        return "dict" if value.kind == "dict" else ""
    return {Tensor: "Tensor", Text: "str"}.get(type(value), "")


@calls("builtins.getattr")
def _getattr(run: Any, given: Any) -> Value:
    from rnnlab.reading import attributes

    owner, name, default = given.get(0), constant(given.get(1)), given.get(2)
    if isinstance(name, str) and owner is not None:
        if (
            isinstance(owner, Instance)
            and default is not None
            and name not in owner.fields
            and owner.kind.attribute(name) is None
        ):
            return default
        return attributes.read(run, owner, name, given.node)
    if isinstance(owner, Library) and owner.root == "torch":
        return _chosen_layer(run, owner, given)
    if isinstance(owner, File):
        return choosing.of_module(owner, given.get(1))
    return derived(given.values())


def _chosen_layer(run: Any, owner: Library, given: Any) -> Value:
    """`getattr(nn, cell_type)`: one of the RNNs, by a name that is not known."""
    if owner.name == "torch.nn":
        return Library("torch.nn.LSTM") if "rnn" in run.story.source(given.node).lower() else Unknown(text="layer")
    if owner.name == "torch.optim":
        return Library("torch.optim.Optimizer")
    return Unknown()


@calls("builtins.hasattr")
def _hasattr(run: Any, given: Any) -> Value:
    owner, name = given.get(0), constant(given.get(1))
    if isinstance(owner, Instance) and isinstance(name, str):
        return Constant(name in owner.fields or owner.kind.attribute(name) is not None)
    return Unknown()


@calls("builtins.setattr")
def _setattr(run: Any, given: Any) -> Value:
    from rnnlab.reading import attributes

    name = constant(given.get(1))
    if isinstance(name, str) and given.get(0) is not None and given.get(2) is not None:
        attributes.write(run, given.get(0), name, given.get(2), given.node)
    return Constant(None)


@calls("builtins.vars")
def _vars(run: Any, given: Any) -> Value:
    value = given.get(0)
    if isinstance(value, Mapping):
        return value
    fields = value.fields if isinstance(value, Instance) else {}
    return Mapping({key: one for key, one in fields.items() if isinstance(one, Value)})


@calls("builtins.type")
def _type(run: Any, given: Any) -> Value:
    value = given.get(0)
    return value.kind if isinstance(value, Instance) and len(given.positional) == 1 else Unknown()
