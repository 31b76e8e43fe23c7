"""Settings objects: what a program says of its options in argparse, in a class, a dict or a namespace."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any


class Settings(dict[str, Any]):
    """Options by name, as attributes and as items alike; what the source does not say is guessed by its name."""

    guesses = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __missing__(self, name: str) -> Any:
        from rnnlab.probing.lifting.meaning import meant

        value = meant(name, 7)
        self[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return an option, or the default."""
        return self[name] if name in self else default  # noqa: SIM401  (a dict's own get knows nothing of __missing__)


def option_name(call: ast.Call) -> str:
    """Return under which name `add_argument` keeps an option: `dest`, or its first long name."""
    for keyword in call.keywords:
        if keyword.arg == "dest" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    names = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    long = [name for name in names if name.startswith("--")] or [n for n in names if not n.startswith("-")] or names
    return long[0].lstrip("-").replace("-", "_") if long else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return an argument that is given by name."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def added_options(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every `add_argument` call, click's options and absl's flags among them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in {"add_argument", "option"} or node.func.attr.startswith("DEFINE_"):
            yield node
