"""Cuts many texts into numbered tokens, on all cores: spaCy's very tokens, but each distinct piece of text is cut only once.

spaCy's tokenizer first splits a text at whitespace and cuts each piece alone. Only its special cases (":-)", "Mr.") are looked
for over the whole text afterwards, and may reach over a space, where they change nothing but may hide another one. Reviews in
which that can happen are cut whole.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.pipeline.tokenize import ENDED_EARLY, english_tokenizer, workers
from rnnlab.training.pieces import Steps

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

Show = Callable[[str, int, int | None], None]
Numbers = NDArray[np.int32]
_TEXTS = 500  # in one question to a worker
_LARGE = 65_535
_CHECKED = 10  # of the first pieces, one in this many is cut by spaCy too
# A space that follows a word belongs to it; other whitespace is a piece of its own.
_PIECES = re.compile(r"\S+|(?!(?<=\S) )\s+").findall


@dataclass(frozen=True)
class Cut:
    """Texts as numbers: `lengths` (texts) says how many tokens each has; words[n] is the token with number n."""

    parts: list[tuple[NDArray[np.uint16], Numbers]]
    lengths: Numbers
    words: list[str]

    def tokens(self) -> Numbers:
        """Return the numbers of all tokens, one text after another."""
        return np.concatenate([np.empty(0, np.int32), *(_wide(*part) for part in self.parts)])


def _narrow(tokens: Numbers) -> tuple[NDArray[np.uint16], Numbers]:
    """Keep numbers in half the memory: those of rare words, which are large, stand apart."""
    return np.minimum(tokens, _LARGE).astype(np.uint16), tokens[tokens >= _LARGE]


def _wide(most: NDArray[np.uint16], large: Numbers) -> Numbers:
    tokens = most.astype(np.int32)
    tokens[most == _LARGE] = large
    return tokens


class Cutters:
    """Cuts texts in child processes, or in this one where there are none."""

    def __init__(self, free: SimpleQueue[subprocess.Popen[bytes]] | None, count: int) -> None:
        self._free, self._count = free, count
        self._words = _Counting()
        self._numbers: dict[int, Numbers] = {}  # of each worker's words, by its process
        self._lock = threading.Lock()
        self._cutter: Cutter | None = None

    def cut(self, texts: Iterable[str], show: Show = lambda *_: None) -> Cut:
        """Return all texts as numbers; no text is held longer than it takes to cut it.

        Raises:
            ChildProcessError: one of the processes that share the work has ended early.
        """
        every = iter(texts)
        parts = list(iter(lambda: list(islice(every, _TEXTS)), []))
        total, done = sum(map(len, parts)), 0
        found: list[tuple[NDArray[np.uint16], Numbers]] = []
        lengths = [np.empty(0, np.int32)]
        with ThreadPoolExecutor(max(1, self._count)) as threads:
            answers = threads.map(self._asked, parts) if self._free is not None else map(self._cut_here, parts)
            del parts
            for tokens, sizes in answers:
                found.append(_narrow(tokens))
                lengths.append(sizes)
                done += len(sizes)
                show("tokenize", done, total)
        return Cut(found, np.concatenate(lengths), list(self._words))

    def _cut_here(self, texts: list[str]) -> tuple[Numbers, Numbers]:
        if self._cutter is None:
            self._cutter = Cutter(english_tokenizer(), self._words)
        return self._cutter.cut(texts)

    def _asked(self, texts: list[str]) -> tuple[Numbers, Numbers]:
        """Have a worker cut some texts, and turn its numbers into those of all workers."""
        assert self._free is not None
        worker = self._free.get()
        try:
            new, tokens, lengths = _answer(worker, texts)
        finally:
            self._free.put(worker)
        with self._lock:
            known = self._numbers.get(worker.pid, np.empty(0, np.int32))
            fresh = np.fromiter(map(self._words.__getitem__, new), np.int32, len(new))
            numbers = self._numbers[worker.pid] = np.concatenate([known, fresh])
        return numbers[tokens], lengths


@contextlib.contextmanager
def cutters(many: bool) -> Iterator[Cutters]:
    """Give cutters; for many texts a process per core, which gets ready while the caller does something else."""
    count = os.cpu_count() or 1
    if not many or count == 1:
        yield Cutters(None, 1)
        return
    with workers(count, __name__) as free:
        yield Cutters(free, count)


class _Counting(dict[str, int]):
    """Gives each new key the next number."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


