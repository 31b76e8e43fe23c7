"""What is known of libraries, a file for each: the functions here find who answers. What nobody knows keeps its origins."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.heap import joined_all
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, METHODS, THINGS, group_of, handler_of
from rnnlab.reading.values import (
    Constant,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Method,
    Origins,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
)

_ALIASES = {"np": "numpy", "pd": "pandas"}


def attribute(run: Any, owner: Library, name: str) -> Value:
    """Return what stands under a name in a library."""
    whole = f"{owner.name}.{name}"
    known = _KNOWN_VALUES.get(whole)
    return Constant(known) if known is not None else Library(whole)


_KNOWN_VALUES = {"sys.argv": None, "os.sep": "/", "math.pi": 3.141592653589793}


def call_library(run: Any, callee: Library, given: Any) -> Value:
    """Call a function or a class of a library."""
    handler = handler_of(callee.name)
    if handler is not None:
        given.callee = callee
        return handler(run, given)
    if callee.root == "torch":
        from rnnlab.reading.libraries import torch_functions

        return torch_functions.any_function(run, callee, given)
    if callee.name.startswith("transformers."):
        return Unknown()
    return derived(given.values(), "")


def call_method(run: Any, callee: Method, given: Any) -> Value:
    """Call a method of anything that is no object of the learner's."""
    from rnnlab.reading import tensors
    from rnnlab.reading.libraries import containers

    owner, name = callee.receiver, callee.name
    if isinstance(owner, Tensor):
        return tensors.call_method(run, owner, name, given)
    if isinstance(owner, Thing):
        handler = METHODS.get((group_of(owner), name)) or METHODS.get((group_of(owner), "*"))
        if handler is not None:
            given.method = name
            return handler(run, owner, given)
        return derived([owner, *given.values()])
    if isinstance(owner, Instance | Super):
        return _inherited(run, owner, name, given)
    return containers.call_method(run, owner, name, given)


def _inherited(run: Any, owner: Instance | Super, name: str, given: Any) -> Value:
    """A method that an object has from a library's class."""
    from rnnlab.reading import models

    instance = owner.instance if isinstance(owner, Super) else owner
    if isinstance(instance, Instance):
        handler = METHODS.get(("model" if models.is_model(instance) else "instance", name))
        if handler is not None:
            given.method = name
            return handler(run, instance, given)
        own = {k: v for k, v in instance.fields.items() if isinstance(v, Value)}
        if isinstance(owner, Super) and name == "__init__":
            return Constant(None)
        return (
            derived([*list(own.values())[:8], *given.values()])
            if not models.is_model(instance)
            else derived(given.values())
        )
    return derived(given.values())


def call_thing(run: Any, owner: Thing, given: Any) -> Value:
    """Call an object of a library."""
    handler = THINGS.get(group_of(owner))
    return handler(run, owner, given) if handler is not None else derived([owner, *given.values()])


def thing_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value:
    """Return an attribute of a library's object; one that is no known value may be a method."""
    handler = ATTRIBUTES.get(group_of(owner))
    found = handler(run, owner, name, node) if handler is not None else None
    return found if found is not None else Method(owner, name)


def thing_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    """Return what stands under a key of a library's object."""
    handler = ITEMS.get(group_of(owner))
    return handler(run, owner, key, node) if handler is not None else derived([owner])


def thing_element(run: Any, owner: Thing, node: Any) -> Value:
    """Return what stands for every element of a library's object that is walked over."""
    handler = ELEMENTS.get(group_of(owner))
    return handler(run, owner, node) if handler is not None else derived([owner])


def thing_item_written(run: Any, owner: Thing, key: Value, value: Value, node: Any) -> None:
    """A library's object got an item: a column of a table."""
    name = constant(key)
    if group_of(owner) == "table" and isinstance(name, str):
        columns = owner.fields.get("written") or {}
        run.heap.write(owner.fields, "written", {**columns, name: value})
    elif group_of(owner) == "array":
        before = owner.fields.get("element")
        run.heap.write(owner.fields, "element", value if before is None else joined_all([before, value]))


def tensor_item_written(run: Any, owner: Tensor, key: Value, value: Value, node: Any) -> None:
    """A row of a tensor was written: of a layer's weights it is worth telling."""
    from rnnlab.reading import tensors
    from rnnlab.reading.libraries import torch_layers

    pairs = [(run.story.word(getattr(node, "value", node)), owner), ("", value)]
    if owner.owner is not None:
        torch_layers.note_row(run, owner, key, value)
    from rnnlab.operations import operation_of

    result: Value = Constant(None)
    told = tensors.tell(run, operation_of("__setitem__"), pairs, result, node, _written_at(run, key, node), silent=True)
    owner.made = tuple(dict.fromkeys((*owner.made, *told.made)))[-8:]
    owner.origins |= deep_origins(value)


def _written_at(run: Any, key: Value, node: Any) -> dict[str, Any]:
    """Return where a tensor was written: its keys, and the bounds of a slice as they are spelled."""
    import ast

    from rnnlab.reading import tensors

    keys = list(key.items) if isinstance(key, Listing) and key.kind == "tuple" and key.items is not None else [key]
    found: dict[str, Any] = {"index": [tensors.noted_key(one) for one in keys]}
    for one in ast.walk(getattr(node, "slice", node)):
        if isinstance(one, ast.Slice):
            bounds = [run.story.word(side) if side is not None else None for side in (one.lower, one.upper)]
            found.setdefault("bounds", []).append(bounds)
    return found


