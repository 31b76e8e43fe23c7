"""The ordered story of a program: a header, its sources, and the facts that were seen, one after another.

On disk a record is JSON lines, appended and flushed as facts come, so that a killed program leaves a readable file; a last
line says that the story was told to its end. Beside it lies an index (see `rnnlab.index`), written when the record is closed
and made anew when it does not fit; facts are decoded when they are asked for, so a large record opens at once.
"""

from __future__ import annotations

import contextlib
import os
import platform
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from rnnlab import index as indexing
from rnnlab.facts import AnyFact, Fact, Place
from rnnlab.index import Index
from rnnlab.sources import key_of

SCHEMA = 2  # 1 had no last line
SUFFIX = ".rnnlab"
_BEGINNING = b'{"fact":"header"'
_SOURCE = b'{"fact":"source"'
_END = b'{"fact":"end"'
_TAIL = 2048  # so much of a file's end is compared with what its index was made for
_KEPT = 4096  # so many decoded facts stay in memory
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


class _End(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="end"):
    facts: int


_fact_decoder = msgspec.json.Decoder(AnyFact)
_line_decoder = msgspec.json.Decoder(indexing.Line)
_encoder = msgspec.json.Encoder()


def kind_of(kind: type[Fact]) -> str:
    """Return the tag of a fact class in the JSON form."""
    return str(kind.__struct_config__.tag)


class _Lines:
    """The facts of a file, decoded one by one when they are asked for; the last ones asked for are kept."""

    def __init__(self, path: Path, index: Index, trusted: bool) -> None:
        self.path, self.index, self.trusted = path, index, trusted
        self._decoded: dict[int, AnyFact] = {}
        self._file: BinaryIO | None = None
        self._end: Callable[[], object] = lambda: None

    def __len__(self) -> int:
        return len(self.index)

    def fact(self, n: int) -> AnyFact:
        fact = self._decoded.get(n)
        if fact is None:
            if len(self._decoded) >= _KEPT:
                del self._decoded[next(iter(self._decoded))]
            fact = self._decoded[n] = self._read(n)
        return fact

    def chosen(self, numbers: Iterator[int]) -> Iterator[AnyFact]:
        return (self._decoded.get(n) or self._read(n) for n in numbers)

    def _read(self, n: int) -> AnyFact:
        try:
            file = self._opened()
            file.seek(self.index.offsets[n])
            fact = _decode(file.readline(), self.path, n)
            if fact.n not in (n, -1):
                raise RecordError(f"{self.path}: fact {fact.n} stands where its index says {n}; remove the index")
        except OSError as error:
            raise RecordError(f"{self.path} cannot be read: {error.strerror or error}") from error
        except RecordError:
            if self.trusted:
                raise
            # The index beside the file does not belong to it after all: the lines know better.
            self.index, self.trusted = _read_lines(self.path)[2], True
            return self._read(n)
        return fact

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self.path.open("rb")
            self._end = weakref.finalize(self, self._file.close)
        return self._file

    def close(self) -> None:
        """Let the file go; it is opened again when a fact is asked for."""
        self._end()
        self._file = None

    def moved(self, index: Index) -> None:
        """The file was written anew: read it as its new index says."""
        self.close()
        self.index, self.trusted = index, True
        self._decoded.clear()

    def inside(self, n: int) -> int | None:
        inside = self.index.inside[n]
        return None if inside == indexing.NONE else inside

    def matching(self, length: int, kind: str, what: str | None, stage: str | None) -> Iterator[int]:
        """Return the numbers of the facts of a kind, with this name and stage if they are given."""
        index = self.index
        wished = [(index.kinds, index.code("kinds", kind))]
        wished += [(index.names, index.code("names", what))] if what is not None else []
        wished += [(index.stages, index.code("stages", stage))] if stage is not None else []
        if any(code is None for _, code in wished):
            return iter(())
        if len(wished) == 1:
            column, code = wished[0]
            return (n for n in range(length) if column[n] == code)
        return (n for n in range(length) if all(column[n] == code for column, code in wished))


