"""What an expression of a program is worth, as far as its source says: numbers, texts, settings, torch's own names.

Nothing of the program is run: literals, arithmetic, names that are bound to such, arguments at call sites, options of
argparse, classes and dicts of settings are read; all else is `Unknown`.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from rnnlab.probing.lifting.expressions import default_of, given_at, hint, paired
from rnnlab.probing.lifting.meaning import made, role_of
from rnnlab.probing.lifting.program import Binding, File, Function, Program, bound_names, dotted
from rnnlab.probing.lifting.settings import Settings, added_options, keyword, option_name

_DEEPEST = 24
_OPEN = {"torch", "math", "numpy"}  # modules whose names are looked up for real
_GROWS = {"append", "add", "extend", "update", "insert", "setdefault"}
_NAMESPACES = {"Namespace", "SimpleNamespace", "dict", "EasyDict", "edict", "AttrDict", "Box", "Munch", "DotMap", "DictConfig",
               "ConfigDict", "create", "OmegaConf", "Params", "HParams", "AttributeDict"}  # fmt: skip


class Unknown(Exception):  # noqa: N818  # it is no error
    """The source does not say; the message is the expression, which may still say what it is meant to be."""


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: in a file, and perhaps in a function of it."""

    file: File
    function: Function | None = None


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_PLAIN: dict[str, Callable[..., Any]] = {
    "int": int, "float": float, "str": str, "bool": bool, "len": len, "min": min, "max": max, "sum": sum, "abs": abs,
    "round": round, "list": list, "tuple": tuple, "set": set, "sorted": sorted, "range": range, "vars": lambda one: one,
}  # fmt: skip


