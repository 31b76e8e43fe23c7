"""Statements: what each of them does to the state of a symbolic run."""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.reading import attributes, branches, imports, items, looping, missing
from rnnlab.reading.deciding import narrowed, truth
from rnnlab.reading.running import Executes, Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Function,
    Instance,
    Method,
    Scoped,
    Thing,
    Unknown,
    Value,
    derived,
    origins_of,
)


def _assign(run: Run, node: ast.Assign) -> str:
    target = node.targets[0]
    run.line = node.lineno
    if run.loops and (more := _adds_to_itself(node)) is not None:
        return _augmented(run, more)
    run.bind(node.value, _words(run, target))
    value = run.evaluate(node.value)
    run.bind(None, ())
    for target in node.targets:
        put(run, target, value, node.value)
    return ""


def _adds_to_itself(node: ast.Assign) -> ast.AugAssign | None:
    """Return `total += loss` for `total = total + loss`: it is the same."""
    target, value = node.targets[0], node.value
    if len(node.targets) != 1 or not isinstance(target, ast.Name | ast.Attribute) or not isinstance(value, ast.BinOp):
        return None
    if not isinstance(value.op, ast.Add) or ast.unparse(value.left) != ast.unparse(target):
        return None
    return ast.copy_location(ast.AugAssign(target, value.op, value.right), value)


def _words(run: Run, target: ast.expr) -> tuple[str, ...]:
    if isinstance(target, ast.Name):
        return (target.id,)
    if isinstance(target, ast.Tuple | ast.List):
        return tuple(run.story.source(element) for element in target.elts)
    return (run.story.source(target),)


def _annotated(run: Run, node: ast.AnnAssign) -> str:
    if node.value is not None:
        run.bind(node.value, _words(run, node.target))
        value = run.evaluate(node.value)
        run.bind(None, ())
        put(run, node.target, value, node.value)
    return ""


