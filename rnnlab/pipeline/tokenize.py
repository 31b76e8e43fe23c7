"""Stage 2: cut reviews into tokens with spaCy's English rules, on all cores, and keep the tokens on disk.

`spacy.blank("en")` holds the tokenizer of the `en_core_web_sm` model, which the lecture uses, and needs no download.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from rnnlab.pipeline.cache import cache_folder

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

Show = Callable[[str, int, int | None], None]
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Starting a worker costs a second or two of importing spaCy: below this many characters one process is faster.
_WORTH_WORKERS = 6_000_000
_CHUNK = 500
ENDED_EARLY = (
    "A tokenizing process has ended early, perhaps for lack of memory; "
    "run the command again, or take fewer rows with --limit."
)


@cache
def english_tokenizer() -> Tokenizer:
    """Return spaCy's English tokenizer, without what spaCy works out about a word beside its text."""
    import spacy
    from spacy.tokenizer import Tokenizer
    from spacy.vocab import Vocab

    full: Any = spacy.blank("en").tokenizer
    return Tokenizer(
        Vocab(),
        full.rules,
        full.prefix_search,
        full.suffix_search,
        full.infix_finditer,
        full.token_match,
        full.url_match,
    )


@cache
def english() -> Callable[[str], list[str]]:
    """Return spaCy's English tokenizer as a function from a text to its tokens."""
    tokenizer = english_tokenizer()

    def tokens(text: str) -> list[str]:
        return [token.text for token in tokenizer(text)]

    return tokens


def without_breaks(text: str) -> str:
    """Return a text with each HTML line break replaced by a space."""
    return _BREAK.sub(" ", text)


def tokenize(
    texts: Iterable[str], remove_breaks: bool = False, show: Show = lambda *_: None
) -> list[list[str]]:
    """Return the spaCy tokens of each text, from the cache on disk where these very texts were cut before.

    Args:
        texts: the reviews. A newline at the end of one is left out, as torchtext's Field does.
        remove_breaks: replace `<br />` by a space first.
        show: called with ("tokenize", texts done, texts in all).

    Raises:
        ChildProcessError: one of the processes that share the work has ended early.
    """
    prepared = [text.rstrip("\n") for text in texts]
    if remove_breaks:
        prepared = [without_breaks(text) for text in prepared]
    folder = cache_folder("tokens", _key(prepared))
    kept = _read_cache(folder, len(prepared))
    if kept is None:
        kept = _cut(prepared, show)
        _write_cache(folder, kept)
    show("tokenize", len(prepared), len(prepared))
    return kept


def _cut(texts: list[str], show: Show) -> list[list[str]]:
    cores = os.cpu_count() or 1
    if cores > 1 and sum(map(len, texts)) > _WORTH_WORKERS:
        return _cut_on_all_cores(texts, cores, show)
    cut, found = english(), []
    for i, text in enumerate(texts):
        found.append(cut(text))
        if i % _CHUNK == 0:
            show("tokenize", i, len(texts))
    return found


# --- workers -------------------------------------------------------------------------------------------------------


def _cut_on_all_cores(texts: list[str], cores: int, show: Show) -> list[list[str]]:
    """Share the texts among child processes that read and write JSON lines (a child never runs the caller's script).

    Raises:
        ChildProcessError: a child has ended before its work was done.
    """
    chunks = [texts[i : i + _CHUNK] for i in range(0, len(texts), _CHUNK)]
    done = [0]
    lock = threading.Lock()
    with (
        workers(min(cores, len(chunks))) as free,
        ThreadPoolExecutor(cores) as threads,
    ):

        def cut(chunk: list[str]) -> list[list[str]]:
            worker = free.get()
            try:
                answer = _ask(worker, chunk)
            finally:
                free.put(worker)
            with lock:
                done[0] += len(chunk)
                show("tokenize", done[0], len(texts))
            return answer

        return [tokens for part in threads.map(cut, chunks) for tokens in part]


