"""What a program reads from its data file, as far as its source says: column names, label values, whether there is a header.

A dry run without the file generates one by it. Names are collected generously: a column too many does no harm.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_READERS = {
    "read_csv",
    "read_table",
    "read_json",
    "read_excel",
    "read_pickle",
    "read_parquet",
    "DictReader",
    "DataFrame",
    "loads",
    "literal_eval",
}
_NAMING = {"groupby", "sort_values", "set_index", "pop", "drop", "dropna", "drop_duplicates", "explode", "rename"}
_TEXT = re.compile(
    r"text|review|sentence|comment|tweet|content|body|message|title|headline|document|phrase|question|summary|desc|sms|^v2$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"label|sentiment|target|class|categor|rating|polarity|stars?$|score|spam|fake|toxic|insincere|emotion|^y(?:_|$)|^v1$|positive",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:^|_)(?:id|index|idx|no|number|unnamed.*)$|id$", re.IGNORECASE)
_LEAST = {"min_freq", "min_count", "min_df", "min_frequency", "minimum_frequency"}
_LEAST_NAME = re.compile(r"min_?(?:freq|count|df|occ)", re.IGNORECASE)
_COUNT = re.compile(r"freq|coun|cnt|occ|^[cnfv]$|\[\w+\]$", re.IGNORECASE)
# Labels come in pairs; the negative (or first) one stands in front.
_PAIRS = (
    ("negative", "positive"), ("neg", "pos"), ("Negative", "Positive"), ("ham", "spam"), ("real", "fake"), ("REAL", "FAKE"),
    ("bad", "good"), ("no", "yes"), ("false", "true"), ("0", "1"), ("N", "P"), ("NEGATIVE", "POSITIVE"), ("not", "is"),
)  # fmt: skip


@dataclass
class Wanted:
    """What the source of a program says about the table that it reads."""

    columns: list[str] = field(default_factory=list)
    renamed: int | None = None
    positions: dict[int, str] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    sorted_out: dict[str, list[Any]] = field(default_factory=dict)
    loose: list[Any] = field(default_factory=list)
    labels_from_one: bool = False
    skips_header: bool = False
    reads_rows: bool = False
    separators: list[str] = field(default_factory=list)
    min_freq: int = 1

    def labels(self, column: str) -> list[Any]:
        """Return the values of a label column, two or more: what the program compares it with, completed to a pair.

        What it sorts out (`df[df.label != "neutral"]`) is there as well, behind the others.
        """
        out = self.sorted_out.get(column, [])
        found = [value for value in dict.fromkeys(self.values.get(column) or self.loose) if value not in out]
        found = [value for value in found if isinstance(value, str)] or found
        return [*self._pair(found, any(isinstance(value, str) for value in out)), *dict.fromkeys(out)]

    def _pair(self, found: list[Any], as_words: bool) -> list[Any]:
        pair = next((pair for pair in _PAIRS if set(found) & set(pair)), None)
        if pair is not None and set(found) <= set(pair):
            return list(pair)
        if len(found) > 1:
            return sorted(found, key=str)
        if not found:
            return ["negative", "positive"] if as_words else [1, 2] if self.labels_from_one else [0, 1]
        return [f"not {found[0]}", found[0]] if isinstance(found[0], str) else [0 if found[0] else 1, found[0]]


def is_label(name: str) -> bool:
    """Say whether a column's name is one that people give to labels."""
    return bool(_LABEL.search(name)) and not _TEXT.search(name.replace("sentiment", "").replace("_text", ""))


def is_text(name: str) -> bool:
    """Say whether a column's name is one that people give to texts."""
    return bool(_TEXT.search(name)) and not is_label(name)


def is_number(name: str) -> bool:
    """Say whether a column's name is one that people give to row numbers."""
    return bool(_NUMBER.search(name)) and not is_label(name) and not is_text(name)


def roles(columns: Sequence[str]) -> dict[str, str]:
    """Return for each column `text`, `label`, `number` or `other`; there is always a text and a label, if there is room."""
    found = {
        c: "label" if is_label(c) else "text" if is_text(c) else "number" if is_number(c) else "other" for c in columns
    }
    for role, order in (("text", list(columns)), ("label", list(reversed(columns)))):
        if role not in found.values():
            free = next((c for c in order if found[c] == "other"), None)
            if free is not None:
                found[free] = role
    return found


