"""A dry run touches no network: what a program would download is made up, and any other connection is refused in words."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import os
import shlex
import socket
import subprocess
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.response import addinfourl

from rnnlab.watching.bridges.imports import Imports, placed
from rnnlab.watching.bridges.telling import Teller
from rnnlab.watching.standins.files import Files, review_folders
from rnnlab.watching.standins.registry import flag, note_made_up
from rnnlab.watching.standins.tables import Layout, write_any, write_table, write_vectors

REFUSED = "a dry run touches no network"
_LOCAL = ("127.0.0.1", "::1", "localhost", "")
# Commands that people run from programs and notebooks to get data and packages.
_FETCHING = {
    "wget",
    "curl",
    "pip",
    "pip3",
    "git",
    "kaggle",
    "gdown",
    "unzip",
    "tar",
    "gunzip",
    "conda",
    "apt",
    "apt-get",
}
# AG_NEWS and the other datasets of its paper number their classes from 1.
_NEWS = Layout(("label", "title", "text"), header=False, kinds=(("title", "other"),), labels=(1, 2, 3, 4))


class Downloads:
    """Makes up what would be downloaded."""

    def __init__(self, files: Files) -> None:
        self.files, self.teller = files, files.teller

    def install(self, imports: Imports, undo: contextlib.ExitStack) -> None:
        """Stand in for the network while the stack is open."""
        undo.enter_context(placed(urllib.request, "urlretrieve", self._retrieve))
        undo.enter_context(placed(urllib.request, "urlopen", self._open))
        undo.enter_context(placed(socket.socket, "connect", self._connecting(socket.socket.connect)))
        undo.enter_context(placed(socket, "getaddrinfo", self._resolving(socket.getaddrinfo)))
        undo.enter_context(placed(os, "system", self._running(os.system, 0)))
        for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"):
            result: Any = {"run": None, "check_output": b"", "getoutput": "", "getstatusoutput": (0, "")}.get(name, 0)
            undo.enter_context(placed(subprocess, name, self._running(getattr(subprocess, name), result)))
        imports.after("requests", self._requests)

    # --- what a URL gives --------------------------------------------------------------------------------------------

    def fetch(self, url: Any, path: Any = None) -> Path:
        """Make up what stands at a URL and return where it is; with `path`, this path of the learner's leads there.

        Raises:
            urllib.error.URLError: nothing can be guessed about what stands there.
        """
        url = getattr(url, "full_url", url)
        name = os.path.basename(urllib.parse.urlparse(str(url)).path)  # noqa: PTH119
        ours = self.files.new_path(name or "page")
        if not self._write(ours, name, str(url)):
            self.teller.tell(f"the download of {url}", f"it was refused: {REFUSED}")
            raise urllib.error.URLError(f"{REFUSED}, and nothing can be made up for {url}: run the program for real")
        note_made_up(str(url))
        self.teller.tell(f"the download of {url}", "made-up data were used instead: a dry run touches no network")
        flag(ours)
        if path is not None:
            self.files.put(path, ours)
        return ours

    def _write(self, ours: Path, name: str, url: str) -> bool:
        """Write what a file of this name may hold; say whether anything could be guessed."""
        wanted = self.files.wanted
        if name.endswith((".tar.gz", ".tgz", ".tar")):
            with tarfile.open(ours, "w" if name.endswith(".tar") else "w:gz") as archive:
                content, inside = self._unpacked(name)
                archive.add(content, inside)
            return True
        if name.endswith(".zip"):
            return self._zip(ours, name)
        if "AG_NEWS" in url or "ag_news" in url:
            write_table(ours, _NEWS, wanted, Path(name).stem)
            return True
        if name.endswith(".gz"):
            plain = ours.with_suffix("")
            if write_any(plain, plain.name, wanted) is None:
                return False
            ours.write_bytes(gzip.compress(plain.read_bytes()))
            return True
        return Path(name).suffix != "" and write_any(ours, name, wanted) is not None

    def _unpacked(self, name: str) -> tuple[Path, str]:
        """Return a folder with what an archive may hold, and the folder's name in it."""
        times = self.files.wanted.min_freq
        if name.startswith(("aclImdb", "imdb")):
            return review_folders(self.files.new_path("aclImdb"), times), "aclImdb"
        stem = name.partition(".")[0]
        inside = stem if stem.endswith("_csv") else stem.removesuffix("_v1")
        folder = self.files.new_path(inside)
        folder.mkdir()
        for split in ("train", "test"):
            write_table(folder / f"{split}.csv", _NEWS, self.files.wanted, split)
        return folder, inside

    def _zip(self, ours: Path, name: str) -> bool:
        stem = Path(name).stem
        with zipfile.ZipFile(ours, "w") as archive:
            if "glove" in stem.lower():
                for dimensions in (50, 100, 200, 300):
                    inside = f"{stem}.{dimensions}d.txt"
                    archive.write(write_vectors(self.files.new_path(inside), dimensions), inside)
            elif stem == "SST-2":
                for split in ("train", "dev", "test"):
                    columns = ("index", "sentence") if split == "test" else ("sentence", "label")
                    layout = Layout(
                        columns, separator="\t", kinds=(("sentence", "text"), ("index", "number")), labels=(0, 1)
                    )
                    inside = self.files.new_path(f"{split}.tsv")
                    archive.write(write_table(inside, layout, self.files.wanted, split), f"SST-2/{split}.tsv")
            else:
                inside = self.files.new_path(f"{stem}.csv")
                if write_any(inside, inside.name, self.files.wanted) is None:
                    return False
                archive.write(inside, inside.name)
        return True

    # --- urllib ------------------------------------------------------------------------------------------------------

    def _retrieve(self, url: Any, filename: Any = None, *args: Any, **options: Any) -> tuple[str, Message]:
        ours = self.fetch(url, filename)
        return str(ours if filename is None else filename), Message()

    def _open(self, url: Any, *args: Any, **options: Any) -> addinfourl:
        content = self.fetch(url).read_bytes()
        return addinfourl(io.BytesIO(content), Message(), str(getattr(url, "full_url", url)), 200)

    # --- requests ----------------------------------------------------------------------------------------------------

    def _requests(self, requests: ModuleType, undo: contextlib.ExitStack) -> None:
        def request(session: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
            try:
                content = self.fetch(url).read_bytes()
            except urllib.error.URLError as error:
                raise requests.ConnectionError(str(error.reason)) from None
            response = requests.Response()
            response.status_code, response.url, response.encoding = 200, str(url), "utf-8"
            response.headers["Content-Length"] = str(len(content))
            response.raw = io.BytesIO(content)
            return response

        undo.enter_context(placed(requests.Session, "request", request))

    # --- everything else ---------------------------------------------------------------------------------------------

    def _connecting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def connect(connection: Any, address: Any, *args: Any) -> Any:
            if isinstance(address, tuple) and address and str(address[0]) not in _LOCAL:
                raise OSError(f"{REFUSED}: the connection to {address[0]} was refused")
            return original(connection, address, *args)

        return connect

    def _resolving(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else str(host or "")
            if name not in _LOCAL:
                raise OSError(f"{REFUSED}: {name} was not looked up")
            return original(host, *args, **options)

        return getaddrinfo

    def _running(self, original: Callable[..., Any], result: Any) -> Callable[..., Any]:
        """Skip shell commands that fetch something."""

        @functools.wraps(original)
        def run(command: Any, *args: Any, **options: Any) -> Any:
            words = _words(command)
            if not _fetches(words):
                return original(command, *args, **options)
            self.teller.tell(
                f"the command {' '.join(words)}", "it was not run: a dry run fetches nothing", kind="skipped"
            )
            return subprocess.CompletedProcess(command, 0, "", "") if original.__name__ == "run" else result

        return run


def _words(command: Any) -> list[str]:
    if isinstance(command, str):
        with contextlib.suppress(ValueError):
            return shlex.split(command)
        return command.split()
    return [str(word) for word in command] if isinstance(command, list | tuple) else []


def _fetches(words: list[str]) -> bool:
    names = [os.path.basename(word) for word in words[:3]]  # noqa: PTH119
    if not names:
        return False
    as_module = "-m" in names and bool({"pip", "spacy", "nltk.downloader"} & set(words[:4]))
    return names[0] in _FETCHING or as_module


def refuse_for(teller: Teller, what: str) -> None:
    """Tell that a download was left out."""
    teller.tell(what, f"nothing was downloaded: {REFUSED}")
