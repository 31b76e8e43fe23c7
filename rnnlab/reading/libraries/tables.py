"""Rows that come from files: pandas tables and their columns, csv readers, files that are opened."""

from __future__ import annotations

import re
from typing import Any

from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, calls, methods
from rnnlab.reading.libraries.rows import rebased
from rnnlab.reading.libraries.splitting import bounds, tell_part
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.libraries.torch_training import path_of
from rnnlab.reading.values import (
    Constant,
    Function,
    Library,
    Listing,
    Mapping,
    Method,
    Number,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    made_of,
    origins_of,
)

_READERS = "read_csv read_table read_json read_parquet read_excel read_pickle read_feather read_fwf read_sql read_hdf"
_SAME = """dropna fillna reset_index drop_duplicates rename copy astype sort_values set_index apply replace assign head_ pipe
    infer_objects convert_dtypes query_ where mask round clip transform sort_index to_frame rename_axis explode
    applymap""".split()
_COLUMN_SAME = """map apply replace astype fillna dropna str lower upper strip len tolist to_list to_numpy values copy reset_index
    transform progress_apply factorize_ to_frame squeeze ravel reshape flatten array iloc_ tail_ head_""".split()


@calls(" ".join(f"pandas.{name}" for name in _READERS.split()))
def _read(run: Any, given: Any) -> Value:
    path = given.get(0, "filepath_or_buffer", "path_or_buf", "io", "path")
    samples: dict[str, Any] = {"path": path_of(path, given.word(0, "filepath_or_buffer")), "read_by": given.callee.last}
    options = {
        k: noted(v)
        for k, v in given.named.items()
        if k in ("nrows", "header", "sep", "delimiter", "skiprows", "encoding", "index_col")
    }
    samples["options"] = options
    names = given.get(None, "names")
    if isinstance(names, Listing) and names.items is not None:
        samples["columns"] = [constant(one, "?") for one in names.items]
    number = run.story.data(given.node, "table", run.name(given.node), [], {}, samples)
    return table(number)


def table(number: int) -> Thing:
    """Return a table of this identity."""
    return Thing("pandas.DataFrame", {"group": "table"}, frozenset({number}), number=number)


@calls("pandas.DataFrame")
def _frame(run: Any, given: Any) -> Value:
    origins = origins_of(given.values())
    if len(origins) == 1:
        return table(next(iter(origins)))
    number = run.story.data(given.node, "table", run.name(given.node), origins, samples={"made_by": "DataFrame"})
    return table(number)


@calls("pandas.Series")
def _series(run: Any, given: Any) -> Value:
    """A list as a column of its own."""
    from rnnlab.reading.looping import element_of

    value = given.get(0, "data")
    if value is None or not deep_origins(value):
        return derived(given.values())
    made = column(None, "", deep_origins(value))
    made.fields["element"] = element_of(run, value, given.node)
    return made


@calls("pandas.concat")
def _concat(run: Any, given: Any) -> Value:
    value = given.get(0, "objs") or Unknown()
    parts = list(value.items) if isinstance(value, Listing) and value.items is not None else [value]
    parents = origins_of(parts)
    samples = {"made_by": "concat", "parts": [sorted(deep_origins(part)) for part in parts]}
    number = run.story.data(given.node, "table", run.name(given.node), parents, samples=samples)
    if parts and isinstance(parts[0], Thing) and parts[0].fields.get("group") == "column":
        return column(number, "")
    return table(number)


def column(number: int | None, name: str, origins: frozenset[int] = frozenset()) -> Thing:
    """Return a column of a table."""
    return Thing(
        "pandas.Series", {"group": "column", "name": name}, frozenset({number}) if number is not None else origins
    )


# --- tables --------------------------------------------------------------------------------------------------------


