"""Which classes of a program are models with a recurrent layer in them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Place
from rnnlab.probing.lifting.program import Binding, File, Program, dotted, names_in, place_of

_MODULES = {"Module", "LightningModule", "LightningDataModule", "PreTrainedModel", "Sequential", "BertPreTrainedModel"}
_RECURRENT = {"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "RNNBase"}


@dataclass(frozen=True)
class Candidate:
    """A class that is a model with a recurrent layer; `inside` names the models that hold it as a part."""

    name: str
    file: str
    place: Place
    inside: tuple[str, ...] = ()


def candidates(program: Program) -> list[Candidate]:
    """Return the models that hold a recurrent layer, directly or in a part of their own, in the order of the source."""
    modules = dict(_modules(program))
    holding = {name for name, (file, found) in modules.items() if _holds_layer(file, found.statement, modules)}
    while True:
        more = {
            name
            for name, (_, found) in modules.items()
            if name not in holding and (_made_in(found.statement, name) | _bases(found.statement)) & holding
        }
        if not more:
            break
        holding |= more
    parts: dict[str, list[str]] = {}
    for name in holding:
        for part in _made_in(modules[name][1].statement, name) & holding:
            parts.setdefault(part, []).append(name)
        for base in _bases(modules[name][1].statement) & holding:
            # A base class of which nothing is made is no model of its own.
            if not _is_made(program, base):
                parts.setdefault(base, []).append(name)
    return [
        Candidate(name, file.name, place_of(found.key, found.statement), tuple(parts.get(name, ())))
        for name, (file, found) in modules.items()
        if name in holding
    ]


def _modules(program: Program) -> Iterator[tuple[str, tuple[File, Binding]]]:
    """Yield each class that is an nn.Module, by its bases, through classes of the program's own."""
    classes = {name: (file, found) for file in program.files.values() for name, found in file.classes.items()}
    known: set[str] = set()
    for _ in range(8):  # as deep as anybody derives
        for name, (_, found) in classes.items():
            assert isinstance(found.statement, ast.ClassDef)
            bases = [dotted(base).rpartition(".")[2] for base in found.statement.bases]
            if any(base in known or (base in _MODULES | _RECURRENT and base not in classes) for base in bases):
                known.add(name)
    yield from ((name, pair) for name, pair in classes.items() if name in known and "DataModule" not in name)


def _holds_layer(file: File, statement: ast.stmt, modules: dict[str, tuple[File, Binding]]) -> bool:
    """Say whether a class makes a recurrent layer of torch's, or picks one by its name or out of a table of the file's."""
    tables = (b.statement for name in names_in(statement) for b in file.bindings.get(name, ()))
    made = (node for s in tables if isinstance(s, ast.Assign) for node in ast.walk(s.value))
    for node in itertools.chain(ast.walk(statement), made):
        name = dotted(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        last = name.rpartition(".")[2]
        if last in _RECURRENT and (last not in modules or "." in name):
            return True
        is_pick = isinstance(node, ast.Call) and dotted(node.func) == "getattr" and bool(node.args)
        if is_pick and isinstance(node, ast.Call) and dotted(node.args[0]).rpartition(".")[2] == "nn":
            return True
    return False


def _made_in(statement: ast.stmt, own: str) -> set[str]:
    made = {dotted(n.func).rpartition(".")[2] for n in ast.walk(statement) if isinstance(n, ast.Call)}
    return made - {own}


def _bases(statement: ast.stmt) -> set[str]:
    return {dotted(b).rpartition(".")[2] for b in statement.bases} if isinstance(statement, ast.ClassDef) else set()


def _is_made(program: Program, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name
        for file in program.files.values()
        for node, _ in file.walk()
    )
