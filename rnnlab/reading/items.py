"""Items: what stands under an index or a key, unpacking, and dicts that number words or labels."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from rnnlab.reading import filling, libraries, missing
from rnnlab.reading.heap import joined_all, together
from rnnlab.reading.running import Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Either,
    Instance,
    Library,
    Listing,
    Mapping,
    Number,
    Object,
    Packed,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    options,
    origins_of,
)

_MOST_KEYS = 512


def is_key(value: Any) -> bool:
    """Say whether a Python value can be a key."""
    return isinstance(value, str | int | float | bool | bytes | None) or value is None


def listing(values: Sequence[Value], kind: str = "list") -> Listing:
    """Return a list of these values."""
    return Listing(kind, values)


def read(run: Run, owner: Value, key: Value, node: Any) -> Value:
    """Return what stands under a key."""
    from rnnlab.reading import tensors

    if isinstance(owner, Tensor):
        return tensors.index(run, owner, key, node)
    if isinstance(owner, Listing):
        return _of_listing(run, owner, key, node)
    if isinstance(owner, Mapping):
        return _of_mapping(run, owner, key, node)
    if isinstance(owner, Thing):
        return libraries.thing_item(run, owner, key, node)
    if isinstance(owner, Instance):
        return _of_instance(run, owner, key, node)
    if isinstance(owner, Either):
        return joined_all([read(run, one, key, node) for one in owner.options])
    if isinstance(owner, Constant) and isinstance(key, Constant):
        try:
            return Constant(owner.value[key.value], owner.soft, owner.origins)
        except (TypeError, IndexError, KeyError):
            return Unknown(owner.origins)
    if isinstance(owner, Library | Class):
        return owner
    if isinstance(owner, Packed):
        return Unknown(owner.origins, owner.made)
    value = derived([owner])
    if is_slice(key) and owner.origins:
        return libraries.sliced(run, owner, key, node, value)
    if not is_slice(key) and owner.origins and (part := _chosen_part(run, owner, key)) is not None:
        return libraries.belonging_to(value, part)
    return value


def is_slice(key: Value) -> bool:
    """Say whether a key is a slice."""
    return isinstance(key, Listing) and key.kind == "slice"


def _of_listing(run: Run, owner: Listing, key: Value, node: Any) -> Value:
    number = constant(key)
    if owner.items is not None:
        if isinstance(number, int) and -len(owner.items) <= number < len(owner.items):
            return owner.items[number]
        if is_slice(key) and isinstance(key, Listing) and key.items is not None:
            bounds = [constant(part, ...) for part in key.items]
            if all(bound is None or isinstance(bound, int) for bound in bounds) and bounds[2] != 0:
                return Listing(owner.kind, owner.items[slice(*bounds)], None, owner.origins)
    if (
        owner.items
        and len(owner.items) <= 4
        and not is_slice(key)
        and all(isinstance(one, Object) for one in owner.items)
    ):
        return Either(owner.items)  # one of them: what is done to it may be done to any
    element = joined_all(
        [v for v in (*(owner.items or ()), owner.element) if v is not None] or [Unknown(owner.origins)]
    )
    if not is_slice(key) and (part := _chosen_part(run, owner, key)) is not None:
        element = libraries.belonging_to(element, part)
    if is_slice(key):
        part = Listing(owner.kind, None, element, owner.origins, owner.made)
        if any(n in filling.fillings_in(run, part) for n in owner.made):
            return part  # a review that was filled up, cut to its length: no part of the reviews
        return libraries.sliced(run, owner, key, node, part) if deep_origins(owner) else part
    return element


def _chosen_part(run: Run, owner: Value, key: Value) -> int | None:
    """Return the part of the rows that an index belongs to, if it is one part, and not the rows themselves."""
    found = [n for n in deep_origins(key) if _is_part(run, n) and n not in deep_origins(owner)]
    return found[0] if len(found) == 1 else None


def _is_part(run: Run, number: int) -> bool:
    """Say whether an index belongs to a part of the rows: what it chooses is that part's."""
    told = run.story.by_id(number)
    return told is not None and told.what == "split"


