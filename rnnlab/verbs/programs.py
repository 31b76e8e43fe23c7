"""Finds the programs in a folder: scripts and notebooks, with those left out that others of them import."""

from __future__ import annotations

import ast
import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rnnlab import sources

_NEVER = {
    "__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "wandb", "lightning_logs",
}  # fmt: skip
_KINDS = {".py", ".ipynb"}


class NothingToCheckError(ValueError):
    """There is no program where one was looked for; the message is one sentence that says so."""


def programs_in(path: Path, exclude: Sequence[str] = ()) -> list[Path]:
    """Return the programs at a path: the file itself, or those of a folder that no other file there imports.

    Args:
        exclude: patterns of paths below the folder that are left out.

    Raises:
        NothingToCheckError: there is no such path, or no program in it.
    """
    if not path.exists():
        raise NothingToCheckError(f"there is no {path}; give a program (.py), a notebook (.ipynb) or a folder of them")
    if not path.is_dir():
        if path.suffix.lower() not in _KINDS:
            raise NothingToCheckError(f"{path} is neither a program (.py), a notebook (.ipynb) nor a record of rnnlab")
        return [path]
    files = [one for one in _files(path) if not _is_excluded(one.relative_to(path), exclude)]
    if not files:
        raise NothingToCheckError(f"there is no program (.py) and no notebook (.ipynb) in {path}")
    imported = _imported(files)
    roots = [one for one in files if one not in imported]
    return roots or files  # files that import each other in a ring


def _files(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NEVER and not name.startswith("."))
        # A virtual environment under another name.
        folders[:] = [name for name in folders if not Path(here, name, "pyvenv.cfg").exists()]
        yield from (Path(here, name) for name in sorted(names) if Path(name).suffix.lower() in _KINDS)


def _is_excluded(path: Path, patterns: Iterable[str]) -> bool:
    parts = [path.as_posix(), *path.parts, *(parent.as_posix() for parent in path.parents)]
    return any(fnmatch.fnmatch(part, pattern.rstrip("/")) for pattern in patterns for part in parts)


def _imported(files: Sequence[Path]) -> set[Path]:
    """Return the files that another one imports, unless they are programs of their own as well."""
    by_module: dict[str, list[Path]] = {}
    for file in files:
        by_module.setdefault(file.parent.name if file.stem == "__init__" else file.stem, []).append(file)
    found: set[Path] = set()
    trees = {file: tree for file in files if file.suffix == ".py" and (tree := _tree(file)) is not None}
    for file, tree in trees.items():
        for name in _names(tree):
            found.update(one for one in by_module.get(name, ()) if one != file and _is_near(one, file))
    return {file for file in found if file in trees and not _is_program(trees[file])}


def _tree(file: Path) -> ast.Module | None:
    try:
        return ast.parse(sources.read_source(file))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _names(tree: ast.Module) -> Iterator[str]:
    """Return every part of the dotted names that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from (part for part in (node.module or "").split("."))
            yield from (alias.name for alias in node.names)


def _is_near(one: Path, other: Path) -> bool:
    """Say whether two files belong to one program: one lies in the other's folder or below it, or above it by two at most."""
    return (
        one.is_relative_to(other.parent)
        or other.parent.is_relative_to(one.parent)
        or one.parent.parent in other.parents
    )


def _is_program(tree: ast.Module) -> bool:
    """Say whether a file asks for its own name: `if __name__ == "__main__"` with a training in it runs by itself."""
    mains = [node for node in tree.body if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)]
    return any(len(node.body) > 1 or isinstance(node.body[0], ast.Expr) for node in mains)
