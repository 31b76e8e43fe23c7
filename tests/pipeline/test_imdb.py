"""The IMDb data: downloaded, resumed, verified, put in the lecture's order, and never left half done."""

from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imdb_server import EACH, FOLDERS, NAME, Server, md5, pack, reviews, serving, unused_port_url, write

from rnnlab.pipeline import imdb
from rnnlab.pipeline.cache import cache_folder, remove_unfinished, written_whole
from rnnlab.pipeline.imdb import ImdbError, csv_path, prepare

ROWS = EACH * len(FOLDERS)
MEMBERS = reviews()
DATA = pack(MEMBERS)
MD5 = md5(DATA)
REAL = os.environ.get("RNNLAB_DATA")  # before the fixture hides it

CHILD = """
import sys
from pathlib import Path
from rnnlab.pipeline.imdb import ImdbError, prepare
limit = int(sys.argv[4])
if limit:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    prepare(url=sys.argv[1], md5=sys.argv[2], rows=int(sys.argv[3]))
except ImdbError as error:
    print(error)
    sys.exit(2)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache of its own, no data file and no proxy."""
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("RNNLAB_DATA", raising=False)
    return tmp_path / "cache" / "imdb"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(DATA) as server:
        yield server


def prepared(server: Server, **more: Any) -> Path:
    return prepare(url=server.url, **({"md5": MD5, "rows": ROWS} | more))


def from_file(path: Path, data: bytes, **more: Any) -> Path:
    return prepare(archive=write(path, data), **({"md5": md5(data), "rows": ROWS} | more))


def expected_rows(members: dict[str, bytes] = MEMBERS) -> pd.DataFrame:
    """List the reviews and shuffle them in the very words of the book."""
    rows = [
        (members[name].decode("utf-8"), 1 if folder.endswith("pos") else 0)
        for folder in FOLDERS
        for name in sorted(members)
        if name.startswith(f"aclImdb/{folder}/")
    ]
    frame = pd.DataFrame(rows, columns=["review", "sentiment"])
    np.random.seed(0)
    return frame.reindex(np.random.permutation(frame.index))


def files(folder: Path) -> set[str]:
    """Name what lies in a folder, but for the lock, which is empty and stays."""
    return {path.name for path in folder.iterdir()} - {"lock"}


def child(server: Server, limit: int = 0) -> list[str]:
    return [sys.executable, "-c", CHILD, server.url, MD5, str(ROWS), str(limit)]


# A complete run -----------------------------------------------------------------------------------------------------


def test_the_file_has_the_rows_of_the_archive_in_the_order_of_the_book(server: Server, cache: Path):
    path = prepared(server)
    assert path == cache / "movie_data.csv"
    expected = expected_rows().to_csv(index=False, lineterminator="\n").encode("utf-8")
    assert path.read_bytes() == expected
    assert files(cache) == {NAME, "movie_data.csv"}


def test_the_order_is_that_of_the_seed_0_in_every_numpy():
    assert np.random.RandomState(0).permutation(12).tolist() == [6, 11, 4, 10, 2, 8, 1, 7, 9, 3, 0, 5]


def test_file_names_are_sorted_as_strings_and_not_as_numbers(tmp_path: Path):
    members = {f"aclImdb/{folder}/{n}_5.txt": f"{folder} {n}".encode() for folder in FOLDERS for n in (0, 1, 2, 10)}
    path = from_file(tmp_path / NAME, pack(members), rows=16)
    listed = pd.read_csv(path).iloc[np.argsort(np.random.RandomState(0).permutation(16))]["review"].tolist()
    assert listed[:4] == ["test/pos 0", "test/pos 10", "test/pos 1", "test/pos 2"]


def test_a_review_keeps_its_quotes_line_ends_and_letters(tmp_path: Path):
    text = 'He said "so", \r\nand\rleft\x85 \u2028 naïve 映画 \U0001f3ac '
    members = {f"aclImdb/{folder}/0_1.txt": text.encode("utf-8") for folder in FOLDERS}
    path = from_file(tmp_path / NAME, pack(members), rows=4)
    frame = pd.read_csv(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), lineterminator=None)
    assert frame["review"].tolist() == [text] * 4


