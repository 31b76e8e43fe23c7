"""A dry run's own files: what is missing is made up in a temporary folder, and what the program writes goes there too.

The learner's folders are only read. A path of theirs that has a stand-in leads to it: for `open`, and for the questions
whether it exists and what is in it.
"""

from __future__ import annotations

import builtins
import bz2
import contextlib
import functools
import gzip
import io
import lzma
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rnnlab.watching.bridges.imports import placed
from rnnlab.watching.bridges.telling import Teller
from rnnlab.watching.standins.columns import Wanted, wanted
from rnnlab.watching.standins.registry import flag, has_made_up, is_stand_in, note_made_up
from rnnlab.watching.standins.rows import reviews
from rnnlab.watching.standins.tables import is_vectors, write_any

_DATA = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".data", ".vec", ""}
_PACKED = {".gz", ".bz2", ".xz", ".zip"}
# The folder of the Movie Review Polarity Dataset: pos and neg, without train and test above them.
_POLARITY = "txt_sentoken"
# Libraries that open files on the learner's behalf; others look for files of their own, and find or miss them as ever.
_THROUGH = {
    "pandas", "torchtext", "pathlib", "codecs", "gzip", "bz2", "lzma", "zipfile", "tarfile", "json", "csv", "numpy", "torch",
    "pickle", "joblib", "glob", "os", "posixpath", "ntpath", "genericpath", "io", "shutil", "fileinput", "sklearn", "contextlib",
}  # fmt: skip


