"""Python's own functions, and those of its standard library that programs carry data through."""

from __future__ import annotations

import re
from typing import Any

from rnnlab.reading import tensors
from rnnlab.reading.arithmetic import told_choice
from rnnlab.reading.heap import joined_all, together
from rnnlab.reading.libraries.registry import calls, group_of
from rnnlab.reading.looping import element_of
from rnnlab.reading.values import (
    Constant,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Number,
    Partial,
    Super,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    in_order,
    made_of,
    options,
    origins_of,
)

_MOST = 64


@calls("builtins.print logging.info logging.debug logging.warning logging.error logging.*.info")
def _print(run: Any, given: Any) -> Value:
    say(run, given)
    return Constant(None)


def say(run: Any, given: Any) -> None:
    """Tell of printed text; a file's `print` is not said to anybody."""
    if "file" in given.named:
        return
    known: list[str] = []
    parts: list[tuple[str, Value]] = []
    for word, value in given.pairs()[: len(given.positional)]:
        for one in (value,):
            if isinstance(one, Constant):
                known.append(str(one.value))
            elif isinstance(one, Text):
                known.append(one.known)
                parts.extend(one.parts)
            else:
                known.append("{}")
                parts.append((word, one))
    run.story.said(given.node, " ".join(known), parts)


@calls("builtins.len")
def _len(run: Any, given: Any) -> Value:
    value = given.get(0)
    text = run.story.word(given.node)
    for one in options(value):
        if isinstance(one, Listing) and one.items is not None and one.kind not in ("zip", "enumerate"):
            return Constant(len(one.items)) if not run.loops else run.number(text, deep_origins(one))
        if isinstance(one, Tensor) and one.shape:
            return tensors.size_value(one.shape[0], text, one)
        if isinstance(one, Mapping) and one.items and one.fields["element"] is None:
            return Constant(len(one.items))
        if isinstance(one, Thing | Mapping):
            number = one.number if isinstance(one, Thing) else one.fields["number"]
            if isinstance(one, Thing) and one.fields.get("is_loader"):
                return run.number(f"batches of {given.word(0)}", deep_origins(one), length_of=number)
            if isinstance(one, Thing) and group_of(one) == "vocabulary":
                return _stable(run, one, text)
            origins = deep_origins(one)
            return run.number(text, origins, length_of=number if number is not None else next(iter(origins), None))
        if isinstance(one, Instance):
            method = one.kind.attribute("__len__")
            if isinstance(method, Function):
                from rnnlab.reading.attributes import bound
                from rnnlab.reading.calling import Arguments, call

                length = call(run, bound(method, one), Arguments(given.node))
                if isinstance(length, Number) and one.number is not None:
                    return Number(length.size, text, frozenset({one.number}), (), one.number)
                return length
    origins = deep_origins(value) if value is not None else frozenset()
    return run.number(text, origins, made_of([value]), next(iter(origins), None) if len(origins) == 1 else None)


def _stable(run: Any, owner: Thing, text: str) -> Number:
    """The size of a vocabulary is one number wherever it is asked for."""
    known = owner.fields.get("size")
    if known is None:
        known = owner.fields["size"] = run.size()
    return Number(known, text, deep_origins(owner), (), owner.number)


@calls("builtins.range")
def _range(run: Any, given: Any) -> Value:
    bounds = [constant(value) for value in given.positional]
    made = Listing("range", None, None, origins_of(given.values()))
    try:
        made.fields["count"] = Constant(len(range(*bounds)))
    except (TypeError, ValueError):
        made.fields["count"] = None
    return made


@calls("builtins.enumerate")
def _enumerate(run: Any, given: Any) -> Value:
    made = Listing("enumerate", None, None)
    made.fields["over"] = given.get(0, "iterable") or Unknown()
    made.fields["start"] = given.get(1, "start")
    return made


@calls("builtins.zip itertools.zip_longest")
def _zip(run: Any, given: Any) -> Value:
    if given.rest is not None and not given.positional:
        # zip(*rows): the columns of rows.
        row = given.rest
        width = row.items if isinstance(row, Listing) and row.items is not None else None
        if width is not None:
            return Listing("tuple", [Listing("tuple", None, one, deep_origins(one)) for one in width])
        return Listing(
            "zip_star",
            None,
            Listing("tuple", None, element_of(run, row, given.node), deep_origins(row)),
            deep_origins(row),
        )
    if (
        len(given.positional) > 2
        and given.rest is None
        and all(isinstance(p, Listing) and p.kind == "tuple" for p in given.positional)
    ):
        rows = [p.items for p in given.positional if isinstance(p, Listing) and p.items is not None]
        if len(rows) == len(given.positional) and len({len(row) for row in rows}) == 1:
            return Listing("tuple", [Listing("tuple", column) for column in zip(*rows, strict=True)])
    made = Listing("zip", None, None)
    made.fields["over"] = tuple(given.positional)
    return made


