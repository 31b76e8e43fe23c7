"""The IMDb reviews: from the Stanford archive to the `movie_data.csv` of the lecture (stage: load).

The archive is the Large Movie Review Dataset v1.0, https://ai.stanford.edu/~amaas/data/sentiment/ (see PAPER).
The row order is that of Raschka's book and of STAT 453: test before train, pos before neg, file names sorted as
strings, then shuffled with NumPy's old generator and seed 0. NumPy keeps that generator's stream fixed for good
(NEP 19), so everybody gets the same file, byte for byte.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from rnnlab.pipeline.cache import cache_folder, remove_unfinished, written_whole

if TYPE_CHECKING:
    import tarfile

    import requests

ARCHIVE_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
ARCHIVE_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
PAPER = (
    "Andrew L. Maas, Raymond E. Daly, Peter T. Pham, Dan Huang, Andrew Y. Ng, and Christopher Potts, "
    '"Learning Word Vectors for Sentiment Analysis", ACL 2011, https://aclanthology.org/P11-1015/'
)
CSV_NAME = "movie_data.csv"

# What is being done, how far it is, and how far it goes where that is known (bytes; rows for the last two).
Show = Callable[[str, int, int | None], None]
DOWNLOADING = "Downloading"
CHECKING = "Checking the MD5"
READING = "Reading the archive"
WRITING = "Writing the rows"
COMPLETE = "Already complete"

_FOLDERS = ("test/pos", "test/neg", "train/pos", "train/neg")
_MEMBER = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg))/([^/]+\.txt)")
_LARGEST_REVIEW = 1_000_000  # bytes; the longest real one has fewer than 14,000
_CHUNK = 1 << 16  # bytes
_TIMEOUT = (15, 60)  # seconds: to connect, and between two pieces of data
# A file size limit (EFBIG) and a quota (EDQUOT, not on Windows) are a full disk to the one who runs into them.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_LOCKED = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class ImdbError(Exception):
    """The data cannot be had; the message is one sentence with the next step."""


class _TransferError(Exception):
    """The network, and not this machine, ended the download; the message says how."""


def _silent(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


def csv_path() -> Path | None:
    """Return the finished data file: what RNNLAB_DATA names (.csv or .csv.gz), else the cache's, else None.

    Raises:
        ImdbError: RNNLAB_DATA is set and names no file; using another one instead would go unnoticed.
    """
    chosen = os.environ.get("RNNLAB_DATA")
    if chosen:
        path = Path(chosen).expanduser()
        if not path.is_file():
            raise ImdbError(
                f"RNNLAB_DATA names {path}, which is not a file; correct it or unset it."
            )
        return path
    path = cache_folder("imdb") / CSV_NAME
    return path if path.is_file() else None


def prepare(
    target: Path | None = None,
    *,
    archive: Path | None = None,
    url: str = ARCHIVE_URL,
    md5: str = ARCHIVE_MD5,
    rows: int = 50_000,
    show: Show = _silent,
) -> Path:
    """Write `movie_data.csv` (columns review, sentiment; 1 is positive) into `target` or the cache; return its path.

    The archive is downloaded into the cache, where an interrupted download goes on at the next call, or is the file
    `archive`, which is only read. A file that is already there and complete is left as it is, without a download.

    Raises:
        ImdbError: no network, no room, a wrong or damaged archive, or another call at work in the same cache.
    """
    home = cache_folder("imdb")
    csv = (home if target is None else Path(target)) / CSV_NAME
    try:
        with _alone(home):
            remove_unfinished(csv)
            if csv.exists():
                _check_rows(csv, rows)
                show(COMPLETE, rows, rows)
                return csv
            source = (
                _downloaded(home, url, md5, show)
                if archive is None
                else _given(Path(archive), url, md5, show)
            )
            _write(csv, _read(source, rows, show), show)
    except OSError as error:
        place = error.filename or csv.parent
        reason = error.strerror or error
        raise ImdbError(
            f"{place} cannot be used ({reason}); correct that or choose another folder."
        ) from error
    return csv


# One at a time ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second call out of the cache: both would append to one partial download.

    The lock belongs to the open file, so the system takes it back even from a killed process.
    """
    with contextlib.ExitStack() as stack:
        # A cache that cannot be written (and so cannot be locked) is no obstacle to `archive` and `target`.
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / "lock").open("ab"))
            if not _lock(file):
                raise ImdbError(
                    f"Another run is preparing the data in {folder}; run this one again when it has ended."
                )
        yield


