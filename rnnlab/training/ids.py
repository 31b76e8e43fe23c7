"""Reviews as numbers, made once: flat token ids with offsets, in one file that every later run maps into memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.pipeline.cache import cache_folder, written_whole
from rnnlab.pipeline.settings import LECTURE, Settings
from rnnlab.training.cutting import Cut, cutters

Show = Callable[[str, int, int | None], None]
_FORMAT = "rnnlab ids 1"  # raised whenever the same file would give other ids
_SPECIALS = ["<unk>", "<pad>"]
# Getting a worker ready costs a second: a smaller file, or fewer rows, are cut sooner in this process.
_WORTH_WORKERS_BYTES, _WORTH_WORKERS_ROWS = 3_000_000, 4_000
_NO_SPACY = "spaCy is not installed, and {} been cut with it before; install it with `pip install spacy`"


@dataclass(frozen=True)
class Reviews:
    """Many reviews in three arrays.

    `tokens` (all tokens, one review after another) are indices into the vocabulary, uint16 where it has at most 65,536 words
    and int32 otherwise. Review i is `tokens[offsets[i]:offsets[i + 1]]`, so `offsets` is (reviews + 1), and `labels` (reviews).
    """

    tokens: NDArray[Any]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each review, (reviews)."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Prepared:
    """The three splits, and what their numbers mean: words[i] is the token with index i, labels[j] the name of class j.

    `tokenizer` says how texts were cut (name, version, options); `key` is the same for the same numbers with the same meaning.
    """

    train: Reviews
    valid: Reviews
    test: Reviews
    words: list[str]
    labels: list[str]
    tokenizer: dict[str, Any]
    key: str


def prepare(
    csv: str | Path | None = None,
    text: str = "review",
    label: str = "sentiment",
    limit: int | None = None,
    settings: Settings = LECTURE,
    show: Show = lambda *_: None,
) -> Prepared:
    """Return reviews as ids, from the cache on disk where this very file was prepared before.

    Tokens, splits, vocabulary and the labels' order are those of the reference pipeline, that is of torchtext. spaCy is needed
    only where there is nothing in the cache; a damaged or half-written file there is noticed, and made again.

    Args:
        csv, text, label, limit: as of `pipeline.load.load`.
        settings: `seed` and `vocabulary`, `remove_breaks`, and `lower` of a RunSettings.
        show: called with ("tokenize", texts done, texts in all).

    Raises:
        LoadError: the reviews cannot be read.
        ValueError: a label does not occur in the training split.
        RuntimeError: spaCy is not installed, and nothing is in the cache.
        ChildProcessError: one of the processes that share the work has ended early.
    """
    lower = bool(getattr(settings, "lower", False))
    tokenizer = {
        "name": "spacy en",
        "version": _spacy_version(),
        "remove_breaks": settings.remove_breaks,
        "lower": lower,
    }
    folder, name = cache_folder("ids"), _name(csv, text, label, limit, settings, lower)
    # Without spaCy any version's ids are better than none.
    pattern = f"{name}-spacy-{tokenizer['version'] or '*'}.ids"
    for path in sorted(folder.glob(pattern), reverse=True):
        if (kept := _read(path)) is not None:
            show("tokenize", *[sum(map(len, (kept.train, kept.valid, kept.test)))] * 2)
            return kept
    if not tokenizer["version"]:
        raise RuntimeError(_NO_SPACY.format("these reviews have never"))
    cut, names = _cut_file(csv, text, label, limit, settings.remove_breaks, show)
    content = _numbered(cut, names, settings, tokenizer)
    digest = content.digest()
    # A full disk, or a folder that nobody may write to, costs only the cache.
    with contextlib.suppress(OSError):
        _write(content, digest, folder / pattern)
    return content.prepared(digest)


def cut(text: str, tokenizer: dict[str, Any]) -> list[str]:
    """Return the tokens of one text, cut as `Prepared.tokenizer` says.

    Raises:
        RuntimeError: spaCy is not installed.
    """
    from rnnlab.pipeline.tokenize import english, without_breaks

    text = text.rstrip("\n")
    try:
        tokens = english()(without_breaks(text) if tokenizer["remove_breaks"] else text)
    except ImportError:
        raise RuntimeError(_NO_SPACY.format("this text has not")) from None
    return [token.lower() for token in tokens] if tokenizer["lower"] else tokens


# --- from a file to numbers -------------------------------------------------------------------------------------------


def _cut_file(
    csv: str | Path | None, text: str, label: str, limit: int | None, remove_breaks: bool, show: Show
) -> tuple[Cut, list[str]]:
    """Read a file and cut its texts; return them and the name of each one's label."""
    many = csv is not None and _size(csv) > _WORTH_WORKERS_BYTES and (limit is None or limit > _WORTH_WORKERS_ROWS)
    with cutters(many) as cutting:
        # The workers import spaCy while this process reads the file.
        from rnnlab.pipeline.load import load
        from rnnlab.pipeline.tokenize import without_breaks

        table = load(csv, text, label, limit)
        names = list(table["sentiment"])
        # As torchtext's Field does, a newline at the end is left out.
        texts = [one.rstrip("\n") for one in table["review"]]
        del table
        return cutting.cut(map(without_breaks, _taken(texts)) if remove_breaks else _taken(texts), show), names


def _taken(texts: list[str]) -> Iterator[str]:
    """Yield texts and let go of each: they take more memory than all that is made of them."""
    texts.reverse()
    while texts:
        yield texts.pop()


