"""# Every label became the same

**What happened.** The text of the label is compared with something that it never is: a number that was read as text, a text
that was read as a number, a line with its line break, capitals in what was made lower case.

**Why it matters.** All labels are 0. The model learns in a few batches to answer 0 whatever it reads, and every accuracy is
100 %: in the program below 2 of 4 reviews are positive, and 0 of 4 are labelled so.

**Fix.** Print the values that there are (`set(labels)`, `df.label.unique()`), with `repr`, and compare with those.

```python bad
import csv
import io

file = io.StringIO("label,text\\n4,good film\\n0,bad film\\n4,fine cast\\n0,poor plot\\n")
rows = csv.reader(file)
next(rows)
labels = [1 if label == 4 else 0 for label, text in rows]  # <- found here
print(sum(labels), "of", len(labels), "are positive")
```

```python good
import csv
import io

file = io.StringIO("label,text\\n4,good film\\n0,bad film\\n4,fine cast\\n0,poor plot\\n")
rows = csv.reader(file)
next(rows)
labels = [1 if label == "4" else 0 for label, text in rows]
print(sum(labels), "of", len(labels), "are positive")
```
"""

import ast
import itertools
import re
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees, with_parents
from rnnlab.rules.asking.tables import bound, last_word
from rnnlab.rules.kit import Finding, Unseen, rule