def _table_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    name = constant(key)
    if isinstance(name, str):
        return _filled_column(run, owner, name, node) or column(owner.number, name)
    if isinstance(key, Listing) and key.kind == "slice":
        if all(constant(bound, ...) is None for bound in (key.items or ())[:2]):
            return owner
        return tell_part(run, node, owner, "slice", table(owner.number or 0), bounds(run, node, key))
    if isinstance(key, Listing) and key.items is not None and all(isinstance(constant(one), str) for one in key.items):
        return owner
    if isinstance(key, Tensor) or (isinstance(key, Thing | Unknown | Method) and deep_origins(key)):
        chosen = [n for n in deep_origins(key) if _kind(run, n) == "split" and n not in deep_origins(owner)]
        if len(chosen) == 1:  # table[table["name"].isin(train_names)]
            return Thing(owner.kind, dict(owner.fields), frozenset(chosen), number=chosen[0])
        inner = getattr(node, "slice", node)
        return tell_part(run, node, owner, "mask", table(owner.number or 0), {"mask": run.story.word(inner)})
    return column(owner.number, "")


def _filled_column(run: Any, owner: Thing, name: str, node: Any) -> Thing | None:
    """Return a column that was written with reviews that are filled up: its rows remember it."""
    from rnnlab.reading.filling import fillings_in
    from rnnlab.reading.looping import element_of

    written = (owner.fields.get("written") or {}).get(name)
    if not isinstance(written, Thing | Listing):
        return None
    element = element_of(run, written, node)
    if not fillings_in(run, element):
        return None
    found = column(owner.number, name)
    return Thing(found.kind, {**found.fields, "element": element}, found.origins)


def _fillings_of_row(run: Any, owner: Thing) -> tuple[int, ...]:
    """Return the facts that say how any column of a table's row was filled up."""
    from rnnlab.reading.filling import fillings_in

    columns = [one for name in owner.fields.get("written") or {} if (one := _filled_column(run, owner, name, None))]
    return tuple(dict.fromkeys(n for one in columns for n in fillings_in(run, one.fields["element"])))


def _table_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name in ("iloc", "loc"):
        return Thing("pandas.iloc", {"group": "located", "of": owner}, owner.origins)
    if name in ("values", "index", "columns", "T", "shape", "size", "dtypes"):
        if name == "shape":
            return Listing(
                "tuple",
                [
                    run.number(
                        f"len({run.story.word(getattr(node, 'value', node))})",
                        deep_origins(owner),
                        length_of=owner.number,
                    ),
                    run.number("columns"),
                ],
            )
        return (
            Listing("array", None, Unknown(deep_origins(owner)), deep_origins(owner))
            if name == "values"
            else Unknown(deep_origins(owner), text=name)
        )
    if ("table", name) in _METHOD_NAMES or name.startswith("_"):
        return None
    return _filled_column(run, owner, name, node) or column(owner.number, name)


