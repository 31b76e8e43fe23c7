"""Calls: of the learner's functions, classes and models, of partials and bound methods; the rest goes to the libraries."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from rnnlab.facts import Named
from rnnlab.reading import libraries, missing, models, roles
from rnnlab.reading.attributes import bound
from rnnlab.reading.heap import joined_all
from rnnlab.reading.running import DEEPEST, Frame, Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Either,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Method,
    Partial,
    Scoped,
    Thing,
    Unknown,
    Value,
    derived,
    made_of,
    origins_of,
)


class Arguments:
    """What a call gives: values by position and by name, and what stands for arguments that could not be counted.

    `node` is the call; `words` are the learner's words for the values.
    """

    __slots__ = ("callee", "method", "named", "node", "nodes", "positional", "rest", "words")

    def __init__(
        self,
        node: Any,
        positional: Sequence[Value] = (),
        named: dict[str, Value] | None = None,
        rest: Value | None = None,
        words: dict[int | str, str] | None = None,
        nodes: dict[int | str, Any] | None = None,
    ) -> None:
        self.node, self.rest = node, rest
        self.positional, self.named = list(positional), dict(named or {})
        self.words, self.nodes = words or {}, nodes or {}
        self.callee: Any = None  # the library's function that is called
        self.method = ""

    def get(self, position: int | None, *names: str) -> Value | None:
        """Return an argument by position or by any of its names; None where it was not given."""
        if position is not None and 0 <= position < len(self.positional):
            return self.positional[position]
        return next((self.named[name] for name in names if name in self.named), None)

    def word(self, position: int | None, *names: str) -> str:
        """Return the learner's word for an argument."""
        if position is not None and 0 <= position < len(self.positional):
            return self.words.get(position, "")
        return next((self.words.get(name, "") for name in names if name in self.named), "")

    def values(self) -> list[Value]:
        """Return every argument."""
        rest = [self.rest] if self.rest is not None else []
        return [*self.positional, *self.named.values(), *rest]

    def pairs(self) -> list[tuple[str, Value]]:
        """Return every argument with the learner's word for it."""
        first = [(self.words.get(i, ""), value) for i, value in enumerate(self.positional)]
        return [*first, *((self.words.get(name, ""), value) for name, value in self.named.items())]

    def after(self, first: Value) -> Arguments:
        """Return the same arguments behind another one."""
        words = {i + 1 if isinstance(i, int) else i: word for i, word in self.words.items()}
        return Arguments(self.node, [first, *self.positional], self.named, self.rest, words, self.nodes)


def arguments(run: Run, node: ast.Call) -> Arguments:
    """Evaluate the arguments of a call."""
    made = Arguments(node)
    binding = run.frame.binding
    for one in node.args:
        if isinstance(one, ast.Starred):
            _spread(run, made, run.evaluate(one.value))
            continue
        made.words[len(made.positional)] = run.story.word(one)
        made.nodes[len(made.positional)] = one
        made.positional.append(run.evaluate(one))
    for keyword in node.keywords:
        value = run.evaluate(keyword.value)
        if keyword.arg is None:
            _spread_named(made, value)
            continue
        made.named[keyword.arg] = value
        made.words[keyword.arg] = run.story.word(keyword.value)
        made.nodes[keyword.arg] = keyword.value
    run.frame.binding = binding
    return made


def _spread(run: Run, made: Arguments, value: Value) -> None:
    from rnnlab.reading.looping import element_of

    if isinstance(value, Listing) and value.items is not None:
        made.positional.extend(value.items)
    else:
        made.rest = element_of(run, value, made.node)


def _spread_named(made: Arguments, value: Value) -> None:
    if isinstance(value, Mapping):
        for name, one in value.items.items():
            if isinstance(name, str):
                made.named.setdefault(name, one)
        if value.fields["element"] is not None:
            made.rest = value.fields["element"]
    else:
        made.rest = derived([value])


def call(run: Run, callee: Value, given: Arguments) -> Value:
    """Return what a call gives."""
    run.step()
    if isinstance(callee, Function):
        return call_function(run, callee, given)
    if isinstance(callee, Method):
        if callee.function is not None:
            if _is_models_forward(callee):
                return models.forward(run, callee.receiver, given)  # type: ignore[arg-type]
            return call_function(run, callee.function, given.after(callee.receiver))
        return libraries.call_method(run, callee, given)
    if isinstance(callee, Library):
        return libraries.call_library(run, callee, given)
    if isinstance(callee, Class):
        return instantiate(run, callee, given)
    if isinstance(callee, Instance):
        return call_instance(run, callee, given)
    if isinstance(callee, Thing):
        return libraries.call_thing(run, callee, given)
    if isinstance(callee, Partial):
        whole = Arguments(
            given.node, [*callee.arguments, *given.positional], {**callee.named, **given.named}, given.rest
        )
        return call(run, callee.callee, whole)
    if isinstance(callee, Either):
        with run.doubting():
            return joined_all(
                [call(run, option, given) for option in callee.options if not _is_none(option)] or [Unknown()]
            )
    told = roles.called(run, callee, given) or roles.recurrent(run, callee, given)
    return told if told is not None else missing.made_by(callee, derived([callee, *given.values()]))


def _is_models_forward(callee: Method) -> bool:
    """`model.forward(text)` is the model's own answer, as `model(text)` is."""
    owner = callee.receiver
    return isinstance(owner, Instance) and models.is_model(owner) and owner.kind.attribute("forward") is callee.function


