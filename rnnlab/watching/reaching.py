"""Which loops of a program may be over batches or epochs: those in which, also through functions, something is trained.

Asked before the program runs, by names alone: a loop that is taken for one too many costs a microsecond a turn, since what a
loop really is shows when it runs (see `rnnlab.watching.turns`).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

# A word that something is called by: a method's begins with a dot, so that `model.train()` is not a function `train`.
_TRAINS = frozenset({".backward", ".step", ".zero_grad"})
_MODELS = frozenset({"model", "net", "network", "classifier"})
_DEEPEST = 4

Function = ast.FunctionDef | ast.AsyncFunctionDef
OwnLoop = ast.For | ast.While


class Reach:
    """What the functions of a program reach.

    Args:
        trees: the syntax trees of all files of the program.
    """

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        nodes = [node for tree in trees for node in ast.walk(tree)]
        self._modules = {
            alias.asname or alias.name.partition(".")[0]
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        methods = {id(part): node for node in classes for part in node.body if isinstance(part, Function)}
        networks = {
            node.name for node in classes if any(isinstance(p, Function) and p.name == "forward" for p in node.body)
        }
        models, functions, calls = set(_MODELS), defaultdict[str, list[Function]](list), defaultdict[str, set[str]](set)
        for node in nodes:
            if isinstance(node, Function):
                word = f".{node.name}" if id(node) in methods else node.name
                functions[word].append(node)
                calls[word] |= set(self.called(node.body))
            elif isinstance(node, ast.Assign) and networks & set(self.called([node.value])):
                models |= {name for target in node.targets if (name := _last(target))}
        self._trains = _closure(calls, _TRAINS)
        self._runs = _closure(calls, models | {f".{name}" for name in models})
        self._levels: dict[str, int] = {}
        for _ in range(_DEEPEST):
            self._levels = {name: max(self._level(bodies.body) for bodies in ones) for name, ones in functions.items()}

    def kind(self, loop: OwnLoop) -> str | None:
        """Return what a loop may be over (`batches`, `epochs`, `rounds` or `turns`); None where nothing is trained or run."""
        names = set(self.called(loop.body))
        if names & self._trains:
            return ("batches", "epochs", "rounds")[min(self._level(loop.body), 2)]
        return "turns" if names & self._runs else None

    def called(self, body: Iterable[ast.AST]) -> Iterator[str]:
        """Yield the word of everything that is called: `.step` for `self.optimizer.step()`."""
        for statement in body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and (word := self._word(node.func)):
                    yield word

    def _word(self, function: ast.expr) -> str:
        if isinstance(function, ast.Attribute):
            of_module = isinstance(function.value, ast.Name) and function.value.id in self._modules
            return function.attr if of_module else f".{function.attr}"
        return _last(function)

    def _level(self, body: Iterable[ast.AST]) -> int:
        """Return how deep loops that train or run a model are nested in a piece of program, through functions too."""
        deepest = 0
        for node in body:
            if isinstance(node, Function | ast.ClassDef | ast.Lambda):
                continue
            level = self._level(ast.iter_child_nodes(node))
            if isinstance(node, OwnLoop | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
                inner = node.body if isinstance(node, OwnLoop) else [node]
                level += bool(set(self.called(inner)) & (self._trains | self._runs))
            elif isinstance(node, ast.Call):
                level = max(level, self._levels.get(self._word(node.func), 0))
            deepest = max(deepest, level)
        return min(deepest, _DEEPEST)


def takes_by_hand(loop: OwnLoop) -> bool:
    """Say whether a loop's own turns ask an iterator for its next item."""
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "next":
            return True
        if not isinstance(node, OwnLoop | Function | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _closure(calls: dict[str, set[str]], first: Iterable[str]) -> set[str]:
    """Return the names that lead to one of the first ones."""
    reached = set(first)
    while more := {name for name, names in calls.items() if name not in reached and names & reached}:
        reached |= more
    return reached