@calls(
    "builtins.iter tqdm.tqdm tqdm.*.tqdm tqdm.*.trange builtins.reversed builtins.sorted itertools.islice",
    "itertools.cycle copy.copy rich.*.track tqdm.*.tqdm_notebook more_itertools.*.peekable",
    "builtins.memoryview typing.cast",
)
def _first(run: Any, given: Any) -> Value:
    """What these give is walked over as their first argument is."""
    name = given.callee.last
    if name == "trange":
        return _range(run, given)
    value = given.get(0, "iterable", "it", "sequence") or Unknown()
    if name == "sorted" and isinstance(value, Listing) and value.items is not None and len(value.items) > 1:
        return Listing("list", None, joined_all(value.items), deep_origins(value))
    if name == "sorted":
        return Listing("list", None, in_order(element_of(run, value, given.node)), deep_origins(value))
    return value


@calls("builtins.list builtins.tuple builtins.set builtins.frozenset collections.deque")
def _container(run: Any, given: Any) -> Value:
    kind = given.callee.last
    kind = "list" if kind == "deque" else "set" if kind == "frozenset" else kind
    value = given.get(0, "iterable")
    if value is None:
        return Listing(kind, ())
    if (
        isinstance(value, Listing)
        and value.items is not None
        and value.kind in ("list", "tuple", "generator")
        and kind != "set"
    ):
        return Listing(kind, value.items, None, value.origins, value.made)
    element = element_of(run, value, given.node)
    made = Listing(kind, None, element, deep_origins(value) | deep_origins(element), value.made)
    if kind == "set":
        from rnnlab.reading.libraries import words

        made.fields["element"] = words.from_set(run, given.node, element, deep_origins(value))
    elif isinstance(element, Unknown) and element.text.startswith("from a set"):
        made.fields["element"] = element
    return made


@calls("builtins.dict collections.OrderedDict")
def _dict(run: Any, given: Any) -> Value:
    made = Mapping(dict(given.named))
    value = given.get(0)
    if isinstance(value, Mapping):
        made.fields.update(value.fields)
        made.fields["items"] = {**value.items, **given.named}
        made.origins = value.origins
    elif value is not None:
        from rnnlab.reading.looping import known_turns

        turns = known_turns(value)
        known = [
            one.items
            for one in turns or ()
            if isinstance(one, Listing) and one.items is not None and len(one.items) == 2
        ]
        if turns and len(known) == len(turns) and all(isinstance(constant(one[0]), str | int) for one in known):
            made.fields["items"] = {constant(one[0]): one[1] for one in known}
            return made
        pair = element_of(run, value, given.node)
        parts = pair.items if isinstance(pair, Listing) else None
        if parts is not None and len(parts) == 2:
            from rnnlab.reading import items

            made.fields["key"], made.fields["element"] = parts
            items.numbered(run, made, parts[0], parts[1], given.node)
        made.origins = deep_origins(value)
    return made


@calls("collections.defaultdict")
def _default(run: Any, given: Any) -> Value:
    made = Mapping(kind="defaultdict")
    made.fields["counts_up"] = bool(_COUNTS_UP.search(run.story.source(given.node)))
    return made


# What gives a new key the next number: `lambda: len(numbers)`, `itertools.count().__next__`.
_COUNTS_UP = re.compile(r"\blen\(|__len__|\bcount\(")


@calls("collections.Counter")
def _counter(run: Any, given: Any) -> Value:
    value = given.get(0)
    from rnnlab.reading.libraries import words

    key = words.counting(run, given.node, element_of(run, value, given.node)) if value is not None else None
    made = Mapping({}, run.number("count"), key, deep_origins(value) if value is not None else frozenset(), "counter")
    if value is None:
        made.fields["element"] = None
    return made


@calls(
    "types.SimpleNamespace argparse.Namespace easydict.EasyDict munch.Munch box.Box omegaconf.*.create",
    "omegaconf.OmegaConf.create",
)
def _namespace(run: Any, given: Any) -> Value:
    value = given.get(0)
    inner = value.items if isinstance(value, Mapping) else {}
    return Mapping({**inner, **given.named}, given.rest, kind="namespace")