def wanted(sources: Iterable[str], at: tuple[str, int] | None = None) -> Wanted:
    """Read the source of a program (or of its cells) for what it wants of its data.

    Args:
        at: a source and a line of it: only the table that is read there counts, where a program reads several.
    """
    trees = {source: tree for source in sources if (tree := _parsed(source)) is not None}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    result = Wanted()
    readers = {id(call) for call in calls if _called(call) in _READERS or ast.unparse(call.func) == "json.load"}
    if at is not None and at[0] in trees:
        there = [node for node in ast.walk(trees[at[0]]) if isinstance(node, ast.Call)]
        readers &= {id(call) for call in there if call.lineno <= at[1] <= (call.end_lineno or call.lineno)}
    _collect_columns(nodes, _Tables(readers).follow(nodes), result)
    _collect_positions(nodes, result)
    _collect_values(nodes, result)
    for call in calls:
        name = _called(call)
        result.skips_header |= name == "next"
        result.reads_rows |= name == "reader"
        if name == "split" and call.args and isinstance(value := _constant(call.args[0]), str) and len(value) == 1:
            result.separators.append(value)
        for keyword in call.keywords:
            if keyword.arg in _LEAST and isinstance(value := _constant(keyword.value), int):
                result.min_freq = max(result.min_freq, min(value, 20))
    for node in nodes:
        result.min_freq = max(result.min_freq, _least_count(node))
    return result


def _least_count(node: ast.AST) -> int:
    """Return how often a word must come where a program says so: `if count >= 5`, `MIN_FREQ = 3`; else 1."""
    if isinstance(node, ast.Compare) and _COUNT.search(ast.unparse(node.left)):
        value = _constant(node.comparators[0])
        at_least = {ast.GtE: 0, ast.Gt: 1, ast.Lt: 0, ast.LtE: 1}.get(type(node.ops[0]))
        if type(value) is int and at_least is not None and 0 <= value <= 20:
            return value + at_least
    if isinstance(node, ast.Assign) and type(value := _constant(node.value)) is int and 0 < value <= 20:
        return value if _LEAST_NAME.search(ast.unparse(node.targets[0])) else 1
    return 1


def _parsed(source: str) -> ast.Module | None:
    """Parse a source; lines of a notebook that are no Python are left out."""
    lines = [re.sub(r"^(\s*)[%!?].*$", r"\1pass", line) for line in source.splitlines()]
    with contextlib.suppress(SyntaxError, ValueError):
        return ast.parse("\n".join(lines))
    return None