class _Held:
    """The facts of a running program, held in memory."""

    def __init__(self) -> None:
        self.facts: list[Any] = []

    def __len__(self) -> int:
        return len(self.facts)

    def inside(self, n: int) -> int | None:
        return self.facts[n].inside

    def matching(self, length: int, kind: str, what: str | None, stage: str | None) -> Iterator[int]:
        return (
            n
            for n, fact in enumerate(self.facts[:length])
            if kind_of(type(fact)) == kind
            and (stage is None or fact.stage == stage)
            and (what is None or fact.what == what)
        )

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
        self._is_whole = True
        self._size = 0
        self._offsets: list[int] = []
        self._source_offsets: list[int] = []
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
            if isinstance(line, Fact):
                self._offsets.append(self._size)
            elif isinstance(line, SourceLine):
                self._source_offsets.append(self._size)
            self._size += len(encoded) + 1

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
        """End the file with a mark and write its index beside it; let go of a file that was read."""
        if isinstance(self._facts, _Lines):
            self._facts.close()
        if self._file is not None and self.path is not None:
            if self._is_whole:
                self._write(_End(facts=len(self._facts)))
            self._file.close()
            self._file = None
            index = self._indexed(self._offsets)
            index.size, index.sources = self._size, self._source_offsets
            _save_index(self.path, index)

    @property
    def is_complete(self) -> bool:
        """Whether the story was told to its end: False where the program was killed, or the file cut, before the record ended.

        A record in memory has no end to miss; one of the first schema, without a mark, is taken for complete if its last line
        is whole.
        """
        return self._is_whole if isinstance(self._facts, _Lines) else self._file is None

    def save(self, path: str | Path) -> Path:
        """Write the whole record to `path`, with its index, and return the path."""
        path = Path(path)
        if self._file is not None and self.path is not None and path.resolve() == self.path.resolve():
            self.close()
            return path
        # Under another name first: a loaded record reads its facts from the very file that it may be saved to.
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        copy = Record(self.header, temporary)
        copy._is_whole = self._is_whole  # what was cut stays cut
        for file, text in self.sources.items():
            copy.add_source(file, text)
        for fact in self:
            copy.add(fact)
        copy.close()
        own = isinstance(self._facts, _Lines) and self._facts.path.resolve() == path.resolve()
        if isinstance(self._facts, _Lines) and own:
            self._facts.close()
        temporary.replace(path)
        with contextlib.suppress(OSError):
            self._index_path(temporary).replace(self._index_path(path))
        if isinstance(self._facts, _Lines) and own:
            self._facts.moved(_read_lines(path)[2])
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
        numbers = self._facts.matching(len(self), kind_of(kind), what, stage)
        if inside is not None:
            numbers = (n for n in numbers if inside in self._around(self._facts.inside(n)))
        for fact in self._facts.chosen(numbers):
            chosen: Any = fact
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
        return self._around(fact.inside)

    def _around(self, inside: int | None) -> list[int]:
        around: list[int] = []
        while inside is not None and inside not in around:
            around.append(inside)
            inside = self._facts.inside(inside) if 0 <= inside < len(self) else None
        return around

    @property
    def index(self) -> Index:
        """The columns by which the facts can be walked without decoding them; read them, never write into them."""
        return self._facts.index if isinstance(self._facts, _Lines) else self._indexed()

    def _indexed(self, offsets: list[int] | None = None) -> Index:
        index = Index()
        for n, fact in enumerate(self._facts.chosen(iter(range(len(self._facts))))):
            index.add(indexing.told_by_fact(fact), offsets[n] if offsets else 0)
        return index.finish()

    def __repr__(self) -> str:
        return f"<Record of {self.header.program or 'a program'}: {len(self):,} facts; rnnlab.inspect(record) shows it>"

    def until(self, n: int) -> Record:
        """Return the story up to, and without, fact `n`: stepping back in time."""
        earlier = Record.__new__(Record)
        earlier.header, earlier.sources, earlier.path = self.header, self.sources, self.path
        earlier._facts, earlier._end, earlier._file = self._facts, max(0, min(n, len(self))), None
        earlier._is_whole = self._is_whole
        return earlier

    def text_of(self, place: Place) -> str:
        """Return the source that a place speaks of: a file's, or the cell's own in a notebook; "" where it is not known."""
        return self.sources.get(key_of(place), self.sources.get(place.file, ""))

    def line(self, place: Place) -> str:
        """Return the whole source line of a place, stripped, or an empty text where the source is not known."""
        lines = self.text_of(place).splitlines()
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
            header, sources, index, whole, trusted = _read(path)
        except OSError as error:
            raise RecordError(f"{path} cannot be read: {error.strerror or error}") from error
        if header.schema > SCHEMA:
            raise RecordError(
                f"{path} was written by a newer rnnlab (schema {header.schema}); update rnnlab to read it"
            )
        record = cls(header)
        record.sources, record.path, record._is_whole = sources, path, whole
        record._facts = _Lines(path, index, trusted)
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