class Cutter:
    """Cuts texts with one tokenizer, and remembers how each piece between two spaces was cut."""

    def __init__(self, tokenizer: Tokenizer, words: _Counting | None = None) -> None:
        self._tokenizer = tokenizer
        self.words = _Counting() if words is None else words
        self._pieces = _Counting()
        self._spellings: list[str] = []
        # The tokens of piece n are _tokens[_first[n] : _first[n] + _count[n]].
        self._tokens, self._first, self._count = (np.empty(0, np.int32) for _ in range(3))
        self._steps: Steps | None = Steps(tokenizer)
        self._reach = _Reach(self._steps.specials, self._cut_by_spacy)

    def cut(self, texts: list[str]) -> tuple[Numbers, Numbers]:
        """Return the numbers of all tokens of these texts, and how many each text has."""
        found, counts = array("i"), np.empty(len(texts), np.int64)
        for n, text in enumerate(texts):
            pieces = text.split()
            if " ".join(pieces) != text:
                pieces = _PIECES(text)
            counts[n] = len(pieces)
            found.extend(map(self._pieces.__getitem__, pieces))
        self._learn(list(islice(self._pieces, len(self._spellings), None)))
        pieces = np.frombuffer(found, np.int32) if found else np.empty(0, np.int32)
        sizes = self._count[pieces]
        ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        tokens = self._tokens[np.arange(ends[-1]) + np.repeat(self._first[pieces] - ends[:-1], sizes)]
        text_ends = np.cumsum(counts)
        lengths = np.diff(ends[np.concatenate([[0], text_ends])]).astype(np.int32)
        whole = self._reach.texts(pieces, text_ends, self._spellings)
        return (self._mended(texts, whole, tokens, lengths), lengths) if len(whole) else (tokens, lengths)

    def _learn(self, new: list[str]) -> None:
        """Cut pieces that were never seen before."""
        if self._steps is not None and not self._spellings and not self._steps_are_spacys(new[::_CHECKED]):
            self._steps = None
        cut = [self._cut_piece(piece) for piece in new]
        counts = np.fromiter(map(len, cut), np.int32, len(cut))
        tokens = np.fromiter((self.words[token] for one in cut for token in one), np.int32, int(counts.sum()))
        first = np.cumsum(counts, dtype=np.int32) - counts + len(self._tokens)
        self._first, self._count = np.concatenate([self._first, first]), np.concatenate([self._count, counts])
        self._tokens = np.concatenate([self._tokens, tokens])
        self._spellings += new
        self._reach.learn(new)

    def _cut_piece(self, piece: str) -> list[str]:
        tokens = self._steps.cut(piece) if self._steps is not None else None
        return self._cut_by_spacy(piece) if tokens is None else tokens

    def _cut_by_spacy(self, text: str) -> list[str]:
        return [token.text for token in self._tokenizer(text)]

    def _steps_are_spacys(self, pieces: list[str]) -> bool:
        """See whether our steps are those of the spaCy that is installed, which may be older or newer than the one we know."""
        return all(self._cut_piece(piece) == self._cut_by_spacy(piece) for piece in pieces)

    def _mended(self, texts: list[str], whole: NDArray[Any], tokens: Numbers, lengths: Numbers) -> Numbers:
        """Cut some texts whole after all; `lengths` is set right in place."""
        parts = np.split(tokens, np.cumsum(lengths)[:-1])
        for n in whole:
            parts[n] = np.array([self.words[token] for token in self._cut_by_spacy(texts[n])], np.int32)
            lengths[n] = len(parts[n])
        return np.concatenate(parts)


