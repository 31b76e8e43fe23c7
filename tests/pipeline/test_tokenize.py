"""Stage 2 cuts as spaCy does, whoever does the cutting, and the cache gives back the same tokens or none."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.pipeline import tokenize as module
from rnnlab.pipeline.reviews import reviews
from rnnlab.pipeline.tokenize import tokenize, without_breaks

ODD = [
    "",
    "   ",
    "\t\n ",
    "An emoji 😀 and a flag 🇫🇷, naïve café",
    "a NUL \0 inside",
    "w" * 20_000,
    "It ends with a newline\n",
    "two\nlines",
    "don't <br /><br />I can't... U.S.A. 5/10 :-)",
    "שלום 你好 नमस्ते",
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of its own for every test."""
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tokens"


@pytest.fixture(scope="module")
def spacy_itself():
    tokenizer = spacy.blank("en").tokenizer
    return lambda text: [token.text for token in tokenizer(text)]


@pytest.fixture
def no_spacy(monkeypatch):
    """From here on a text that is cut is a failure."""

    def forbid() -> None:
        def cutting():
            raise AssertionError("a text was cut again")

        monkeypatch.setattr(module, "english", cutting)
        monkeypatch.setattr(module, "_cut_on_all_cores", lambda *_: cutting())

    return forbid


