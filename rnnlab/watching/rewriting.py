"""Rewrites the learner's syntax tree so that functions and training loops are seen as they run.

Nothing that the learner wrote moves: every line and column stays what it was, and no variable is added to any namespace. What
is put in calls one object, `__rnnlab__`, which stands among Python's built-ins while the program runs:

    def f(a, b):                         with __rnnlab__.scope(7, (a, b)):
        return a + b            ->           return __rnnlab__.out(a + b)

    for epoch in range(9): ...  ->       for epoch in __rnnlab__.turns(3, range(9)): ...

    while going: ...            ->       with __rnnlab__.loop(4):
                                             while __rnnlab__.turn(going): ...
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from rnnlab import sources
from rnnlab.facts import Place
from rnnlab.watching.reaching import Function, OwnLoop, Reach, takes_by_hand

NAME = "__rnnlab__"
# Called by Python itself at any time, or so often that nobody wants to step into them.
_HIDDEN = frozenset(
    "__new__ __del__ __getattr__ __getattribute__ __setattr__ __delattr__ __hash__ __eq__ __lt__ __repr__ __str__ __len__ "
    "__bool__ __iter__ __next__ __get__ __set__ __set_name__ __init_subclass__ __class_getitem__ __getstate__ __setstate__ "
    "__reduce__ __enter__ __exit__".split()
)
# Compilers read the bytecode: what they are to compile stays as it is.
_COMPILERS = frozenset({"jit", "njit", "vectorize", "guvectorize", "script", "compile"})


class FunctionSite(NamedTuple):
    """A function of the learner's; `file` is its code object's."""

    name: str
    file: str
    line: int
    arguments: tuple[str, ...]


class LoopSite(NamedTuple):
    """A loop that may be over batches or epochs, as it is supposed to be from its source."""

    place: Place
    kind: str
    by_hand: bool


class Sites:
    """The functions and loops that were rewritten, by the numbers that the rewritten program calls them by."""

    def __init__(self) -> None:
        self.functions: list[FunctionSite] = []
        self.loops: list[LoopSite] = []


def rewritten(text: str, file: str, reach: Reach, sites: Sites) -> ast.Module:
    """Parse a file and return its tree, rewritten.

    Args:
        file: the name that the code is compiled under; a notebook's cell has its number in it.

    Raises:
        SyntaxError: as Python's own parser raises it.
    """
    tree = ast.parse(text, file)
    return _Rewriter(text, file, reach, sites).visit(tree)


def compiled(text: str, file: str, reach: Reach, sites: Sites, mode: str = "exec") -> object:
    """Compile a file with its functions and loops seen; one that cannot be rewritten is compiled as it is.

    Raises:
        SyntaxError: as Python's own compiler raises it.
    """
    try:
        return compile(rewritten(text, file, reach, sites), file, mode, dont_inherit=True)
    except (SyntaxError, RecursionError):
        # Twenty blocks in one another are all that Python takes, and ours may have been the last.
        return compile(text, file, mode, dont_inherit=True)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, text: str, file: str, reach: Reach, sites: Sites) -> None:
        self.text, self.file, self.reach, self.sites = text, file, reach, sites
        self._names: list[str] = []
        # For each function around: whether its returns are told, and whether its loops are.
        self._returns: list[bool] = [False]
        self._loops: list[bool] = [True]
        self._in_class = False

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._names.append(node.name)
        before, self._in_class = self._in_class, True
        node.body = [self.visit(statement) for statement in node.body]
        self._in_class = before
        self._names.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def _function(self, node: Function) -> ast.AST:
        # A forward is told by torch's own hooks; its loops are over steps and layers.
        forward = self._in_class and node.name == "forward"
        method, self._in_class = self._in_class, False
        interleaved = isinstance(node, ast.AsyncFunctionDef) or _yields(node.body)
        seen = not forward and node.name not in _HIDDEN and not _is_compiled(node)
        self._names.append(node.name)
        name = ".".join(self._names)
        self._names.append("<locals>")
        self._returns.append(seen and not interleaved)
        self._loops.append(not forward and not interleaved and not _is_compiled(node))
        node.body = [self.visit(statement) for statement in node.body]
        self._loops.pop()
        self._returns.pop()
        del self._names[-2:]
        self._in_class = method
        if seen:
            self._open(node, name, method, interleaved)
        return node

    def _open(self, node: Function, name: str, method: bool, interleaved: bool) -> None:
        """Put a scope around a function's body, behind its docstring; a generator's is only told."""
        start = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = node.body[start:]
        if not body:
            return
        arguments = node.args
        words = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        words += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
        if method and words and words[0] in {"self", "cls", "mcs"}:
            del words[0]
        self.sites.functions.append(FunctionSite(name, self.file, node.lineno, tuple(words)))
        number = ast.Constant(len(self.sites.functions) - 1)
        values = ast.Tuple([ast.Name(word, ast.Load()) for word in words], ast.Load())
        call = _ours("started" if interleaved else "scope", number, values)
        opened = ast.Expr(call) if interleaved else ast.With([ast.withitem(call)], body)
        _locate(opened, body[0])
        node.body = [*node.body[:start], opened, *(body if interleaved else ())]

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None and self._returns[-1]:
            value = node.value
            node.value = ast.copy_location(_ours("out", value), value)
            _locate(node.value, value, but=value)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        number = self._loop(node, node.iter)
        self.generic_visit(node)
        if number is not None:
            given = node.iter
            node.iter = _ours("turns", ast.Constant(number), given)
            _locate(node.iter, given, but=given)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        number = self._loop(node, node.test)
        self.generic_visit(node)
        if number is None:
            return node
        given = node.test
        node.test = _ours("turn", given)
        _locate(node.test, given, but=given)
        around = ast.With([ast.withitem(_ours("loop", ast.Constant(number)))], [node])
        _locate(around, node, but=node)
        return around

    def _loop(self, node: OwnLoop, head: ast.expr) -> int | None:
        kind = self.reach.kind(node) if self._loops[-1] else None
        if kind is None:
            return None
        named, cell = sources.file_and_cell(self.file)
        end = head.end_lineno or head.lineno
        place = Place(
            named,
            node.lineno,
            sources.characters(self.text, node.lineno, node.col_offset),
            end,
            sources.characters(self.text, end, head.end_col_offset or 0),
            cell,
        )
        self.sites.loops.append(LoopSite(place, kind, takes_by_hand(node)))
        return len(self.sites.loops) - 1


def _ours(method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(NAME, ast.Load()), method, ast.Load()), list(arguments), [])


def _locate(node: ast.AST, like: ast.AST, but: ast.AST | None = None) -> None:
    """Give what was put in the place of what stood there; what the learner wrote keeps its own."""
    for part in ast.iter_child_nodes(node):
        if part is not but and not isinstance(part, ast.stmt):
            _locate(part, like, but)
    if "lineno" in node._attributes:
        ast.copy_location(node, like)


def _yields(body: list[ast.stmt]) -> bool:
    """Say whether a function's own body yields."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _is_compiled(node: Function) -> bool:
    words = {
        part.attr if isinstance(part, ast.Attribute) else part.id
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
        if isinstance(part, ast.Attribute | ast.Name)
    }
    return bool(words & _COMPILERS)