def _lock(file: IO[bytes]) -> bool:
    """Say whether nobody else holds the lock, and take it; a file system without locks counts as free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _LOCKED
    return True


# Getting the archive ------------------------------------------------------------------------------------------------


def _given(archive: Path, url: str, md5: str, show: Show) -> Path:
    """Check the archive that the caller has; it is opened for reading only."""
    name, page = _name_and_page(url)
    if not archive.is_file():
        raise ImdbError(
            f"{archive} is not a file; get {name} from {page} and give its path with --archive FILE."
        )
    found = _md5(archive, show)
    if found != md5:
        raise ImdbError(
            f"{archive} has MD5 {found} and not {md5}; get {name} from {page} again."
        )
    return archive


def _downloaded(home: Path, url: str, md5: str, show: Show) -> Path:
    """Return the verified archive in the cache, downloading what is missing of it."""
    import pooch

    home.mkdir(parents=True, exist_ok=True)
    name = _name_and_page(url)[0]
    part = home / f"{name}.part"
    for left in home.glob("tmp????????"):  # pooch's temporary file, if a run was killed
        left.unlink(missing_ok=True)

    def download(url: str, output_file: str, _: object) -> None:
        _fill(part, url, show)
        found = _md5(part, show)
        if found != md5:
            part.unlink()
            raise ImdbError(
                f"The download of {url} has MD5 {found} and not {md5}, so it was removed; run the command again "
                f"to start anew, or get {name} elsewhere and pass it with --archive FILE."
            )
        _hand_over(part, Path(output_file))

    downloader: Any = download  # pooch's annotation names the parameters otherwise than its documentation does
    with _quiet(pooch.get_logger()):
        path = pooch.retrieve(
            url, known_hash=f"md5:{md5}", fname=name, path=home, downloader=downloader
        )
    part.unlink(missing_ok=True)
    return Path(path)


def _hand_over(part: Path, output: Path) -> None:
    """Give the download to pooch under pooch's name; ours stays until pooch is done, in case of an interruption."""
    output.unlink(missing_ok=True)
    try:
        os.link(part, output)
    except OSError:  # a file system without hard links
        part.replace(output)


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Leave the talking to `show`."""
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _md5(path: Path, show: Show) -> str:
    total, done = path.stat().st_size, 0
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            show(CHECKING, done, total)
    return digest.hexdigest()


def _name_and_page(url: str) -> tuple[str, str]:
    """Split an address into the file's name and the page that it lies on."""
    page, _, name = url.rpartition("/")
    return name, page + "/"


# The download -------------------------------------------------------------------------------------------------------


def _fill(part: Path, url: str, show: Show) -> None:
    """Complete `part`; a broken connection is taken up again for as long as every attempt brings something."""
    most = _size(part)
    while True:
        try:
            return _attempt(part, url, show)
        except _TransferError as error:
            size = _size(part)
            if size <= most:
                name, page = _name_and_page(url)
                raise ImdbError(
                    f"The download of {url} stopped at byte {size:,} because {error}; run the command again to go on "
                    f"from there, or get {name} from {page} with a browser and pass it with --archive FILE."
                ) from error
            most = size


def _attempt(part: Path, url: str, show: Show) -> None:
    """Ask once for what is missing, and add it to `part`."""
    have = _size(part)
    with _asked(url, have) as response:
        start, total = _offer(response, have)
        if start is not None:
            return _receive(response, part, start, total, show)
    if total == have:
        return None
    part.unlink()  # it does not fit what the server has: without it no range is asked for, so this ends
    return _attempt(part, url, show)