def _constant(node: ast.AST | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _strings(node: ast.AST | None) -> list[str]:
    """Return the text constants of a node that is one, or a list of them, or the keys of a dict."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    parts = (
        node.elts
        if isinstance(node, ast.List | ast.Tuple | ast.Set)
        else node.keys
        if isinstance(node, ast.Dict)
        else ()
    )
    return [value for part in parts if isinstance(value := _constant(part), str)]


# --- which variables hold the table ----------------------------------------------------------------------------------


class _Tables:
    """The variables and functions that hold or give the table, or a part of it.

    Args:
        readers: the calls that read it, by identity.
    """

    def __init__(self, readers: set[int]) -> None:
        self._readers = readers
        self.names: set[str] = set()
        self._givers: set[str] = set()

    def follow(self, nodes: list[ast.AST]) -> _Tables:
        """Find what is made of the table, looped over, passed on and returned, until nothing new is found."""
        functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        while True:
            before = len(self.names) + len(self._givers)
            for node in nodes:
                self._follow(node, functions)
            if len(self.names) + len(self._givers) == before:
                return self

    def _follow(self, node: ast.AST, functions: dict[str, ast.FunctionDef]) -> None:
        if isinstance(node, ast.Assign) and self.holds(node.value):
            self.names |= {name for target in node.targets for name in _names(target)}
        elif isinstance(node, ast.For | ast.comprehension) and self.holds(node.iter):
            self.names |= set(_names(node.target))
        elif isinstance(node, ast.With):
            for item in node.items:
                if item.optional_vars is not None and self.holds(item.context_expr):
                    self.names |= set(_names(item.optional_vars))
        elif isinstance(node, ast.FunctionDef):
            returned = [
                part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None
            ]
            if any(self.holds(value) for value in returned):
                self._givers.add(node.name)
        elif isinstance(node, ast.Call):
            self._pass_on(node, functions)

    def _pass_on(self, call: ast.Call, functions: dict[str, ast.FunctionDef]) -> None:
        """Follow the table into the parameters of the learner's functions and classes, and of lambdas run on it."""
        if isinstance(call.func, ast.Attribute) and self.holds(call.func.value):
            for given in call.args:
                if isinstance(given, ast.Lambda):
                    self.names |= {a.arg for a in given.args.args}
                elif isinstance(given, ast.Name) and given.id in functions:
                    self.names |= {a.arg for a in functions[given.id].args.args[:1]}
        name = _called(call)
        function = functions.get(name) or (functions.get("__init__") if name[:1].isupper() else None)
        if function is not None:
            parameters = [a.arg for a in function.args.args if a.arg not in {"self", "cls"}]
            self.names |= {p for p, given in zip(parameters, call.args, strict=False) if self.is_one(given)}
            self.names |= {k.arg for k in call.keywords if k.arg in parameters and self.is_one(k.value)}

    def is_one(self, node: ast.AST) -> bool:
        """Say whether an expression is such a variable."""
        return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in self.names

    def reads(self, node: ast.AST) -> bool:
        """Say whether an expression is the call that reads the table, or one that gives it."""
        return isinstance(node, ast.Call) and (id(node) in self._readers or _called(node) in self._givers)

    def holds(self, node: ast.AST) -> bool:
        """Say whether an expression is made from the table: it reads it, or a variable that holds it stands in it."""
        return any(self.reads(part) or self.is_one(part) for part in ast.walk(node))


def _names(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _names(part)
    elif isinstance(target, ast.Name | ast.Attribute):
        yield ast.unparse(target)


# --- columns ---------------------------------------------------------------------------------------------------------


def _collect_columns(nodes: list[ast.AST], tables: _Tables, result: Wanted) -> None:
    """Collect the names by which the table is asked, in the order of the source; names that it is given first are left out."""
    asked: list[tuple[int, int, str]] = []
    given: dict[str, int] = {}
    renamed_at = 10**9
    for node in nodes:
        if isinstance(node, ast.Subscript) and tables.holds(node.value):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for name in (name for part in parts for name in _strings(part)):
                if isinstance(node.ctx, ast.Store):
                    given[name] = min(given.get(name, node.lineno), node.lineno)
                else:
                    asked.append((node.lineno, node.col_offset, name))
        elif isinstance(node, ast.Call) and _called(node) in {*_NAMING, *_READERS}:
            asked += [(node.lineno, node.col_offset, name) for name in _named_in(node, tables)]
        elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Attribute):
            if target.attr == "columns" and tables.holds(target.value) and (new := _strings(node.value)):
                result.renamed, renamed_at = len(new), min(renamed_at, node.lineno)
                asked += [(10**8, i, name) for i, name in enumerate(new)]
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and (is_label(node.attr) or is_text(node.attr))
        ):
            asked += [(node.lineno, node.col_offset, node.attr)] if tables.is_one(node.value) else []
    new_names = _renamed_to(nodes)
    asked = [a for a in sorted(asked, key=lambda a: a[:2]) if a[2] not in new_names]
    asked = [a for a in asked if given.get(a[2], 10**9) >= a[0] and (a[0] < renamed_at or a[0] == 10**8)]
    result.columns = list(dict.fromkeys(name for _, _, name in asked))[: result.renamed]


def _renamed_to(nodes: list[ast.AST]) -> set[str]:
    """Return the names that `rename(columns={old: new})` gives: the file has them not."""
    calls = [node for node in nodes if isinstance(node, ast.Call) and _called(node) == "rename"]
    given = [k.value for call in calls for k in call.keywords if k.arg == "columns" and isinstance(k.value, ast.Dict)]
    return {value for mapping in given for part in mapping.values if isinstance(value := _constant(part), str)}


def _named_in(call: ast.Call, tables: _Tables) -> list[str]:
    """Return the column names in the arguments of a method of the table."""
    if not isinstance(call.func, ast.Attribute):
        return []
    if tables.reads(call):
        return [
            name
            for k in call.keywords
            if k.arg in {"usecols", "parse_dates", "index_col"}
            for name in _strings(k.value)
        ]
    if not tables.holds(call.func.value):
        return []
    by_name = [
        n for k in call.keywords if k.arg in {"columns", "subset", "by", "keys", "labels"} for n in _strings(k.value)
    ]
    return by_name + [n for given in call.args for n in _strings(given) if call.func.attr != "rename"]