def _located(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    whole = owner.fields["of"]
    rows = key.items[0] if isinstance(key, Listing) and key.kind == "tuple" and key.items else key
    has_column = isinstance(key, Listing) and key.kind == "tuple"
    result: Value = whole
    if isinstance(rows, Listing) and rows.kind == "slice":
        if any(constant(bound, ...) is not None for bound in (rows.items or ())[:2]) and not run.loops:
            result = tell_part(run, node, whole, "slice", whole, bounds(run, node, rows))
    elif isinstance(rows, Tensor) or (isinstance(rows, Thing | Unknown | Listing) and deep_origins(rows)):
        found = deep_origins(rows)
        if chosen := [n for n in found if _kind(run, n) == "split" and n not in deep_origins(whole)]:
            result = Thing(whole.kind, dict(whole.fields), frozenset(chosen), number=min(chosen))
        else:
            result = tell_part(run, node, whole, "mask", whole, {"mask": run.story.word(getattr(node, "slice", node))})
    elif isinstance(rows, Constant | Number):
        return Unknown(deep_origins(whole), _fillings_of_row(run, whole))
    if has_column and isinstance(key, Listing) and key.items is not None and len(key.items) > 1:
        return column(None, str(constant(key.items[1], "")), deep_origins(result))
    return result


def _kind(run: Any, number: int) -> str:
    told = run.story.by_id(number)
    return told.what if told is not None else ""


def _rows_of_table(run: Any, owner: Thing, node: Any) -> Value:
    return Unknown(deep_origins(owner), text="column")


ITEMS["table"] = _table_item
ITEMS["located"] = _located
ATTRIBUTES["table"] = _table_attribute
ELEMENTS["table"] = _rows_of_table


@methods("table", " ".join(_SAME))
def _same(run: Any, owner: Thing, given: Any) -> Value:
    function = given.get(0, "func")
    if given.method in ("apply", "applymap", "pipe", "transform") and function is not None:
        from rnnlab.reading.calling import Arguments, call

        result = call(run, function, Arguments(given.node, [Unknown(deep_origins(owner))]))
        return column(owner.number, "") if given.method == "apply" else derived([owner, result])
    return owner


@methods("table", "sample")
def _sample(run: Any, owner: Thing, given: Any) -> Value:
    """`sample(frac=1)` shuffles; less of it draws a part."""
    share = constant(given.get(None, "frac"))
    if share == 1:
        from rnnlab.facts import Call

        values = {
            "of": "pandas",
            "data": sorted(deep_origins(owner)),
            "seed": noted(v) if (v := given.get(None, "random_state")) else None,
        }
        run.story.call(
            given.node, Call(place=run.story.place(given.node), stage="split", what="shuffle", values=values), "sample"
        )
        return owner
    more = {k: noted(v) for k, v in given.named.items() if k in ("frac", "n", "random_state", "replace")}
    return tell_part(run, given.node, owner, "sample", owner, more)


@methods("table", "drop")
def _drop(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(0, "labels", "index")
    if (
        value is not None
        and deep_origins(value)
        and "columns" not in given.named
        and constant(given.get(1, "axis"), 0) == 0
    ):
        return tell_part(run, given.node, owner, "drop", owner, {"without": given.word(0, "labels", "index")})
    return owner


@methods("table", "head tail query nlargest")
def _head(run: Any, owner: Thing, given: Any) -> Value:
    if not run.names(given.node) and given.method in ("head", "tail"):
        return owner
    return tell_part(
        run, given.node, owner, given.method, owner, {"rows": noted(given.get(0)) if given.positional else None}
    )


@methods("table", "iterrows itertuples to_dict to_records items")
def _walked(run: Any, owner: Thing, given: Any) -> Value:
    origins = deep_origins(owner)
    row = Mapping({}, Unknown(origins), None, origins)
    element: Value = Listing("tuple", [run.number("index"), row]) if given.method == "iterrows" else row
    if given.method == "itertuples":
        element = Unknown(origins)
    return Listing("generator", None, element, origins)


@methods("table", "to_numpy")
def _array(run: Any, owner: Thing, given: Any) -> Value:
    return Listing("array", None, Unknown(deep_origins(owner)), deep_origins(owner))


@methods("table", "info describe to_csv isnull isna to_json hist plot")
def _looked(run: Any, owner: Thing, given: Any) -> Value:
    return Unknown(deep_origins(owner))


@methods("table", "groupby merge join append")
def _other(run: Any, owner: Thing, given: Any) -> Value:
    return derived([owner, *given.values()])


_ALSO = """sample drop head tail query nlargest iterrows itertuples to_dict to_records items to_numpy info describe to_csv isnull
    isna to_json hist plot groupby merge join append keys progress_apply""".split()
_METHOD_NAMES = {("table", name) for name in [*_SAME, *_ALSO]}


# --- columns -------------------------------------------------------------------------------------------------------


@methods("column", " ".join(_COLUMN_SAME))
def _column_same(run: Any, owner: Thing, given: Any) -> Value:
    function = given.get(0, "func", "arg", "to_replace")
    if given.method in ("map", "replace") and isinstance(function, Mapping):
        return _mapped(run, owner, function, given)
    if given.method in ("map", "apply", "transform", "progress_apply") and isinstance(
        function, Function | Method | Library | Thing
    ):
        from rnnlab.reading.calling import Arguments, call

        result = call(run, function, Arguments(given.node, [Unknown(owner.origins, text="text")]))
        return Thing(owner.kind, {**owner.fields, "element": result}, owner.origins)
    if given.method in ("tolist", "to_list", "to_numpy"):
        return Listing("list", None, _column_element(run, owner, given.node), owner.origins)
    return owner


def _mapped(run: Any, owner: Thing, labels: Mapping, given: Any) -> Value:
    """A dict that turns a few names into whole numbers is a label map."""
    from rnnlab.reading.libraries.words import tell_label_map

    if labels.items and all(isinstance(constant(v), int) for v in labels.items.values()):
        tell_label_map(run, given.node, labels, owner.origins)
    return owner


@methods("column", "unique value_counts")
def _unique(run: Any, owner: Thing, given: Any) -> Value:
    return Listing("array", None, _column_element(run, owner, given.node), owner.origins)


@methods("column", "sum mean max min nunique count")
def _reduced(run: Any, owner: Thing, given: Any) -> Value:
    return run.number(run.story.word(given.node), owner.origins)


@methods("column", "*")
def _column_other(run: Any, owner: Thing, given: Any) -> Value:
    if given.method in ("split", "findall"):
        return owner
    return Thing(owner.kind, dict(owner.fields), owner.origins | origins_of(given.values()))


def _column_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name in ("values", "str", "array", "iloc", "loc", "dt", "cat"):
        return owner
    if name == "codes":
        return owner
    if name == "shape":
        return Listing("tuple", [run.number("rows", owner.origins)])
    return None


def _column_element(run: Any, owner: Thing, node: Any) -> Value:
    known = owner.fields.get("element")
    if isinstance(known, Value):
        return known
    name = str(owner.fields.get("name") or "")
    return Unknown(owner.origins, text="label" if _LABEL_COLUMNS.search(name) else "text")


_LABEL_COLUMNS = re.compile(
    r"label|class|target|categor|sentiment|intent|emotion|rating|stars|genre|^y$|topic|airline_sent", re.I
)


def _column_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    if isinstance(key, Listing) and key.kind == "slice":
        if all(constant(bound, ...) is None for bound in (key.items or ())[:2]) or run.loops:
            return owner
        return tell_part(run, node, owner, "slice", owner, bounds(run, node, key))
    if isinstance(key, Tensor) or (isinstance(key, Thing | Unknown | Listing | Method) and deep_origins(key)):
        chosen = [n for n in deep_origins(key) if _kind(run, n) == "split" and n not in owner.origins]
        if chosen:
            made = rebased(owner, min(chosen))
            return Thing(owner.kind, made.fields, frozenset(chosen)) if isinstance(made, Thing) else made
        if isinstance(key, Thing | Listing):
            return tell_part(run, node, owner, "mask", owner, {"mask": run.story.word(getattr(node, "slice", node))})
    return _column_element(run, owner, node)


ATTRIBUTES["column"] = _column_attribute
ELEMENTS["column"] = _column_element
ITEMS["column"] = _column_item


# --- files ---------------------------------------------------------------------------------------------------------


@calls("builtins.open io.open codecs.open gzip.open bz2.open")
def _open(run: Any, given: Any) -> Value:
    mode = constant(given.get(1, "mode"), "r")
    return opened(run, given.node, given.get(0, "file"), given.word(0, "file"), mode)


def opened(run: Any, node: Any, path: Value | None, word: str, mode: Any) -> Thing:
    """Open a file; one that is read is data."""
    known = path_of(path, word)
    if isinstance(mode, str) and any(letter in mode for letter in "wax+"):
        return Thing("file", {"group": "file", "path": known, "writes": True})
    if (
        known.endswith((".pt", ".pth", ".pkl", ".pickle", ".bin", ".cfg", ".ini", ".npy", ".vec"))
        or (known.endswith((".yaml", ".yml")) and not _OF_TEXTS.search(known))
        or "glove" in known.lower()
    ):
        return Thing("file", {"group": "file", "path": known})
    number = run.story.data(node, "file", "", samples={"path": known, "read_by": "open"}, key=known)
    return Thing("file", {"group": "file", "path": known}, frozenset({number}), number=number)


# A file of settings is written in the same language as one of texts: its name tells them apart.
_OF_TEXTS = re.compile(r"text|review|corpus|sentence|intent|comment|tweet|dialog|utterance|message", re.IGNORECASE)


@methods("file", "read readline")
def _read_text(run: Any, owner: Thing, given: Any) -> Value:
    return Unknown(deep_origins(owner), text="whole file")


@methods("file", "readlines")
def _read_lines(run: Any, owner: Thing, given: Any) -> Value:
    return Listing("list", None, Unknown(deep_origins(owner), text="text"), deep_origins(owner))


def _line(run: Any, owner: Thing, node: Any) -> Value:
    return Unknown(deep_origins(owner), text="text")


ELEMENTS["file"] = _line


@calls("csv.reader")
def _csv(run: Any, given: Any) -> Value:
    value = given.get(0) or Unknown()
    _read_by(run, value, "csv.reader")
    origins = deep_origins(value)
    return Listing("reader", None, Listing("list", None, Unknown(origins, text="text"), origins), origins)


@calls("csv.DictReader")
def _dict_reader(run: Any, given: Any) -> Value:
    value = given.get(0) or Unknown()
    _read_by(run, value, "csv.DictReader")
    origins = deep_origins(value)
    return Listing("reader", None, Mapping({}, Unknown(origins, text="text"), None, origins), origins)


def _read_by(run: Any, value: Value, how: str) -> None:
    told = run.story.by_id(value.number) if isinstance(value, Thing) and value.number is not None else None
    if told is not None:
        run.story.change(told.n, samples={**told.samples, "read_by": how})


def loaded_json(run: Any, given: Any, target: Value | None) -> Value:
    """`json.load(file)`: rows, or a config."""
    origins = deep_origins(target) if target is not None else frozenset()
    return Unknown(origins, text="json")


@calls("json.loads yaml.safe_load yaml.load toml.load")
def _loads(run: Any, given: Any) -> Value:
    value = given.get(0)
    origins = deep_origins(value) if value is not None else frozenset()
    if given.callee.root in ("yaml", "toml"):
        return Unknown(origins, text="json") if origins else Mapping({}, Unknown(text="config"))
    return Mapping({}, Unknown(origins, text="text"), None, origins)


@calls("pathlib.Path")
def _path(run: Any, given: Any) -> Value:
    value = given.get(0)
    if isinstance(value, Constant) and len(given.positional) == 1:
        return Thing("pathlib.Path", {"group": "path", "path": str(value.value)})
    words = [str(constant(v, "{}")) for v in given.positional]
    return Thing("pathlib.Path", {"group": "path", "path": "/".join(words)})


def _path_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name in ("parent", "resolve", "absolute"):
        return owner
    if name in ("name", "stem", "suffix"):
        return Unknown(text="name of a file")
    return None


ATTRIBUTES["path"] = _path_attribute


@methods("path", "resolve absolute expanduser joinpath with_suffix")
def _path_same(run: Any, owner: Thing, given: Any) -> Value:
    words = [str(constant(v, "{}")) for v in given.positional] if given.method == "joinpath" else []
    return Thing("pathlib.Path", {"group": "path", "path": "/".join([owner.fields["path"], *words])})


@methods("path", "glob rglob iterdir")
def _path_files(run: Any, owner: Thing, given: Any) -> Value:
    pattern = str(constant(given.get(0), "{}"))
    return Listing("list", None, Thing("pathlib.Path", {"group": "path", "path": f"{owner.fields['path']}/{pattern}"}))


@methods("path", "open")
def _path_open(run: Any, owner: Thing, given: Any) -> Value:
    return opened(run, given.node, Constant(owner.fields["path"]), "", constant(given.get(0, "mode"), "r"))


@methods("path", "read_text")
def _path_text(run: Any, owner: Thing, given: Any) -> Value:
    file = opened(run, given.node, Constant(owner.fields["path"]), "", "r")
    return Unknown(deep_origins(file), text="whole file")


@calls("os.path.join")
def _join(run: Any, given: Any) -> Value:
    parts = given.positional
    if parts and all(isinstance(constant(part), str) for part in parts):
        return Constant(
            "/".join(str(constant(part)).rstrip("/") for part in parts),
            any(isinstance(p, Constant) and p.soft for p in parts),
        )
    known = "/".join(part.known if isinstance(part, Text) else str(constant(part, "{}")) for part in parts)
    return Text(known, [], origins_of(parts), made_of(parts))


@calls("os.listdir glob.glob os.walk os.scandir")
def _listed(run: Any, given: Any) -> Value:
    """Files of a folder: each of them is read under a name that is not known."""
    folder = path_of(given.get(0), given.word(0))
    return Listing("list", None, Text(f"{folder}/{{}}" if given.callee.last != "glob" else folder, []))