def _is_none(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


# --- functions -----------------------------------------------------------------------------------------------------

_LOOKED_THROUGH = {
    "wraps",
    "lru_cache",
    "cache",
    "staticmethod",
    "classmethod",
    "property",
    "abstractmethod",
    "jit",
    "njit",
}


def call_function(run: Run, function: Function, given: Arguments) -> Value:
    """Run a function of the learner's with its arguments; one that is too deep gives an unknown value."""
    again = sum(1 for frame in run.frames if frame.function is not None and frame.function.node is function.node)
    if len(run.frames) >= DEEPEST or again >= 2:
        return derived(given.values())
    run.entered.add(id(function.node))
    decorated = [mark for mark in function.marks if isinstance(mark, Function | Method | Partial)]
    if decorated and not again:
        return _decorated(run, function, decorated, given)
    scope = Scoped({}, function.around, function.around.top)
    frame = Frame(scope, function, function.file, given.node)
    _bind_parameters(run, function, given, scope.variables)
    frame.arguments = dict(scope.variables)
    if isinstance(function.node, ast.Lambda):
        return _quietly(run, frame, function)
    return _run_body(run, frame, function, given)


def _decorated(run: Run, function: Function, marks: list[Any], given: Arguments) -> Value:
    """A decorator of the learner's is called with the bare function; what it gives is called."""
    bare = Function(function.node, function.around, function.file, function.name, function.owner)
    bare.defaults = function.defaults
    bare.marks = tuple(mark for mark in function.marks if mark not in marks)
    value: Value = bare
    for mark in reversed(marks):
        value = call(run, mark, Arguments(given.node, [value]))
    if value is bare or not isinstance(value, Function | Method | Partial):
        return call_function(run, bare, given)
    return call(run, value, given)


def _quietly(run: Run, frame: Frame, function: Function) -> Value:
    part = run.story.part
    run.frames.append(frame)
    run.story.part = _part_of(run, function) or part
    try:
        return run.evaluate(function.node.body)
    finally:
        run.frames.pop()
        run.story.part = part


def _part_of(run: Run, function: Function) -> Any:
    source = run.program.files.get(function.file)
    if source is None:
        return None
    if len(source.parts) == 1:
        return source.parts[0]
    return next((part for part in source.parts if any(one is function.node for one in ast.walk(part.tree))), None)


def _run_body(run: Run, frame: Frame, function: Function, given: Arguments) -> Value:
    story = run.story
    names = [
        Named(name, story.note(value, 1))
        for name, value in frame.arguments.items()
        if name != "self" or _is_module(value)
    ]
    frame.place = story.place(given.node)
    n = story.enter(given.node, function.name, names, key=tuple(made_of([v]) for v in frame.arguments.values()))
    part = story.part
    run.frames.append(frame)
    story.part = _part_of(run, function) or part
    result: Value = Unknown()
    try:
        with run.gradients(libraries.grad_by_marks(run, function)):
            run.execute(function.node.body)  # type: ignore[arg-type]
        result = _result(run, frame, function)
    finally:
        run.frames.pop()
        story.part = part
        story.leave(n, function.name, result)
    return result


def _is_module(value: Value) -> bool:
    return isinstance(value, Instance) and models.is_model(value)


def _result(run: Run, frame: Frame, function: Function) -> Value:
    if frame.yields:
        element = joined_all(frame.yields)
        return Listing("generator", None, element, origins_of([element]))
    return joined_all(frame.returns) if frame.returns else Constant(None)


def _bind_parameters(run: Run, function: Function, given: Arguments, variables: dict[str, Value]) -> None:
    wanted = function.node.args
    names = [one.arg for one in (*wanted.posonlyargs, *wanted.args)]
    named = dict(given.named)
    for i, name in enumerate(names):
        if i < len(given.positional):
            variables[name] = given.positional[i]
        elif name in named:
            variables[name] = named.pop(name)
        elif given.rest is not None:
            variables[name] = given.rest
        else:
            variables[name] = function.defaults.get(name) or Unknown(text=name)
    for one in wanted.kwonlyargs:
        variables[one.arg] = (
            named.pop(one.arg, None) or given.rest or function.defaults.get(one.arg) or Unknown(text=one.arg)
        )
    if wanted.vararg is not None:
        extra = given.positional[len(names) :]
        variables[wanted.vararg.arg] = Listing("tuple", extra if given.rest is None else None, given.rest)
    if wanted.kwarg is not None:
        left = {name: value for name, value in named.items() if name not in variables}
        variables[wanted.kwarg.arg] = Mapping(dict(left), given.rest)


# --- classes -------------------------------------------------------------------------------------------------------


def instantiate(run: Run, kind: Class, given: Arguments) -> Value:
    """Make an object of a class of the learner's and run its __init__."""
    special = libraries.special_class(run, kind, given)
    if special is not None:
        return special
    made = Instance(kind)
    run.instances.append(made)
    if models.is_model(made):
        made.fields["training"] = Constant(True)
    start = kind.attribute("__init__")
    if isinstance(start, Function):
        call(run, bound(start, made), given)
    else:
        libraries.plain_fields(run, made, given)
    models.made(run, made, given)
    return made


def call_instance(run: Run, instance: Instance, given: Arguments) -> Value:
    """Call an object: a model runs its forward, anything else its __call__."""
    if models.is_model(instance):
        return models.forward(run, instance, given)
    method = instance.kind.attribute("__call__")
    if method is not None:
        return call(run, bound(method, instance), given)
    return derived([instance, *given.values()])