def _collect_positions(nodes: list[ast.AST], result: Wanted) -> None:
    """Collect columns that are asked for by number: `labels.append(row[1])`, `text = row[0]`, `for label, text in reader`."""
    whole = {
        ast.unparse(node.args[0])
        for node in nodes
        if isinstance(node, ast.Call) and _called(node) == "int" and node.args
    }
    for node in nodes:
        if isinstance(node, ast.Assign | ast.Expr):
            words = (
                ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ast.unparse(node).partition("(")[0]
            )
            for part in ast.walk(node.value):
                row, number = _row_and_number(part)
                if row and (is_label(words) or is_text(words)):
                    result.positions.setdefault(number, words)
        unpacked = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, ast.For | ast.comprehension | ast.Assign) and isinstance(unpacked, ast.Tuple):
            source = ast.unparse(node.value if isinstance(node, ast.Assign) else node.iter)
            if "reader" in source or ".split(" in source:
                for i, name in enumerate(_names(unpacked)):
                    result.positions.setdefault(i, "label" if name in whole else name)
    _collect_numbers(nodes, result)


def _collect_numbers(nodes: list[ast.AST], result: Wanted) -> None:
    """Take `int(row[0])` for a label, and what else is asked of the same row for a text."""
    rows: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in {"int", "float"} and node.args:
            row, number = _row_and_number(node.args[0])
            if row:
                rows.add(row)
                result.positions.setdefault(number, "label")
    for row, number in map(_row_and_number, nodes):
        if row in rows:
            result.positions.setdefault(number, "text")


def _row_and_number(node: ast.AST) -> tuple[str, int]:
    """Return the name and the number of `row[1]`; ("", 0) for anything else."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        number = _constant(node.slice)
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 20:
            return node.value.id, number
    return "", 0


# --- label values ----------------------------------------------------------------------------------------------------


def _collect_values(nodes: list[ast.AST], result: Wanted) -> None:
    """Collect what columns are compared with and mapped from."""
    functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
    literals = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Dict | ast.List | ast.Lambda)
    }

    def add(subject: ast.AST, values: list[Any], kept: bool = True) -> bool:
        columns = [c for part in ast.walk(subject) if isinstance(part, ast.Subscript) for c in _strings(part.slice)]
        columns += [p.attr for p in ast.walk(subject) if isinstance(p, ast.Attribute) and is_label(p.attr)]
        for column in columns[-1:]:
            (result.values if kept else result.sorted_out).setdefault(column, []).extend(values)
        return bool(columns)

    for node in nodes:
        if isinstance(node, ast.Compare):
            if not add(node.left, _compared(node), not isinstance(node.ops[0], ast.NotEq)):
                result.loose += [value for value in _compared(node) if any(value in pair for pair in _PAIRS[:-1])]
        elif isinstance(node, ast.Dict):
            keys = _strings(node)
            result.loose += keys if any(set(keys) <= set(pair) for pair in _PAIRS) and keys else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in {"map", "apply", "replace", "isin", "transform"}:
                given: ast.AST = node.args[0]
                if isinstance(given, ast.Name):
                    given = functions.get(given.id) or literals.get(given.id) or given
                add(node.func.value, _values_in(given))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _constant(node.right) == 1:
            result.labels_from_one |= is_label(ast.unparse(node.left)) or "label" in ast.unparse(node.left)
    if result.renamed is not None or _renamed_to(nodes):
        # The program knows a column by another name than its file does.
        result.loose += [value for c, values in result.values.items() if c not in result.columns for value in values]
    for node in nodes:
        # `label_pipeline = lambda x: int(x) - 1`
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and "label" in ast.unparse(node.targets[0])
        ):
            result.labels_from_one |= "- 1" in ast.unparse(node.value.body)


def _compared(node: ast.Compare) -> list[Any]:
    if not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In):
        return []
    right = node.comparators[0]
    parts = right.elts if isinstance(right, ast.List | ast.Tuple | ast.Set) else [right]
    values = [
        value for part in parts if isinstance(value := _constant(part), str | int) and not isinstance(value, bool)
    ]
    return [value for value in values if value != ""]


def _values_in(node: ast.AST) -> list[Any]:
    """Return what a mapping, a list or a function tells apart."""
    if isinstance(node, ast.Dict | ast.List | ast.Tuple):
        parts = node.keys if isinstance(node, ast.Dict) else node.elts
        return [value for part in parts if isinstance(value := _constant(part), str | int)]
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str | int) else []
    return [value for part in ast.walk(node) if isinstance(part, ast.Compare) for value in _compared(part)]