class Files:
    """The files of a dry run.

    Args:
        sources: the program's texts, which say what it wants of its data.
    """

    def __init__(self, teller: Teller, sources: Sequence[str]) -> None:
        self.teller, self._sources = teller, tuple(sources)
        self.wanted = wanted(self._sources)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._instead: dict[str, Path] = {}
        self._unpacked: dict[str, Path] = {}
        self._count = 0

    def install(self, undo: contextlib.ExitStack) -> None:
        """Lead the learner's paths to their stand-ins while the stack is open; the temporary folder goes with it."""
        undo.callback(self._remove)
        opened = self._opening(builtins.open)
        undo.enter_context(placed(builtins, "open", opened))
        undo.enter_context(placed(io, "open", opened))
        # It took Python's own function when it was imported.
        undo.enter_context(placed(bz2, "_builtin_open", opened))
        for owner in (tarfile.TarFile, zipfile.ZipFile):
            for name in ("extract", "extractall"):
                undo.enter_context(placed(owner, name, self._unpacking(name, getattr(owner, name))))
        for name in ("stat", "lstat", "listdir", "scandir", "remove", "unlink"):
            undo.enter_context(placed(os, name, self._leading(name, getattr(os, name))))

    def _remove(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = None
        self._instead.clear()

    # --- paths -------------------------------------------------------------------------------------------------------

    def new_path(self, name: str) -> Path:
        """Return a path of ours for a file or folder of this name; it is not there yet."""
        if self._folder is None:
            # Cleaned up on exit of the dry run, or of the process.
            self._folder = tempfile.TemporaryDirectory(prefix="rnnlab-dry-run-", ignore_cleanup_errors=True)
        self._count += 1
        folder = Path(self._folder.name) / str(self._count)
        folder.mkdir()
        return folder / (os.path.basename(name) or "file")  # noqa: PTH119

    def put(self, path: Any, ours: Path) -> Path:
        """Let a path of the learner's (a file or a folder) lead to one of ours."""
        self._instead[_absolute(path)] = ours
        return ours

    def leads_to(self, path: Any) -> Path | None:
        """Return what stands in for a path, by itself or through a folder above it; None for a path that is real."""
        if not self._instead or not isinstance(path, str | os.PathLike):
            return None
        inner = _absolute(path)
        below: list[str] = []
        while inner not in self._instead:
            inner, _, last = inner.rpartition(os.sep)
            if not inner:
                return None
            below.append(last)
        return self._instead[inner].joinpath(*reversed(below))

    def _is_ours(self, path: Any) -> bool:
        return self._folder is not None and _absolute(path).startswith(self._folder.name)

    def is_missing(self, path: Any) -> bool:
        """Say whether a path leads nowhere."""
        return isinstance(path, str | os.PathLike) and self.leads_to(path) is None and not os.path.lexists(path)

    def is_asked_by_learner(self, frame: FrameType | None) -> bool:
        """Say whether a file is asked for by the learner's own line, directly or through a library that reads data."""
        kind = self.teller.recorder.places.kind
        while frame is not None and kind(frame.f_code.co_filename) != "learner":
            name = str(frame.f_globals.get("__name__", ""))
            if name.partition(".")[0] not in _THROUGH and not name.startswith("rnnlab.watching"):
                return False
            frame = frame.f_back
        return frame is not None

    def wanted_here(self) -> Wanted:
        """Return what the program wants of the table that the learner's running line reads.

        Where the source does not say it of this one, what it says of all that it reads.
        """
        place = self.teller.recorder.where(sys._getframe(1))
        text = self.teller.text_around()
        if place is None or text not in self._sources:
            return self.wanted
        here = wanted(self._sources, (text, place.line))
        return here if here.columns else self.wanted

    # --- opening -----------------------------------------------------------------------------------------------------

    def _opening(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def open_(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            if isinstance(file, str | os.PathLike) and isinstance(mode, str):
                ours = self.leads_to(file)
                file = ours if ours is not None else self._opened(file, mode, sys._getframe(1))
            return original(file, mode, *args, **options)

        return open_

    def _opened(self, file: Any, mode: str, frame: FrameType) -> Any:
        """Return the path to open: made up where a data file is missing, ours where something is to be written."""
        writes = any(letter in mode for letter in "wax+")
        if self._is_ours(file):
            return file
        if not writes and (_suffixes(file)[0] not in _DATA or os.path.lexists(file)):
            return file
        if not self.is_asked_by_learner(frame):
            return file
        with self.teller.recorder.guarded():
            return self.kept_apart(file, mode) if writes else self.made_up(file) or file
        return file

    def kept_apart(self, path: Any, mode: str = "w") -> Any:
        """Return a path of ours to write to, so that a dry run overwrites nothing of the learner's."""
        if _absolute(path).startswith("/dev/"):
            return path
        known = self.leads_to(path)
        if known is not None:
            return known
        ours = self.new_path(os.fspath(path))
        if "w" not in mode and os.path.isfile(_absolute(path)):  # noqa: PTH113
            shutil.copyfile(_absolute(path), ours)
        self.put(path, ours)
        # What is written after data were made up may rest on them.
        if has_made_up():
            flag(ours)
        done = "it was written to a temporary folder: a dry run leaves your files as they are"
        self.teller.tell(f"writing {_name(path)}", done, once="writing")
        return ours

    def made_up(self, path: Any) -> Path | None:
        """Make up a data file that is not there; None where nothing can be guessed about it."""
        suffix, packing = _suffixes(path)
        name = os.fspath(path)
        ours = self.new_path(name)
        plain = ours.with_suffix("") if packing else ours
        if suffix not in _DATA or write_any(plain, plain.name if packing else name, self.wanted) is None:
            return None
        if packing:
            _pack(plain, ours, packing)
        what = "random word vectors" if is_vectors(name) else "made-up reviews"
        self.tell_rows(name, f"{what} were read instead")
        return self.put(path, flag(ours))

    def tell_rows(self, name: str, done: str) -> None:
        """Tell that a file is missing and that rows were made up."""
        note_made_up(name)
        if "://" in name:
            self.teller.tell(f"the file {name}", done, "it is downloaded when the program runs for real")
        else:
            self.teller.tell(f"the file {_name(name)}, which is not there", done, f"put the file at {name}")

    def _unpacking(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Unpack archives into a folder of ours; the learner's paths lead there."""

        @functools.wraps(original)
        def unpacked(archive: Any, *args: Any, **options: Any) -> Any:
            given = list(args)
            at = 1 if name == "extract" else 0
            target = options.pop("path", None) if len(given) <= at else given.pop(at)
            if self._is_ours(target or "."):
                return original(archive, *given[:at], target, *given[at:], **options)
            ours = self._unpacked.setdefault(_absolute(target or "."), self.new_path("unpacked"))
            ours.mkdir(exist_ok=True)
            source = getattr(archive, "name", None) or getattr(archive, "filename", None)
            result = original(archive, *given[:at], str(ours), *given[at:], **options)
            with self.teller.recorder.guarded():
                for top in ours.iterdir():
                    self.put(Path(target or ".") / top.name, flag(top) if source and is_stand_in(source) else top)
                done = "it was unpacked in a temporary folder: a dry run leaves your files as they are"
                self.teller.tell(f"unpacking {_name(source or 'an archive')}", done, once="unpacking")
            return result

        return unpacked

    # --- asking ------------------------------------------------------------------------------------------------------

    def _leading(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of `os` that takes a path first."""

        @functools.wraps(original)
        def asked(*args: Any, **options: Any) -> Any:
            if not args or not isinstance(args[0], str | os.PathLike):
                return original(*args, **options)
            ours = self.leads_to(args[0])
            if ours is None and name in {"listdir", "scandir"} and self._is_review_folder(args[0], sys._getframe(1)):
                ours = self.leads_to(args[0])
            return original(*args, **options) if ours is None else original(ours, *args[1:], **options)

        return asked

    def _is_review_folder(self, path: Any, frame: FrameType) -> bool:
        """Make up the folders of reviews (`aclImdb/train/pos/...`) that are listed but not there; say whether it was done."""
        whole = Path(_absolute(path))
        missing = [p for p in (*reversed(whole.parents), whole) if not os.path.lexists(p)]
        tops = [p for p in missing if p.name in {"train", "test", _POLARITY} or p.name.startswith("aclImdb")]
        if not tops or not self.is_asked_by_learner(frame):
            return False
        top = tops[0].parent if tops[0].name in {"train", "test"} else tops[0]
        with self.teller.recorder.guarded():
            if os.path.lexists(top):
                return False
            note_made_up(top.name)
            made = flag(review_folders(self.new_path(top.name), self.wanted.min_freq))
            self.put(top, made / "train" if top.name == _POLARITY else made)
            done = "a folder of made-up reviews was read instead, with pos and neg in it"
            self.teller.tell(f"the folder {top.name}, which is not there", done, "put the unpacked reviews there")
            return self.leads_to(path) is not None
        return False


def review_folders(top: Path, times: int = 1, each: int = 100) -> Path:
    """Write reviews as the Large Movie Review Dataset has them: one file each in `train/pos`, `train/neg`, `test/...`.

    Names are `0_9.txt`: number and stars.
    """
    for split in ("train", "test"):
        for number, review in enumerate(reviews(split, 2 * each, times)):
            folder = top / split / ("pos" if review.kind else "neg")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}_{9 if review.kind else 2}.txt").write_text(review.text, encoding="utf-8")
    return top


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fspath(path))  # noqa: PTH100 (links are not followed)


def _name(path: Any) -> str:
    return os.path.basename(os.fspath(path)) or os.fspath(path)  # noqa: PTH119


def _suffixes(path: Any) -> tuple[str, str]:
    """Return the suffix of a file and that of its packing: (".csv", ".gz")."""
    name = Path(os.fspath(path))
    packing = name.suffix.lower() if name.suffix.lower() in _PACKED else ""
    return (Path(name.stem).suffix if packing else name.suffix).lower(), packing


def _pack(plain: Path, packed: Path, packing: str) -> None:
    content = plain.read_bytes()
    if packing == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(plain.name, content)
    else:
        packed.write_bytes({".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[packing](content))
