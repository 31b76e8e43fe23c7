"""Which statements make copies of rows, as the source writes them: drawn again, repeated, or rewritten beside the original."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnnlab.rules.asking.syntax import all_nodes, names_in
from rnnlab.rules.asking.tables import bound, last_word

_REWRITES = ("aug", "synonym", "swap", "dropout", "delet", "noise", "eda", "paraphras", "backtrans", "back_trans")
_DISTINCT = {"drop_duplicates", "set", "fromkeys", "unique"}


def scopes(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Return the names and statements of the functions, then those of the module, those of inner functions apart."""
    functions = [node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for body in (*functions, tree):
        name = "" if isinstance(body, ast.Module) else body.name
        yield name, sorted(_within(body), key=lambda one: one.lineno)


def _within(body: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.expr):
            yield from _within(node)


def copied(
    statement: ast.stmt, holds: dict[str, ast.stmt], giving: dict[str, ast.stmt]
) -> Iterator[tuple[str, ast.stmt]]:
    """Return the names that hold copies after a statement, each with the statement that made them."""
    for name, value in bound(statement):
        origin = statement if makes_copies(value) else _passed_on(value, holds, giving)
        if origin is not None:
            yield name, origin
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        target = ast.unparse(statement.target)
        if makes_copies(statement.value) or _rewrites_all(statement.value, target):
            yield target, statement
    if isinstance(statement, ast.For):
        yield from ((name, statement) for name in _appended_with_rewrites(statement))


def given_back(scope: list[ast.stmt], holds: dict[str, ast.stmt]) -> ast.stmt | None:
    """Return the statement that made the copies which a function returns as its only result."""
    for statement in scope:
        if not isinstance(statement, ast.Return) or statement.value is None or isinstance(statement.value, ast.Tuple):
            continue
        if makes_copies(statement.value):
            return statement
        if (origin := _passed_on(statement.value, holds, {})) is not None:
            return origin
    return None


def is_made_once(value: ast.expr, holds: dict[str, ast.stmt], giving: dict[str, ast.stmt]) -> bool:
    """Say whether a value holds no copies."""
    return not makes_copies(value) and _passed_on(value, holds, giving) is None


def _passed_on(value: ast.expr, holds: dict[str, ast.stmt], giving: dict[str, ast.stmt]) -> ast.stmt | None:
    """Return the statement that made the copies which a value passes on; None where it drops them or counts."""
    called = {last_word(node) for node in ast.walk(value) if isinstance(node, ast.Call)}
    if called & _DISTINCT:
        return None
    counted = {
        id(part)
        for node in ast.walk(value)
        if isinstance(node, ast.Call) and last_word(node) == "len"
        for part in ast.walk(node)
    }
    read = {node.id for node in ast.walk(value) if isinstance(node, ast.Name) and id(node) not in counted}
    found = [holds[name] for name in sorted(read) if name in holds]
    rows = {last_word(node) for node in _of_all_rows(value) if isinstance(node, ast.Call)}
    return found[0] if found else next((giving[name] for name in sorted(rows) if name in giving), None)


def _of_all_rows(value: ast.AST) -> Iterator[ast.AST]:
    """Return the pieces of an expression that are about all rows: what a comprehension makes one by one, and a text, are not."""
    yield value
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        return
    if isinstance(value, ast.Call) and last_word(value) == "join":
        return
    for node in ast.iter_child_nodes(value):
        yield from _of_all_rows(node)


def makes_copies(value: ast.expr) -> bool:
    """Say whether an expression holds rows more than once."""
    if any(isinstance(node, ast.Call) and last_word(node) in _DISTINCT for node in ast.walk(value)):
        return False
    drawn = any(isinstance(node, ast.Call) and _draws_again(node) for node in _of_all_rows(value))
    return drawn or any(_copies(node) for node in ast.walk(value))


def _draws_again(node: ast.Call) -> bool:
    """Say whether rows are drawn with `random.choices`; made-up texts are put together from a list that is written out."""
    weighed = any(option.arg == "weights" for option in node.keywords)
    is_drawn = ast.unparse(node.func) == "random.choices" and bool(node.args) and not weighed
    return is_drawn and not isinstance(node.args[0], ast.List | ast.Tuple | ast.Constant)


def _copies(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return _adds_itself(node)
    if not isinstance(node, ast.Call):
        return False
    word, written = last_word(node), ast.unparse(node.func)
    options = {option.arg: option.value for option in node.keywords}
    replace = ast.unparse(options["replace"]) if "replace" in options else None
    if word == "fit_resample" or word == "fit_sample":
        return not any(part in written for part in ("RandomUnder", "rus.", "under"))
    if word == "resample":
        return replace == "True" or (replace is None and "n_samples" in options)
    if word == "sample":
        return replace == "True"
    beside = "axis" in options and ast.unparse(options["axis"]) in ("1", "'columns'")
    return word == "concat" and bool(node.args) and not beside and _repeats(node.args[0])


def _repeats(listed: ast.expr) -> bool:
    """Say whether a list of tables names one of them twice: `[df, df]`, `[rare] * 4`."""
    if isinstance(listed, ast.BinOp):
        if isinstance(listed.op, ast.Mult):
            return any(isinstance(side, ast.List) and side.elts for side in (listed.left, listed.right))
        return _repeats(listed.left) or _repeats(listed.right)
    if not isinstance(listed, ast.List | ast.Tuple):
        return False
    plain = [ast.unparse(one) for one in listed.elts if isinstance(one, ast.Name | ast.Attribute)]
    return len(plain) != len(set(plain))


def _adds_itself(node: ast.BinOp) -> bool:
    """Say whether a list is joined to itself, repeated, or to a rewriting of itself."""
    if not isinstance(node.op, ast.Add):
        return False
    left, right = node.left, node.right
    return any(
        isinstance(one, ast.Name) and (_is_repeated(two) or _rewrites_all(two, one.id))
        for one, two in ((left, right), (right, left))
    )


def _is_repeated(node: ast.expr) -> bool:
    """Say whether this is a list's name times a number: `rare * 4`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult) or not isinstance(node.left, ast.Name):
        return False
    return isinstance(node.right, ast.Constant) and isinstance(node.right.value, int) and node.right.value > 1


def _rewrites_all(node: ast.expr, name: str) -> bool:
    """Say whether this is a list made of all items of a list: `[(noisy(text), label) for text, label in rows]`."""
    if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
        return False
    return ast.unparse(node.generators[0].iter) == name


def _appended_with_rewrites(loop: ast.For) -> Iterator[str]:
    """Return the lists that a loop appends each row to, and a rewriting of it as well."""
    plain: dict[str, list[_Way]] = {}
    rewritten: dict[str, list[_Way]] = {}
    items = names_in(loop.target)
    for node, way in _with_ways(loop.body, ()):
        if not isinstance(node, ast.Call) or last_word(node) not in {"append", "extend"} or len(node.args) != 1:
            continue
        if not isinstance(node.func, ast.Attribute) or not names_in(node.args[0]) & items:
            continue
        calls = [last_word(one).lower() for one in ast.walk(node.args[0]) if isinstance(one, ast.Call)]
        rewrites = any(word in call for call in calls for word in _REWRITES)
        (rewritten if rewrites else plain).setdefault(ast.unparse(node.func.value), []).append(way)
    for name in sorted(plain.keys() & rewritten.keys()):
        if any(not _exclude(one, two) for one in plain[name] for two in rewritten[name]):
            yield name


# The tests that a statement stands behind, each with the side of it that the statement is on.
_Way = tuple[tuple[int, bool], ...]


def _with_ways(body: list[ast.stmt], way: _Way) -> Iterator[tuple[ast.AST, _Way]]:
    """Return what stands in a loop, with the tests that it stands behind; what follows a `continue` is on the other side."""
    for statement in body:
        if not isinstance(statement, ast.If):
            if isinstance(statement, ast.For | ast.While | ast.With):
                yield from _with_ways(statement.body, way)
            else:
                yield from ((node, way) for node in ast.walk(statement))
            continue
        yield from _with_ways(statement.body, (*way, (id(statement), True)))
        yield from _with_ways(statement.orelse, (*way, (id(statement), False)))
        if isinstance(statement.body[-1], ast.Continue):
            way = (*way, (id(statement), False))


def _exclude(one: _Way, two: _Way) -> bool:
    return any((test, not side) in two for test, side in one)
