"""Cutting rows apart: by scikit-learn, by slices, by masks, by folds, by drawing."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.libraries.registry import calls, methods
from rnnlab.reading.libraries.rows import rebased
from rnnlab.reading.libraries.torch_data import rows_of
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.values import (
    Listing,
    Number,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    options,
    origins_of,
)


@calls("sklearn.model_selection.train_test_split sklearn.*.train_test_split")
def _train_test_split(run: Any, given: Any) -> Value:
    """Every array is cut in two; the arrays of one part belong together and are one split."""
    arrays = given.positional
    if not arrays:
        return derived(given.values())
    names = run.names(given.node)
    names = names if len(names) == 2 * len(arrays) else ("",) * (2 * len(arrays))
    known = sorted(origins_of(arrays))
    parents = known or rows_of(run, given.nodes.get(0) or given.node, arrays[0], given.word(0))
    options = {
        k: noted(v)
        for k, v in given.named.items()
        if k in ("test_size", "train_size", "random_state", "shuffle", "stratify")
    }
    options["seed_text"] = given.words.get("random_state", "")
    result: list[Value] = []
    numbers = []
    for side in (0, 1):
        words = [name for name in names[side::2] if name]
        samples = {
            "cut_by": "train_test_split",
            "arrays": words,
            "options": options,
            "side": "train" if side == 0 else "test",
        }
        counts = {"position": float(side), "parts": 2.0}
        numbers.append(
            run.story.data(given.node, "split", words[0] if words else "", parents, counts, samples, key=side)
        )
    for array in arrays:
        result += [rebased(array, numbers[0]), rebased(array, numbers[1])]
    return Listing("list", result)


@calls(
    "sklearn.model_selection.KFold sklearn.model_selection.StratifiedKFold",
    "sklearn.model_selection.ShuffleSplit sklearn.model_selection.StratifiedShuffleSplit",
    "sklearn.model_selection.GroupKFold sklearn.model_selection.RepeatedKFold",
)
def _folds(run: Any, given: Any) -> Value:
    return Thing(given.callee.name, {"group": "folds", "options": {k: noted(v) for k, v in given.named.items()}})


@methods("folds", "split")
def _fold(run: Any, owner: Thing, given: Any) -> Value:
    """Each fold gives the indices of a training and of a test part."""
    whole = given.get(0, "X") or Unknown()
    parents = rows_of(run, given.node, whole, given.word(0, "X"))
    parts = []
    for i, side in enumerate(("train", "test")):
        samples = {"cut_by": owner.name, "side": side, "options": owner.fields["options"]}
        number = run.story.data(given.node, "split", "", parents, {"position": float(i), "parts": 2.0}, samples, key=i)
        parts.append(Thing("indices", {"group": "indices"}, frozenset({number}), number=number))
    made = Listing("generator", None, Listing("tuple", parts), deep_origins(whole))
    made.fields["folds"] = True
    return made


def sliced(run: Any, owner: Value, key: Value, node: Any, part: Value) -> Value:
    """`rows[a:b]`: a part, with its bounds as they are written; texts and tokens of one review are none."""
    if run.models or not isinstance(key, Listing) or key.items is None:
        return part
    if _is_one_review(owner):
        _tell_cut(run, owner, key, node)
        return part
    if _are_counted_words(owner):
        return part  # the most frequent words of all
    if not any(_is_whole(run, n) for n in deep_origins(owner)) or all(
        constant(bound, ...) is None for bound in key.items[:2]
    ):
        return part
    if run.loops:
        return part  # batches that are cut by hand, a review's first words
    return tell_part(run, node, owner, "slice", part, bounds(run, node, key))


def _is_whole(run: Any, number: int) -> bool:
    told = run.story.by_id(number)
    return told is not None and told.what in ("table", "file", "dataset", "split")


def _tell_cut(run: Any, owner: Value, key: Listing, node: Any) -> None:
    """Tokens, ids or letters of one review are cut."""
    from rnnlab.facts import Call, Named

    kind = getattr(owner.element, "text", "") if isinstance(owner, Listing) else getattr(owner, "text", "")
    inputs = (Named(run.story.word(getattr(node, "value", node)), run.story.note(owner)),)
    call = Call(
        place=run.story.place(node),
        stage="tokenize",
        what="cut_review",
        inputs=inputs,
        values={"of": kind or "text", **bounds(run, node, key), "data": sorted(deep_origins(owner))},
    )
    run.story.call(node, call, ())


def bounds(run: Any, node: Any, key: Listing) -> dict[str, Any]:
    """Return a slice's bounds: known numbers, or their spelling."""
    import ast

    inner = getattr(node, "slice", None)
    inner = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
    words = [
        run.story.word(getattr(inner, side)) if getattr(inner, side, None) is not None else None
        for side in ("lower", "upper")
    ]
    return {"from": words[0], "to": words[1], "bounds": [noted(one) for one in (key.items or ())[:2]]}


def _is_one_review(owner: Value) -> bool:
    if isinstance(owner, Unknown):
        return owner.text in ("token", "text") or not owner.vague
    element = owner.element if isinstance(owner, Listing) else None
    if isinstance(element, Number):
        return element.text in ("index", "token")
    return isinstance(element, Unknown) and element.text in ("token", "character")


def _are_counted_words(owner: Value) -> bool:
    """Say whether a list holds words with their counts: `sorted(counts.items(), key=...)`."""
    element = owner.element if isinstance(owner, Listing) else None
    pair = element.items if isinstance(element, Listing) and element.kind == "tuple" else None
    if pair is None or len(pair) != 2 or getattr(pair[1], "text", "") in ("label", "text", "token", "character"):
        return False
    return any(
        isinstance(one, Unknown) and ("token" in one.text or one.text == "character") for one in options(pair[0])
    )


def tell_part(run: Any, node: Any, owner: Value, how: str, part: Value, more: dict[str, Any] | None = None) -> Value:
    """Tell of rows that were cut out of others, and return them as such."""
    parents = frozenset(n for n in deep_origins(owner) if _is_whole(run, n))
    samples = {"cut_by": how, **(more or {})}
    number = run.story.data(node, "split", run.name(node), parents, samples=samples, key=how, certain=len(parents) <= 1)
    return rebased(part, number)