_AS_TEXT = ("astype(str", "astype('str", 'astype("str', "dtype", "converters", "astype(object", "map(str", "apply(str")
_NUMBERS = ("map(int", "map(float", "QUOTE_NONNUMERIC")
_INT_LABELS = re.compile(r"torchtext\W{0,4}v?0\.1[4-9]")  # since then IMDB gives 1 and 2


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for comparisons that make labels and can never hold."""
    if not record.sources:
        raise Unseen("the source is not known")
    known = False
    for key, text, tree in trees(record):
        kinds = _kinds(tree, text)
        for node, around in with_parents(tree):
            why, level = "", None
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
                why = _never(node, around, kinds, text) if _makes_a_label(node, around) else ""
                known = known or any(_item_of(node.left, around, kinds, kind) for kind in ("csv", "lines"))
                known = known or _column_of(node.left, around, kinds)
                level = "risk" if _column_of(node.left, around, kinds) else None
            elif isinstance(node, ast.Call) and last_word(node) in {"map", "replace"}:
                why, level = _map_of_digits(node, kinds), "risk"
            if why and isinstance(node, ast.expr):
                yield Finding(
                    place_of(key, text, node),
                    f"{ast.unparse(node)[:80]} never holds: {why}. Every label becomes the same; print the values that "
                    f"there are with repr() and compare with those.",
                    (),
                    level,  # one value that is no number makes text of a whole column
                )
    if not known:
        raise Unseen("no line was seen that makes labels of values whose type is known")


def _kinds(tree: ast.Module, text: str) -> dict[str, str]:
    """Return the names of tables that pandas read, of readers of the csv module, and of open files."""
    found: dict[str, str] = {}
    for node in all_nodes(tree):
        for name, value in bound(node) if isinstance(node, ast.stmt) else ():
            kind = _kind(value)
            if kind or name not in found:
                found[name] = kind
        for item in node.items if isinstance(node, ast.With) else ():
            if item.optional_vars is not None and isinstance(item.context_expr, ast.Call):
                found[ast.unparse(item.optional_vars)] = "lines" if last_word(item.context_expr) == "open" else ""
    if any(word in text for word in _AS_TEXT):
        found = {name: kind for name, kind in found.items() if kind != "table"}
    # A column that is given other values is no longer as it was read.
    for column in (one.targets[0] for one in all_nodes(tree) if isinstance(one, ast.Assign)):
        if isinstance(column, ast.Subscript | ast.Attribute) and found.get(ast.unparse(column.value)) == "table":
            name = column.attr if isinstance(column, ast.Attribute) else getattr(column.slice, "value", "")
            found.setdefault(f"{ast.unparse(column.value)}.{name}", str(column.lineno))
    if any(word in text for word in _NUMBERS):
        found = {name: kind for name, kind in found.items() if kind != "csv"}
    return found


def _kind(value: ast.expr) -> str:
    if not isinstance(value, ast.Call):
        return ""
    word, written = last_word(value), ast.unparse(value.func)
    if word in {"read_csv", "read_table"} and not {option.arg for option in value.keywords} & {"dtype", "converters"}:
        return "table"
    if written in {"csv.reader", "csv.DictReader"}:
        return "csv"
    return "lines" if written == "open" or word == "readlines" else ""


def _makes_a_label(node: ast.Compare, around: tuple[ast.AST, ...]) -> bool:
    outer = around[-1] if around else None
    if isinstance(outer, ast.IfExp):
        return outer.test is node and all(isinstance(one, ast.Constant) for one in (outer.body, outer.orelse))
    if isinstance(outer, ast.Call):
        return last_word(outer) in {"int", "float"}
    return isinstance(outer, ast.Attribute) and outer.attr in {"astype", "map", "values"}


def _never(node: ast.Compare, around: tuple[ast.AST, ...], kinds: dict[str, str], text: str) -> str:
    """Say why a comparison never holds; nothing where it may."""
    read, told = node.left, node.comparators[0]
    if not isinstance(told, ast.Constant):
        return ""
    value = told.value
    if isinstance(value, str):
        if isinstance(read, ast.Call) and isinstance(read.func, ast.Attribute) and not read.args:
            changed = {"lower": value.lower(), "upper": value.upper(), "strip": value.strip()}.get(
                read.func.attr, value
            )
            return f"what {read.func.attr}() returns is never {value!r}" if changed != value else ""
        if value.isdigit() and _column_of(read, around, kinds):
            return f"read_csv makes numbers of a column of numbers, and {value!r} is text"
        if _item_of(read, around, kinds, "lines") and value and not value.endswith("\n"):
            return f"a line of a file ends in '\\n', and {value!r} does not"
        if value in {"pos", "neg"} and "IMDB(" in text and _INT_LABELS.search(text) and isinstance(read, ast.Name):
            return "IMDB of torchtext gives the labels 1 and 2 since 0.14"
    elif isinstance(value, int | float) and not isinstance(value, bool) and _item_of(read, around, kinds, "csv"):
        return f"the csv module reads every field as text, and {value!r} is a number"
    return ""


def _column_of(read: ast.expr, around: tuple[ast.AST, ...], kinds: dict[str, str]) -> bool:
    """Say whether this is a column that pandas read, or an item of one in `df[column].map(lambda ...)`."""
    if _is_column(read, kinds):
        return True
    for outer, inner in itertools.pairwise(around):
        if isinstance(inner, ast.Lambda) and isinstance(outer, ast.Call) and last_word(outer) in {"map", "apply"}:
            same = isinstance(read, ast.Name) and read.id in {argument.arg for argument in inner.args.args}
            return same and isinstance(outer.func, ast.Attribute) and _is_column(outer.func.value, kinds)
    return False


def _is_column(node: ast.expr, kinds: dict[str, str]) -> bool:
    if isinstance(node, ast.Subscript):
        column = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int)
        name = str(node.slice.value) if column and isinstance(node.slice, ast.Constant) else ""
        return column and _is_as_read(node, name, kinds)
    return isinstance(node, ast.Attribute) and _is_as_read(node, node.attr, kinds)


def _is_as_read(column: ast.Subscript | ast.Attribute, name: str, kinds: dict[str, str]) -> bool:
    table = ast.unparse(column.value)
    given = kinds.get(f"{table}.{name}")
    return kinds.get(table) == "table" and (given is None or int(given) >= column.lineno)


def _item_of(read: ast.expr, around: tuple[ast.AST, ...], kinds: dict[str, str], kind: str) -> bool:
    """Say whether this is what a loop takes from a file or reader (a field of it), unchanged."""
    root = read.value if isinstance(read, ast.Subscript) and isinstance(read.slice, ast.Constant) else read
    if not isinstance(root, ast.Name) or (kind == "lines" and root is not read):
        return False
    for outer in reversed(around):
        for target, over in _loops(outer):
            if root.id not in names_in(target):
                continue
            if kind == "lines" and not isinstance(target, ast.Name):
                return False
            if isinstance(target, ast.Name) and kind == "csv" and root is read:
                return False
            rebound = {name for one in ast.walk(outer) if isinstance(one, ast.stmt) for name, _ in bound(one)}
            return (kinds.get(ast.unparse(over)) or _kind(over)) == kind and not rebound & {root.id, ast.unparse(read)}
    return False


def _loops(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.For):
        yield node.target, node.iter
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield from ((one.target, one.iter) for one in node.generators)


def _map_of_digits(call: ast.Call, kinds: dict[str, str]) -> str:
    """Say why no key of `df[column].map({"0": 0, "4": 1})` is ever met."""
    if last_word(call) != "map" or len(call.args) != 1 or not isinstance(call.args[0], ast.Dict):
        return ""
    keys = [key.value for key in call.args[0].keys if isinstance(key, ast.Constant)]
    column = isinstance(call.func, ast.Attribute) and _is_column(call.func.value, kinds)
    if column and len(keys) > 1 and all(isinstance(key, str) and key.isdigit() for key in keys):
        return "read_csv makes numbers of a column of numbers, and the keys are text"
    return ""
