"""The files of a program: a script, a notebook or a folder, each parsed, with what could not be read as gaps."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from rnnlab.facts import Gap, Place
from rnnlab.sources import Cell, NotebookError, read_notebook, read_source

_LEVELS_ABOVE = 2  # `python src/train.py` and `python -m src.train` are started above src
_MOST_FILES = 400
_LARGEST = 2_000_000  # bytes; a larger file is data
_DEEPEST = 400  # a tree that is nested deeper is no program that anybody wrote
_SKIPPED = {"site-packages", "node_modules", "__pycache__", "venv", ".venv", "env", ".git", ".ipynb_checkpoints"}
_FOLDERS_ABOVE = 2  # a script lies in src/ or in src/training/
_TESTS = ("test_", "conftest", "setup")


@dataclass
class Part:
    """One text of a file: the whole script, or one cell of a notebook."""

    file: str
    text: str
    tree: ast.Module
    cell: int | None = None

    @property
    def key(self) -> str:
        """Under which name a record keeps it."""
        return self.file if self.cell is None else f"{self.file}#{self.cell}"


@dataclass
class Source:
    """A file of the program: its parts in order, and what could not be read of it."""

    file: str
    parts: list[Part] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass
class Program:
    """All files of a program by module name, and the names of those that are entered."""

    name: str
    files: dict[str, Source] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    folder: Path | None = None


def from_path(path: str | Path) -> Program:
    """Read a script, a notebook or a folder; what cannot be read is a gap of its source."""
    path = Path(path)
    try:
        if path.is_dir():
            return _folder(path)
    except OSError as error:
        return Program(str(path), {"": Source(str(path), gaps=[_unreadable(str(path), error)])}, [""])
    name = path.stem
    return Program(str(path), {name: source_of(path)}, [name], path.parent)


def from_text(text: str, file: str) -> Program:
    """Parse one text; it is all there is of the program. A notebook's text is its JSON."""
    name = Path(file).stem
    if file.endswith(".ipynb"):
        return Program(file, {name: _notebook_text(text, file)}, [name])
    return Program(file, {name: _parsed(text, file)}, [name])


def source_of(path: Path) -> Source:
    """Read and parse one file."""
    file = str(path)
    try:
        if path.stat().st_size > _LARGEST:
            return Source(file, gaps=[Gap(place=Place(file, 1), what="file", why=f"{file} is too large to be read")])
        if path.suffix == ".ipynb":
            return _cells(file, read_notebook(path))
        return _parsed(read_source(path), file)
    except (OSError, NotebookError) as error:
        return Source(file, gaps=[_unreadable(file, error)])
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError, MemoryError) as error:
        return Source(file, gaps=[_no_python(file, error, "")])


def _notebook_text(text: str, file: str) -> Source:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "notebook.ipynb"
        try:
            place.write_text(text, encoding="utf-8", errors="replace")
            return _cells(file, read_notebook(place))
        except (OSError, NotebookError) as error:
            return Source(file, gaps=[_unreadable(file, error)])


def _cells(file: str, cells: list[Cell]) -> Source:
    found = Source(file)
    for cell in cells:
        one = _parsed(cell.code, file, cell.number, cell.text)
        found.parts.extend(one.parts)
        found.gaps.extend(one.gaps)
    return found


def _parsed(code: str, file: str, cell: int | None = None, shown: str | None = None) -> Source:
    found = Source(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
        if not is_flat_enough(tree):
            raise RecursionError("expressions are nested too deeply")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        found.gaps.append(_no_python(file, error, code, cell))
        return found
    found.parts.append(Part(file, code if shown is None else shown, tree, cell))
    return found


def is_flat_enough(tree: ast.AST) -> bool:
    """Say whether a tree can be walked by functions that call themselves."""
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return True
    return False


def _unreadable(file: str, error: Exception) -> Gap:
    why = getattr(error, "strerror", None) or str(error)
    return Gap(place=Place(file, 1), what="file", why=f"{file} cannot be read: {why}")


def _no_python(file: str, error: BaseException, code: str, cell: int | None = None) -> Gap:
    line = getattr(error, "lineno", None) or 1
    lines = code.splitlines()
    old = bool(0 < line <= len(lines) and lines[line - 1].lstrip().startswith("print "))
    why = "it is written in Python 2" if old else getattr(error, "msg", None) or str(error) or type(error).__name__
    where = f"{file}, cell {cell}" if cell is not None else file
    return Gap(place=Place(file, line, cell=cell), what="syntax", why=f"{where}, line {line} is not Python 3: {why}")


# --- folders -------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> Program:
    program = Program(str(path), folder=path)
    candidates = sorted(p for p in path.rglob("*") if p.suffix in {".py", ".ipynb"} and not _is_skipped(p, path))
    for one in candidates[:_MOST_FILES]:
        module = ".".join(one.relative_to(path).with_suffix("").parts)
        name = module if module not in program.files else f"{module}{one.suffix}"
        program.files[name.removesuffix(".__init__")] = source_of(one)
    imported = {name for source in program.files.values() for part in source.parts for name in _imports(part.tree)}
    ends = {name.rpartition(".")[2] for name in imported}
    entered = [name for name in program.files if name not in imported and name.rpartition(".")[2] not in ends]
    program.entries = [name for name in entered if not name.startswith(_TESTS)] or entered or list(program.files)
    return program


def _is_skipped(path: Path, folder: Path) -> bool:
    return bool(_SKIPPED.intersection(path.relative_to(folder).parts))


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names}
    return found


def find_module(program: Program, name: str, importer: str) -> str | None:
    """Return under which name the program has a module that one of its files imports, reading it if it lies there."""
    around = importer.rpartition(".")[0]
    for candidate in (f"{around}.{name}" if around else name, name):
        if candidate in program.files:
            return candidate
        if program.folder is not None and (path := _module_path(program.folder, candidate)) is not None:
            program.files[candidate] = source_of(path)
            return candidate
    if (path := _above(program, name)) is not None:
        program.files[name] = source_of(path)
        return name
    inner = [known for known in program.files if known.endswith(f".{name}")]
    if inner:
        return inner[0] if len(inner) == 1 else None
    return _from_above(program, name)


def _from_above(program: Program, name: str) -> str | None:
    """Look for a module of a package, such as `src.model`, as a program finds it that is started from above its folder."""
    if program.folder is None or "." not in name:
        return None
    for folder in program.folder.absolute().parents[:_LEVELS_ABOVE]:
        if (path := _module_path(folder, name)) is not None:
            program.files[name] = source_of(path)
            return name
    return None


def _above(program: Program, name: str) -> Path | None:
    """Return the file of `src.model`, or of `models.rnn`, where the program itself lies in `src/`, a folder of its project."""
    folder = program.folder.absolute() if program.folder is not None else None
    if folder is None or not ("." in name or _looks_around(program)):
        return None
    for _ in range(_FOLDERS_ABOVE):
        if folder == folder.parent:
            return None
        folder = folder.parent
        if (path := _module_path(folder, name)) is not None:
            return path
    return None


def _looks_around(program: Program) -> bool:
    """Say whether the program that is entered adds a folder to those that Python looks into for modules."""
    parts = [part for name in program.entries for part in program.files[name].parts]
    return any("sys.path" in part.text for part in parts)


def _module_path(folder: Path, name: str) -> Path | None:
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    base = folder.joinpath(*parts)
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        try:
            if path.is_file():
                return path
        except OSError:
            return None
    return None