def _read(path: Path) -> tuple[Header, dict[str, str], Index, bool, bool]:
    """Read the header, the sources, the index, whether the story is whole, and whether the index was made from the lines."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = _read_header(file, path)
        index = _saved_index(path, file, size)
        if index is not None:
            sources = {}
            for offset in index.sources:
                file.seek(offset)
                line = file.readline()
                if not line.startswith(_SOURCE):
                    break
                source = _decode_source(line, path)
                sources[source.file] = source.text
            else:
                return header, sources, index, True, False
    return *_read_lines(path), True


def _read_header(file: BinaryIO, path: Path) -> Header:
    first = file.readline()
    try:
        return msgspec.json.decode(first if first.startswith(_BEGINNING) else b"", type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} is not a record of rnnlab (its first line is not a header)") from error


def _read_lines(path: Path) -> tuple[Header, dict[str, str], Index, bool]:
    """Read the header and the sources, index every line, and say whether the story is whole."""
    sources: dict[str, str] = {}
    index = Index()
    with path.open("rb") as file:
        header = _read_header(file, path)
        whole = header.schema < 2
        position = file.tell()
        for line in file:
            # A line without its end was being written when the program was killed: everything before it stands.
            if not line.endswith(b"\n"):
                whole = False
                break
            if line.startswith(_SOURCE):
                source = _decode_source(line, path)
                sources[source.file] = source.text
                index.sources.append(position)
            elif line.startswith(_END):
                whole = True
            else:
                index.add(indexing.told_by_line(_peek(line, path, len(index))), position)
            position += len(line)
    index.size = position
    return header, sources, index.finish(), whole


def _decode_source(line: bytes, path: Path) -> SourceLine:
    try:
        return msgspec.json.decode(line, type=SourceLine)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: a source in it cannot be read ({error})") from error


def _peek(line: bytes, path: Path, n: int) -> indexing.Line:
    try:
        return _line_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: fact {n} cannot be read ({error}); record the program again") from error


def _saved_index(path: Path, file: BinaryIO, size: int) -> Index | None:
    """Return the index beside a record if it fits: by the size, the end of the file, and the count in its last line."""
    with contextlib.suppress(OSError):
        content = Record._index_path(path).read_bytes()
        index = indexing.decoded(content, size, tail := _tail(file, size))
        if index is not None and _count_in(tail) == len(index):
            return index
    return None


def _tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, size - _TAIL))
    return file.read(_TAIL)


def _count_in(tail: bytes) -> int | None:
    """Return the number of facts that the last line names; None where there is no such line."""
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(tail.rpartition(b"\n")[0].rpartition(b"\n")[2], type=_End).facts
    return None


def _save_index(path: Path, index: Index) -> None:
    # An index is a convenience: a folder that refuses it costs one pass at the next opening, nothing more.
    with contextlib.suppress(OSError):
        with path.open("rb") as file:
            tail = _tail(file, index.size)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            content = indexing.encoded(index, tail)
        except UnicodeEncodeError:  # a file name with half a character in it: on disk it was mended
            content = indexing.encoded(_read_lines(path)[2], tail)
        temporary.write_bytes(content)
        temporary.replace(Record._index_path(path))


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed, without importing them."""
    from importlib import metadata

    found = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