def _of_mapping(run: Run, owner: Mapping, key: Value, node: Any) -> Value:
    if isinstance(key, Constant) and is_key(key.value) and key.value in owner.items:
        return owner.items[key.value]
    known = [v for v in (*owner.items.values(), owner.fields["element"]) if v is not None]
    if owner.fields.get("counts_up") and deep_origins(key):
        numbered(run, owner, key, run.number("index"), node)  # a word that is not there yet gets the next number
        return run.number("index", deep_origins(key))
    number = owner.fields["number"]
    if number is not None:
        return libraries.looked_up(run, number, key, node)
    if known and any(isinstance(one, Class) for one in known) and (chosen := libraries.likely_class(known)) is not None:
        return chosen
    value = joined_all(known[:8]) if known else Unknown(owner.origins | key.origins)
    if owner.items and isinstance(key, Constant) and owner.fields["element"] is None:
        return Unknown(owner.origins)
    return value


def _of_instance(run: Run, owner: Instance, key: Value, node: Any) -> Value:
    method = owner.kind.attribute("__getitem__")
    if method is None:
        return derived([owner, key])
    from rnnlab.reading.attributes import bound
    from rnnlab.reading.calling import Arguments, call

    return call(run, bound(method, owner), Arguments(node, [key]))


def write(run: Run, owner: Value, key: Value, value: Value, node: Any) -> None:
    """Put a value under a key."""
    if isinstance(owner, Mapping):
        _write_mapping(run, owner, key, value, node)
    elif isinstance(owner, Listing):
        number = constant(key)
        if owner.items is not None and isinstance(number, int) and -len(owner.items) <= number < len(owner.items):
            items = list(owner.items)
            items[number] = value
            run.heap.write(owner.fields, "items", tuple(items))
        else:
            grow(run, owner, value, keep_items=False)
    elif isinstance(owner, Thing):
        libraries.thing_item_written(run, owner, key, value, node)
    elif isinstance(owner, Tensor):
        libraries.tensor_item_written(run, owner, key, value, node)


def _write_mapping(run: Run, owner: Mapping, key: Value, value: Value, node: Any) -> None:
    if isinstance(key, Constant) and is_key(key.value) and len(owner.items) < _MOST_KEYS:
        run.heap.write(owner.fields, "items", {**owner.items, key.value: value})
        return
    before = owner.fields["element"]
    run.heap.write(owner.fields, "element", value if before is None else together([before, value]))
    old_key = owner.fields["key"]
    run.heap.write(owner.fields, "key", key if old_key is None else together([old_key, key]))
    if deep_origins(key) or deep_origins(value):
        run.heap.write(owner.fields, "item_origins", origins_of((key, value)))
    if not _counts_words(run, value, node):
        numbered(run, owner, key, value, node)


def _counts_words(run: Run, value: Value, node: Any) -> bool:
    """Say whether a dict counts: `counts[word] = counts[word] + 1`, also where a word that is new gets its first one."""
    written, name = run.story.source(node), run.story.source(getattr(node, "value", node))
    if written and str(getattr(value, "text", "")).startswith(written):
        return True
    if not isinstance(value, Constant) or run.story.part is None:
        return False
    again = rf"(?<![\w.]){re.escape(name)}\[[^\]\n]+\]\s*(\+=|=\s*{re.escape(name)}\[[^\]\n]+\]\s*\+)\s*1"
    return re.search(again, run.story.part.text) is not None


def grow(run: Run, owner: Listing, value: Value, keep_items: bool = True) -> None:
    """Append a value to a list, as far as its length is known."""
    if keep_items and owner.items is not None and not run.loops and len(owner.items) < 64:
        run.heap.write(owner.fields, "items", (*owner.items, value))
        return
    parts = [v for v in (*(owner.items or ()), owner.element, value) if v is not None]
    run.heap.write(owner.fields, "element", together(parts))
    run.heap.write(owner.fields, "items", None)


