"""The ordered story of a program: a header, its sources, and the facts that were seen, one after another.

On disk a record is JSON lines, appended and flushed as facts come, so that a killed program leaves a readable file. Beside
it lies an index (offsets and kinds of the lines), written when the record is closed and made anew when it does not fit;
facts are decoded when they are asked for, so a large record opens at once.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from rnnlab.facts import AnyFact, Fact, Place

SCHEMA = 1
SUFFIX = ".rnnlab"
_BEGINNING = b'{"fact":"header"'
F = TypeVar("F", bound=Fact)


class RecordError(Exception):
    """A record cannot be read; the message says which file, which line and what to do."""


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="header"):
    """What a record says of itself before the first fact."""

    schema: int = SCHEMA
    program: str = ""
    versions: dict[str, str] = {}
    seed: int | None = None
    device: str = "cpu"
    arguments: dict[str, Any] = {}
    full: bool = True
    stand_ins: tuple[str, ...] = ()
    limits: dict[str, float] = {}


class SourceLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="source"):
    """A source file that facts speak of."""

    file: str
    text: str


class Index(msgspec.Struct, frozen=True):
    """Where the facts' lines begin in a record of `size` bytes, and what kind and stage each has."""

    size: int
    offsets: list[int]
    kinds: list[str]
    stages: list[str | None]


class _Peek(msgspec.Struct):
    fact: str
    stage: str | None = None


_fact_decoder = msgspec.json.Decoder(AnyFact)
_peek_decoder = msgspec.json.Decoder(_Peek)
_encoder = msgspec.json.Encoder()


def kind_of(kind: type[Fact]) -> str:
    """Return the tag of a fact class in the JSON form."""
    return str(kind.__struct_config__.tag)


class _Lines:
    """The facts of a file, decoded one by one when they are asked for."""

    def __init__(self, path: Path, index: Index) -> None:
        self.path, self.index = path, index

    def __len__(self) -> int:
        return len(self.index.offsets)

    def kind(self, n: int) -> str:
        return self.index.kinds[n]

    def stage(self, n: int) -> str | None:
        return self.index.stages[n]

    def fact(self, n: int) -> AnyFact:
        with self.path.open("rb") as file:
            file.seek(self.index.offsets[n])
            return _decode(file.readline(), self.path, n)

    def chosen(self, numbers: Iterator[int]) -> Iterator[AnyFact]:
        with self.path.open("rb") as file:
            for n in numbers:
                file.seek(self.index.offsets[n])
                yield _decode(file.readline(), self.path, n)


class _Held:
    """The facts of a running program, held in memory."""

    def __init__(self) -> None:
        self.facts: list[Any] = []

    def __len__(self) -> int:
        return len(self.facts)

    def kind(self, n: int) -> str:
        return kind_of(type(self.facts[n]))

    def stage(self, n: int) -> str | None:
        return self.facts[n].stage

    def fact(self, n: int) -> AnyFact:
        return self.facts[n]

    def chosen(self, numbers: Iterator[int]) -> Iterator[AnyFact]:
        return (self.facts[n] for n in numbers)


def _decode(line: bytes, path: Path, n: int) -> AnyFact:
    try:
        return _fact_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: fact {n} cannot be read ({error}); record the program again") from error