def test_the_target_folder_gets_the_rows_and_the_cache_the_archive(server: Server, cache: Path, tmp_path: Path):
    path = prepared(server, target=tmp_path / "my data" / "imdb")
    assert path == tmp_path / "my data" / "imdb" / "movie_data.csv"
    assert files(path.parent) == {"movie_data.csv"}
    assert files(cache) == {NAME}


def test_a_second_run_does_nothing_and_says_so(server: Server):
    path = prepared(server)
    before, requests, shown = path.stat(), len(server.asked), []
    assert prepared(server, show=lambda *step: shown.append(step)) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert len(server.asked) == requests
    assert shown == [(imdb.COMPLETE, ROWS, ROWS)]


def test_a_verified_archive_is_not_downloaded_again(server: Server, tmp_path: Path):
    prepared(server)
    prepared(server, target=tmp_path / "elsewhere")
    assert len(server.asked) == 1


def test_a_damaged_archive_in_the_cache_is_downloaded_again(server: Server, cache: Path):
    write(cache / NAME, DATA[:-1])
    prepared(server)
    assert server.sent == [len(DATA)]
    assert (cache / NAME).read_bytes() == DATA


def test_progress_goes_through_the_four_steps_and_each_ends_at_its_total(server: Server):
    shown: list[tuple[str, int, int | None]] = []
    prepared(server, show=lambda *step: shown.append(step))
    last = {what: (done, total) for what, done, total in shown}
    size = len(DATA)
    assert list(last) == [imdb.DOWNLOADING, imdb.CHECKING, imdb.READING, imdb.WRITING]
    assert list(last.values()) == [(size, size), (size, size), (size, size), (ROWS, ROWS)]
    counted = [done for what, done, _ in shown if what == imdb.DOWNLOADING]
    assert counted == sorted(counted)


def test_a_file_of_somebody_else_under_the_same_name_is_refused_and_kept(server: Server, tmp_path: Path):
    path = write(tmp_path / "movie_data.csv", b"review,sentiment\nhalf,1\n")
    with pytest.raises(ImdbError, match=f"holds 1 rows, not {ROWS} reviews; move it away"):
        prepared(server, target=tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ImdbError, match="holds something else"):
        prepared(server, target=tmp_path)
    assert path.read_bytes() == b""
    assert server.asked == []


