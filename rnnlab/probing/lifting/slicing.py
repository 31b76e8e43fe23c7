"""Gathers what a class refers to, and runs that much of the program and no more: imports, helpers, constants, other classes.

Definitions and constants are run; a value that would need the program's data is not, and something of its kind stands in.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import linecache
from collections.abc import Iterable
from typing import Any

from rnnlab.probing.lifting.expressions import hint
from rnnlab.probing.lifting.meaning import EMB, VOCAB, Words, role_of
from rnnlab.probing.lifting.meaning import made as made_of_role
from rnnlab.probing.lifting.program import Binding, File, Program, dotted, names_in
from rnnlab.probing.lifting.standins import LightningModule, from_module, imported
from rnnlab.probing.lifting.values import Scope, Unknown, Values
from rnnlab.watching.standins.inert import Anything

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# What constants may be made with: it computes, and neither reads nor loads.
_PURE = {
    "torch", "nn", "F", "math", "re", "functools", "partial", "collections", "namedtuple", "OrderedDict", "defaultdict",
    "Counter", "string", "enum", "typing", "TypeVar", "Union", "Optional", "Tuple", "List", "Dict", "Callable", "np", "numpy",
    "itertools", "logging", "Path", "pathlib", "dataclasses", "init", "Any", "Literal",
}  # fmt: skip
_IMPURE = {
    "load", "read", "open", "download", "from_pretrained", "fit", "hub", "save", "urlopen", "system", "loadtxt", "eval", "exec",
    "input", "mkdir", "write", "unlink", "rmdir", "set_device", "write_text", "read_text", "makedirs", "get_logger",
    "basicConfig",
}  # fmt: skip
_FEWEST = 10  # no vocabulary is smaller: it is filled as the program runs
_OF_VOCABULARIES = {"vocab", "stoi", "itos", "get_stoi", "get_itos", "vectors", "vocab_size"}


class Slices:
    """The namespaces of a program's files, filled with what is asked for."""

    def __init__(
        self, program: Program, values: Values, sources: dict[str, str], sizes: dict[str, int], roles: dict[str, str]
    ) -> None:
        self.program, self.values, self.sizes, self.roles = program, values, sizes, roles
        self.vocabularies = used_as_vocabularies(t for file in program.files.values() for t in file.trees.values())
        self.spaces: dict[File, dict[str, Any]] = {}
        self.stood_in: dict[str, str] = {}
        self._asked: set[tuple[File, str]] = set()
        for key, text in sources.items():
            # The learner's file names and line numbers stay, so that errors and hooks can name a line.
            linecache.cache[key] = (len(text), None, text.splitlines(keepends=True), key)

    def space(self, file: File) -> dict[str, Any]:
        """Return a file's namespace."""
        name = file.name.rpartition("/")[2].removesuffix(".py")
        return self.spaces.setdefault(file, {"__name__": name, "__builtins__": builtins, "__file__": file.name})

    def get(self, file: File, name: str) -> Any:
        """Return what a name is bound to in a file, with all that it needs; something inert where that cannot be had."""
        space = self.space(file)
        if (file, name) not in self._asked:
            self._asked.add((file, name))
            self._bind(file, name, space)
        return space.get(name)

    def _bind(self, file: File, name: str, space: dict[str, Any]) -> None:
        bindings = file.bindings.get(name, [])
        if not bindings:
            self._bind_unbound(file, name, space)
            return
        for binding in reversed(bindings):
            if isinstance(binding.statement, _DEFINITIONS):
                self._define(file, binding, space)
            elif isinstance(binding.statement, ast.Import | ast.ImportFrom):
                self._import(binding, space)
            else:
                self._constant(file, binding, space)
            if name in space:
                return
        space[name] = self._stand_in(name, bindings[-1].statement)

    def _bind_unbound(self, file: File, name: str, space: dict[str, Any]) -> None:
        """A name that the file does not bind: a builtin, a star import's, a global of some function, or another cell's."""
        if hasattr(builtins, name):
            return
        for found in file.bindings.get("*", []):
            assert isinstance(found.statement, ast.ImportFrom)
            other = self.program.module(found.statement.module or "")
            if other is not None and name in other.bindings:
                space[name] = self.get(other, name)
                return
            value = getattr(imported(found.statement.module or ""), name, None)
            if value is not None and not isinstance(value, Anything):
                space[name] = value
                return
        common = {"nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy", "torch": "torch", "math": "math"}
        space[name] = imported(common[name]) if name in common else self._stand_in(name, None)

    def _define(self, file: File, binding: Binding, space: dict[str, Any]) -> None:
        """Run a class or a function definition, after what it refers to."""
        statement = binding.statement
        assert isinstance(statement, _DEFINITIONS)
        own = _own_names(statement)
        for needed in sorted(names_in(statement)):
            if needed != binding.name and (needed in file.bindings or needed not in own):
                self.get(file, needed)
        try:
            self._execute(statement, binding.key, space)
        except Exception as error:
            if not statement.decorator_list:
                raise
            # A decorator of a package that is not here.
            bare = ast.parse(ast.unparse(statement)).body[0]
            assert isinstance(bare, _DEFINITIONS)
            bare.decorator_list = []
            ast.increment_lineno(bare, statement.lineno - 1)
            self._execute(bare, binding.key, space)
            self.stood_in[f"a decorator of {binding.name}"] = f"it was left out: {error}"

    def _execute(self, statement: ast.stmt, key: str, space: dict[str, Any]) -> None:
        code = compile(ast.Module([statement], []), key, "exec", dont_inherit=True)
        exec(code, space)

    def _import(self, binding: Binding, space: dict[str, Any]) -> None:
        statement = binding.statement
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names:
            if isinstance(statement, ast.Import):
                if (alias.asname or alias.name.partition(".")[0]) == binding.name:
                    space[binding.name] = self._module(alias.name, whole=alias.asname is not None)
            elif (alias.asname or alias.name) == binding.name and alias.name != "*":
                space[binding.name] = self._from(statement.module or "", alias.name)

    def _module(self, name: str, whole: bool) -> Any:
        file = self.program.module(name)
        if file is not None:
            return _Lazy(self, file)
        found = imported(name)
        return found if whole or "." not in name else imported(name.partition(".")[0])

    def _from(self, module: str, name: str) -> Any:
        file = self.program.module(module)
        if file is not None:
            return self.get(file, name)
        inner = self.program.module(f"{module}.{name}")
        return _Lazy(self, inner) if inner is not None else from_module(module, name)

    def _constant(self, file: File, binding: Binding, space: dict[str, Any]) -> None:
        """Read a constant, or run the assignment where it only computes."""
        table = isinstance(getattr(binding.statement, "value", None), ast.Dict)
        if table and self._computed(file, binding, space):
            return  # a dict of the program's own knows which keys it has not; settings that were read guess them
        with contextlib.suppress(Unknown):
            found = self.values.name(binding.name, Scope(file))
            few = type(found) is int and found < _FEWEST and self._role(binding.name) == "vocab"
            if not few and not self._is_filled_later(binding.name, found):
                space[binding.name] = found
            return
        self._computed(file, binding, space)

    def _computed(self, file: File, binding: Binding, space: dict[str, Any]) -> bool:
        """Run an assignment where it only computes, and say whether that gave something."""
        statement = binding.statement
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or value is None or not self._is_pure(value, file):
            return False
        for needed in sorted(names_in(value)):
            self.get(file, needed)
        try:
            self._execute(statement, binding.key, space)
        except Exception:
            space.pop(binding.name, None)
        found = space.get(binding.name)
        if isinstance(found, Anything) or self._is_filled_later(binding.name, found):
            del space[binding.name]
        return binding.name in space

    def _is_filled_later(self, name: str, value: Any) -> bool:
        """Say whether a value is a list, dict or set that holds nothing yet, or little, because the program fills it."""
        if not isinstance(value, list | dict | set):
            return False
        return not value or (name in self.vocabularies and name in self.values.filled())

    def _is_pure(self, value: ast.expr, file: File) -> bool:
        """Say whether an expression only computes: with torch, or with classes and functions that the program defines."""
        for node in ast.walk(value):
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                root, last = name.partition(".")[0], name.rpartition(".")[2]
                if last in _IMPURE:
                    return False
                own = file.find(root, ast.ClassDef)
                if isinstance(node.func, ast.Attribute) and not name:
                    continue  # a method of what is looked at anyway
                if root not in _PURE and root not in dir(builtins) and own is None:
                    return False
                if own is not None and any(
                    isinstance(n, ast.Call) and dotted(n.func).rpartition(".")[2] in _IMPURE
                    for n in ast.walk(own.statement)
                ):
                    return False
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                role = role_of(node.id)
                if role in {"words", "vectors"} and node.id in file.bindings:
                    return False
        return True

    def _role(self, name: str) -> str:
        return self.roles.get(name) or role_of(name)

    def _stand_in(self, name: str, statement: ast.stmt | None) -> Any:
        """Return something of a kind, by a name and by the words of what is assigned to it."""
        role = self._role(name)
        value = getattr(statement, "value", None)
        if not role and isinstance(value, ast.expr):
            role = role_of(hint(value))
        if name in self.vocabularies and role not in {"settings", "vectors", "array"}:
            size = (
                self.sizes.get(role) or made_of_role(role)
                if role in {"classes", "vocab"}
                else self.sizes.get("vocab", 0)
            )
            self.stood_in[name] = "words"
            return Words(size or VOCAB, self.sizes.get("emb", EMB))
        found = self.values.options() if role == "settings" else made_of_role(role, self.sizes)
        self.stood_in[name] = role or "anything"
        return Anything() if found is None else found


def _calls(statement: ast.stmt, names: set[str]) -> bool:
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(dotted(call.func).rpartition(".")[2] in names for call in calls)


def used_as_vocabularies(trees: Iterable[ast.AST]) -> set[str]:
    """Return the names that are used as a vocabulary (`TEXT.vocab`, `vocab.stoi`), or whose length is taken."""
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute) and node.attr in _OF_VOCABULARIES:
            found.add(hint(node.value))
        elif isinstance(node, ast.Call) and dotted(node.func) == "len" and node.args:
            found.add(dotted(node.args[0]))
    return found - {"", "self"}


def _own_names(statement: ast.stmt) -> set[str]:
    """Return the names that a definition binds within itself: arguments and local variables."""
    names = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    return names | {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


class _Lazy:
    """A file of the program as a module: names are gathered when they are asked for."""

    def __init__(self, slices: Slices, file: File) -> None:
        self.__dict__["_of"] = (slices, file)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        slices, file = self.__dict__["_of"]
        return slices.get(file, name)


__all__ = ["LightningModule", "Slices"]