class Values:
    """Reads values out of a program's source."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._options: Settings | None = None
        self._busy: set[int] = set()
        self._growing: set[str] | None = None

    def of(self, node: ast.expr, scope: Scope) -> Any:
        """Return what an expression is worth.

        Raises:
            Unknown: the source does not say.
        """
        if id(node) in self._busy or len(self._busy) > _DEEPEST:
            raise Unknown(ast.unparse(node))
        self._busy.add(id(node))
        try:
            return self._of(node, scope)
        except Unknown:
            raise
        except Exception as error:
            raise Unknown(ast.unparse(node)) from error
        finally:
            self._busy.discard(id(node))

    def _of(self, node: ast.expr, scope: Scope) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.name(node.id, scope, node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return self._checked(_BINARY[type(node.op)](self.of(node.left, scope), self.of(node.right, scope)), node)
        if isinstance(node, ast.UnaryOp):
            value = self.of(node.operand, scope)
            return {ast.USub: operator.neg, ast.Not: operator.not_, ast.UAdd: operator.pos}[type(node.op)](value)  # type: ignore[index]
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return _COMPARE[type(node.ops[0])](self.of(node.left, scope), self.of(node.comparators[0], scope))
        if isinstance(node, ast.BoolOp):
            return self._either(node, scope)
        if isinstance(node, ast.IfExp):
            return self.of(node.body if self.of(node.test, scope) else node.orelse, scope)
        if isinstance(node, ast.Subscript):
            return self._item(node, scope)
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        return self._collection(node, scope)

    def _item(self, node: ast.Subscript, scope: Scope) -> Any:
        """Return an item; the first one where the source says what there is and not which is taken."""
        value = self.of(node.value, scope)
        try:
            return value[self.of(node.slice, scope)]
        except Unknown:
            return first_of(value)

    def _checked(self, value: Any, node: ast.expr) -> Any:
        if isinstance(value, str | list | tuple) and len(value) > 10_000:
            raise Unknown(ast.unparse(node))
        return value

    def _either(self, node: ast.BoolOp, scope: Scope) -> Any:
        wants = isinstance(node.op, ast.Or)
        value = None
        for part in node.values:
            value = self.of(part, scope)
            if bool(value) == wants:
                return value
        return value

    def _collection(self, node: ast.expr, scope: Scope) -> Any:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            items = [self.of(item, scope) for item in node.elts]
            return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](items)
        if isinstance(node, ast.Dict):
            return Settings(
                {
                    self.of(k, scope): self.soft(v, scope)
                    for k, v in zip(node.keys, node.values, strict=True)
                    if k is not None
                }
            )
        if isinstance(node, ast.JoinedStr):
            return "text"
        raise Unknown(ast.unparse(node))

    def soft(self, node: ast.expr, scope: Scope) -> Any:
        """Return what an expression is worth, or what it is likely to be by its words."""
        try:
            return self.of(node, scope)
        except Unknown:
            role = role_of(hint(node))
            return made(role) if role else None

    # --- names ---------------------------------------------------------------------------------------------------

    def name(self, name: str, scope: Scope, node: ast.AST | None = None) -> Any:
        """Return what a name is bound to.

        Raises:
            Unknown: the source does not say.
        """
        if scope.function is not None:
            found = self._local(name, scope, node)
            if found is not None:
                return found[0]
        bindings = scope.file.bindings.get(name, [])
        for binding in reversed(bindings):
            try:
                return self._bound(binding, scope.file)
            except Unknown:
                continue
        if not bindings and name in {"True", "False", "None"}:
            return {"True": True, "False": False, "None": None}[name]
        for other in self._stars(scope.file) if not bindings else ():
            if name in other.bindings:
                return self.name(name, Scope(other))
        raise Unknown(name)

    def _stars(self, file: File) -> list[File]:
        """Return the program's files that a file imports everything from."""
        return [
            found
            for binding in file.bindings.get("*", ())
            if isinstance(binding.statement, ast.ImportFrom)
            and (found := self.program.module(binding.statement.module or ""))
        ]

    def _local(self, name: str, scope: Scope, node: ast.AST | None) -> tuple[Any] | None:
        """Return a function's own variable: its last assignment before, else the argument; None where it has no such name."""
        assert scope.function is not None
        line = getattr(node, "lineno", 10**9)
        assigned = [s for s in ast.walk(scope.function) if isinstance(s, ast.stmt) and name in bound_names(s)]
        assigned = [s for s in assigned if s is not scope.function]
        for statement in sorted(assigned, key=lambda s: (s.lineno > line, -s.lineno)):
            try:
                return (self._bound(Binding(name, statement, ""), scope.file, scope),)
            except Unknown:
                continue
        arguments = scope.function.args
        if name in {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}:
            return (self._argument(name, scope),)
        if assigned:
            raise Unknown(name)
        outer = self.program.function_around(scope.function)
        return (self.name(name, Scope(scope.file, outer), node),) if outer is not None else None

    def _argument(self, name: str, scope: Scope) -> Any:
        """Return what a function is given for an argument: at its call sites, else its default, else by its name."""
        function = scope.function
        assert function is not None
        owner = self.program.parents.get(function)
        called = owner.name if isinstance(owner, ast.ClassDef) and function.name == "__init__" else function.name
        for call, where in self.calls(called):
            given = given_at(call, function, name)
            if given is not None:
                try:
                    return self.of(given, where)
                except Unknown:
                    continue
        default = default_of(function, name)
        if default is not None:
            return self.of(default, Scope(scope.file, self.program.function_around(function)))
        if role_of(name) == "settings":
            return self.options()
        raise Unknown(name)

    def calls(self, name: str) -> list[tuple[ast.Call, Scope]]:
        """Return every call of something of this name, and where it stands."""
        found = []
        for file in self.program.files.values():
            for node, _ in file.walk():
                if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name:
                    found.append((node, Scope(file, self.program.function_around(node))))
        return found

    def _bound(self, binding: Binding, file: File, scope: Scope | None = None) -> Any:
        statement = binding.statement
        scope = scope or Scope(file)
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                value = self._unpacked(target, statement.value, binding.name, scope)
                if value is not None:
                    return value[0]
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            return self.of(statement.value, scope)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            return self._imported(statement, binding.name)
        elif isinstance(statement, ast.ClassDef):
            return self.settings_class(statement, file)
        elif isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
            return first_of(self.of(statement.iter, scope))
        raise Unknown(binding.name)

    def _unpacked(self, target: ast.expr, value: ast.expr, name: str, scope: Scope) -> tuple[Any] | None:
        if isinstance(target, ast.Name):
            return (self.of(value, scope),) if target.id == name else None
        if isinstance(target, ast.Tuple | ast.List):
            for i, part in enumerate(target.elts):
                if isinstance(part, ast.Name) and part.id == name:
                    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                        return (self.of(value.elts[i], scope),)
                    return (self.of(value, scope)[i],)
        return None

    def _imported(self, statement: ast.Import | ast.ImportFrom, name: str) -> Any:
        for alias in statement.names:
            if isinstance(statement, ast.ImportFrom):
                if (alias.asname or alias.name) != name:
                    continue
                module = statement.module or ""
                file = self.program.module(module)
                if file is not None:
                    return self.name(alias.name, Scope(file))
                inner = self.program.module(f"{module}.{alias.name}")
                if inner is not None:
                    return inner
                return getattr(self._real(module), alias.name)
            if (alias.asname or alias.name.partition(".")[0]) == name:
                file = self.program.module(alias.name)
                return file if file is not None else self._real(alias.name if alias.asname else name)
        raise Unknown(name)

    def _real(self, module: str) -> ModuleType:
        if module.partition(".")[0] not in _OPEN:
            raise Unknown(module)
        return importlib.import_module(module)

    # --- attributes and settings ---------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            return self._own(node, scope)
        value = self.of(node.value, scope)
        if isinstance(value, File):
            return self.name(node.attr, Scope(value))
        if isinstance(value, Settings):
            return value[node.attr] if node.attr in value else self._attribute_set(node)
        if isinstance(value, ModuleType) or value.__class__.__module__.partition(".")[0] in _OPEN:
            return getattr(value, node.attr)
        raise Unknown(ast.unparse(node))

    def _attribute_set(self, node: ast.Attribute) -> Any:
        """Return what a program puts into its settings afterwards: `args.vocab_size = len(vocab)`."""
        for file in self.program.files.values():
            for other, _ in file.walk():
                if isinstance(other, ast.Assign):
                    for target in other.targets:
                        if isinstance(target, ast.Attribute) and target.attr == node.attr and not _is_self(target):
                            return self.of(other.value, Scope(file, self.program.function_around(other)))
        raise Unknown(ast.unparse(node))

    def _own(self, node: ast.Attribute, scope: Scope) -> Any:
        """Return `self.name` as the class' methods assign it."""
        owner = self.program.class_around(node)
        if owner is None:
            raise Unknown(ast.unparse(node))
        for statement in ast.walk(owner):
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets:
                    if isinstance(target, ast.Attribute) and target.attr == node.attr and _is_self(target):
                        return self.of(statement.value, Scope(scope.file, self.program.function_around(statement)))
                    if isinstance(target, ast.Name) and target.id == node.attr and statement in owner.body:
                        return self.of(statement.value, Scope(scope.file))
        raise Unknown(ast.unparse(node))

    def settings_class(self, statement: ast.ClassDef, file: File) -> Settings:
        """Return the settings that a class holds, in its body and in its `__init__`: `class Config: hidden = 128`."""
        found = Settings()
        for node in statement.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and node.value is not None:  # type: ignore[union-attr]
                    self._keep(found, target.id, node.value, Scope(file))  # type: ignore[union-attr]
        init = next((n for n in statement.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        for node in ast.walk(init) if init is not None else ():
            if isinstance(node, ast.Assign):
                for target, value in paired(node):
                    if isinstance(target, ast.Attribute) and _is_self(target):
                        self._keep(found, target.attr, value, Scope(file, init))
        return found

    def _keep(self, into: Settings, name: str, node: ast.expr, scope: Scope) -> None:
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "field":
            node = keyword(node, "default") or node
        with contextlib.suppress(Unknown):
            into[name] = self.of(node, scope)

    def options(self) -> Settings:
        """Return the options of argparse (of all parsers) at their defaults."""
        if self._options is None:
            self._options = Settings()
            for file in self.program.files.values():
                for tree in file.trees.values():
                    for call in added_options(tree):
                        self._add_option(self._options, call, Scope(file, self.program.function_around(call)))
                self._set_defaults(self._options, file)
            if not self._options:
                self._options = self._any_settings()
        return self._options

    def _add_option(self, into: Settings, call: ast.Call, scope: Scope) -> None:
        name = option_name(call)
        if not name:
            return
        default = keyword(call, "default")
        if isinstance(call.func, ast.Attribute) and call.func.attr.startswith("DEFINE_") and len(call.args) > 1:
            default = call.args[1]
        action = keyword(call, "action")
        if default is not None:
            value = self.soft(default, scope)
            kind = dotted(keyword(call, "type"))
            if kind in {"int", "float"} and isinstance(value, str | int | float):
                value = {"int": int, "float": float}[kind](value)
            into[name] = value
        elif isinstance(action, ast.Constant) and str(action.value).startswith("store_"):
            into[name] = action.value == "store_false"
        elif (choices := keyword(call, "choices")) is not None:
            options = self.soft(choices, scope)
            into[name] = next(iter(options), None) if options else None
        else:
            role = role_of(name)
            into[name] = made(role) if role else 7 if dotted(keyword(call, "type")) == "int" else None

    def _set_defaults(self, into: Settings, file: File) -> None:
        for node, _ in file.walk():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set_defaults":
                for one in node.keywords:
                    if one.arg:
                        into[one.arg] = self.soft(one.value, Scope(file))

    def _any_settings(self) -> Settings:
        """Return the settings of whatever class or dict of the program is called after settings."""
        found = Settings()
        for file in self.program.files.values():
            for name, bindings in file.bindings.items():
                if role_of(name) == "settings" and isinstance(bindings[-1].statement, ast.ClassDef | ast.Assign):
                    try:
                        value = self._bound(bindings[-1], file)
                    except Unknown:
                        continue
                    if isinstance(value, Settings):
                        found.update(value)
        return found

    # --- calls ---------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        if last in {"parse_args", "parse_known_args", "parse_args_into_dataclasses", "ArgumentParser"}:
            return (self.options(), []) if last == "parse_known_args" else self.options()
        if name.startswith("torch.") and last in {"is_available", "device_count", "device"}:
            import torch

            return False if last == "is_available" else 0 if last == "device_count" else torch.device("cpu")
        if last in _NAMESPACES:
            return self._namespace(node, scope)
        if name == "len" and node.args and hint(node.args[0]) in self.filled():
            raise Unknown(ast.unparse(node))
        if name in _PLAIN and name not in scope.file.bindings:
            return self._checked(_PLAIN[name](*(self.of(a, scope) for a in node.args)), node)
        if isinstance(node.func, ast.Attribute) and last in {
            "get",
            "lower",
            "upper",
            "strip",
            "format",
            "copy",
            "split",
        }:
            return getattr(self.of(node.func.value, scope), last)(*(self.of(a, scope) for a in node.args))
        if name.startswith("math."):
            return getattr(math, last)(*(self.of(a, scope) for a in node.args))
        return self._own_call(node, name, scope)

    def filled(self) -> set[str]:
        """Return the names of lists and dicts that the program fills as it runs: their length is not in the source."""
        if self._growing is None:
            self._growing = set()
            for file in self.program.files.values():
                for node, _ in file.walk():
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWS:
                        self._growing.add(hint(node.func.value))
                    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                        self._growing.add(hint(node.value))
        return self._growing

    def _namespace(self, node: ast.Call, scope: Scope) -> Settings:
        found = Settings()
        for argument in node.args:
            value = self.of(argument, scope)
            if isinstance(value, dict):
                found.update(value)
        for one in node.keywords:
            if one.arg is None:
                found.update(self.of(one.value, scope))
            else:
                found[one.arg] = self.soft(one.value, scope)
        return found

    def _own_call(self, node: ast.Call, name: str, scope: Scope) -> Any:
        """Return what a class of settings or a function of the program's gives: its fields, its one return."""
        binding = self._definition(name, scope)
        if binding is not None and isinstance(binding[0].statement, ast.ClassDef):
            found = self.settings_class(binding[0].statement, binding[1])
            fields = [
                s.target.id
                for s in binding[0].statement.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            ]
            for field, argument in zip(fields, node.args, strict=False):
                found[field] = self.soft(argument, scope)
            for one in node.keywords:
                if one.arg is not None:
                    found[one.arg] = self.soft(one.value, scope)
            if not found:
                raise Unknown(ast.unparse(node))
            return found
        if binding is not None and isinstance(binding[0].statement, ast.FunctionDef):
            returns = [r for r in ast.walk(binding[0].statement) if isinstance(r, ast.Return) and r.value is not None]
            if len(returns) == 1 and returns[0].value is not None:
                return self.of(returns[0].value, Scope(binding[1], binding[0].statement))
        raise Unknown(ast.unparse(node))

    def _definition(self, name: str, scope: Scope) -> tuple[Binding, File] | None:
        """Return a class or function of the program by its name, whichever file it stands in."""
        last = name.rpartition(".")[2]
        for file in [scope.file, *self.program.files.values()]:
            for kind in (ast.ClassDef, ast.FunctionDef):
                found = file.find(last, kind)
                if found is not None:
                    return found, file
        return None


def first_of(value: Any) -> Any:
    """Return the first of several things: of a dict its first value.

    Raises:
        Unknown: there is none.
    """
    if isinstance(value, dict | list | tuple | range) and value:
        return next(iter(value.values() if isinstance(value, dict) else value))
    raise Unknown("the first of nothing")


def _is_self(target: ast.Attribute) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id == "self"