def weights_written(run: Any, owner: Tensor, name: str, given: Any) -> None:
    """The weights of a layer were written over in place."""
    from rnnlab.operations import operation_of
    from rnnlab.reading import tensors

    word = run.story.word(getattr(getattr(given.node, "func", None), "value", given.node))
    tensors.tell(
        run, operation_of(name), [(word, owner), *given.pairs()], Constant(None), given.node, {"layer": owner.owner}
    )


def attribute_written(run: Any, owner: Any, name: str, value: Value, node: Any) -> None:
    """An object got an attribute."""
    from rnnlab.reading import models

    if isinstance(owner, Instance) and models.is_model(owner):
        models.attribute_written(run, owner, name, value, node)


def flag_written(run: Any, owner: Library, name: str, value: Value, node: Any) -> None:
    """A setting of a library was written: `torch.backends.cudnn.deterministic = True`."""
    from rnnlab.reading.libraries import torch_training

    torch_training.flag(run, f"{owner.name}.{name}", value, node)


def grad_by_marks(run: Any, function: Function) -> bool | None:
    """Return whether gradients are on in a function, by its decorators."""
    for mark in function.marks:
        if isinstance(mark, Thing) and "grad" in mark.fields:
            return mark.fields["grad"]
        if isinstance(mark, Library) and mark.last in ("no_grad", "inference_mode"):
            return False
    return run.grad_on


def special_class(run: Any, kind: Any, given: Any) -> Value | None:
    """Make an object of a class that only takes over a library's: named tuples, enumerations, errors."""
    above = {name.rpartition(".")[2] for name in kind.above()}
    if above & {"Exception", "ValueError", "RuntimeError", "Enum", "IntEnum", "StrEnum"}:
        return Unknown()
    return None


def plain_fields(run: Any, made: Instance, given: Any) -> None:
    """Fill the fields of a dataclass (or a named tuple) from its annotations and the arguments."""
    import ast

    names: list[str] = []
    for one in reversed(made.kind.line()):
        names += [s.target.id for s in one.node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
    for i, name in enumerate(dict.fromkeys(names)):
        value = given.get(i, name)
        default = made.kind.attribute(name)
        if value is not None:
            made.fields[name] = value
        elif isinstance(default, Thing) and default.name == "field":
            made.fields[name] = default.fields.get("default") or Unknown(text=name)
        elif default is None:
            made.fields[name] = given.rest or Unknown(text=name)


def tell_vocabulary(
    run: Any, node: Any, made: Mapping, origins: Origins, what: str, *, from_set: bool, certain: bool = True
) -> None:
    """A dict of the program's own turned out to number words or labels."""
    from rnnlab.reading.libraries import words

    words.own_vocabulary(run, node, made, origins, what, from_set, certain)


def grows(run: Any, made: Mapping, origins: Origins) -> bool:
    """Say whether words of other rows come into a dict that numbers words already."""
    from rnnlab.reading.libraries import words

    known = set(made.fields.get("of_rows", ()))
    return bool(known) and not set(words.rows_among(run, origins)) <= known


def from_set(run: Any, node: Any, element: Value) -> Value:
    """Return what stands for the elements of a set that was written as a comprehension."""
    from rnnlab.reading.libraries import words

    return words.from_set(run, node, element, deep_origins(element))


def likely_class(values: list[Value]) -> Value | None:
    """Return the class of a model among these that a program chooses by a name which is not known."""
    from rnnlab.reading.libraries import choosing

    return choosing.likely_class(values)


def belonging_to(value: Value, number: int) -> Value:
    """Return rows as those of a part."""
    from rnnlab.reading.libraries import rows

    return rows.rebased(value, number)


def vocabulary_among(run: Any, origins: Origins) -> int | None:
    """Return the vocabulary that words come from, if nothing else is behind them: its words are numbered again."""
    from rnnlab.reading.libraries import words

    if words.rows_among(run, origins):
        return None
    return next(
        (
            n
            for n in sorted(origins)
            if (told := run.story.by_id(n)) is not None and told.what in ("vocabulary", "label map")
        ),
        None,
    )


def looked_up(run: Any, number: int, key: Value, node: Any) -> Value:
    """A word is looked up in a vocabulary (or label map) of this identity."""
    from rnnlab.reading.libraries import words

    return words.looked_up(run, number, key, node)


def sliced(run: Any, owner: Value, key: Value, node: Any, part: Value) -> Value:
    """A part of rows was cut out by position."""
    from rnnlab.reading.libraries import splitting

    return splitting.sliced(run, owner, key, node, part)


def _load() -> None:
    """Import every file of this folder, so that its tables are filled."""
    from rnnlab.reading.libraries import (  # noqa: F401
        argparse_,
        choosing,
        containers,
        keras_,
        lightning,
        old_torchtext,
        python,
        reflection,
        scikit_learn,
        splitting,
        tables,
        torch_data,
        torch_functions,
        torch_layers,
        torch_training,
        words,
    )


_load()
