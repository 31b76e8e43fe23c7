"""A small archive of the Stanford layout, and a server on this machine that sends it well or badly."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import re
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDERS = ("test/pos", "test/neg", "train/pos", "train/neg")
EACH = 10
NAME = "aclImdb_v1.tar.gz"


def reviews(each: int = EACH) -> dict[str, bytes]:
    """Return the members of a small archive: text that packs badly, so that the archive is about 400 kB."""
    source = random.Random(0)
    return {
        f"aclImdb/{folder}/{number}_{source.randint(1, 10)}.txt": source.randbytes(10_000).hex().encode()
        for folder in FOLDERS
        for number in range(each)
    }


def pack(members: dict[str, bytes], others: list[tarfile.TarInfo] | None = None) -> bytes:
    """Return a .tar.gz of regular files, and of members without data."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for other in others or []:
            tar.addfile(other)
    return packed.getvalue()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@dataclass
class Server:
    """What the server sends and how; and which `Range` each request had, and how many bytes it got."""

    data: bytes = field(repr=False)
    ranges: bool = True  # honour the Range header
    length: bool = True  # announce the size
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None  # answer with this instead
    statuses: list[int | None] = field(default_factory=list)  # the same, for the first requests
    cuts: list[int | None] = field(default_factory=list)  # close after so many bytes, for the first requests
    stall: threading.Event | None = None  # hold the connection open at the cut until this is set
    asked: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    port: int = 0

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}/data/"

    @property
    def url(self) -> str:
        return self.page + NAME

    def start_of(self, asked: str | None) -> int:
        span = re.fullmatch(r"bytes=(\d+)-", asked or "")
        return int(span[1]) if span and self.ranges else 0


@contextlib.contextmanager
def serving(data: bytes) -> Iterator[Server]:
    """Serve `data` under `Server.url` for as long as the block lasts."""
    server = Server(data)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = len(server.asked)
            asked = self.headers.get("Range")
            server.asked.append(asked)
            server.sent.append(0)
            status = server.statuses[number] if number < len(server.statuses) else server.status
            start = server.start_of(asked)
            size = len(server.data)
            if status:
                self.answer(status, {"Content-Length": "0"})
            elif start >= size:
                self.answer(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            else:
                partial = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
                announced = {"Content-Length": str(size - start)} if server.length else {}
                self.answer(206 if start else 200, announced | partial | server.headers)
                cut = server.cuts[number] if number < len(server.cuts) else None
                self.send(number, server.data[start:], cut)

        def answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def send(self, number: int, body: bytes, cut: int | None) -> None:
            with contextlib.suppress(ConnectionError):  # the other side may have been killed
                for start in range(0, len(body), 10_000):
                    piece = body[start : start + 10_000]
                    if cut is not None and start + len(piece) > cut:
                        if server.stall:
                            server.stall.wait(60)
                        return
                    self.wfile.write(piece)
                    server.sent[number] += len(piece)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def unused_port_url() -> str:
    """Return an address on this machine where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as http:
        port = http.server_address[1]
    return f"http://127.0.0.1:{port}/data/{NAME}"


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
