"""How the source cuts texts into tokens: in training, and in the functions that predict."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.predictions import predictions
from rnnlab.rules.asking.syntax import all_nodes, function_around, parsed, trees
from rnnlab.sources import file_and_cell

_RAW = {"strip", "rstrip", "lstrip", "readline", "read", "input", "str"}
_PROCESSES = {
    "lower",
    "casefold",
    "replace",
    "sub",
    "translate",
    "join",
    "findall",
    "maketrans",
    "isalpha",
    "isalnum",
    "lemmatize",
    "stem",
}


@dataclass(frozen=True)
class RawCut:
    """A prediction that cuts its text by blanks, or takes its characters, with nothing done to it before."""

    key: str
    text: str
    node: ast.expr
    how: str


def training_cuts(record: Record) -> list[Data]:
    """Return how the texts of the training reviews were cut into words; lines and columns of a file are none."""
    found = [
        fact
        for fact in record.ask(Data, what="tokens")
        if fact.seen_by == "source" and fact.samples.get("separator") in (None, " ") and fact.made_from
    ]
    return found or [
        fact
        for fact in record.ask(
            Data, what="tokens", where=lambda fact: fact.seen_by == "source" and fact.inside is not None
        )
        if str(fact.samples.get("function")) in _tokenizers_of_fields(record)
    ]


def _tokenizers_of_fields(record: Record) -> set[str]:
    """Return the functions that torchtext's Fields are given: `Field(tokenize=words)`."""
    return {
        ast.unparse(word.value)
        for _, _, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Field")
        for word in node.keywords
        if word.arg == "tokenize"
    }


def does_more_than_cut(record: Record, cut: Data) -> bool:
    """Say whether a cut gives other tokens than `text.split()`: by its tool, or by what was done to the text before."""
    how = str(cut.samples.get("how"))
    if how not in ("split", "str.split"):
        return True
    if cut.samples.get("lowered") is True or _is_processed(str(cut.samples.get("text"))):
        return True
    function = function_named(record, str(cut.samples.get("function") or ""))
    return function is not None and bool(_called(function) & _PROCESSES)


def _is_processed(text: str) -> bool:
    tree = parsed(text)
    return tree is not None and bool(_called(tree) - _RAW)


def function_named(record: Record, name: str) -> ast.FunctionDef | None:
    """Return a function by its name, the last word of it."""
    return next(
        (
            node
            for _, _, tree in trees(record)
            for node in all_nodes(tree)
            if isinstance(node, ast.FunctionDef) and node.name == name.rpartition(".")[2]
        ),
        None,
    )


def _called(node: ast.AST) -> set[str]:
    return {ast.unparse(one.func).rpartition(".")[2] for one in ast.walk(node) if isinstance(one, ast.Call)}


def raw_cuts(record: Record) -> Iterator[RawCut]:
    """Return the raw cuts in functions that predict.

    Raises:
        Unseen: no prediction was seen in the source.
    """
    seen: set[int] = set()
    for scope in predictions(record):
        function = function_around(record, scope.place)
        if function is None or id(function) in seen or scope.place is None:
            continue
        seen.add(id(function))
        for key, text, _ in trees(record):
            if file_and_cell(key) == (scope.place.file, scope.place.cell):
                yield from (RawCut(key, text, node, how) for node, how in _cuts_in(record, function))


def _cuts_in(record: Record, function: ast.FunctionDef) -> Iterator[tuple[ast.expr, str]]:
    given = {one.arg for one in function.args.args}
    looped = {
        name.id
        for node in ast.walk(function)
        if isinstance(node, ast.For) and ast.unparse(node.iter) in ("sys.stdin", "fileinput.input()")
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    changed = {
        name.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.NamedExpr)
        for name in ast.walk(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if isinstance(name, ast.Name)
    }
    if _called(function) & _PROCESSES:
        return
    texts = {name for name in given if _is_given_raw(record, function, name)} | looped
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _splits(node, texts - changed):
            yield node, "split"
        if isinstance(node, ast.ListComp) and ast.unparse(node.generators[0].iter) in texts & given - changed:
            yield node, "characters"


def _splits(call: ast.Call, texts: set[str]) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "split" or call.keywords:
        return False
    if call.args and not (isinstance(call.args[0], ast.Constant) and call.args[0].value == " "):
        return False
    receiver = call.func.value
    while isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute) and receiver.func.attr in _RAW:
        receiver = receiver.func.value
    return isinstance(receiver, ast.Name) and receiver.id in texts


def _is_given_raw(record: Record, function: ast.FunctionDef, name: str) -> bool:
    """Say whether every call of a function gives a text as somebody typed it, and one surely does."""
    position = [one.arg for one in function.args.args if one.arg != "self"].index(name) if name != "self" else -1
    given = [
        (tree, call.args[position])
        for _, _, tree in trees(record)
        for call in all_nodes(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).rpartition(".")[2] == function.name
        and len(call.args) > position >= 0
    ]
    return bool(given) and all(_is_raw(tree, one) for tree, one in given)


def _is_raw(tree: ast.Module, given: ast.expr) -> bool:
    if isinstance(given, ast.Constant | ast.JoinedStr):
        return isinstance(given, ast.JoinedStr) or isinstance(given.value, str)
    text = ast.unparse(given)
    if "argv" in text or text.startswith(("args.", "input(")):
        return not _called(given) - _RAW - {"join"}
    if not isinstance(given, ast.Name):
        return False
    values = [
        node.value if isinstance(node, ast.Assign) else node.iter
        for node in _around(tree, given)
        if (isinstance(node, ast.Assign) and given.id in [ast.unparse(one) for one in node.targets])
        or (isinstance(node, ast.For) and ast.unparse(node.target) == given.id)
    ]
    return bool(values) and all(_is_typed(value) for value in values)


def _around(tree: ast.Module, given: ast.expr) -> Iterator[ast.AST]:
    """Return what stands in the same function as an expression, or in no function where that is so."""
    functions = [node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)]
    within = [one for one in functions if one.lineno <= given.lineno <= (one.end_lineno or one.lineno)]
    if within:
        yield from ast.walk(within[-1])
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef):
            yield node
            waiting += ast.iter_child_nodes(node)


def _is_typed(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Tuple):
        return all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in value.elts)
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    return "input(" in ast.unparse(value) and not _called(value) - _RAW
