"""Measures the way from a CSV file to token ids: `rnnlab.training.ids.prepare` beside torchtext's own.

Run it with `python tests/benchmarks/prepare.py [CSV] [--limit ROWS] [--pairs N]`; without a CSV it takes the file that
RNNLAB_DATA names. All 50,000 reviews take some two minutes a pair. Every run is a new process with nothing loaded; the two sides
alternate, ratios are medians over pairs, and torchtext against itself is the control. Peak memory is the proportional set size of
a side's processes together, looked at twenty times a second. The figures come last.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

SEED, VOCABULARY, BATCH = 123, 20_000, 128


# --- the two sides, each in a process of its own --------------------------------------------------------------------


def torchtexts(path: Path, out: Path) -> None:
    """TabularDataset with spaCy, the splits, build_vocab, and one pass of its iterators, which make the numbers."""
    started = time.perf_counter()
    import spacy
    import torch
    from torchtext import data

    csv.field_size_limit(10**9)
    english = spacy.blank("en")
    text = data.Field(tokenize=lambda s: [t.text for t in english.tokenizer(s)], include_lengths=True)
    label = data.LabelField(dtype=torch.long)
    dataset = data.TabularDataset(str(path), "csv", [("text", text), ("label", label)], skip_header=True)
    train, test = dataset.split([0.8, 0.2], random_state=random.seed(SEED))
    train, valid = train.split([0.85, 0.15], random_state=random.seed(SEED))
    text.build_vocab(train, max_size=VOCABULARY)
    label.build_vocab(train)
    loaders = data.BucketIterator.splits(
        (train, valid, test), batch_size=BATCH, sort_within_batch=True, sort_key=lambda example: len(example.text)
    )
    tokens = sum(int(batch.text[1].sum()) for loader in loaders for batch in loader)
    seconds = time.perf_counter() - started
    out.write_text(json.dumps({"seconds": seconds, "tokens": tokens}), encoding="utf-8")
    if os.environ.get("KEEP_IDS"):
        parts = {"words": np.array(text.vocab.itos, dtype=np.str_), "labels": np.array(label.vocab.itos, dtype=np.str_)}
        for name, part in (("train", train), ("valid", valid), ("test", test)):
            ids = [text.vocab.stoi.get(token, 0) for example in part for token in example.text]
            parts[f"{name} tokens"] = np.array(ids, np.int32)
            parts[f"{name} lengths"] = np.array([len(example.text) for example in part])
            parts[f"{name} labels"] = np.array([label.vocab.stoi[example.label] for example in part])
        np.savez(os.environ["KEEP_IDS"], **parts)


def ours(path: Path, out: Path) -> None:
    """The same reviews with the same splits and vocabulary, by `prepare`; cold or warm as the cache is."""
    started = time.perf_counter()
    from rnnlab.pipeline.settings import Settings
    from rnnlab.training.ids import prepare

    found = prepare(path, "review", "sentiment", settings=Settings(seed=SEED, vocabulary=VOCABULARY))
    tokens = sum(int(part.lengths.sum()) for part in (found.train, found.valid, found.test))
    seconds = time.perf_counter() - started
    out.write_text(json.dumps({"seconds": seconds, "tokens": tokens}), encoding="utf-8")
    if os.environ.get("KEEP_IDS"):
        parts = {"words": np.array(found.words, dtype=np.str_), "labels": np.array(found.labels, dtype=np.str_)}
        for name in ("train", "valid", "test"):
            part = getattr(found, name)
            parts |= {f"{name} tokens": np.array(part.tokens, np.int32), f"{name} lengths": part.lengths}
            parts[f"{name} labels"] = np.array(part.labels)
        np.savez(os.environ["KEEP_IDS"], **parts)


# --- measuring ------------------------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    found = [pid]
    for number in found:
        for task in Path(f"/proc/{number}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def memory_of(pid: int) -> float:
    """MiB that a process and its children hold, what they share counted once."""
    total = 0
    for number in family(pid):
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def processor_seconds() -> float:
    """What all processes that were started here, and those that they started, have computed so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(side: str, path: Path, cache: Path, keep: Path | None = None) -> dict[str, float]:
    """Run one side in a new process; return its seconds from the first import on, and the peak of its memory."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "figures.json")
        env = {**os.environ, "RNNLAB_CACHE": str(cache), "KEEP_IDS": "" if keep is None else str(keep)}
        peak, done = [0.0], threading.Event()
        before = processor_seconds()
        process = subprocess.Popen([sys.executable, __file__, "--side", side, str(path), str(out)], env=env)

        def look() -> None:
            while not done.wait(0.05):
                if not out.exists():
                    peak[0] = max(peak[0], memory_of(process.pid))

        looker = threading.Thread(target=look)
        looker.start()
        code = process.wait()
        done.set()
        looker.join()
        if code:
            sys.exit(f"{side} ended with exit code {code}")
        spent = processor_seconds() - before
        return {**json.loads(out.read_text(encoding="utf-8")), "memory": peak[0], "processor": spent}


def shortened(path: Path, limit: int | None, folder: Path) -> Path:
    """The file unpacked, as torchtext wants it, with its first rows or all."""
    plain = folder / "reviews.csv"
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as source, plain.open("wb") as target:
        shutil.copyfileobj(source, target)
    if limit is not None:
        import pandas as pd

        table = pd.read_csv(plain, dtype=str, na_filter=False).head(limit)
        table.to_csv(plain, index=False)
    return plain


def identical(path: Path, folder: Path) -> bool:
    """Whether both sides give the same words, labels, splits and ids."""
    for side in ("torchtexts", "ours"):
        run(side, path, folder / "identical", folder / f"{side}.npz")
    with np.load(folder / "torchtexts.npz") as one, np.load(folder / "ours.npz") as other:
        return all(np.array_equal(one[name], other[name]) for name in one.files)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("csv", nargs="?", type=Path, default=os.environ.get("RNNLAB_DATA"))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    if options.csv is None:
        sys.exit("give a CSV file, or name one with RNNLAB_DATA")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = shortened(Path(options.csv), options.limit, folder)
        same = identical(path, folder)
        pairs = []
        for n in range(options.pairs):
            cache = folder / f"cache {n}"
            theirs, cold = run("torchtexts", path, cache), run("ours", path, cache)
            again, warm = run("torchtexts", path, cache), run("ours", path, cache)
            pairs.append((theirs, cold, again, warm))
            print(
                f"pair {n + 1}: torchtext {theirs['seconds']:.1f} s, ours cold {cold['seconds']:.1f} s, "
                f"torchtext {again['seconds']:.1f} s, ours warm {warm['seconds']:.2f} s; "
                f"memory {theirs['memory']:.0f} and {cold['memory']:.0f} MiB"
            )
    cold = [one[0]["seconds"] / one[1]["seconds"] for one in pairs]
    warm = [one[2]["seconds"] / one[3]["seconds"] for one in pairs]
    control = [one[2]["seconds"] / one[0]["seconds"] for one in pairs]
    work = [one[0]["processor"] / one[1]["processor"] for one in pairs]
    memory = [one[1]["memory"] / one[0]["memory"] for one in pairs]
    off = max(abs(ratio - 1) for ratio in control)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"torchtext {version('torchtext')}, spaCy {version('spacy')}; {pairs[0][0]['tokens']:,} tokens"
    )
    print(f"control, torchtext against itself: {', '.join(f'{ratio:.2f}' for ratio in control)}")
    if off > 0.05:
        print(f"the control is off by {off:.0%}: other programs are at work, and a ratio may be off as much")
    print(f"peak memory: {statistics.median(memory):.2f} of torchtext's")
    print(f"processor time, which other programs disturb less: {statistics.median(work):.1f} x on all cores together")
    print(f"identical words, labels, splits and ids: {'yes' if same else 'NO'}")
    print(f"warm cache: {statistics.median(warm):.0f} x")
    print(f"cold: {statistics.median(cold):.1f} x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        {"torchtexts": torchtexts, "ours": ours}[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
