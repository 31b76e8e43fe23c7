"""The folder that a job lives in: its working folder, its answer, and what it said."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# Nothing else of the caller's environment reaches a job: no token, no proxy, no home.
_KEPT = {
    "PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHASHSEED",
}  # fmt: skip


class Box:
    """A temporary folder with a working folder in it; removed by `close`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rnnlab-jail-"))
        self.work = self.folder / "work"
        self.work.mkdir()
        self.job, self.answer, self.said = (self.folder / name for name in ("job.json", "answer.json", "said.txt"))
        self.said.touch()

    def value(self) -> dict[str, Any] | None:
        """Return what the job answered; None where it did not come to that, or its answer was cut."""
        try:
            found = json.loads(self.answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def size(self) -> int:
        """Return the bytes of what was said and answered."""
        total = 0
        for path in (self.said, self.answer):
            with contextlib.suppress(OSError):
                total = max(total, path.stat().st_size)
        return total

    def text(self, most: int) -> str:
        """Return what the job printed, cut to this many bytes."""
        try:
            with self.said.open("rb") as file:
                return file.read(most).decode(errors="replace")
        except OSError:
            return ""

    def close(self) -> None:
        """Remove the folder and all that the job wrote into it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def environment(home: str | None = None) -> dict[str, str]:
    """Return the environment of a job: what Python needs to start, one thread, and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if name.upper() in _KEPT}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    own = {} if home is None else dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), home)
    return {**kept, **threads, **own, "PYTHONIOENCODING": "utf-8", "CUDA_VISIBLE_DEVICES": ""}