def _numbered(cut: Cut, names: list[str], settings: Settings, tokenizer: dict[str, Any]) -> _Content:
    """Split the reviews, count words and labels in the training split, and turn all tokens into indices."""
    kept = np.flatnonzero(cut.lengths > 0)
    whole, test = _parted(kept, 0.8, settings.seed)
    train, valid = _parted(whole, 0.85, settings.seed)
    rows = np.concatenate([train, valid, test]).tolist()
    offsets = np.concatenate([[0], np.cumsum(cut.lengths[rows], dtype=np.int64)])
    ends = np.cumsum(cut.lengths, dtype=np.int64)
    tokens = cut.tokens()
    tokens = np.concatenate([tokens[ends[row] - cut.lengths[row] : ends[row]] for row in rows])

    spellings = [word.lower() for word in cut.words] if tokenizer["lower"] else cut.words
    counts = np.bincount(tokens[: offsets[len(train)]], minlength=len(spellings))
    words = _by_frequency(zip(spellings, counts.tolist(), strict=True), settings.vocabulary, _SPECIALS)
    index = {word: n for n, word in enumerate(words)}
    dtype = np.uint16 if len(words) <= 65_536 else np.int32
    tokens = np.fromiter((index.get(word, 0) for word in spellings), dtype, len(spellings))[tokens]

    labels = _by_frequency(((names[row], 1) for row in train), None, [])
    _check_labels(labels, names, rows)
    number = {name: n for n, name in enumerate(labels)}
    classes = np.fromiter((number[names[row]] for row in rows), np.int64, len(rows))
    head = {"words": words, "labels": labels, "tokenizer": tokenizer, "splits": [len(train), len(valid), len(test)]}
    return _Content(head, tokens, offsets, classes)


def _parted(rows: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split as torchtext's Dataset.split does from the state that random.seed(seed) sets."""
    shuffled = rows[random.Random(seed).sample(range(len(rows)), len(rows))]
    first = round(share * len(rows))
    return shuffled[:first], shuffled[first:]


def _by_frequency(counted: Iterable[tuple[str, int]], most: int | None, specials: list[str]) -> list[str]:
    """Order names as torchtext's Vocab does: the most frequent first, equally frequent ones by their spelling."""
    counts: dict[str, int] = {}
    for name, count in counted:
        counts[name] = counts.get(name, 0) + count
    found = (name for name, count in counts.items() if count and name not in specials)
    return specials + sorted(found, key=lambda name: (-counts[name], name))[:most]


def _check_labels(labels: list[str], names: list[str], rows: NDArray[np.int64]) -> None:
    if rare := sorted({names[row] for row in rows} - set(labels)):
        raise ValueError(
            f"The label '{rare[0]}' is so rare that no row of it is in the training "
            "split; drop its rows, add more of them, or take another --seed."
        )


# --- the cache --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Content:
    """What a file of the cache holds: what the numbers mean (`head`), and the three arrays of all splits together."""

    head: dict[str, Any]
    tokens: NDArray[Any]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    def digest(self) -> bytes:
        hashed = hashlib.sha256(json.dumps(self.head).encode())
        for part in (self.tokens, self.offsets, self.labels):
            hashed.update(f"{part.dtype.str} {part.shape}".encode())
            hashed.update(part.view(np.uint8).data)
        return hashed.digest()

    def prepared(self, digest: bytes) -> Prepared:
        """Return the splits as views of the arrays."""
        parts, first = [], 0
        for count in self.head["splits"]:
            offsets = self.offsets[first : first + count + 1]
            tokens = self.tokens[offsets[0] : offsets[-1]]
            parts.append(Reviews(tokens, offsets - offsets[0], self.labels[first : first + count]))
            first += count
        train, valid, test = parts
        head = self.head
        return Prepared(train, valid, test, head["words"], head["labels"], head["tokenizer"], digest.hex()[:32])


def _name(csv: str | Path | None, text: str, label: str, limit: int | None, settings: Settings, lower: bool) -> str:
    """The file's bytes, and all that decides what becomes of them, but for the tokenizer's version."""
    if csv is None:
        from rnnlab.pipeline.reviews import reviews

        source = hashlib.sha256(json.dumps(reviews()).encode()).hexdigest()
    else:
        try:
            with Path(csv).open("rb") as file:
                source = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            source = ""  # `load` will say what is the matter.
    options = [_FORMAT, source, text, label, limit, settings.remove_breaks, lower, settings.seed, settings.vocabulary]
    return hashlib.sha256(json.dumps(options).encode()).hexdigest()[:32]


def _write(content: _Content, digest: bytes, path: Path) -> None:
    first = [np.frombuffer(part, np.uint8) for part in (digest, json.dumps(content.head).encode())]
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        for part in (*first, content.tokens, content.offsets, content.labels):
            np.save(file, part, allow_pickle=False)


def _read(path: Path) -> Prepared | None:
    """Map a file of the cache into memory; return None where it is not there, not whole, or not what was written."""
    try:
        with path.open("rb") as file:
            digest, head, tokens, offsets, labels = (_mapped(file, path) for _ in range(5))
        content = _Content(json.loads(head.tobytes()), tokens, offsets, labels)
        found = content.digest()
        return content.prepared(found) if found == digest.tobytes() else None
    except (OSError, ValueError, EOFError, KeyError, TypeError, IndexError):
        return None


def _mapped(file: IO[bytes], path: Path) -> NDArray[Any]:
    """Map the array that is next in a file of several; who writes into it changes only his own memory."""
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    array = np.memmap(path, dtype, "c", file.tell(), shape)
    file.seek(array.nbytes, 1)
    return array.view(np.ndarray)


def _size(csv: str | Path) -> int:
    try:
        return Path(csv).stat().st_size
    except OSError:
        return 0


def _spacy_version() -> str:
    """Return the version of spaCy that is installed, or nothing."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spacy")
    except PackageNotFoundError:
        return ""