def test_importing_the_module_imports_none_of_the_large_libraries():
    code = (
        "import sys, rnnlab.pipeline.imdb as imdb; imdb.csv_path();"
        "print(sorted({'requests', 'pandas', 'numpy', 'pooch', 'torch', 'urllib3', 'tarfile'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# An interrupted run -------------------------------------------------------------------------------------------------


def test_a_connection_that_breaks_is_taken_up_again_within_the_run(server: Server):
    server.cuts = [200_000, 100_000]
    prepared(server)
    assert server.asked == [None, "bytes=200000-", "bytes=300000-"]
    assert sum(server.sent) == len(DATA)


def test_a_download_that_stopped_goes_on_where_it_was_in_the_next_run(server: Server, cache: Path):
    server.cuts, server.statuses = [200_000], [None, 503]
    with pytest.raises(ImdbError, match=r"stopped at byte 200,000 because the server answered 503"):
        prepared(server)
    assert (cache / f"{NAME}.part").read_bytes() == DATA[:200_000]
    assert files(cache) == {f"{NAME}.part"}
    prepared(server)
    assert server.asked == [None, "bytes=200000-", "bytes=200000-"]
    assert server.sent == [200_000, 0, len(DATA) - 200_000]
    assert files(cache) == {NAME, "movie_data.csv"}


def test_a_killed_process_leaves_a_part_that_the_next_run_completes(server: Server, cache: Path):
    part = cache / f"{NAME}.part"
    server.cuts, server.stall = [200_000], threading.Event()
    process = subprocess.Popen(child(server))
    try:
        wait_for(lambda: part.exists() and part.stat().st_size > 0, process)
    finally:
        process.kill()  # SIGKILL, or TerminateProcess on Windows
        process.wait()
        server.stall.set()
    kept = part.stat().st_size
    assert 0 < kept <= 200_000
    assert not (cache / "movie_data.csv").exists()
    prepared(server)
    assert server.asked == [None, f"bytes={kept}-"]
    assert server.sent[1] == len(DATA) - kept
    assert files(cache) == {NAME, "movie_data.csv"}


def wait_for(condition: Any, process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so; the limit only keeps a broken test from hanging."""
    limit = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the process ended by itself"
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_ctrl_c_in_each_step_leaves_nothing_half_done_and_the_next_run_completes(server: Server, cache: Path):
    def interrupt_in(step: str) -> Any:
        def show(what: str, done: int, total: int | None) -> None:
            if what == step and done:
                raise KeyboardInterrupt

        return show

    kept = []
    for step in (imdb.DOWNLOADING, imdb.CHECKING):
        with pytest.raises(KeyboardInterrupt):
            prepared(server, show=interrupt_in(step))
        assert files(cache) == {f"{NAME}.part"}
        kept.append((cache / f"{NAME}.part").stat().st_size)
    for step in (imdb.READING, imdb.WRITING):
        with pytest.raises(KeyboardInterrupt):
            prepared(server, show=interrupt_in(step))
        assert files(cache) == {NAME}
    prepared(server)
    assert 0 < kept[0] < kept[1] == len(DATA)
    assert server.asked == [None, f"bytes={kept[0]}-", f"bytes={kept[1]}-"]


def test_what_a_run_killed_later_leaves_is_cleared_and_its_download_is_not_sent_again(server: Server, cache: Path):
    write(cache / f"{NAME}.part", DATA)
    write(cache / "tmpabcd_123", DATA)  # pooch's name for it
    write(cache / ".unfinished-01234567-movie_data.csv", b"review,sentiment")
    prepared(server)
    assert server.asked == [f"bytes={len(DATA)}-"]
    assert server.sent == [0]
    assert files(cache) == {NAME, "movie_data.csv"}


def test_a_part_that_is_longer_than_the_file_is_given_up(server: Server, cache: Path):
    write(cache / f"{NAME}.part", DATA + b"and more")
    prepared(server)
    assert server.asked == [f"bytes={len(DATA) + 8}-", None]


def test_a_file_system_without_hard_links_will_do(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch):
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    prepared(server)
    assert files(cache) == {NAME, "movie_data.csv"}


def test_two_runs_at_a_time_do_not_write_to_one_download(server: Server):
    heard: list[str] = []

    def show(what: str, done: int, total: int | None) -> None:
        if not heard:
            with pytest.raises(ImdbError) as second:
                prepared(server)
            heard.append(str(second.value))

    prepared(server, show=show)
    assert "Another run is preparing the data" in heard[0]


# Servers ------------------------------------------------------------------------------------------------------------


def test_a_server_without_ranges_sends_everything_again(server: Server, cache: Path):
    server.ranges = False
    write(cache / f"{NAME}.part", DATA[:200_000])
    prepared(server)
    assert server.asked == ["bytes=200000-"]
    assert server.sent == [len(DATA)]


def test_a_server_without_ranges_that_always_breaks_off_ends_the_run(server: Server):
    server.ranges, server.cuts = False, [200_000] * 5
    with pytest.raises(ImdbError, match="because the connection broke off"):
        prepared(server)
    assert len(server.asked) == 2


def test_a_server_that_announces_no_size_will_do(server: Server):
    server.length = False
    prepared(server)


def test_a_server_that_calls_the_archive_gzip_encoded_does_not_get_it_unpacked(server: Server, cache: Path):
    server.headers = {"Content-Encoding": "x-gzip", "Content-Type": "application/x-tar"}
    prepared(server)
    assert (cache / NAME).read_bytes() == DATA


def test_a_web_page_instead_of_the_archive_does_not_cost_what_came_before(server: Server, cache: Path):
    server.ranges, server.headers = False, {"Content-Type": "text/html; charset=utf-8"}
    write(cache / f"{NAME}.part", DATA[:200_000])
    with pytest.raises(ImdbError, match="a web page came instead of the archive"):
        prepared(server)
    assert (cache / f"{NAME}.part").read_bytes() == DATA[:200_000]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_of_the_server_names_the_page_and_the_way_out(server: Server, cache: Path, status: int):
    server.status = status
    with pytest.raises(ImdbError) as caught:
        prepared(server)
    message = str(caught.value)
    assert f"the server answered {status} " in message
    assert f"get {NAME} from {server.page} with a browser and pass it with --archive FILE." in message
    assert "\n" not in message
    assert files(cache) == set()


def test_no_connection_is_a_sentence_with_the_way_out(cache: Path):
    with pytest.raises(ImdbError, match=r"there is no connection to 127\.0\.0\.1; .* --archive FILE\.$"):
        prepare(url=unused_port_url(), md5=MD5, rows=ROWS)
    assert files(cache) == set()


def test_a_name_that_cannot_be_resolved_is_no_connection(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(ImdbError, match=r"there is no connection to no-such-host\.invalid; run"):
        prepare(url=f"http://no-such-host.invalid/{NAME}", md5=MD5, rows=ROWS)


def test_a_server_that_falls_silent_is_a_sentence(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(imdb, "_TIMEOUT", (5, 0.2))
    server.cuts, server.stall = [200_000, 0], threading.Event()
    try:
        with pytest.raises(ImdbError, match="in time; run the command again to go on"):
            prepared(server)
    finally:
        server.stall.set()


def test_an_address_that_is_none_is_a_sentence():
    with pytest.raises(ImdbError, match="the request was not possible"):
        prepare(url="nowhere", md5=MD5, rows=ROWS)


def test_a_wrong_md5_removes_the_download_and_names_both(server: Server, cache: Path):
    wrong = "0" * 32
    with pytest.raises(ImdbError, match=f"has MD5 {MD5} and not {wrong}, so it was removed; run the command again"):
        prepared(server, md5=wrong)
    assert files(cache) == set()
    prepared(server)
    assert server.asked == [None, None]


# A full disk --------------------------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_downloaded(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imdb.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(ImdbError, match=rf"no room for the archive .*: {len(DATA):,} more bytes are needed in .*imdb;"):
        prepared(server)
    assert files(cache) == set()


def test_a_disk_that_fills_up_during_the_download_keeps_the_part(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    real = imdb._write_all

    def full(file: Any, chunk: bytes) -> None:
        if file.tell() > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(imdb, "_write_all", full)
        with pytest.raises(ImdbError, match=r"There is no room for the archive \(No space left on device\): "):
            prepared(server)
    kept = (cache / f"{NAME}.part").stat().st_size
    assert files(cache) == {f"{NAME}.part"}
    prepared(server)
    assert server.asked == [None, f"bytes={kept}-"]


def test_a_disk_that_fills_up_while_the_rows_are_written_leaves_no_rows(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    size = len(expected_rows().to_csv(index=False, lineterminator="\n"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ImdbError, match=rf"no room for movie_data\.csv .*: {size:,} more bytes are needed in "):
            prepared(server)
    assert files(cache) == {NAME}
    prepared(server)
    assert len(server.asked) == 1


def test_a_limit_of_the_operating_system_is_met_with_a_sentence_and_exit_code_2(server: Server, cache: Path):
    pytest.importorskip("resource", reason="file size limits are a matter of POSIX systems")
    ended = subprocess.run(child(server, limit=100_000), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "")
    assert f"{len(DATA) - 100_000:,} more bytes are needed in {cache}" in ended.stdout
    assert files(cache) == {f"{NAME}.part"}
    ended = subprocess.run(child(server, limit=len(DATA) + 1000), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "")
    assert "There is no room for movie_data.csv (File too large)" in ended.stdout
    assert files(cache) == {NAME}
    prepared(server)
    assert server.asked == [None, "bytes=100000-"]


def test_a_target_that_is_a_file_is_a_sentence(server: Server, tmp_path: Path):
    with pytest.raises(ImdbError, match=r"taken cannot be used \(.*\); correct that or choose another folder\."):
        prepared(server, target=write(tmp_path / "taken", b""))


# An archive that is already here ------------------------------------------------------------------------------------


def test_a_given_archive_needs_no_network_and_stays_as_it_is(tmp_path: Path, cache: Path):
    archive = write(tmp_path / "stick" / "whatever.tgz", DATA)
    before = archive.stat()
    path = prepare(archive=archive, url=unused_port_url(), md5=MD5, rows=ROWS)
    pd.testing.assert_frame_equal(pd.read_csv(path), expected_rows().reset_index(drop=True))
    after = archive.stat()
    assert (after.st_mtime_ns, after.st_ino, after.st_size) == (before.st_mtime_ns, before.st_ino, before.st_size)
    assert archive.read_bytes() == DATA
    assert files(archive.parent) == {"whatever.tgz"}
    assert files(cache) == {"movie_data.csv"}


def test_a_given_archive_that_is_not_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(ImdbError, match=r"nowhere\.tar\.gz is not a file; get aclImdb_v1\.tar\.gz from https://ai\."):
        prepare(archive=tmp_path / "nowhere.tar.gz")


def test_a_given_archive_of_another_kind_is_a_sentence_and_stays(tmp_path: Path):
    archive = write(tmp_path / "other.tar.gz", b"something else")
    with pytest.raises(ImdbError, match=f"has MD5 {md5(b'something else')} and not {imdb.ARCHIVE_MD5}; get "):
        prepare(archive=archive)
    assert archive.read_bytes() == b"something else"


@pytest.mark.parametrize(
    "data",
    [DATA[: len(DATA) // 2], DATA[:-4], DATA[:1000] + bytes(2000) + DATA[3000:], b"no gzip at all", b""],
    ids=["half of it", "no end", "a hole", "another format", "empty"],
)
def test_a_damaged_archive_is_a_sentence_and_no_rows(tmp_path: Path, cache: Path, data: bytes):
    with pytest.raises(ImdbError, match=r"(is damaged|should hold 10 reviews)(.|\n)*; remove it and download"):
        from_file(tmp_path / NAME, data)
    assert files(cache) == set()


def test_a_missing_folder_is_told_with_what_was_found(tmp_path: Path):
    members = {name: data for name, data in MEMBERS.items() if "train/neg" not in name}
    with pytest.raises(ImdbError, match=r"10 reviews in each folder and holds: .*train/pos 10, train/neg 0; remove it"):
        from_file(tmp_path / NAME, pack(members))


def test_reviews_without_a_label_and_other_files_are_passed_over(tmp_path: Path):
    others = {"aclImdb/train/unsup/0_0.txt": b"x", "aclImdb/README": b"x", "aclImdb/test/pos/x.feat": b"x"}
    path = from_file(tmp_path / NAME, pack(others | MEMBERS))
    assert len(pd.read_csv(path)) == ROWS


# Hostile archives ---------------------------------------------------------------------------------------------------


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def test_members_that_are_no_reviews_are_passed_over_and_nothing_is_unpacked(tmp_path: Path, cache: Path):
    outside = {
        "../evil.txt": b"x",
        "/evil.txt": b"x",
        "aclImdb/test/pos/../../../evil.txt": b"x",
        "/aclImdb/test/pos/evil.txt": b"x",
        "aclImdb/test/pos/evil.txt/": b"x",
        "aclImdb/test/pos/evil.txt\n": b"x",
    }
    links = [
        member("aclImdb/test/pos/link.txt", tarfile.SYMTYPE, "/etc/hosts"),
        member("aclImdb/test/pos/hard.txt", tarfile.LNKTYPE, "aclImdb/test/pos/0_1.txt"),
        member("aclImdb/test/pos/device.txt", tarfile.CHRTYPE),
        member("aclImdb/test/pos/pipe.txt", tarfile.FIFOTYPE),
        member("aclImdb/test/pos/folder.txt", tarfile.DIRTYPE),
    ]
    path = from_file(tmp_path / "in" / NAME, pack(outside | MEMBERS, links))
    pd.testing.assert_frame_equal(pd.read_csv(path), expected_rows().reset_index(drop=True))
    assert files(cache) == {"movie_data.csv"}
    assert sorted(path.name for path in tmp_path.rglob("*evil*")) == []


def test_a_huge_review_is_refused(tmp_path: Path):
    data = pack(MEMBERS | {"aclImdb/test/pos/99_1.txt": bytes(1_000_001)})
    with pytest.raises(ImdbError, match=r"has a review of 1,000,001 bytes \(aclImdb/test/pos/99_1\.txt\)"):
        from_file(tmp_path / NAME, data)


def test_a_review_that_comes_twice_is_refused(tmp_path: Path):
    name = next(iter(MEMBERS))
    with pytest.raises(ImdbError, match=f"has {name} twice"):
        from_file(tmp_path / NAME, pack(MEMBERS, [member(name, tarfile.REGTYPE)]))


def test_a_review_that_is_not_utf_8_is_refused(tmp_path: Path):
    name = next(iter(MEMBERS))
    with pytest.raises(ImdbError, match=rf"has a review that is not UTF-8 \({name}\)"):
        from_file(tmp_path / NAME, pack(MEMBERS | {name: b"caf\xe9"}))


# The finished file and the cache ------------------------------------------------------------------------------------


def test_there_is_no_data_file_before_there_is_one(server: Server, cache: Path):
    assert csv_path() is None
    assert not cache.exists()
    assert prepared(server) == csv_path() == cache / "movie_data.csv"


def test_the_variable_rnnlab_data_names_the_data_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RNNLAB_DATA", str(write(tmp_path / "mine.csv.gz", b"")))
    assert csv_path() == tmp_path / "mine.csv.gz"
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path / "gone.csv"))
    with pytest.raises(ImdbError, match=r"RNNLAB_DATA names .*gone\.csv, which is not a file; correct it or unset it"):
        csv_path()
    monkeypatch.setenv("RNNLAB_DATA", "")
    assert csv_path() is None


def test_the_cache_is_the_users_unless_the_variable_says_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert cache_folder("a", "b") == tmp_path / "cache" / "a" / "b"
    monkeypatch.delenv("RNNLAB_CACHE")
    assert cache_folder().name in {"rnnlab", "Cache"}
    assert cache_folder("imdb").is_absolute()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "new" / "numbers.npy"
    with written_whole(path) as unfinished:
        np.save(unfinished, np.arange(3))
        assert not path.exists()
    assert np.load(path).tolist() == [0, 1, 2]
    with pytest.raises(KeyboardInterrupt), written_whole(path) as unfinished:
        unfinished.write_bytes(b"half")
        raise KeyboardInterrupt
    with pytest.raises(FileNotFoundError), written_whole(path):
        pass
    assert np.load(path).tolist() == [0, 1, 2]
    assert files(path.parent) == {"numbers.npy"}


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path):
    path = tmp_path / "[odd] name*.csv" if os.name == "posix" else tmp_path / "[odd] name.csv"
    write(tmp_path / f".unfinished-01234567-{path.name}", b"half")
    write(tmp_path / ".unfinished-01234567-other.csv", b"half")
    remove_unfinished(path)
    assert files(tmp_path) == {".unfinished-01234567-other.csv"}


# The real data ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL, reason="RNNLAB_DATA does not name the real movie_data.csv")
def test_the_real_file_is_that_of_the_archive_in_the_order_of_the_book(tmp_path: Path):
    assert REAL is not None
    real = pd.read_csv(REAL, encoding="utf-8")
    listed = real.iloc[np.argsort(np.random.RandomState(0).permutation(50_000))]
    assert listed["sentiment"].tolist() == [1] * 12_500 + [0] * 12_500 + [1] * 12_500 + [0] * 12_500
    members = {
        f"aclImdb/{FOLDERS[row // 12_500]}/{row:05}_1.txt": review.encode("utf-8")
        for row, review in enumerate(listed["review"])
    }
    path = from_file(tmp_path / NAME, pack(members), rows=50_000)
    pd.testing.assert_frame_equal(pd.read_csv(path, encoding="utf-8"), real)
    assert path.read_bytes() == real.to_csv(index=False, lineterminator="\n").encode("utf-8")