class Record:
    """The story of one program. Make one with `Record(header)`, add facts, ask for them; `load` reads a saved one.

    Args:
        header: what the record says of itself.
        path: where every fact is appended as it comes; None keeps the record in memory alone.
    """

    def __init__(self, header: Header | None = None, path: str | Path | None = None) -> None:
        self.header = header or Header()
        self.sources: dict[str, str] = {}
        self._facts: _Held | _Lines = _Held()
        self._end: int | None = None
        self._file: BinaryIO | None = None
        self.path: Path | None = None
        if path is not None:
            self._begin(Path(path))

    def _begin(self, path: Path) -> None:
        self.path = path
        self._index_path(path).unlink(missing_ok=True)
        self._file = path.open("wb")
        self._write(self.header)

    def _write(self, line: msgspec.Struct) -> None:
        if self._file is not None:
            try:
                encoded = _encoder.encode(line)
            except UnicodeEncodeError:
                encoded = _encoder.encode(_mended(msgspec.to_builtins(line)))
            self._file.write(encoded + b"\n")
            self._file.flush()

    # --- telling -----------------------------------------------------------------------------------------------

    def add(self, fact: F) -> F:
        """Append a fact and return it with its serial number."""
        if not isinstance(self._facts, _Held) or self._end is not None:
            raise RecordError("a loaded record, or an earlier moment of one, is finished: nothing can be added to it")
        numbered = msgspec.structs.replace(fact, n=len(self._facts))
        self._facts.facts.append(numbered)
        self._write(numbered)
        return numbered

    def add_source(self, file: str, text: str) -> None:
        """Keep a source file's text, once."""
        if file not in self.sources:
            self.sources[file] = text
            self._write(SourceLine(file=file, text=text))

    def close(self) -> None:
        """End the file and write its index beside it; a record in memory needs no closing."""
        if self._file is not None and self.path is not None:
            self._file.close()
            self._file = None
            _save_index(self.path, _read_index(self.path)[2])

    def save(self, path: str | Path) -> Path:
        """Write the whole record to `path`, with its index, and return the path."""
        path = Path(path)
        if self._file is not None and self.path is not None and path.resolve() == self.path.resolve():
            self.close()
            return path
        # Under another name first: a loaded record reads its facts from the very file that it may be saved to.
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        copy = Record(self.header, temporary)
        for file, text in self.sources.items():
            copy.add_source(file, text)
        for fact in self:
            copy.add(fact)
        copy.close()
        temporary.replace(path)
        with contextlib.suppress(OSError):
            self._index_path(temporary).replace(self._index_path(path))
        return path

    # --- asking ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._facts) if self._end is None else min(self._end, len(self._facts))

    def __iter__(self) -> Iterator[AnyFact]:
        return self._facts.chosen(iter(range(len(self))))

    def fact(self, n: int) -> AnyFact:
        """Return the fact of serial number `n`."""
        if not 0 <= n < len(self):
            raise IndexError(f"the record has facts 0 to {len(self) - 1}, not {n}")
        return self._facts.fact(n)

    def ask(
        self,
        kind: type[F],
        *,
        what: str | None = None,
        stage: str | None = None,
        inside: int | None = None,
        where: Callable[[F], bool] | None = None,
    ) -> Iterator[F]:
        """Return the facts of one kind in order, narrowed by what they are, their stage, their enclosing fact or a test."""
        tag = kind_of(kind)
        numbers = (
            n
            for n in range(len(self))
            if self._facts.kind(n) == tag and (stage is None or self._facts.stage(n) == stage)
        )
        for fact in self._facts.chosen(numbers):
            chosen: Any = fact
            if what is not None and chosen.what != what:
                continue
            if inside is not None and inside not in self.enclosing(chosen):
                continue
            if where is None or where(chosen):
                yield chosen

    def first(self, kind: type[F], **narrowed: Any) -> F | None:
        """Return the first fact that `ask` would give, or None."""
        return next(self.ask(kind, **narrowed), None)

    def last(self, kind: type[F], **narrowed: Any) -> F | None:
        """Return the last fact that `ask` would give, or None."""
        found = None
        for found in self.ask(kind, **narrowed):  # noqa: B007
            pass
        return found

    def enclosing(self, fact: Fact) -> list[int]:
        """Return the numbers of the facts around a fact, from the innermost outwards."""
        around: list[int] = []
        inside = fact.inside
        while inside is not None and inside not in around:
            around.append(inside)
            inside = self.fact(inside).inside if 0 <= inside < len(self) else None
        return around

    def __repr__(self) -> str:
        return f"<Record of {self.header.program or 'a program'}: {len(self):,} facts; rnnlab.inspect(record) shows it>"

    def until(self, n: int) -> Record:
        """Return the story up to, and without, fact `n`: stepping back in time."""
        earlier = Record.__new__(Record)
        earlier.header, earlier.sources, earlier.path = self.header, self.sources, self.path
        earlier._facts, earlier._end, earlier._file = self._facts, max(0, min(n, len(self))), None
        return earlier

    def line(self, place: Place) -> str:
        """Return the whole source line of a place, stripped, or an empty text where the source is not known."""
        lines = self.sources.get(place.file, "").splitlines()
        return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""

    # --- reading -----------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | Path) -> Record:
        """Open a saved record; facts are decoded when asked for.

        Raises:
            RecordError: the file is missing, is no record, or was written by a newer rnnlab.
        """
        path = Path(path)
        try:
            header, sources, index = _read_index(path)
        except OSError as error:
            raise RecordError(f"{path} cannot be read: {error.strerror or error}") from error
        if header.schema > SCHEMA:
            raise RecordError(
                f"{path} was written by a newer rnnlab (schema {header.schema}); update rnnlab to read it"
            )
        record = cls(header)
        record.sources, record.path = sources, path
        record._facts = _Lines(path, index)
        return record

    @staticmethod
    def _index_path(path: Path) -> Path:
        return path.with_name(path.name + ".index")


