"""What a program chooses by a name that only its user knows: a module, or a class of a model.

importlib.import_module("models." + args.model)      every module of that folder which holds an RNN
getattr(models, args.model), globals()[args.model]   every class of a model there which holds an RNN
eval(args.model)                                      so, too
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from rnnlab.reading.files import Source, find_module
from rnnlab.reading.libraries.registry import calls
from rnnlab.reading.values import Class, Constant, Either, File, Mapping, Text, Unknown, Value, constant, derived

_MOST = 3
_RNN = re.compile(r"\b(LSTM|GRU|RNN)(Cell)?\b")


def holds_rnn(node: ast.AST) -> bool:
    """Say whether a piece of a program makes a recurrent layer."""
    for one in ast.walk(node):
        name = one.attr if isinstance(one, ast.Attribute) else one.id if isinstance(one, ast.Name) else ""
        if _RNN.fullmatch(name):
            return True
    return False


def likely_class(values: Iterable[Value]) -> Value | None:
    """Return the class (or classes) of models among these that a program of RNNs chooses; None where there is none."""
    from rnnlab.reading.models import is_model_class

    found = [one for one in values if isinstance(one, Class) and is_model_class(one)]
    recurrent = [one for one in found if holds_rnn(one.node)]
    chosen = (recurrent or found)[:_MOST]
    return None if not chosen else chosen[0] if len(chosen) == 1 else Either(chosen)


@calls("importlib.import_module builtins.__import__")
def _import(run: Any, given: Any) -> Value:
    from rnnlab.reading import imports

    name = given.get(0, "name")
    known = constant(name)
    is_soft = isinstance(name, Constant) and name.soft
    if isinstance(known, str):
        key = find_module(run.program, known.lstrip("."), run.frame.file)
        if key is not None and (not is_soft or _reads_text(run.program.files[key])):
            return imports.run_file(run, key)
        if not is_soft:
            return imports.module(run, known.lstrip("."), 0, given.node)
        name = Text(known.rpartition(".")[0] + ".{}" if "." in known else "{}")
    chosen = [key for key in _fitting(run, name) if _reads_text(run.program.files[key])][:_MOST] if name else []
    if not chosen:
        run.story.gap(given.node, "import", "which module is imported is decided by a name that is not in the source")
        return derived(given.values(), "module")
    if len(chosen) == 1:
        return imports.run_file(run, chosen[0])
    with run.doubting():
        return Either([imports.run_file(run, key) for key in chosen])


def _fitting(run: Any, name: Value) -> list[str]:
    """Return the modules whose names a text of known parts may be; of a name that is wholly unknown there are none."""
    if not isinstance(name, Text) or not re.search(r"[A-Za-z]", name.known):
        return []
    folder = name.known.partition("{")[0].rstrip(".").replace(".", "/").lstrip("/")
    if run.program.folder is not None and folder:
        for path in sorted((run.program.folder / folder).glob("*.py"))[:40]:
            find_module(run.program, f"{folder.replace('/', '.')}.{path.stem}", run.frame.file)
    pattern = re.compile(re.escape(name.known.lstrip(".")).replace(r"\{\}", r"[\w.]+"))
    return [key for key in sorted(run.program.files) if pattern.fullmatch(key)]


def _reads_text(source: Source) -> bool:
    return any(holds_rnn(part.tree) for part in source.parts)


@calls("builtins.globals builtins.locals")
def _globals(run: Any, given: Any) -> Value:
    scope = run.frame.scope.top if given.callee.last == "globals" else run.frame.scope.variables
    return Mapping({key: value for key, value in scope.items() if isinstance(value, Value)})


@calls("builtins.eval")
def _eval(run: Any, given: Any) -> Value:
    written = given.get(0)
    known = constant(written)
    if isinstance(known, str) and known.isidentifier() and (value := run.look_up(known)) is not None:
        return value
    if isinstance(known, str) or not _is_called(run, given.node):
        return derived(given.values())
    return likely_class(run.frame.scope.top.values()) or derived(given.values())


def _is_called(run: Any, node: Any) -> bool:
    """Say whether what comes out is called at once: `eval(args.model)(words, 100)`."""
    source = run.program.files.get(run.frame.file)
    parts = source.parts if source is not None else []
    return any(isinstance(one, ast.Call) and one.func is node for part in parts for one in ast.walk(part.tree))


def of_module(module: File, name: Value | None) -> Value:
    """Return what `getattr(module, name)` gives: by its name where it is known, else a class of a model."""
    known = constant(name)
    if isinstance(known, str) and known in module.fields:
        return module.fields[known]
    return likely_class(module.fields.values()) or Unknown(text="?")
