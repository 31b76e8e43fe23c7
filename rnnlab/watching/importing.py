"""The learner's own modules: which files a program is made of, and how they are imported so that they are seen as well."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from rnnlab import sources
from rnnlab.watching.flow import Flow
from rnnlab.watching.places import Places

_MOST = 200  # files


def own_texts(texts: list[str], folder: Path) -> list[str]:
    """Return the texts of a program and of the files in its folder that it imports, directly or through one another."""
    found, seen, waiting = list(texts), set[Path](), list(texts)
    while waiting and len(seen) < _MOST:
        for path in _imported(waiting.pop(), folder):
            if path not in seen:
                seen.add(path)
                with contextlib.suppress(OSError, SyntaxError, UnicodeDecodeError):
                    found.append(sources.read_source(path))
                    waiting.append(found[-1])
    return found


def _imported(text: str, folder: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            before = f"{node.module}." if node.module else ""
            names |= {node.module or "", *(before + alias.name for alias in node.names)}
    # A relative import may mean a file of any of the program's packages: the name is looked for in all of them.
    folders = [folder, *(package.parent for package in folder.glob("*/__init__.py"))]
    for name in filter(None, names):
        for base in folders:
            path = base.joinpath(*name.split("."))
            yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())


class OwnModules:
    """Imports the learner's own modules rewritten; enter it as a context.

    Compiled files on the disk are neither read nor made.
    """

    def __init__(self, flow: Flow, places: Places) -> None:
        self.flow, self.places = flow, places

    def __enter__(self) -> OwnModules:
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]  # a finder is whatever has find_spec
        return self

    def __exit__(self, *error: object) -> None:
        sys.meta_path.remove(self)  # type: ignore[arg-type]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what Python's own finder finds; a source file of the learner's gets our loader."""
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return None
        if self.places.kind(spec.origin) != "learner":
            return None
        spec.loader = _Loader(name, spec.origin, self.flow)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, flow: Flow) -> None:
        super().__init__(name, path)
        self._flow = flow

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def source_to_code(self, data: Any, path: Any, **options: Any) -> CodeType:  # type: ignore[override]
        return self._flow.compile(self.get_source(self.name) or "", str(path))
