"""Methods of lists, dicts and texts: elements keep their origins on every way in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnlab.reading.heap import joined_all, together
from rnnlab.reading.values import (
    Class,
    Constant,
    Function,
    Library,
    Listing,
    Mapping,
    Number,
    Tensor,
    Text,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    in_order,
    is_vague,
    made_of,
    origins_of,
)

_TEXT = ("lower", "strip", "rstrip", "lstrip", "replace", "upper", "title", "removeprefix", "removesuffix", "decode", "encode",
         "translate", "casefold", "capitalize")  # fmt: skip


def call_method(run: Any, owner: Value, name: str, given: Any) -> Value:
    """Call a method of a list, a dict, a text or something that is not known."""
    if isinstance(owner, Listing):
        handler = _LISTING.get(name)
        return handler(run, owner, given) if handler is not None else derived([owner, *given.values()])
    if isinstance(owner, Mapping):
        handler = _MAPPING.get(name)
        if handler is not None:
            return handler(run, owner, given)
        return derived([owner, *given.values()])
    if isinstance(owner, Constant):
        return _of_constant(run, owner, name, given)
    if isinstance(owner, Class) and name in ("__new__", "from_pretrained", "load_from_checkpoint"):
        from rnnlab.reading.calling import Arguments, instantiate

        return instantiate(run, owner, Arguments(given.node, [], dict(given.named), Unknown()))
    return _of_unknown(run, owner, name, given)


def _of_constant(run: Any, owner: Constant, name: str, given: Any) -> Value:
    if not isinstance(owner.value, str):
        return derived([owner, *given.values()])
    if name == "format":
        return _format(run, owner.value, given)
    if name == "join":
        return derived(given.values())
    arguments = [constant(value, ...) for value in given.positional]
    if all(argument is not ... for argument in arguments) and name in (
        *_TEXT,
        "split",
        "startswith",
        "endswith",
        "splitlines",
    ):
        try:
            result = getattr(owner.value, name)(*arguments)
        except (TypeError, ValueError, AttributeError, LookupError):
            return Unknown(owner.origins)
        if isinstance(result, list):
            return Listing("list", [Constant(part, owner.soft) for part in result[:256]])
        return Constant(result, owner.soft, owner.origins) if isinstance(result, str | bool) else Unknown(owner.origins)
    return derived([owner, *given.values()])


def _format(run: Any, text: str, given: Any) -> Value:
    import re

    known = re.sub(r"\{[^{}]*\}", "{}", text)
    values = given.values()
    return Text(known, given.pairs(), origins_of(values), made_of(values))


def _of_unknown(run: Any, owner: Value, name: str, given: Any) -> Value:
    """Something that is not known: a text that is cut, a logger that speaks, a file that is read."""
    from rnnlab.reading import missing, roles
    from rnnlab.reading.libraries import python, words

    if name in ("info", "debug", "warning", "error", "critical", "write") and given.positional and not owner.origins:
        if name != "write":
            python.say(run, given)
        return Constant(None)
    if (told := missing.splits(run, owner, name, given) or roles.method(run, owner, name, given)) is not None:
        return told
    if name in ("open", "read_text") and not owner.origins:
        from rnnlab.reading.libraries import tables

        word = run.story.word(getattr(getattr(given.node, "func", None), "value", given.node))
        file = tables.opened(
            run, given.node, owner, word, constant(given.get(0, "mode"), "r") if name == "open" else "r"
        )
        return file if name == "open" else Unknown(deep_origins(file), text="whole file")
    if name in ("split", "rsplit") and (owner.origins or isinstance(owner, Unknown)):
        return words.tokens(run, given.node, owner, "split" if name == "split" else name, given)
    if name in _TEXT:
        origins = owner.origins | origins_of(given.values())
        return Unknown(origins, made_of([owner]), getattr(owner, "text", ""), is_vague(owner))
    if name == "sort" or name == "append":
        return Constant(None)
    if isinstance(owner, Library | Function):
        return derived(given.values())
    return missing.made_by(owner, derived([owner, *given.values()]))


# --- lists ---------------------------------------------------------------------------------------------------------


def _element(owner: Listing) -> Value:
    known = [v for v in (*(owner.items or ()), owner.element) if v is not None]
    return joined_all(known) if known else Unknown(owner.origins)


def _append(run: Any, owner: Listing, given: Any) -> Value:
    from rnnlab.reading import items

    value = given.get(len(given.positional) - 1)
    if value is not None:
        if isinstance(value, Number):
            value.text = value.text or given.word(0)
        if isinstance(value, Number) or (isinstance(value, Tensor) and not value.shape):
            run.heap.write(owner.fields, "added", run.story.source(given.nodes.get(0))[:200] or given.word(0))
        run.heap.write(owner.fields, "grown", True)
        items.grow(run, owner, value)
    return Constant(None)


def _extend(run: Any, owner: Listing, given: Any) -> Value:
    from rnnlab.reading import items
    from rnnlab.reading.looping import element_of

    value = given.get(0)
    _note_filling(run, owner, given)
    if isinstance(value, Listing) and value.items is not None:
        for one in value.items:
            items.grow(run, owner, one)
    elif value is not None:
        items.grow(run, owner, element_of(run, value, given.node))
        if owner.items is not None:
            run.heap.write(owner.fields, "element", _element(owner))
            run.heap.write(owner.fields, "items", None)
    return Constant(None)


def _note_filling(run: Any, owner: Listing, given: Any) -> None:
    """`ids.extend([0] * (longest - len(ids)))` fills a review up behind its end."""
    from rnnlab.reading.filling import filler_in, tell_filling

    written = getattr(given.node, "args", [])
    element = filler_in(run, written[0], given.get(0)) if len(written) == 1 else None
    if element is not None and getattr(getattr(given.node, "func", None), "attr", "") == "extend":
        owner.made = (*owner.made, tell_filling(run, given.node, "right", element))


def _pop(run: Any, owner: Listing, given: Any) -> Value:
    number = constant(given.get(0), -1)
    if owner.items and isinstance(number, int) and -len(owner.items) <= number < len(owner.items):
        items = list(owner.items)
        value = items.pop(number)
        run.heap.write(owner.fields, "items", tuple(items))
        return value
    return _element(owner)


def _copy(run: Any, owner: Listing, given: Any) -> Value:
    return Listing(owner.kind, owner.items, owner.element, owner.origins, owner.made)


def _sort(run: Any, owner: Listing, given: Any) -> Value:
    _reorder(run, owner, given)
    if owner.element is not None:
        run.heap.write(owner.fields, "element", in_order(owner.element))
    return Constant(None)


def _reorder(run: Any, owner: Listing, given: Any) -> Value:
    if owner.items is not None and len(owner.items) > 1:
        run.heap.write(owner.fields, "element", _element(owner))
        run.heap.write(owner.fields, "items", None)
    return Constant(None)


def _union(run: Any, owner: Listing, given: Any) -> Value:
    from rnnlab.reading.looping import element_of

    values = [owner, *given.values()]
    parts = [element_of(run, value, given.node) for value in values]
    return Listing(owner.kind, None, together(parts), origins_of(values))


def _index(run: Any, owner: Listing, given: Any) -> Value:
    return run.number("index", deep_origins(owner))


_LISTING: dict[str, Callable[[Any, Listing, Any], Value]] = {
    "append": _append,
    "add": _append,
    "appendleft": _append,
    "insert": _append,
    "extend": _extend,
    "update": _extend,
    "pop": _pop,
    "popleft": _pop,
    "copy": _copy,
    "sort": _sort,
    "reverse": _reorder,
    "union": _union,
    "difference": _copy,
    "intersection": _copy,
    "index": _index,
    "count": _index,
    "clear": lambda run, owner, given: _clear(run, owner),
    "to_dict": lambda run, owner, given: Mapping(
        {}, run.number("count"), _element(owner), deep_origins(owner)
    ),  # of value_counts()
}


def _clear(run: Any, owner: Listing) -> Value:
    run.heap.write(owner.fields, "items", ())
    run.heap.write(owner.fields, "element", None)
    return Constant(None)


# --- dicts ---------------------------------------------------------------------------------------------------------


def _get(run: Any, owner: Mapping, given: Any) -> Value:
    from rnnlab.facts import Call, Named
    from rnnlab.reading import items

    key, default = given.get(0), given.get(1, "default")
    number = owner.fields["number"]
    if number is not None and key is not None:
        # A word is looked up in a vocabulary: what unknown words get matters.
        kept = constant(default, getattr(default, "text", None) if default is not None else None)
        call = Call(
            place=run.story.place(given.node),
            stage="vocab",
            what="look_up",
            inputs=(Named(given.word(0), run.story.note(key)),),
            values={"vocabulary": number, "default": kept, "default_text": given.word(1, "default")},
        )
        run.story.call(given.node, call, ())
        return Number(run.size(), "index", frozenset({number}) | deep_origins(key))
    value = items.read(run, owner, key, given.node) if key is not None else Unknown()
    if isinstance(key, Constant) and key.value in owner.items:
        return value
    if default is not None:
        return joined_all([value, default]) if not isinstance(value, Unknown) or value.origins else default
    return value


def _items(run: Any, owner: Mapping, given: Any) -> Value:
    pairs = [Listing("tuple", [Constant(key), value]) for key, value in owner.items.items()]
    if owner.fields["element"] is None and pairs:
        return Listing("list", pairs)
    element = Listing("tuple", [_key(owner), _value(owner)])
    return Listing("list", None, element, deep_origins(owner))


def _key(owner: Mapping) -> Value:
    known = [Constant(key) for key in list(owner.items)[:4]]
    key = owner.fields["key"]
    if key is None and owner.fields["number"] is not None:
        return Unknown(frozenset({owner.fields["number"]}))
    return together([*known, key]) if key is not None else joined_all(known) if known else Unknown(owner.origins)


def _value(owner: Mapping) -> Value:
    known = [v for v in (*list(owner.items.values())[:8], owner.fields["element"]) if v is not None]
    return joined_all(known) if known else Unknown(owner.origins)


def _keys(run: Any, owner: Mapping, given: Any) -> Value:
    if owner.fields["element"] is None and owner.items:
        return Listing("list", [Constant(key) for key in owner.items])
    return Listing("list", None, _key(owner), deep_origins(owner))


def _values(run: Any, owner: Mapping, given: Any) -> Value:
    if owner.fields["element"] is None and owner.items:
        return Listing("list", list(owner.items.values()))
    return Listing("list", None, _value(owner), deep_origins(owner))


def _most_common(run: Any, owner: Mapping, given: Any) -> Value:
    element = Listing("tuple", [_key(owner), run.number("count")])
    return Listing("list", None, element, deep_origins(owner))


def _update(run: Any, owner: Mapping, given: Any) -> Value:
    from rnnlab.reading import items
    from rnnlab.reading.looping import element_of

    value = given.get(0)
    if isinstance(value, Mapping):
        run.heap.write(owner.fields, "items", {**owner.items, **value.items, **given.named})
        for name in ("element", "key"):
            if value.fields[name] is not None:
                run.heap.write(
                    owner.fields,
                    name,
                    joined_all([v for v in (owner.fields[name], value.fields[name]) if v is not None]),
                )
    elif value is not None:
        key = element_of(run, value, given.node)
        before = owner.fields["key"]
        if isinstance(key, Listing) and key.items is not None and len(key.items) == 2 and owner.kind != "counter":
            key, counted = key.items  # pairs of a word and its number
            run.heap.write(owner.fields, "key", key if before is None else together([before, key]))
            run.heap.write(owner.fields, "element", counted)
            items.numbered(run, owner, key, counted, given.node)
            return Constant(None)
        if owner.kind == "counter":
            from rnnlab.reading.libraries import words

            key = words.counting(run, given.node, key) or key
        run.heap.write(owner.fields, "key", key if before is None else together([before, key]))
        run.heap.write(owner.fields, "element", run.number("count"))
    elif given.named:
        run.heap.write(owner.fields, "items", {**owner.items, **given.named})
    return Constant(None)


def _set_default(run: Any, owner: Mapping, given: Any) -> Value:
    from rnnlab.reading import items

    key, value = given.get(0), given.get(1)
    if key is not None and value is not None:
        items.write(run, owner, key, value, given.node)
        return items.read(run, owner, key, given.node)
    return Unknown()


def _copy_dict(run: Any, owner: Mapping, given: Any) -> Value:
    made = Mapping(owner.items, owner.fields["element"], owner.fields["key"], owner.origins, owner.kind)
    made.fields["number"] = owner.fields["number"]
    return made


def _pop_key(run: Any, owner: Mapping, given: Any) -> Value:
    key = given.get(0)
    value = _get(run, owner, given) if key is not None else Unknown()
    if isinstance(key, Constant) and key.value in owner.items:
        run.heap.write(owner.fields, "items", {k: v for k, v in owner.items.items() if k != key.value})
    return value


_MAPPING: dict[str, Callable[[Any, Mapping, Any], Value]] = {
    "get": _get,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "most_common": _most_common,
    "elements": _keys,
    "update": _update,
    "setdefault": _set_default,
    "copy": _copy_dict,
    "pop": _pop_key,
    "__getitem__": _get,
}