@contextlib.contextmanager
def _asked(url: str, have: int) -> Iterator[requests.Response]:
    """Open the answer to a request for everything from byte `have` on."""
    import requests

    headers = {"Accept-Encoding": "identity"} | (
        {"Range": f"bytes={have}-"} if have else {}
    )
    with requests.Session() as session:
        try:
            response = session.get(url, headers=headers, stream=True, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise _TransferError(_reason(error, url)) from error
        with response:
            yield response


def _reason(error: Exception, url: str) -> str:
    import requests

    host = urlsplit(url).hostname or url
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} was not accepted"
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return f"there is no connection to {host}"
    return f"the request was not possible ({error})"


def _offer(response: requests.Response, have: int) -> tuple[int | None, int | None]:
    """Return the byte at which the answer starts (None: nothing of use) and the size of the whole file, if known."""
    status, length = response.status_code, response.headers.get("Content-Length", "")
    if status == 200:  # everything: a first request, or a server that knows no ranges
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise _TransferError(
                "a web page came instead of the archive (the login page of a network, perhaps)"
            )
        return 0, int(length) if length.isdecimal() else None
    if have and status in (206, 416):
        span = re.match(
            r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)",
            response.headers.get("Content-Range", ""),
        )
        first, total = (
            int(number) if number else None
            for number in (span.groups() if span else (None, None))
        )
        if status == 206 and first == have:
            return have, total or (have + int(length) if length.isdecimal() else None)
        return None, total if status == 416 else None
    raise _TransferError(f"the server answered {status} {response.reason}".rstrip())


def _receive(
    response: requests.Response, part: Path, start: int, total: int | None, show: Show
) -> None:
    """Write the body of the answer to `part` from byte `start` on, and compare the size."""
    done = start
    show(DOWNLOADING, done, total)
    # Without a buffer of ours all that came is in the file when something goes wrong.
    with (
        _room(part.parent, lambda: total - _size(part) if total else 0, "the archive"),
        part.open("ab" if start else "wb", buffering=0) as file,
    ):
        for chunk in _chunks(response):
            _write_all(file, chunk)
            done += len(chunk)
            show(DOWNLOADING, done, total)
    if total is not None and done != total:
        raise _TransferError(
            f"the connection broke off ({done:,} of {total:,} bytes came)"
        )


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as it travels: servers that label a .tar.gz as gzip-encoded would have it unpacked otherwise."""
    import urllib3

    try:
        yield from response.raw.stream(_CHUNK, decode_content=False)
    except urllib3.exceptions.TimeoutError as error:
        raise _TransferError("no more data came in time") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _TransferError("the connection broke off") from error


def _write_all(file: IO[bytes], chunk: bytes) -> None:
    """Write every byte: an unbuffered write may take fewer on a disk that is nearly full."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


# Reading the archive ------------------------------------------------------------------------------------------------


def _read(archive: Path, rows: int, show: Show) -> dict[str, dict[str, str]]:
    """Return the reviews by folder and file name, in one pass and without unpacking anything onto the disk."""
    import gzip
    import tarfile
    import zlib

    texts: dict[str, dict[str, str]] = {folder: {} for folder in _FOLDERS}
    total = archive.stat().st_size
    try:
        with (
            archive.open("rb") as packed,
            gzip.GzipFile(fileobj=packed, mode="rb") as stream,
            tarfile.open(fileobj=stream, mode="r:") as tar,
        ):
            for number, member in enumerate(tar):
                if number % 500 == 0:
                    show(READING, packed.tell(), total)
                _take(tar, member, texts, archive)
            while stream.read(
                1 << 20
            ):  # gzip compares its checksum at the very end, behind the last member
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        _refuse(archive, f"is damaged ({error})", error)
    show(READING, total, total)
    _check_counts(archive, texts, rows)
    return texts