@contextlib.contextmanager
def workers(
    count: int, module: str = "rnnlab.pipeline.tokenize"
) -> Iterator[SimpleQueue[subprocess.Popen[bytes]]]:
    """Start child processes that run a module and answer what they are asked; they end with the block."""
    # -P: a file called random.py or json.py beside the reviews is no module of theirs.
    command = [sys.executable, "-P", "-m", module]
    started: list[subprocess.Popen[bytes]] = []
    free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
    try:
        for _ in range(count):
            started.append(_started(command))
            free.put(started[-1])
        yield free
    finally:
        for worker in started:
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            worker.kill()
            worker.wait()


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a worker that a Ctrl-C in the terminal does not reach: who started it ends it."""
    pipe = subprocess.PIPE
    if sys.platform == "win32":
        alone = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, creationflags=alone)
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)


def _ask(worker: subprocess.Popen[bytes], chunk: list[str]) -> list[list[str]]:
    answer = b""
    if worker.stdin is not None and worker.stdout is not None:
        # A worker that has ended breaks the pipe, or leaves an answer without its end.
        with contextlib.suppress(OSError):
            worker.stdin.write(json.dumps(chunk).encode() + b"\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
    if not answer.endswith(b"\n"):
        raise ChildProcessError(ENDED_EARLY)
    return json.loads(answer)


def _work(questions: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's whole life: a line of texts in, a line of tokens out."""
    cut = english()
    for line in questions:
        answers.write(
            json.dumps([cut(text) for text in json.loads(line)]).encode() + b"\n"
        )
        answers.flush()


# --- the cache -----------------------------------------------------------------------------------------------------


def _key(texts: list[str]) -> str:
    """The texts themselves, the tokenizer and its version decide which entry is theirs."""
    from importlib.metadata import version

    hashed = hashlib.sha256(f"spacy {version('spacy')} english 1".encode())
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "little"))
        hashed.update(encoded)
    return hashed.hexdigest()[:32]


def _write_cache(folder: Path, tokens: list[list[str]]) -> None:
    """Write flat arrays and their digest into a new folder, then put it in place whole; a full disk costs only the cache."""
    import numpy as np

    index: dict[str, int] = {}
    flat = np.fromiter(
        (index.setdefault(token, len(index)) for one in tokens for token in one),
        dtype=np.int32,
    )
    lengths = np.fromiter(
        (len(one) for one in tokens), dtype=np.int64, count=len(tokens)
    )
    temporary = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True, exist_ok=True)
        np.save(temporary / "tokens.npy", flat)
        np.save(temporary / "lengths.npy", lengths)
        (temporary / "words.json").write_text(json.dumps(list(index)), encoding="utf-8")
        (temporary / "digest").write_text(_digest(temporary), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)


def _read_cache(folder: Path, texts: int) -> list[list[str]] | None:
    """Return the tokens, or None where there are none or the entry is damaged."""
    import numpy as np

    try:
        if (folder / "digest").read_text(encoding="utf-8") != _digest(folder):
            return None
        words: list[str] = json.loads(
            (folder / "words.json").read_text(encoding="utf-8")
        )
        flat: list[int] = np.load(folder / "tokens.npy", allow_pickle=False).tolist()
        ends: list[int] = (
            np.load(folder / "lengths.npy", allow_pickle=False).cumsum().tolist()
        )
        spelled = [words[i] for i in flat]
    except (OSError, ValueError, EOFError, IndexError):
        return None
    if len(ends) != texts or (ends[-1] if ends else 0) != len(spelled):
        return None
    return [spelled[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for name in ("tokens.npy", "lengths.npy", "words.json"):
        hashed.update((folder / name).read_bytes())
    return hashed.hexdigest()


if __name__ == "__main__":
    stream: Any = sys
    try:
        _work(stream.stdin.buffer, stream.stdout.buffer)
    except BrokenPipeError:
        os._exit(1)  # Who asked has ended, and nobody wants a traceback of it.
