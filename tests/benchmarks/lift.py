"""How many of the models in a corpus of programs can be lifted and probed: `python lift.py FOLDER...`, the share last."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rnnlab.facts import Gap, Probe
from rnnlab.jail import Jail
from rnnlab.probing.asking import MODULES, outermost, probe
from rnnlab.probing.lifting.candidates import candidates
from rnnlab.probing.lifting.program import Program
from rnnlab.sources import NotebookError, read_notebook, read_source


def programs(folder: Path) -> list[list[Path]]:
    """Return the programs of a folder: a script, a notebook, or a folder of files."""
    found: list[list[Path]] = []
    for path in sorted(folder.iterdir()):
        if path.suffix in {".py", ".ipynb"}:
            found.append([path])
        elif path.is_dir():
            inner = [p for p in sorted(path.rglob("*")) if p.suffix in {".py", ".ipynb"}]
            found.extend([inner] if inner else [])
    return found


def sources(files: list[Path]) -> dict[str, str]:
    """Return the sources of a program."""
    found: dict[str, str] = {}
    for path in files:
        try:
            if path.suffix == ".ipynb":
                found |= {f"{path}#{cell.number}": cell.code for cell in read_notebook(path)}
            else:
                found[str(path)] = read_source(path)
        except (NotebookError, OSError, SyntaxError, UnicodeDecodeError) as error:
            print(f"{path}: {error}")
    return found


def main(folders: list[str]) -> None:
    """Print what stopped models, and the share."""
    done = models = 0
    begin = time.monotonic()
    with Jail(MODULES) as jail:
        for files in (files for folder in folders for files in programs(Path(folder))):
            texts = sources(files)
            wanted = outermost(candidates(Program(texts)))
            facts = probe(texts, jail=jail)
            probed = [f for f in facts if isinstance(f, Probe) and f.what == "signature"]
            models, done = models + len(wanted), done + len(probed)
            name = files[0].parent.name if len(files) > 1 else files[0].name
            if not wanted:
                print(f"{name}: no model with a recurrent layer")
            for fact in facts:
                if isinstance(fact, Gap):
                    print(f"{name}: {fact.what}: {fact.why}")
    seconds = time.monotonic() - begin
    print(f"{done} of {models} models lifted and probed in {seconds:.0f} s: {100 * done / max(1, models):.1f} %")


if __name__ == "__main__":
    main(sys.argv[1:])