@pytest.fixture
def two_workers(monkeypatch):
    """Any text is worth workers now; the chunks are small, so that each has several."""
    monkeypatch.setattr(module, "_WORTH_WORKERS", 0)
    monkeypatch.setattr(module, "_CHUNK", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The workers that were started."""
    found: list[subprocess.Popen] = []
    start = module._started

    def noted(command):
        found.append(start(command))
        return found[-1]

    monkeypatch.setattr(module, "_started", noted)
    return found


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


# --- tokens --------------------------------------------------------------------------------------------------------


def test_tokens_are_spacys_own_one_by_one(spacy_itself):
    texts = [text for text, _ in reviews()[:150]]
    assert tokenize(texts) == [spacy_itself(text) for text in texts]


def test_odd_texts_are_cut_as_spacy_cuts_them(spacy_itself, no_spacy):
    expected = [spacy_itself(text.rstrip("\n")) for text in ODD]
    assert tokenize(ODD) == expected
    no_spacy()
    assert tokenize(ODD) == expected


def test_a_newline_at_the_end_is_left_out_as_torchtexts_field_does():
    from torchtext.data import Field

    field = Field(tokenize=module.english())
    for text in ("one line\n", "two\nlines\n\n", "none"):
        assert tokenize([text]) == [field.preprocess(text)]


def test_no_texts_give_no_tokens(no_spacy):
    assert tokenize([]) == []
    no_spacy()
    assert tokenize([]) == []


def test_any_iterable_of_texts_will_do():
    assert tokenize(text for text in ("a b", "c")) == [["a", "b"], ["c"]]


@pytest.mark.parametrize("tag", ["<br />", "<br/>", "<br>", "<BR />", "<br  >"])
def test_a_break_becomes_a_space(tag):
    assert without_breaks(f"one{tag}{tag}two") == "one  two"
    assert tokenize([f"good.{tag}Bad"], remove_breaks=True) == [["good", ".", "Bad"]]


def test_other_tags_and_words_stay():
    assert without_breaks("<b>break</b> <broken> br") == "<b>break</b> <broken> br"


def test_breaks_stay_unless_it_is_asked_for():
    assert any("br" in token for token in tokenize(["one<br />two"])[0])


def test_progress_is_shown_up_to_the_last_text():
    shown = []
    tokenize(["a b"] * 1100, show=lambda *state: shown.append(state))
    assert [done for _, done, _ in shown] == [0, 500, 1000, 1100]
    assert {(what, total) for what, _, total in shown} == {("tokenize", 1100)}


# --- the cache -----------------------------------------------------------------------------------------------------


def test_the_same_texts_are_never_cut_twice(no_spacy):
    texts = [text for text, _ in reviews()[:30]]
    first = tokenize(texts)
    no_spacy()
    assert tokenize(texts) == first
    assert tokenize(f"{text}\n" for text in texts) == first


def test_other_texts_another_order_or_another_option_have_another_entry(cache):
    for texts, remove_breaks in [
        (["a b", "c<br />d"], False),
        (["a b", "c<br />d"], True),
        (["c<br />d", "a b"], False),
        (["a bc", "<br />d"], False),
        (["a b"], False),
    ]:
        before = entries(cache)
        assert tokenize(texts, remove_breaks) == [
            module.english()(without_breaks(text) if remove_breaks else text) for text in texts
        ]
        assert len(entries(cache)) == len(before) + 1


def test_another_version_of_spacy_has_another_entry(monkeypatch):
    before = module._key(["a"])
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    assert module._key(["a"]) != before


def spoil_missing(entry: Path) -> None:
    (entry / "words.json").unlink()


def spoil_half_written(entry: Path) -> None:
    path = entry / "tokens.npy"
    path.write_bytes(path.read_bytes()[:-5])


def spoil_one_bit(entry: Path) -> None:
    path = entry / "tokens.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def spoil_word(entry: Path) -> None:
    path = entry / "words.json"
    path.write_text(path.read_text("utf-8").replace("good", "evil"), encoding="utf-8")


def spoil_digest(entry: Path) -> None:
    (entry / "digest").write_bytes(b"\xff\xfe")


def spoil_empty(entry: Path) -> None:
    for path in entry.iterdir():
        path.write_bytes(b"")


def spoil_foreign(entry: Path) -> None:
    """A whole entry with a right digest, of tokens that cannot belong to the words."""
    np.save(entry / "tokens.npy", np.array([99, 0], dtype=np.int32))
    (entry / "digest").write_text(module._digest(entry), encoding="utf-8")


def spoil_lengths(entry: Path) -> None:
    np.save(entry / "lengths.npy", np.array([1, 1], dtype=np.int64))
    (entry / "digest").write_text(module._digest(entry), encoding="utf-8")


def spoil_count(entry: Path) -> None:
    np.save(entry / "lengths.npy", np.array([5], dtype=np.int64))
    (entry / "digest").write_text(module._digest(entry), encoding="utf-8")


def spoil_pickle(entry: Path) -> None:
    np.save(entry / "tokens.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (entry / "digest").write_text(module._digest(entry), encoding="utf-8")


@pytest.mark.parametrize("spoil", [spoil for name, spoil in list(globals().items()) if name.startswith("spoil_")])
def test_a_damaged_entry_is_noticed_and_made_again(cache, no_spacy, spoil):
    texts = ["a good film", "not bad"]
    right = tokenize(texts)
    (name,) = entries(cache)
    spoil(cache / name)
    assert tokenize(texts) == right
    no_spacy()
    assert tokenize(texts) == right, "the entry was not made again"
    assert entries(cache) == [name]


def test_an_unfinished_entry_of_a_killed_run_is_no_entry(cache):
    texts = ["a good film"]
    tokenize(texts)
    (name,) = entries(cache)
    (cache / name).rename(cache / f"{name}.4711.tmp")
    assert tokenize(texts) == [["a", "good", "film"]]
    assert name in entries(cache)


def test_an_entry_is_put_in_place_whole_or_not_at_all(cache, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert tokenize(["a b"]) == [["a", "b"]]
    assert entries(cache) == []


def test_a_cache_that_cannot_be_written_costs_only_the_cache(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, no folder"
    blocked.write_text("")
    monkeypatch.setenv("RNNLAB_CACHE", str(blocked))
    for _ in range(2):
        assert tokenize(["a b"]) == [["a", "b"]]
    assert blocked.read_text() == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(min_size=1, max_size=8), max_size=6), max_size=8))
def test_any_tokens_come_back_from_the_cache(tokens):
    with tempfile.TemporaryDirectory() as folder:
        entry = Path(folder, "tokens", "name")
        module._write_cache(entry, tokens)
        assert module._read_cache(entry, len(tokens)) == tokens
        assert module._read_cache(entry, len(tokens) + 1) is None


# --- workers -------------------------------------------------------------------------------------------------------


def test_workers_give_the_very_tokens_of_one_process_in_order(two_workers, started, spacy_itself, cache):
    texts = [*ODD, *(text for text, _ in reviews()[:60])]
    shown = []
    assert tokenize(texts, show=lambda *state: shown.append(state)) == [spacy_itself(t.rstrip("\n")) for t in texts]
    assert len(started) == 2
    assert [done for _, done, _ in shown] == [*range(7, 71, 7), 70], "progress goes up, chunk by chunk"
    assert {total for *_, total in shown} == {70}
    assert all(worker.returncode is not None for worker in started), "a worker stayed behind"
    shutil.rmtree(cache)


def test_few_characters_are_not_worth_a_worker(started):
    tokenize(["a b"] * 50)
    assert started == []


def test_a_single_core_starts_no_worker(two_workers, started, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert tokenize(["a b"]) == [["a", "b"]]
    assert started == []


def test_a_file_beside_the_reviews_is_no_module_of_a_workers(two_workers, tmp_path, monkeypatch):
    for name in ("json.py", "random.py", "spacy.py", "tokenize.py"):
        (tmp_path / name).write_text("raise RuntimeError('a file of the learner was imported')")
    monkeypatch.chdir(tmp_path)
    assert tokenize(["a b"] * 20) == [["a", "b"]] * 20


def test_a_killed_worker_is_reported_and_the_others_end(two_workers, started):
    def show(_what, _done, _total):
        started[0].kill()

    threads = threading.active_count()
    with pytest.raises(ChildProcessError, match="has ended early, perhaps for lack of memory; run the command again"):
        tokenize(["some words"] * 400, show=show)
    assert all(worker.poll() is not None for worker in started)
    assert threading.active_count() == threads


def test_a_worker_that_cannot_start_leaves_none_behind(two_workers, started, monkeypatch):
    start = module._started

    def fails_the_second_time(command):
        if started:
            raise OSError(12, "Cannot allocate memory")
        return start(command)

    monkeypatch.setattr(module, "_started", fails_the_second_time)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        tokenize(["a b"] * 50)
    assert len(started) == 1 and started[0].poll() is not None


def test_ctrl_c_ends_the_workers(two_workers, started, cache):
    def interrupt(_what, _done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenize(["some words"] * 400, show=interrupt)
    assert len(started) == 2 and all(worker.poll() is not None for worker in started)
    assert entries(cache) == [], "half the tokens are no entry"


WALK = """
import os, sys
from rnnlab.pipeline import tokenize as module
module._WORTH_WORKERS, module._CHUNK = 0, 5
os.cpu_count = lambda: 2
start = module._started
def noted(command):
    worker = start(command)
    print(worker.pid, flush=True)
    return worker
module._started = noted
try:
    module.tokenize([f"{i} " + "words and more words " * 200 for i in range(2000)])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to POSIX processes")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_a_process_that_is_interrupted_or_killed(how, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WALK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as walk:
        assert walk.stdout is not None and walk.stderr is not None
        workers = [int(walk.stdout.readline()) for _ in range(2)]
        assert all(map(alive, workers))
        # As a terminal does: to every process of the foreground group at once.
        os.killpg(walk.pid, how)
        out, err = walk.communicate(timeout=60)
    assert "Traceback" not in err
    assert out == ("interrupted\n" if how == signal.SIGINT else "")
    for _ in range(600):
        if not any(map(alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_the_worker_answers_line_by_line():
    import io

    answers = io.BytesIO()
    module._work(io.BytesIO(b'["a b", "c\\nd"]\n[]\n'), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [[["a", "b"], ["c", "\n", "d"]], []]