def put(run: Run, target: ast.expr, value: Value, source: Any) -> None:
    """Give a target of an assignment its value."""
    if isinstance(target, ast.Name):
        if isinstance(value, Method) and missing.is_missing(value):
            value = Unknown(missing=True)
        run.assign(target.id, value)
        _call_by_name(run, value, target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(run, target.elts, value, source)
    elif isinstance(target, ast.Attribute):
        owner = run.evaluate(target.value)
        attributes.write(run, owner, target.attr, value, target)
        _call_by_name(run, value, run.story.source(target))
    elif isinstance(target, ast.Subscript):
        owner, key = run.evaluate(target.value), run.evaluate(target.slice)
        items.write(run, owner, key, value, target)
    elif isinstance(target, ast.Starred):
        put(run, target.value, value, source)


def _call_by_name(run: Run, value: Value, name: str) -> None:
    """A data object that came without a name takes that of the first variable that it goes to."""
    number = getattr(value, "number", None)
    if number is None:
        if len(value.origins) != 1:
            return
        (number,) = value.origins
        told = run.story.by_id(number)
        if told is None or told.what != "split" or (told.place and told.place.line != run.line):
            return
    told = run.story.by_id(number)
    if told is not None and not told.name and told.what != "file" and (told.certain or told.what != "model"):
        run.story.change(told.n, name=name)


def _unpack(run: Run, targets: list[ast.expr], value: Value, source: Any) -> None:
    star = next((i for i, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
    parts = items.spread(run, value, len(targets) if star is None else None, source)
    if star is not None:
        after = len(targets) - star - 1
        last = parts[len(parts) - after :] if after else []
        rest = items.listing(parts[star : len(parts) - after])
        parts = [*parts[:star], rest, *last] if len(parts) >= len(targets) - 1 else []
    for i, target in enumerate(targets):
        put(run, target, parts[i] if i < len(parts) else derived([value]), source)


def _augmented(run: Run, node: ast.AugAssign) -> str:
    from rnnlab.reading import arithmetic

    run.bind(None, ())
    before = run.evaluate(node.target)
    added = run.evaluate(node.value)
    run.bind(node, _words(run, node.target))
    result = arithmetic.augmented(run, node, before, added)
    run.bind(None, ())
    put(run, node.target, result, node)
    return ""


def _expression(run: Run, node: ast.Expr) -> str:
    run.bind(None, ())
    run.evaluate(node.value)
    ends = isinstance(node.value, ast.Call) and _name_of(node.value.func) in _ENDS
    return "raise" if ends else ""


_ENDS = {"sys.exit", "exit", "quit", "os._exit", "os.abort"}


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return (
        f"{node.value.id}.{node.attr}" if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    )


def _return(run: Run, node: ast.Return) -> str:
    run.bind(None, ())
    run.frame.returns.append(run.evaluate(node.value) if node.value is not None else Constant(None))
    return "return"


def _delete(run: Run, node: ast.Delete) -> str:
    for target in node.targets:
        if isinstance(target, ast.Name):
            run.heap.remove(run.frame.scope.variables, target.id)
    return ""


def _raise(run: Run, node: ast.Raise) -> str:
    return "raise"


def _assert(run: Run, node: ast.Assert) -> str:
    run.evaluate(node.test)
    return ""


def _global(run: Run, node: ast.Global | ast.Nonlocal) -> str:
    scope = run.frame.scope
    for name in node.names:
        scope.shared[name] = scope.top if isinstance(node, ast.Global) else _store_of(scope, name)
    return ""


def _store_of(scope: Scoped, name: str) -> dict[str, Any]:
    outer = scope.outer
    while outer is not None:
        if name in outer.variables:
            return outer.variables
        outer = outer.outer
    return scope.variables


# --- definitions ---------------------------------------------------------------------------------------------------


def _function(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    function = make_function(run, node, node.name)
    marks = [run.evaluate(mark) for mark in node.decorator_list]
    function.marks = tuple(marks)
    run.functions.append(function)
    run.assign(node.name, function)
    return ""


def make_function(run: Run, node: Any, name: str) -> Function:
    """Return a function with its defaults evaluated."""
    scope, owner = run.frame.scope, run.frame.owner
    around = scope.outer if owner is not None and scope.outer is not None else scope
    words = [owner.name, name] if owner is not None else [name]
    function = Function(node, around, run.frame.file, ".".join(words), owner)
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(
        positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
    ):
        function.defaults[argument.arg] = run.evaluate(default)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            function.defaults[argument.arg] = run.evaluate(default)
    return function


def _class(run: Run, node: ast.ClassDef) -> str:
    bases = [run.evaluate(base) for base in node.bases]
    frame = run.frame
    made = Class(node, bases, frame.file, node.name)
    before, owner, binding = frame.scope, frame.owner, frame.binding
    frame.scope, frame.owner = Scoped(made.fields, before, before.top), made
    try:
        run.execute(node.body)
    finally:
        frame.scope, frame.owner, frame.binding = before, owner, binding
    for mark in node.decorator_list:
        run.evaluate(mark)
    run.classes.append(made)
    run.assign(node.name, made)
    return ""


# --- branches ------------------------------------------------------------------------------------------------------


def _if(run: Run, node: ast.If) -> str:
    run.bind(None, ())
    known, soft = truth(run, run.evaluate(node.test))
    if known is not None and not soft:
        return run.execute(node.body if known else node.orelse)
    if known is not None:
        status = run.execute(node.body if known else node.orelse)
        branches.aside(run, lambda: run.execute(node.orelse if known else node.body))
        return status

    def taken() -> str:
        narrowed(run, node.test, True)
        return run.execute(node.body)

    def other() -> str:
        narrowed(run, node.test, False)
        return run.execute(node.orelse)

    run.tests.append(node.test)
    try:
        return branches.either(run, [taken, other])
    finally:
        run.tests.pop()


def _try(run: Run, node: ast.Try) -> str:
    status = run.execute(node.body)
    for handler in node.handlers:

        def handle(handler: ast.ExceptHandler = handler) -> str:
            if handler.name:
                run.assign(handler.name, Unknown())
            return run.execute(handler.body)

        branches.aside(run, handle)
    if not status:
        status = run.execute(node.orelse)
    last = run.execute(node.finalbody)
    return last or ("" if status == "raise" and node.handlers else status)


def _with(run: Run, node: ast.With | ast.AsyncWith) -> str:
    before = run.grad_on
    for item in node.items:
        names = _words(run, item.optional_vars) if item.optional_vars is not None else ()
        run.bind(item.context_expr, names)
        context = run.evaluate(item.context_expr)
        run.bind(None, ())
        if isinstance(context, Thing) and "grad" in context.fields:
            run.grad_on = context.fields["grad"]
        if item.optional_vars is not None:
            put(run, item.optional_vars, _entered(run, context, item), item.context_expr)
    try:
        return run.execute(node.body)
    finally:
        run.grad_on = before


def _entered(run: Run, context: Value, item: ast.withitem) -> Value:
    if isinstance(context, Instance) and (enter := context.kind.attribute("__enter__")) is not None:
        from rnnlab.reading.calling import Arguments, call

        return call(run, attributes.bound(enter, context), Arguments(item.context_expr))
    return context


def _match(run: Run, node: ast.Match) -> str:
    subject = run.evaluate(node.subject)

    def entering(case: ast.match_case) -> Any:
        def enter() -> str:
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None)
                if isinstance(part, ast.MatchAs | ast.MatchStar) and name:
                    run.assign(name, Unknown(origins_of([subject])))
            return run.execute(case.body)

        return enter

    return branches.either(run, [*(entering(case) for case in node.cases), lambda: ""])


STATEMENTS: dict[type, Executes] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.Return: _return,
    ast.Delete: _delete,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.If: _if,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.For: looping.for_loop,
    ast.AsyncFor: looping.for_loop,
    ast.While: looping.while_loop,
    ast.Match: _match,
    ast.Import: imports.import_,
    ast.ImportFrom: imports.import_from,
    ast.Break: lambda run, node: "break",
    ast.Continue: lambda run, node: "continue",
}