def spread(run: Run, value: Value, count: int | None, node: Any) -> list[Value]:
    """Return the parts of a value that is unpacked into so many names (None: however many it has)."""
    from rnnlab.reading.looping import element_of

    if isinstance(value, Listing) and value.items is not None:
        return list(value.items)
    if isinstance(value, Either):
        spreads = [spread(run, one, count, node) for one in value.options]
        longest = max(len(one) for one in spreads)
        return [joined_all([one[i] for one in spreads if i < len(one)]) for i in range(longest)]
    wanted = count if count is not None else 0
    if missing.is_missing(value):
        return missing.parts(wanted)
    if isinstance(value, Tensor):
        rest = value.shape[1:] if value.shape else None
        return [
            Tensor(rest, value.symbols[1:] if value.shape else None, value.dtype, value.origins, value.made)
            for _ in range(wanted)
        ]
    element = element_of(run, value, node)
    return [_copy(element) for _ in range(wanted)]


def _copy(value: Value) -> Value:
    return Unknown(value.origins, value.made, value.text, value.vague) if isinstance(value, Unknown) else value


# --- numbering -----------------------------------------------------------------------------------------------------

_LABELS = re.compile(
    r"label|class|\bcls|cls2|tag|target|intent|categor|sentiment|lang(?!uage_model)|country|countries|author|genre|lbl|emotion|rating|topic"
    r"|etiket|clase|klasse|标签|类别",
    re.I,
)
_WORDS = re.compile(r"word|vocab|token|stoi|tok2|w2i|c2i|char|dictionary|itos|letters|wort|kelime|palabra|词", re.I)


def numbered(run: Run, made: Mapping, key: Value, value: Value, node: Any) -> None:
    """A dict from words of the data to whole numbers is a vocabulary; one from labels is a label map."""
    origins = deep_origins(key)
    if not origins or not _counts_up(value):
        return
    if made.fields["number"] is not None and not libraries.grows(run, made, origins):
        return
    if known := libraries.vocabulary_among(run, origins):
        run.heap.write(made.fields, "number", known)
        return
    texts = {getattr(one, "text", "") for one in options(key)}
    what, is_certain = _words_or_labels(run, texts, node)
    from_set = any(text.startswith("from a set") for text in texts)
    libraries.tell_vocabulary(run, node, made, origins, what, from_set=from_set, certain=is_certain)


def _words_or_labels(run: Run, texts: set[str], node: Any) -> tuple[str, bool]:
    """Say what a dict numbers, and whether that is certain: by how its keys came about, else by what it is called."""
    ways = " ".join(texts)
    if "token" in ways or "character" in ways:
        return "vocabulary", True
    if "label" in ways:
        return "label map", True
    names = " ".join(
        [*run.names(node), run.story.source(getattr(node, "value", node) if isinstance(node, ast.Subscript) else node)]
    )
    function = run.frame.function.name if run.frame.function is not None else ""
    for text in (names, function):
        labels, words = bool(_LABELS.search(text)), bool(_WORDS.search(text))
        if labels != words:
            return ("label map" if labels else "vocabulary"), True
    return "vocabulary", False


def _counts_up(value: Value) -> bool:
    """Say whether values are numbers in the order of their words: from enumerate, a counter, or the dict's own length."""
    if isinstance(value, Number):
        return (
            value.text in ("index", "len")
            or value.text.startswith("len(")
            or "index" in value.text
            or value.added != ""
            or bool(value.text)
        )
    if isinstance(value, Either):  # numbers.get(word, len(numbers))
        return any(isinstance(one, Number) and one.text.startswith("len(") for one in value.options)
    return isinstance(value, Constant) and isinstance(value.value, int) and not isinstance(value.value, bool)
