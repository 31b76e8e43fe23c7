"""Builds a model out of a program's source, and learns from what goes wrong."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from rnnlab.facts import Place
from rnnlab.probing.copies import in_silence
from rnnlab.probing.lifting.candidates import Candidate, candidates
from rnnlab.probing.lifting.expressions import default_of, given_at, hint
from rnnlab.probing.lifting.meaning import EMB, VOCAB, Words, made, role_of
from rnnlab.probing.lifting.plans import Plan, resized
from rnnlab.probing.lifting.program import File, Program
from rnnlab.probing.lifting.roles import roles_in
from rnnlab.probing.lifting.settings import Settings
from rnnlab.probing.lifting.slicing import Slices, used_as_vocabularies
from rnnlab.probing.lifting.standins import standing_in
from rnnlab.probing.lifting.values import Scope, Unknown, Values
from rnnlab.watching.standins.inert import Anything

_TRIES = 12
_FEWEST = 10  # no vocabulary is smaller
_WIDE = 64  # wider than this, an argument that is only a width is tried narrower first


class Unliftable(Exception):  # noqa: N818  # it is no error of ours
    """A model could not be built; the message says why."""


@dataclass
class Lifted:
    """A model that was built from its source.

    `arguments` are those of its constructor, in words; `guessed` names those that the source does not say; `stood_in` what
    stood in for things that are not there; `numbers` are whole numbers that the program names. Whoever finds that it does not
    run says so in `trouble`: the next plan may learn from it.
    """

    model: nn.Module
    name: str
    place: Place
    files: tuple[str, ...]
    arguments: dict[str, str] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    stood_in: dict[str, str] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    trouble: str = ""


def lift(sources: Mapping[str, str], class_name: str, arguments: Mapping[str, Any] | None = None) -> Lifted:
    """Return a model built from its source.

    Args:
        sources: the text of each file; the cells of a notebook as `file.ipynb#3`.
        class_name: the model's class.
        arguments: of the constructor, where they are known better than the source can say.

    Raises:
        Unliftable: it could not be built.
    """
    return next(lifts(sources, class_name, arguments))


def lifts(sources: Mapping[str, str], class_name: str, arguments: Mapping[str, Any] | None = None) -> Iterator[Lifted]:
    """Yield the model as each plan builds it, the most likely first: one that is built may still not run.

    Raises:
        Unliftable: no plan built it.
    """
    program = Program(sources)
    found = next((c for c in candidates(program) if c.name == class_name), None)
    if found is None:
        raise Unliftable(f"there is no model {class_name} with a recurrent layer")
    builder = _Builder(program, dict(sources), found, dict(arguments or {}))
    built = False
    for lifted in builder.all():
        built = True
        yield lifted
    if not built:
        raise Unliftable(builder.error or "it could not be built")


class _Builder:
    """Tries one plan after another."""

    def __init__(self, program: Program, sources: dict[str, str], candidate: Candidate, known: dict[str, Any]) -> None:
        self.program, self.sources, self.candidate, self.known = program, sources, candidate, known
        self.values = Values(program)
        self.file: File = program.files[candidate.file]
        statement = self.file.classes[candidate.name].statement
        assert isinstance(statement, ast.ClassDef)
        self.statement = statement
        self.roles = roles_in(statement)
        self.vocabularies = used_as_vocabularies([statement])
        self.error = ""
        self.sizes: dict[str, int] = {}

    def all(self) -> Iterator[Lifted]:
        """Yield what each plan builds."""
        plans = [
            Plan(),
            Plan(narrow=False),
            Plan(narrow=False, layers=2),
            Plan(narrow=False, array=True),
            Plan(vectors=False),
        ]
        sites = self.values.calls(self.candidate.name)
        plans += [Plan(narrow=False, site=n) for n in range(1, min(4, len(sites)))]
        while plans:
            plan = plans.pop(0)
            lifted = self._built(plan)
            if lifted is None:
                continue
            yield lifted
            if (taught := resized(plan, lifted.trouble, self.sizes)) is not None:
                plans.insert(0, taught)

    def _built(self, plan: Plan) -> Lifted | None:
        """Build by one plan, settling arguments as errors ask for it."""
        for _ in range(_TRIES):
            self.guessed: list[str] = []
            self.sizes = self._sizes(plan)
            slices = Slices(self.program, Values(self.program), self.sources, self.sizes, self.roles)
            arguments: dict[str, Any] = {}
            try:
                with in_silence(), standing_in():
                    kind = slices.get(self.file, self.candidate.name)
                    if not isinstance(kind, type) or not issubclass(kind, nn.Module):
                        self.error = "its base class is not here"
                        return None
                    arguments = self._arguments(kind, plan)
                    model = self._constructed(kind, arguments)
            except Exception as error:
                first = (str(error).strip().splitlines() or [""])[0]
                self.error = f"{type(error).__name__}: {first[:300]}"
                taught = self._taught(plan, error, arguments)
                if taught is None:
                    return None
                plan = taught
                continue
            told = {name: _told(value) for name, value in arguments.items()}
            return Lifted(
                model, self.candidate.name, self.candidate.place, tuple(self.sources), told, tuple(self.guessed),
                slices.stood_in, self._numbers(),
            )  # fmt: skip
        return None

    def _constructed(self, kind: type[nn.Module], arguments: dict[str, Any]) -> nn.Module:
        from rnnlab.probing.experiments.subject import seed_all

        seed_all(0)
        loose = arguments.pop("*", ())
        try:
            parameters = inspect.signature(kind.__init__).parameters
        except (TypeError, ValueError):
            parameters = {}
        first = [n for n, p in parameters.items() if p.kind is p.POSITIONAL_ONLY and n in arguments]
        if loose:
            first = [
                n
                for n in list(parameters)[1:]
                if n in arguments and parameters[n].kind is not parameters[n].KEYWORD_ONLY
            ]
        model = kind(*(arguments[n] for n in first), *loose, **{n: v for n, v in arguments.items() if n not in first})
        model.eval()
        return model

    # --- arguments -----------------------------------------------------------------------------------------------

    def _arguments(self, kind: type[nn.Module], plan: Plan) -> dict[str, Any]:
        """Return the constructor's arguments: as given, as the call site says, by default, or by their meaning."""
        try:
            parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
        except (TypeError, ValueError):
            parameters = []
        settled = dict(plan.given)
        found: dict[str, Any] = {}
        for parameter in parameters:
            name = parameter.name
            if parameter.kind is parameter.VAR_KEYWORD:
                found.update(self._site_extras(plan, set(found)))
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if name in settled:
                found[name] = settled[name]
            elif name in self.known:
                found[name] = self.known[name]
            else:
                self._settle(found, parameter, plan)
        found.update(
            {name: value for name, value in settled.items() if name not in found and value is not None and parameters}
        )
        return found

    def _settle(self, found: dict[str, Any], parameter: inspect.Parameter, plan: Plan) -> None:
        name = parameter.name
        node, scope = self._given(name, plan)
        if node is not None and scope is not None:
            try:
                value = self.values.of(node, scope)
                if isinstance(value, ast.AST) or value is Ellipsis:
                    raise Unknown(name)
                found[name] = self._fitting(name, value, plan)
                return
            except Unknown:
                pass
        if node is None and parameter.default is not parameter.empty:
            value = parameter.default
            if isinstance(value, int | float | str | tuple | list | type(None)):
                narrowed = self._fitting(name, value, plan)
                if narrowed is not value and narrowed != value:
                    found[name] = narrowed
            return
        self.guessed.append(name)
        found[name] = self._guess(name, node, plan, scope)

    def _given(self, name: str, plan: Plan) -> tuple[ast.expr | None, Scope | None]:
        """Return what the call site gives for an argument, and where that stands."""
        init = next((n for n in self.statement.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        if init is None:
            init = self._inherited_init()
        sites = self.values.calls(self.candidate.name) or self._table_sites()
        if init is None or not sites:
            return None, None
        sites = sites[plan.site :] + sites[: plan.site]
        for call, scope in sites:
            node = given_at(call, init, name)
            if node is None:
                node = self._double_starred(call, name, scope)
            if node is not None:
                return node, scope
        return None, None

    def _table_sites(self) -> list[tuple[ast.Call, Scope]]:
        """Return calls of what is picked out of a table of models: `MODELS[args.model](args)`, `model_class(...)`."""
        found = []
        for file in self.program.files.values():
            for node, _ in file.walk():
                is_picked = isinstance(node, ast.Call) and (
                    isinstance(node.func, ast.Subscript | ast.Call)
                    or (
                        isinstance(node.func, ast.Name)
                        and re.search(r"model_?(cls|class|type)|^net_?class", node.func.id.lower())
                    )
                    or (
                        isinstance(node.func, ast.Attribute)
                        and node.func.attr in {"Model", "Net"}
                        and node.func.attr == self.candidate.name
                    )
                )
                if is_picked and isinstance(node, ast.Call) and node.args:
                    found.append((node, Scope(file, self.program.function_around(node))))
        return found

    def _double_starred(self, call: ast.Call, name: str, scope: Scope) -> ast.expr | None:
        """Return an argument out of `Model(**config)`."""
        for one in call.keywords:
            if one.arg is None:
                try:
                    settings = self.values.of(one.value, scope)
                except Unknown:
                    continue
                if isinstance(settings, dict) and name in settings:
                    return ast.copy_location(_literal(settings[name]), call)
        return None

    def _site_extras(self, plan: Plan, known: set[str]) -> dict[str, Any]:
        """Return named arguments of the call site that the constructor takes as `**kwargs`."""
        extras = {}
        for call, scope in self.values.calls(self.candidate.name)[:1]:
            for one in call.keywords:
                if one.arg is not None and one.arg not in known:
                    extras[one.arg] = self._fitting(one.arg, self.values.soft(one.value, scope), plan)
        return extras

    def _inherited_init(self) -> ast.FunctionDef | None:
        for base in self.statement.bases:
            name = hint(base)
            for file in self.program.files.values():
                found = file.find(name, ast.ClassDef)
                for node in (
                    found.statement.body if found is not None and isinstance(found.statement, ast.ClassDef) else ()
                ):
                    if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                        return node
        return None

    def _guess(self, name: str, node: ast.expr | None, plan: Plan, scope: Scope | None = None) -> Any:
        """Return a value for an argument that the source does not say: by its use, its name, or its words at the call site."""
        role = self.roles.get(name) or role_of(name) or (role_of(hint(node)) if node is not None else "")
        if name in self.vocabularies and role not in {"settings", "vectors", "array"}:
            return Words(
                made("classes") if role == "classes" else self.sizes.get("vocab", VOCAB), self.sizes.get("emb", EMB)
            )
        if role == "settings":
            return self._settings(self.values.options(), plan)
        if role == "vectors" and plan.array:
            role = "array"
        if role in {"vectors", "array"} and not plan.vectors:
            return None
        if role == "layers":
            return plan.layers
        if isinstance(node, ast.Call) and role not in {"vectors", "array", "words"}:
            module = self._module_at(node)
            if module is not None:
                return module
        if not role:
            return 7
        return made(role, self.sizes)

    def _module_at(self, node: ast.Call) -> Any:
        """Return a part that is made at the call site: `Classifier(Encoder(...), Attention(...))`."""
        name = hint(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        if not any(name in file.classes for file in self.program.files.values()) or name == self.candidate.name:
            return None
        try:
            return lift_part(self.program, self.sources, name, self.known)
        except Unliftable:
            return None

    # --- sizes ---------------------------------------------------------------------------------------------------

    def _fitting(self, name: str, value: Any, plan: Plan) -> Any:
        """Return a value as it is, or narrower where it is only a width; settings likewise."""
        role = self.roles.get(name) or role_of(name)
        if isinstance(value, Settings):
            return self._settings(value, plan)
        if plan.narrow and type(value) is int and value > _WIDE and role in {"vocab", "emb", "hid"}:
            return self.sizes.get(role) or made(role)
        if isinstance(value, dict) and role == "words":
            return made("words", self.sizes)
        if type(value) is int and value < 1 and role in {"vocab", "emb", "hid", "classes", "layers"}:
            value = None  # a list that is filled later
        if role == "vocab" and type(value) is int and value < _FEWEST:
            value = None  # a dict of the special tokens, to which words are added later
        if value is None and role in {"vocab", "emb", "hid", "classes", "layers"}:
            self.guessed.append(name)
            return self._guess(name, None, plan)
        return value

    def _settings(self, value: Settings, plan: Plan) -> Settings:
        return Settings({k: self._fitting(k, v, plan) if isinstance(k, str) else v for k, v in value.items()})

    def _sizes(self, plan: Plan) -> dict[str, int]:
        """Return the sizes that stand-ins must agree with: a table of vectors has the width that the program says."""
        found: dict[str, int] = self._written(plan)
        if plan.narrow:
            return {"layers": plan.layers} | found | dict(plan.sizes)
        init = next((n for n in self.statement.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        for argument in (*init.args.args, *init.args.kwonlyargs) if init is not None else ():
            role = self.roles.get(argument.arg) or role_of(argument.arg)
            node, scope = self._given(argument.arg, plan)
            if node is None and init is not None:
                node, scope = default_of(init, argument.arg), Scope(self.file)
            if role in {"vocab", "emb"} and node is not None and scope is not None:
                try:
                    value = self.values.of(node, scope)
                except Unknown:
                    continue
                if type(value) is int and 0 < value < 1_000_000:
                    found[role] = value
        return found | {"layers": plan.layers} | dict(plan.sizes)

    def _written(self, plan: Plan) -> dict[str, int]:
        """Return the sizes of word vectors that the class itself names, by a number or a constant."""
        found: dict[str, int] = {}
        init = next((n for n in self.statement.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        arguments = {a.arg for a in (*init.args.args, *init.args.kwonlyargs)} if init is not None else set()
        for call in (n for n in ast.walk(self.statement) if isinstance(n, ast.Call)):
            if hint(call.func) != "Embedding":
                continue
            for role, node in zip(("vocab", "emb"), call.args, strict=False):
                if plan.narrow and {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & {*arguments, "self"}:
                    continue
                try:
                    value = self.values.of(node, Scope(self.file, init))
                except Unknown:
                    continue
                if type(value) is int and 0 < value < 1_000_000:
                    found.setdefault(role, value)
        return found

    def _numbers(self) -> tuple[int, ...]:
        """Return the whole numbers that the program names, those that are called after a batch or a length first."""
        found: dict[int, int] = {}
        for file in self.program.files.values():
            for node, _ in file.walk():
                if isinstance(node, ast.Constant) and type(node.value) is int and 1 < node.value <= 2048:
                    found.setdefault(node.value, len(found))
        options = [
            v for k, v in self.values.options().items() if type(v) is int and role_of(str(k)) in {"batch", "length"}
        ]
        return tuple(dict.fromkeys([*options, *found]))[:64]

    # --- learning from errors ------------------------------------------------------------------------------------

    def _taught(self, plan: Plan, error: Exception, arguments: dict[str, Any]) -> Plan | None:
        """Return the plan with what an error teaches, None where it teaches nothing."""
        message = str(error)
        missing = re.findall(r"'(\w+)'", message) if "required positional argument" in message else []
        missing = [name for name in missing if name not in dict(plan.given)]
        if missing and "__init__" in message:
            for name in missing:
                plan = plan.having(name, self._guess(name, None, plan))
            return plan
        if "unexpected keyword argument" in message:
            name = re.findall(r"'(\w+)'", message)[-1]
            return plan.having(name, None) if name in arguments and dict(plan.given).get(name, "") is not None else None
        if (other := resized(plan, message, self.sizes)) is not None:
            return other
        if isinstance(error, KeyError) and message == "'LSTM'":  # a table of layers under names in small letters
            names = [name for name, value in arguments.items() if value == "LSTM"]
            return plan.having(names[0], "lstm") if names else None
        if "np.ndarray" in message or "expected np" in message:
            return replace(plan, array=True) if not plan.array else None
        return self._less_inert(plan, arguments)

    def _less_inert(self, plan: Plan, arguments: dict[str, Any]) -> Plan | None:
        """An argument that stands in for anything, and does not fit, becomes a number."""
        settled = dict(plan.given)
        for name, value in arguments.items():
            if isinstance(value, Anything) and name not in settled:
                return plan.having(name, 7)
        return None


def lift_part(program: Program, sources: dict[str, str], name: str, known: dict[str, Any]) -> nn.Module:
    """Return a part of a model, built as a model is.

    Raises:
        Unliftable: it could not be built.
    """
    for file in program.files.values():
        if name in file.classes:
            found = file.classes[name]
            place = Place(file.name, found.statement.lineno)
            builder = _Builder(program, sources, Candidate(name, file.name, place), known)
            lifted = next(builder.all(), None)
            if lifted is None:
                raise Unliftable(builder.error)
            return lifted.model
    raise Unliftable(f"there is no class {name}")


def _literal(value: Any) -> ast.expr:
    try:
        return ast.parse(repr(value), mode="eval").body
    except SyntaxError:
        return ast.Constant(None)


def _told(value: Any) -> str:
    """Return a value in a few words."""
    if type(value).__module__ in {"torch", "numpy"} and hasattr(value, "shape"):
        return f"{type(value).__name__} {tuple(value.shape)}"
    text = (
        repr(value)
        if isinstance(value, int | float | str | bool | type(None) | list | tuple | dict)
        else type(value).__name__
    )
    return text if len(text) <= 200 else f"{text[:197]}..."
