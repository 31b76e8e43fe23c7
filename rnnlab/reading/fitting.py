"""Who a parameter is that nobody gives: the program's only fitting thing.

A function that nobody calls, or whose caller lies elsewhere, is asked about with what the program itself has made: its only
model with an RNN, its only loss, its only optimizer, and the loader whose name speaks of the same part of the data.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from rnnlab.operations import LOSSES, RECURRENT, operation_of
from rnnlab.reading import models
from rnnlab.reading.libraries import torch_training
from rnnlab.reading.running import Run
from rnnlab.reading.values import Class, Function, Instance, Thing, Unknown, Value

_OF_A_MODEL = {"eval", "parameters", "named_parameters", "train", "load_state_dict"}
_OF_AN_OPTIMIZER = {"step", "zero_grad", "param_groups"}
_CALLED_A_LOSS = re.compile(r"loss|criterion|criteria|objective|(^|_)crit($|_)", re.IGNORECASE)
_CALLED_A_LOADER = re.compile(r"loader|iter|(^|_)dl($|_)|batches|generator|data", re.IGNORECASE)
_ROLES = {
    "train": re.compile(r"train|trn|(^|_)tr(_|$)", re.IGNORECASE),
    "valid": re.compile(r"val|dev|eval", re.IGNORECASE),
    "test": re.compile(r"test", re.IGNORECASE),
}


# --- models --------------------------------------------------------------------------------------------------------


def only_model(run: Run, given: int | None = None) -> Instance | None:
    """Return the program's only model with an RNN, made with unknown arguments if nobody makes it; None where there are several.

    `given` is with how many arguments it is called: a model whose forward takes other ones is none.
    """
    made = [one for one in run.instances if models.is_model(one) and holds_rnn(one)]
    outer = [one for one in made if not any(one is not other and _is_in(one, other) for other in made)]
    kinds = {id(one.kind): one for one in outer}
    found = next(iter(kinds.values())) if len(kinds) == 1 else None
    if not kinds and not run.making:
        found = _made_of_the_only_class(run)
    return found if found is not None and (given is None or _takes(found, given)) else None


def in_any_mode(run: Run, model: Instance) -> Instance:
    """Return a model that nobody is seen to hand over: whoever does may have called train() or eval() before."""
    torch_training.switch(run, model, Unknown())
    return model


def _made_of_the_only_class(run: Run) -> Instance | None:
    from rnnlab.reading.calling import Arguments, instantiate
    from rnnlab.reading.libraries.choosing import holds_rnn as makes_rnn

    classes = [one for one in run.classes if models.is_model_class(one)]
    inner = {name for one in classes for name in _names(one.node)}
    roots = [one for one in classes if one.name not in inner and _reaches(one, classes, makes_rnn)]
    if len(roots) != 1:
        return None
    run.making = True
    try:
        with run.doubting():
            made = instantiate(run, roots[0], Arguments(roots[0].node))
    finally:
        run.making = False
    return made if isinstance(made, Instance) else None


def _reaches(one: Class, classes: list[Any], test: Any) -> bool:
    """Say whether a class makes an RNN, or a class that does."""
    names = _names(one.node)
    return test(one.node) or any(other is not one and other.name in names and test(other.node) for other in classes)


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def holds_rnn(instance: Instance, depth: int = 3) -> bool:
    """Say whether a model holds a recurrent layer, itself or in a part."""
    for value in instance.fields.values():
        if isinstance(value, Thing) and operation_of(value.name).name in RECURRENT:
            return True
        if depth and isinstance(value, Instance) and models.is_model(value) and holds_rnn(value, depth - 1):
            return True
    return False


def _is_in(one: Instance, other: Instance) -> bool:
    return any(value is one for value in other.fields.values())


def _takes(model: Instance, given: int) -> bool:
    method = model.kind.attribute("forward")
    if not isinstance(method, Function) or method.node.args.vararg is not None:
        return True
    wanted = method.node.args
    most = len(wanted.posonlyargs) + len(wanted.args) - 1
    return most - len(wanted.defaults) <= given <= most + len(wanted.kwonlyargs)


# --- parameters ------------------------------------------------------------------------------------------------------


def arguments(run: Run, function: Function) -> dict[str, Value]:
    """Return what fits the parameters of a function that nobody calls, by name."""
    found: dict[str, Value] = {}
    asked = _asked(function.owner.node if function.owner is not None else function.node)
    walked = _walked(function.owner.node if function.owner is not None else function.node)
    wanted = function.node.args
    for one in (*wanted.posonlyargs, *wanted.args, *wanted.kwonlyargs):
        if one.arg == "self" or one.arg in function.defaults:
            continue
        value = _fitting(run, one.arg, asked.get(one.arg, set()), one.arg in walked)
        if value is not None:
            found[one.arg] = value
    return found


def _fitting(run: Run, name: str, asked: set[str], is_walked: bool) -> Value | None:
    if asked & _OF_AN_OPTIMIZER and not asked & _OF_A_MODEL:
        return _only([one for one in run.things if one.fields.get("group") == "optimizer"])
    if asked & _OF_A_MODEL:
        model = only_model(run)
        return in_any_mode(run, model) if model is not None else None
    if _CALLED_A_LOSS.search(name) and not asked:
        return _only([one for one in run.things if operation_of(one.name).name in LOSSES])
    if is_walked and _CALLED_A_LOADER.search(name):
        return _loader(run, name)
    return None


def _only(found: list[Thing]) -> Thing | None:
    kinds = {one.kind for one in found}
    return found[-1] if len(kinds) == 1 else None


def _loader(run: Run, name: str) -> Thing | None:
    """Return the loader of the part that a name speaks of; of a name that speaks of none the only one."""
    loaders = [one for one in run.things if one.fields.get("is_loader")]
    roles = {role for role, words in _ROLES.items() if words.search(name)}
    if len(roles) != 1:
        return loaders[0] if len(loaders) == 1 else None
    words = _ROLES[roles.pop()]
    named = [
        one for one in loaders if (told := run.story.by_id(one.number or 0)) is not None and words.search(told.name)
    ]
    return named[0] if len(named) == 1 else None


def _asked(node: ast.AST) -> dict[str, set[str]]:
    """Return what is asked of each name, or of an attribute of this name of the object itself."""
    found: dict[str, set[str]] = {}
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and (name := _own_name(one.value)):
            found.setdefault(name, set()).add(one.attr)
    return found


def _walked(node: ast.AST) -> set[str]:
    """Return the names that are walked over: `for batch in loader`, `enumerate(loader)`, `tqdm(self.loader)`."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.For | ast.AsyncFor | ast.comprehension):
            over = one.iter
            while isinstance(over, ast.Call) and over.args:
                over = over.args[0]
            found.add(_own_name(over))
    return found - {""}


def _own_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