@calls("builtins.int builtins.float builtins.round builtins.abs builtins.bool")
def _number(run: Any, given: Any) -> Value:
    value, kind = given.get(0), given.callee.last
    if isinstance(value, Constant):
        try:
            work = {"int": int, "float": float, "round": round, "abs": abs, "bool": bool}[kind]
            return Constant(work(value.value), value.soft, value.origins, value.made)
        except (TypeError, ValueError, OverflowError):
            return derived([value])
    if isinstance(value, Tensor) and kind in ("int", "float"):
        return tensors.left_torch(run, value, "item", given.word(0), given.node)
    if isinstance(value, Number):
        return value
    if value is None:
        return Constant(0)
    made = run.number(run.story.word(given.node), origins_of([value]), made_of([value]))
    made.text = getattr(value, "text", "") or made.text
    return made


@calls(
    "builtins.sum builtins.max builtins.min numpy.mean numpy.sum statistics.mean statistics.fmean math.sqrt math.ceil math.floor"
)
def _reduce(run: Any, given: Any) -> Value:
    values = [constant(value) for value in given.positional]
    if given.callee.last in ("max", "min") and len(values) > 1 and all(isinstance(v, int | float) for v in values):
        return Constant(max(values) if given.callee.last == "max" else min(values))
    if given.callee.last in ("max", "min") and len(values) == 2:
        told_choice(run, given.node, given.values())
    first = given.get(0)
    if isinstance(first, Tensor) and given.callee.root != "numpy":
        return tensors.function(run, given.callee.last, given)
    made = run.number(run.story.word(given.node), origins_of(given.values()), made_of(given.values()))
    if given.callee.last in ("mean", "fmean", "sum") and isinstance(first, Listing):
        made.added = _added(first)
    if given.callee.last in ("mean", "fmean") and made.added:
        made.origins = frozenset({_mean_of_turns(run, given, made)})
        made.added = ""
    return made


def _mean_of_turns(run: Any, given: Any, made: Number) -> int:
    """A list that grew by one number a turn is averaged: a metric, divided by the number of turns."""
    name = given.word(0)
    samples = {"total": name, "added": made.added, "divisor": f"len({name})", "by": "turns"}
    return run.story.data(given.node, "metric", run.name(given.node), made.origins, samples=samples)


def _added(value: Listing) -> str:
    if not value.fields.get("grown"):
        return ""
    text = str(getattr(value.element, "text", ""))
    return value.fields.get("added", "") or text if not text or text.endswith("...") else text


@calls("builtins.map builtins.filter")
def _map(run: Any, given: Any) -> Value:
    from rnnlab.reading.calling import Arguments, call

    function, over = given.get(0), given.get(1)
    if over is None or function is None:
        return Unknown()
    element = element_of(run, over, given.node)
    result = call(run, function, Arguments(given.node, [element])) if not isinstance(function, Constant) else element
    if given.callee.last == "filter":
        result = element
    return Listing("generator", None, result, deep_origins(over) | deep_origins(result))


@calls("builtins.next")
def _next(run: Any, given: Any) -> Value:
    value = given.get(0)
    return element_of(run, value, given.node) if value is not None else Unknown()


@calls("builtins.str builtins.repr builtins.format json.dumps")
def _str(run: Any, given: Any) -> Value:
    value = given.get(0)
    if isinstance(value, Constant):
        return Constant(str(value.value), value.soft, value.origins)
    if isinstance(value, Text):
        return value
    return (
        Text("{}", ((given.word(0), value or Unknown()),), origins_of([value]), made_of([value]))
        if value
        else Constant("")
    )


@calls("builtins.super")
def _super(run: Any, given: Any) -> Value:
    for frame in reversed(run.frames):
        if frame.function is not None and frame.function.owner is not None:
            owner = frame.function.owner
            instance = next(iter(frame.arguments.values()), Unknown())
            return Super(instance, owner)
    return Unknown()


@calls("builtins.eval builtins.exec builtins.compile")
def _exec(run: Any, given: Any) -> Value:
    text = constant(given.get(0))
    name = given.callee.last
    run.story.gap(given.node, name, f"{name}() runs code that the source does not show")
    if name == "eval" and isinstance(text, str) and len(text) < 200:
        return Unknown(text=text)
    return derived(given.values())


@calls("functools.partial")
def _partial(run: Any, given: Any) -> Value:
    callee = given.get(0) or Unknown()
    return Partial(callee, given.positional[1:], given.named)