class _Reach:
    """Finds texts in which one of the tokenizer's special cases may reach over a space and hide another special case."""

    def __init__(self, specials: list[list[str]], cut: Callable[[str], list[str]]) -> None:
        self._cut = cut
        self._known: dict[tuple[int, int], bool] = {}
        # The ways to split a special case, by the characters before and after the split.
        self._splits: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for before, after in _places_for_a_space(specials):
            self._splits.setdefault((before[-1], after[0]), []).append((before, after))
        ends, starts = (sorted({pair[side] for pair in self._splits}) for side in (0, 1))
        self._ends, self._starts = ({char: n for n, char in enumerate(chars, 1)} for chars in (ends, starts))
        # Whether there is one between these two characters; number 0 stands for all others.
        self._split = np.zeros((len(ends) + 1, len(starts) + 1), bool)
        for end, start in self._splits:
            self._split[self._ends[end], self._starts[start]] = True
        self._end, self._start = np.empty(0, np.uint8), np.empty(0, np.uint8)

    def learn(self, new: list[str]) -> None:
        """Take in the spellings of new pieces."""
        end = np.fromiter((self._ends.get(piece[-1], 0) for piece in new), np.uint8, len(new))
        start = np.fromiter((self._starts.get(piece[0], 0) for piece in new), np.uint8, len(new))
        self._end, self._start = np.concatenate([self._end, end]), np.concatenate([self._start, start])

    def texts(self, pieces: Numbers, text_ends: NDArray[np.int64], spellings: list[str]) -> NDArray[np.int64]:
        """Return the indices of the texts that must be cut whole."""
        places = np.flatnonzero(self._split[self._end[pieces[:-1]], self._start[pieces[1:]]])
        places = places[~np.isin(places + 1, text_ends)]
        pairs = zip(pieces[places].tolist(), pieces[places + 1].tolist(), strict=True)
        reached = [n for n, pair in enumerate(pairs) if self._may_reach(pair, spellings)]
        return np.unique(np.searchsorted(text_ends, places[reached], side="right"))

    def _may_reach(self, pair: tuple[int, int], spellings: list[str]) -> bool:
        if pair not in self._known:
            self._known[pair] = self._hides(spellings[pair[0]], spellings[pair[1]])
        return self._known[pair]

    def _hides(self, left: str, right: str) -> bool:
        over = [
            after
            for before, after in self._splits.get((left[-1], right[0]), [])
            if left.endswith(before) and (right.startswith(after) or after.startswith(right))
        ]
        if any(after != right and after.startswith(right) for after in over):
            return True  # It may go on over the next space.
        return bool(over) and self._cut(f"{left} {right}") != self._cut(left) + self._cut(right)


def _places_for_a_space(specials: list[list[str]]) -> set[tuple[str, str]]:
    """Return the ways in which a special case can be split in two between its tokens."""
    return {("".join(one[:n]), "".join(one[n:])) for one in specials for n in range(1, len(one))}


# --- a worker ---------------------------------------------------------------------------------------------------------


def _answer(worker: subprocess.Popen[bytes], texts: list[str]) -> tuple[list[str], Numbers, Numbers]:
    """Ask a worker to cut texts: the words that are new to it, the numbers of all tokens, and the texts' lengths."""
    assert worker.stdin is not None and worker.stdout is not None
    # A worker that has ended breaks the pipe, or leaves an answer without its end.
    with contextlib.suppress(OSError):
        worker.stdin.write(json.dumps(texts).encode() + b"\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        if line.endswith(b"\n"):
            words, tokens = json.loads(line)
            content = worker.stdout.read(4 * (tokens + len(texts)))
            if len(content) == 4 * (tokens + len(texts)):
                numbers = np.frombuffer(content, np.int32)
                return words, numbers[:tokens], numbers[tokens:]
    raise ChildProcessError(ENDED_EARLY)


def _work(questions: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's whole life: a line of texts in, a line of new words and the numbers out."""
    cutter, told = Cutter(english_tokenizer()), 0
    gc.collect()
    gc.disable()  # All that is made from here on is kept, and looking through it again and again takes a tenth of the time.
    for line in questions:
        tokens, lengths = cutter.cut(json.loads(line))
        new = list(islice(cutter.words, told, None))
        told += len(new)
        answers.write(json.dumps([new, len(tokens)]).encode() + b"\n" + tokens.tobytes() + lengths.tobytes())
        answers.flush()


if __name__ == "__main__":
    # spaCy imports torch where it finds it, which takes longer than all else that a worker does first, and much memory.
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        _work(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        os._exit(1)  # Who asked has ended, and nobody wants a traceback of it.