def _take(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    texts: dict[str, dict[str, str]],
    archive: Path,
) -> None:
    """Keep the text of a labelled review; links, folders, the unlabelled reviews and all else are passed over."""
    wanted = _MEMBER.fullmatch(member.name)
    if wanted is None or not member.isreg():
        return
    folder, name = wanted.groups()
    if name in texts[folder]:
        _refuse(archive, f"has {member.name} twice")
    if member.size > _LARGEST_REVIEW:
        _refuse(archive, f"has a review of {member.size:,} bytes ({member.name})")
    file = tar.extractfile(member)
    assert file is not None  # regular members have data
    with file:
        data = file.read()
    try:
        # Decoded as it is. The lecture's open(..., "r") would also turn \r\n into \n, but no review has either.
        texts[folder][name] = data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(archive, f"has a review that is not UTF-8 ({member.name})", error)


def _check_counts(archive: Path, texts: dict[str, dict[str, str]], rows: int) -> None:
    each = rows // len(_FOLDERS)
    if any(len(names) != each for names in texts.values()):
        found = ", ".join(f"{folder} {len(names):,}" for folder, names in texts.items())
        _refuse(
            archive, f"should hold {each:,} reviews in each folder and holds: {found}"
        )


def _refuse(archive: Path, finding: str, cause: Exception | None = None) -> NoReturn:
    raise ImdbError(
        f"{archive} {finding}; remove it and download the archive again."
    ) from cause


# Writing the rows ---------------------------------------------------------------------------------------------------


def _write(csv: Path, texts: dict[str, dict[str, str]], show: Show) -> None:
    """Put the finished file in place; it is built in memory first, so that the room it needs is known exactly."""
    pieces = list(_pieces(texts, show))
    csv.parent.mkdir(parents=True, exist_ok=True)
    size = sum(map(len, pieces))
    with (
        _room(csv.parent, lambda: size, CSV_NAME),
        written_whole(csv) as path,
        path.open("wb") as file,
    ):
        file.writelines(pieces)


def _pieces(texts: dict[str, dict[str, str]], show: Show) -> Iterator[bytes]:
    """Yield the file in pieces of some thousand rows, as `DataFrame.to_csv` writes it on Linux."""
    import numpy as np
    import pandas as pd

    listed = [
        (text, int(folder.endswith("pos")))
        for folder, named in texts.items()
        for _, text in sorted(named.items())
    ]
    order = np.random.RandomState(0).permutation(len(listed))
    frame = pd.DataFrame([listed[i] for i in order], columns=["review", "sentiment"])
    for start in range(0, len(frame), 5_000):
        piece = frame.iloc[start : start + 5_000]
        yield piece.to_csv(index=False, header=start == 0, lineterminator="\n").encode(
            "utf-8"
        )
        show(WRITING, start + len(piece), len(frame))


def _check_rows(csv: Path, rows: int) -> None:
    """Make sure that a file which is already there, and may be somebody else's, is the whole data set."""
    import pandas as pd

    try:
        labels = pd.read_csv(csv, usecols=["review", "sentiment"], encoding="utf-8")[
            "sentiment"
        ]
        found = f"{len(labels):,} rows"
        complete = len(labels) == rows and bool(labels.isin([0, 1]).all())
    except ValueError:  # no such columns, no table, no UTF-8
        found, complete = "something else", False
    if not complete:
        raise ImdbError(
            f"{csv} is already there and holds {found}, not {rows:,} reviews; move it away or choose another folder."
        )


@contextlib.contextmanager
def _room(folder: Path, need: Callable[[], int], what: str) -> Iterator[None]:
    """Turn a full disk into a sentence, before anything is written where it can be foreseen; `need` 0 is unknown."""
    if need() > shutil.disk_usage(folder).free:
        raise ImdbError(_full(folder, need(), what, "the disk is too full"))
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ImdbError(_full(folder, need(), what, str(error.strerror))) from error
        raise


def _full(folder: Path, need: int, what: str, reason: str) -> str:
    room = f"{need:,} more bytes are" if need > 0 else "more room is"
    return (
        f"There is no room for {what} ({reason}): {room} needed in {folder}; "
        "make room there or choose another folder, then run the command again."
    )
