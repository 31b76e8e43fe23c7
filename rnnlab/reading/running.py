"""The symbolic run itself: where it is, what it may still do, and how pieces of syntax are handed to those who know them."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rnnlab.reading.files import Program
from rnnlab.reading.heap import Heap
from rnnlab.reading.telling import Story
from rnnlab.reading.values import (
    NONE,
    Constant,
    File,
    Function,
    Instance,
    Number,
    Origins,
    Scoped,
    Unknown,
    Value,
)

STEPS = 40_000  # pieces of syntax that are looked at, for the program and again for what it never calls
DEEPEST = 24
_FIRST_SIZE = 10**9 + 7
_NEXT_SIZE = 998_244_353

Executes = Callable[["Run", Any], str]
Evaluates = Callable[["Run", Any], Value]


class Stopped(Exception):  # noqa: N818  # no error: the program is longer than a reader's patience
    """The run has taken as many steps as it may."""


class Frame:
    """One call of a function (or one file) that is running."""

    def __init__(self, scope: Scoped, function: Function | None, file: str, node: Any = None) -> None:
        self.scope, self.function, self.file, self.node = scope, function, file, node
        self.returns: list[Value] = []
        self.yields: list[Value] = []
        self.arguments: dict[str, Value] = {}
        self.place: Any = None
        self.owner: Any = None
        self.binding: tuple[Any, tuple[str, ...]] = (None, ())


class Pass:
    """A loop that runs: what it goes over, what kind it is as far as is known, and where its beginning was told."""

    def __init__(self, n: int, kind: str, over: int | None, counts: bool, node: Any) -> None:
        self.n, self.kind, self.over, self.counts, self.node = n, kind, over, counts, node
        self.settled = over is not None
        self.trained = False
        self.called = False
        self.forwarded = False
        self.judged = False  # a loss was asked in it
        self.paired = False  # it goes over pairs (or more) of something that is not known
        self.data: tuple[int, ...] = ()


class Run:
    """A symbolic run of a program; `statements` and `expressions` are the tables of those who know each kind of syntax."""

    def __init__(
        self,
        program: Program,
        statements: dict[type, Executes],
        expressions: dict[type, Evaluates],
    ) -> None:
        self.program, self.statements, self.expressions = program, statements, expressions
        self.story, self.heap = Story(), Heap()
        self.files: dict[str, File] = {}
        self.frames: list[Frame] = []
        self.loops: list[Pass] = []
        self.models: list[Any] = []
        self.entered: set[int] = set()
        self.instances: list[Instance] = []
        self.things: list[Any] = []  # losses, optimizers and loaders, in the order in which they were made
        self.making = False
        self.functions: list[Function] = []
        self.classes: list[Any] = []
        self.grad_on: bool | None = True
        self.named_sizes: dict[str, Any] = {}
        self.saved: dict[str, tuple[int, Any]] = {}
        self.stored: dict[
            str, Value
        ] = {}  # rows that one script of the program writes for another, by the name of the file
        self.left = STEPS
        self._sizes = 0
        self.line = 0  # of the running assignment
        self.batch_words: tuple[str, ...] = ()
        self.asked: dict[int, set[str]] = {}  # by file: the dotted names in it
        self.tests: list[ast.expr] = []  # of the undecided branches that are running

    # --- steps ---------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Count a step.

        Raises:
            Stopped: there were too many.
        """
        self.left -= 1
        if self.left < 0:
            raise Stopped

    def execute(self, body: Sequence[ast.stmt]) -> str:
        """Run statements in order.

        Returns:
            how they were left: "" at their end, or return, break, continue, raise.
        """
        table = self.statements
        for node in body:
            self.left -= 1
            if self.left < 0 or self.story.is_full:
                raise Stopped
            execute = table.get(type(node))
            status = execute(self, node) if execute is not None else ""
            if status:
                return status
        return ""

    def evaluate(self, node: Any) -> Value:
        """Return what an expression gives."""
        self.left -= 1
        if self.left < 0:
            raise Stopped
        evaluate = self.expressions.get(type(node))
        return evaluate(self, node) if evaluate is not None else Unknown()

    # --- where it is ---------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The innermost call."""
        return self.frames[-1]

    def bind(self, node: Any, names: tuple[str, ...]) -> None:
        """Note which variables the result of an expression goes to."""
        self.frame.binding = (node, names)

    def binds(self, node: Any) -> tuple[str, ...]:
        """Return the variables that exactly this expression's result goes to."""
        value, names = self.frame.binding
        return names if value is node and node is not None else ()

    def names(self, node: Any) -> tuple[str, ...]:
        """Return the variables that a data object goes to which this expression makes, also through `.to(device)` behind it."""
        value, names = self.frame.binding
        while value is not None and value is not node:
            inner = getattr(getattr(value, "func", None), "value", None)
            value = inner if isinstance(inner, ast.Call) else None
        return names if value is not None and node is not None else ()

    def name(self, node: Any) -> str:
        """Return the variable that a data object goes to; "" where it goes to none or to several."""
        names = self.names(node)
        return names[0] if len(names) == 1 else ""

    # --- values --------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """Return a size that stands for one that is not known: unlike any other, so that products still tell them apart."""
        self._sizes += 1
        return _FIRST_SIZE + self._sizes * _NEXT_SIZE

    def number(
        self, text: str, origins: Origins = NONE, made: tuple[int, ...] = (), length_of: int | None = None
    ) -> Number:
        """Return a number that is not known, under its spelling."""
        return Number(self.size(), text, origins, made, length_of)

    def look_up(self, name: str) -> Value | None:
        """Return the value of a variable, from the inside out; None where there is none."""
        scope: Scoped | None = self.frame.scope
        top = scope.top if scope is not None else {}
        if scope is not None and name in scope.shared:
            return scope.shared[name].get(name)
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.outer
        return top.get(name)

    def assign(self, name: str, value: Value) -> None:
        """Give a variable a value."""
        scope = self.frame.scope
        self.heap.write(scope.shared.get(name, scope.variables), name, value)

    # --- certainty -----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def doubting(self) -> Iterator[None]:
        """What is told in here holds on some paths only."""
        self.story.doubt += 1
        try:
            yield
        finally:
            self.story.doubt -= 1

    @contextlib.contextmanager
    def gradients(self, on: bool | None) -> Iterator[None]:
        """Switch gradients on or off for a while."""
        before, self.grad_on = self.grad_on, on
        try:
            yield
        finally:
            self.grad_on = before

    def training(self) -> bool | None:
        """Return the mode of the outermost model that runs; None where it is not known or none runs."""
        if not self.models:
            return None
        mode = self.models[0].fields.get("training")
        return mode.value if isinstance(mode, Constant) and isinstance(mode.value, bool) else None