@calls("numpy.random.permutation numpy.arange random.SystemRandom.sample")
def _numbered_rows(run: Any, given: Any) -> Value:
    """The numbers of rows, in some order."""
    origins = origins_of(given.values())
    first = given.get(0)
    if isinstance(first, Listing | Thing) and given.callee.last == "permutation":
        return Listing("array", None, element_of(run, first, given.node), origins)
    return Listing("array", None, run.number("row" if origins else "index", origins), origins)


@calls("functools.reduce")
def _fold(run: Any, given: Any) -> Value:
    return derived(given.values())


@calls("itertools.chain itertools.chain.from_iterable itertools.product")
def _chain(run: Any, given: Any) -> Value:
    if given.callee.last == "from_iterable":
        inner = element_of(run, given.get(0) or Unknown(), given.node)
        return Listing("generator", None, element_of(run, inner, given.node), deep_origins(inner))
    values = given.positional or ([given.rest] if given.rest is not None else [])
    found = [element_of(run, value, given.node) for value in values]
    return Listing("generator", None, together(found) if found else Unknown(), origins_of(values))


@calls("copy.deepcopy")
def _deepcopy(run: Any, given: Any) -> Value:
    """A copy is no longer the thing itself: its own later changes do not reach it."""
    value = given.get(0) or Unknown()
    if isinstance(value, Thing):
        made = Thing(value.kind, dict(value.fields), value.origins, value.made, value.number)
        made.fields["copied"] = True
        return made
    if isinstance(value, Mapping):
        made = Mapping(value.items, value.fields["element"], value.fields["key"], value.origins, value.kind)
        made.fields["copied"] = True
        return made
    return value


@calls(
    "enum.auto dataclasses.dataclass dataclasses.asdict attr.s attr.ib typing.NamedTuple typing.TypeVar",
    "builtins.property builtins.staticmethod builtins.classmethod functools.wraps functools.lru_cache",
    "warnings.filterwarnings time.time builtins.input builtins.id builtins.hash os.makedirs os.getcwd",
    "os.mkdir gc.collect torch.cuda.empty_cache",
)
def _nothing(run: Any, given: Any) -> Value:
    first = given.get(0)
    if given.callee.last == "asdict" and isinstance(first, Instance):
        return Mapping({k: v for k, v in first.fields.items() if isinstance(v, Value)})
    if given.callee.last in ("wraps", "lru_cache", "dataclass"):
        return Library(given.callee.name)
    return run.number("time()") if given.callee.last == "time" else Unknown(text=given.callee.last)


@calls("dataclasses.field attr.field")
def _field(run: Any, given: Any) -> Value:
    default = given.get(None, "default")
    factory = given.get(None, "default_factory", "factory")
    if default is None and factory is not None:
        from rnnlab.reading.calling import Arguments, call

        default = call(run, factory, Arguments(given.node))
    return Thing("dataclasses.field", {"default": default})


@calls("random.shuffle numpy.random.shuffle sklearn.utils.shuffle")
def _shuffle(run: Any, given: Any) -> Value:
    """Rows are put into another order."""
    from rnnlab.facts import Call, Named

    value = given.get(0)
    origins = sorted(deep_origins(value)) if value is not None else []
    inputs = (Named(given.word(0), run.story.note(value)),) if value is not None else ()
    values: dict[str, Any] = {"of": given.callee.root, "data": origins}
    seed = constant(given.get(None, "random_state"))
    if isinstance(seed, int):
        values["seed"] = seed
    run.story.call(
        given.node,
        Call(place=run.story.place(given.node), stage="split", what="shuffle", inputs=inputs, values=values),
        (),
    )
    if given.callee.last == "shuffle" and given.callee.root == "sklearn":
        return value if len(given.positional) == 1 and value is not None else Listing("list", given.positional)
    return Constant(None)


@calls(
    "random.choice random.sample random.choices random.randint random.random numpy.random.rand",
    "numpy.random.choice",
)
def _drawn(run: Any, given: Any) -> Value:
    value = given.get(0)
    if given.callee.last == "sample" and value is not None and deep_origins(value):
        from rnnlab.reading.libraries import splitting

        return splitting.tell_part(
            run,
            given.node,
            value,
            "sample",
            Listing("list", None, element_of(run, value, given.node), deep_origins(value)),
        )
    if given.callee.last == "choice" and value is not None:
        return element_of(run, value, given.node)
    return derived(given.values(), given.callee.last)
