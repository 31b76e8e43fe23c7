"""What nobody calls: functions, models and hooks of a library file are run once at the end, on values that are not known."""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.reading import fitting, models
from rnnlab.reading.attributes import bound
from rnnlab.reading.calling import Arguments, call, instantiate
from rnnlab.reading.libraries.lightning import hooks
from rnnlab.reading.running import Frame, Run, Stopped
from rnnlab.reading.values import Class, Function, Instance, Scoped, Unknown, Value

_MOST = 200
_STEPS = 20_000
_HOOKS = ("training_step", "validation_step", "test_step")


def run_the_rest(run: Run) -> None:
    """Enter what was not entered yet; all of it is uncertain, with gradients and mode unknown."""
    run.left = _STEPS
    run.frames, run.loops, run.models, run.story.inside = [], [], [], []
    for kind in list(run.classes)[:_MOST]:
        if models.is_model_class(kind) and not any(one.kind is kind for one in run.instances):
            _guarded(run, kind.file, lambda kind=kind: _make_model(run, kind))
    for function in _uncalled(list(run.functions)[:_MOST]):
        if function.owner is None and not _is_entered(run, function):
            _guarded(run, function.file, lambda one=function: _call(run, one))
    for kind in list(run.classes)[:_MOST]:
        if not models.is_model_class(kind):
            _guarded(run, kind.file, lambda kind=kind: _try_methods(run, kind))
    for instance in list(run.instances)[:_MOST]:
        if models.is_model(instance) and not _is_entered(run, instance.kind.attribute("forward")):
            _guarded(run, instance.kind.file, lambda one=instance: _try_forward(run, one))
    for kind in list(run.classes)[:_MOST]:
        _guarded(run, kind.file, lambda kind=kind: _try_methods(run, kind))


def _uncalled(functions: list[Function]) -> list[Function]:
    """Return functions in the order in which they are tried: those first that no other one of them calls."""
    named = {id(one): _asked_for(one) for one in functions}
    called = {name for one in functions for name in named[id(one)] if name != one.name}
    return sorted(functions, key=lambda one: one.name.rpartition(".")[2] in called)


def _asked_for(function: Function) -> set[str]:
    nodes = [one for one in ast.walk(function.node) if one is not function.node]
    names = {one.id for one in nodes if isinstance(one, ast.Name)}
    return names | {one.attr for one in nodes if isinstance(one, ast.Attribute)}


def _guarded(run: Run, file: str, work: Any) -> None:
    """Run something in a frame of its file."""
    if run.left < 0 or run.story.is_full:
        return
    source, made = run.program.files.get(file), run.files.get(file)
    if source is None or made is None or not source.parts:
        return
    run.story.part = source.parts[-1]
    run.frames = [Frame(Scoped(made.fields, None, made.fields), None, file)]
    run.loops, run.models, run.story.inside = [], [], []
    run.story.doubt = 1
    run.grad_on = None
    try:
        work()
    except Stopped:
        return
    finally:
        run.story.doubt = 0


def _is_entered(run: Run, value: Value | None) -> bool:
    return not isinstance(value, Function) or id(value.node) in run.entered


def _make_model(run: Run, kind: Class) -> None:
    made = instantiate(run, kind, Arguments(kind.node, rest=None))
    if isinstance(made, Instance):
        made.fields["training"] = Unknown()


def _try_forward(run: Run, instance: Instance) -> None:
    if any(isinstance(instance.kind.attribute(step), Function) for step in _HOOKS):
        hooks(run, instance, instance.kind.node, [], _HOOKS)
        run.grad_on = None
    method = instance.kind.attribute("forward")
    if isinstance(method, Function) and id(method.node) not in run.entered:
        models.forward(run, instance, Arguments(method.node))


def _try_methods(run: Run, kind: Class) -> None:
    waiting = [
        f for f in kind.fields.values() if isinstance(f, Function) and f.owner is kind and not _is_entered(run, f)
    ]
    waiting = [f for f in waiting if isinstance(f.node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not waiting:
        return
    instance = next((one for one in run.instances if one.kind is kind), None)
    if instance is None:
        start = kind.attribute("__init__")
        given = fitting.arguments(run, start) if isinstance(start, Function) else {}
        made = instantiate(run, kind, Arguments(kind.node, named=given))
        instance = made if isinstance(made, Instance) else None
    for function in _uncalled(waiting):
        if instance is not None and not _is_entered(run, function) and not function.name.endswith("__init__"):
            value = bound(function, instance)
            call(run, value, Arguments(function.node, named=fitting.arguments(run, function)))


def _call(run: Run, function: Function) -> None:
    call(run, function, Arguments(function.node, named=fitting.arguments(run, function)))