def _mended(value: Any) -> Any:
    """Replace halves of characters (of a file name that is no UTF-8, say), which no file can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return {_mended(k): _mended(v) for k, v in value.items()} if isinstance(value, dict) else value


def is_record(path: str | Path) -> bool:
    """Say whether a file begins like a record."""
    with contextlib.suppress(OSError), Path(path).open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
    return False


def _read_index(path: Path, trust_index: bool = True) -> tuple[Header, dict[str, str], Index]:
    """Read the header, the sources and the index; the facts' kinds are looked up in the lines where no index fits them."""
    saved = _saved_index(path) if trust_index else None
    sources: dict[str, str] = {}
    offsets: list[int] = []
    kinds: list[str] = []
    stages: list[str | None] = []
    with path.open("rb") as file:
        first = file.readline()
        try:
            header = msgspec.json.decode(first if first.startswith(_BEGINNING) else b"", type=Header)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RecordError(f"{path} is not a record of rnnlab (its first line is not a header)") from error
        position = len(first)
        for line in file:
            # A line without its end was being written when the program was killed: everything before it stands.
            if not line.endswith(b"\n"):
                break
            if line.startswith(b'{"fact":"source"'):
                source = _decode_source(line, path)
                sources[source.file] = source.text
            else:
                if saved is None:
                    peek = _peek(line, path, len(offsets))
                    kinds.append(peek.fact)
                    stages.append(peek.stage)
                offsets.append(position)
            position += len(line)
    if saved is not None and saved.offsets != offsets:
        return _read_index(path, trust_index=False)
    return header, sources, saved or Index(path.stat().st_size, offsets, kinds, stages)


def _decode_source(line: bytes, path: Path) -> SourceLine:
    try:
        return msgspec.json.decode(line, type=SourceLine)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: a source in it cannot be read ({error})") from error


def _peek(line: bytes, path: Path, n: int) -> _Peek:
    try:
        return _peek_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: fact {n} cannot be read ({error}); record the program again") from error


def _saved_index(path: Path) -> Index | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        index = msgspec.json.decode(Record._index_path(path).read_bytes(), type=Index)
        if index.size == path.stat().st_size and len(index.offsets) == len(index.kinds) == len(index.stages):
            return index
    return None


def _save_index(path: Path, index: Index) -> None:
    # An index is a convenience: a folder that refuses it costs one pass at the next opening, nothing more.
    with contextlib.suppress(OSError):
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(_encoder.encode(index))
        temporary.replace(Record._index_path(path))


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, without importing them."""
    from importlib import metadata

    found = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
