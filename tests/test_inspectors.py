"""The thirteen inspectors, on the lecture's program and on small pieces."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from rnnlab import inspectors
from rnnlab.facts import Scope
from rnnlab.stages import STAGE_NAMES
from rnnlab.views import terminal

PROGRAMS = Path(__file__).parent / "programs"
# Runs a program and writes its RESULT with every number exact.
RUN = """
import json, runpy, sys
sys.argv = sys.argv[1:]
result = runpy.run_path(sys.argv[0], run_name="__main__")["RESULT"]
result["weights"] = [w.numpy().tobytes().hex() for w in result["weights"]]
python, torch = result["random"]
result["random"] = [repr(python), torch.numpy().tobytes().hex()]
result["losses"] = [loss.hex() for loss in result["losses"]]
print("RESULT", json.dumps(result))
"""


def run(program: str, reviews: Path) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-c", RUN, str(PROGRAMS / program), str(reviews)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    shown, _, result = done.stdout.rpartition("RESULT ")
    return json.loads(result), shown


@pytest.fixture(scope="module")
def lecture(small_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], str]:
    # Long reviews would take minutes: a packed sequence is unrolled on a CPU.
    short = tmp_path_factory.mktemp("short") / "reviews.csv"
    with small_csv.open(encoding="utf-8", newline="") as given, short.open("w", encoding="utf-8", newline="") as made:
        rows = list(csv.reader(given))[:201]
        csv.writer(made).writerows([" ".join(review.split()[:25]), label] for review, label in rows)
    alone, _ = run("lecture.py", short)
    inspected, shown = run("lecture_inspected.py", short)
    return alone, inspected, shown


def test_the_lecture_computes_the_same_bit_for_bit(lecture: tuple[dict[str, Any], dict[str, Any], str]) -> None:
    alone, inspected, _ = lecture
    assert set(alone) == {"losses", "test", "probability", "weights", "random"} and len(alone["losses"]) >= 10
    for name in alone:
        assert alone[name] == inspected[name], name


def test_the_lecture_is_shown_from_the_words_to_the_loss(lecture: tuple[dict[str, Any], dict[str, Any], str]) -> None:
    shown = " ".join(re.sub(r"\s+", " ", lecture[2]).split())
    for part in (
        r"text \(seq_len=\d+, batch=32\) int64", r"embedded \(seq_len=\d+, batch=32, emb=16\)",
        r"hidden \(1, batch=32, hid=24\)", r"hidden \(batch=32, hid=24\)", r"logits \(batch=32, classes=2\)",
        r"tokens packed from \(seq_len=\d+ × batch=32\), emb=16", r"loss one number",
    ):  # fmt: skip
        assert re.search(part, shown), part


def test_the_lecture_shows_all_thirteen_stages_in_their_order(
    lecture: tuple[dict[str, Any], dict[str, Any], str],
) -> None:
    first = {}
    for i, line in enumerate(lecture[2].splitlines()):
        word = line.split(" ", 1)[0]
        if word in STAGE_NAMES:
            first.setdefault(word, i)
    # The layers run inside of training, which is told as a whole when it ends.
    assert set(first) == set(STAGE_NAMES)
    in_order = [name for name in STAGE_NAMES if name != "evaluate"]
    assert [name for name in sorted(first, key=lambda name: first[name]) if name != "evaluate"] == in_order


# --- in this process -------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the inspectors print; everything is removed afterwards."""
    inspectors.off()
    file = io.StringIO()
    monkeypatch.setattr(inspectors._bench, "console", terminal.console(file=file))
    yield file
    inspectors.off()


def hooks_left() -> int:
    kinds = (hooks._global_forward_hooks, hooks._global_forward_pre_hooks, hooks._global_forward_hooks_always_called)
    return sum(map(len, kinds)) + torch._C._len_torch_function_stack()


def test_a_wrapped_function_gives_the_very_same_object(shown: io.StringIO) -> None:
    made = object()
    assert inspectors.load(lambda: made)() is made
    assert inspectors.load.stage.name == "load"


def test_a_wrapped_function_keeps_its_name_and_is_called_with_its_arguments(shown: io.StringIO) -> None:
    @inspectors.tokenize
    def cut(text: str, *, sep: str = " ") -> list[str]:
        """Cut a text."""
        return text.split(sep)

    assert (cut.__name__, cut.__doc__) == ("cut", "Cut a text.")
    assert cut("a-b", sep="-") == ["a", "b"]
    assert re.match(r"tokenize +2 tokens: a│b", shown.getvalue())


def test_the_same_inspector_over_and_over_is_counted(shown: io.StringIO) -> None:
    cut = inspectors.tokenize(str.split)
    for _ in range(10):
        cut("a b")
    inspectors._bench.end_row()
    assert shown.getvalue().count("2 tokens") == 3
    assert "… tokenize × 7 more" in shown.getvalue()


def test_a_layer_alone_is_shown_with_the_axes_of_its_stage(shown: io.StringIO) -> None:
    embedding = nn.Embedding(9, 4)
    assert inspectors.embed(embedding) is embedding
    embedding(torch.zeros(5, 3, dtype=torch.long))
    assert "(seq_len=5, batch=3) int64" in shown.getvalue()
    assert "(seq_len=5, batch=3, emb=4) float32" in shown.getvalue()


def test_other_axes_may_be_said(shown: io.StringIO) -> None:
    inspectors.embed(layer := nn.Embedding(9, 4), axes="batch seq_len")
    layer(torch.zeros(5, 3, dtype=torch.long))
    assert "(batch=5, seq_len=3, emb=4)" in shown.getvalue()


def test_a_stretch_of_code_is_shown(shown: io.StringIO) -> None:
    rnn = inspectors.rnn(nn.LSTM(4, 6))
    _, (hidden, _) = rnn(torch.zeros(5, 3, 4))
    with inspectors.squeeze() as inside:
        hidden = hidden.squeeze(0)
    assert inside is inspectors.squeeze and hidden.shape == (3, 6)
    assert "hidden (1, batch=3, hid=6)" in shown.getvalue()
    assert "hidden (batch=3, hid=6)" in shown.getvalue()


def test_an_error_goes_on_its_way_and_leaves_nothing_open(shown: io.StringIO) -> None:
    @inspectors.train
    def broken() -> None:
        raise KeyError("of the program")

    for _ in range(2):
        with pytest.raises(KeyError, match="of the program"):
            broken()
        with pytest.raises(ZeroDivisionError), inspectors.head():
            _ = 1 / 0
    recorder = inspectors._bench.watch.recorder
    assert (recorder.quiet, recorder._around, inspectors._bench._open, inspectors.head._contexts) == (0, [], [], [])
    inspectors.tokenize(str.split)("still here")
    assert "still│here" in shown.getvalue()


def test_a_loader_is_still_itself(shown: io.StringIO) -> None:
    batches = [torch.zeros(3), torch.ones(3)]

    class Loader:
        batch_size = 3

        def __iter__(self) -> Iterator[Tensor]:
            return iter(batches)

        def __len__(self) -> int:
            return 2

    loader = inspectors.batch(Loader())
    assert len(loader) == 2 and loader.batch_size == 3
    assert all(a is b for a, b in zip(loader, batches, strict=True)) and list(loader) == batches
    with pytest.raises(AttributeError):
        _ = loader.nothing


def test_layers_inside_a_function_are_printed_once_and_counted(shown: io.StringIO) -> None:
    layer = inspectors.head(nn.Linear(4, 2))

    @inspectors.train
    def train() -> None:
        for _ in range(5):
            layer(torch.zeros(3, 4))

    train()
    assert "… inside train, not printed again: head × 4" in shown.getvalue()


def test_a_loss_replaced_in_torchs_own_module_is_seen_and_does_not_call_itself(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = F.cross_entropy(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
    monkeypatch.setattr(F, "cross_entropy", inspectors.loss(F.cross_entropy))
    logits, labels = torch.zeros(3, 2), torch.tensor([0, 1, 1])
    assert F.cross_entropy(logits, labels) == expected == nn.CrossEntropyLoss()(logits, labels)
    assert "logits (batch=3, classes=2)" in shown.getvalue()


def test_off_removes_every_hook_and_forgets(shown: io.StringIO) -> None:
    before, printing = hooks_left(), print
    layer = inspectors.head(nn.Linear(4, 2))
    layer(torch.zeros(3, 4))
    assert hooks_left() > before and len(inspectors.record()) > 0
    inspectors.off()
    assert hooks_left() == before and print is printing
    assert not layer._forward_hooks and not layer._forward_pre_hooks
    length = len(shown.getvalue())
    layer(torch.zeros(3, 4))
    assert len(shown.getvalue()) == length and len(inspectors.record()) == 0


@pytest.mark.parametrize("thing", [3, "rnn", 2.5])
def test_a_wrong_thing_is_refused_in_one_sentence(shown: io.StringIO, thing: object) -> None:
    with pytest.raises(TypeError, match=rf"inspectors\.rnn wraps .* not an? {type(thing).__name__}$"):
        inspectors.rnn(thing)


def test_a_builtin_without_a_signature_can_be_wrapped(shown: io.StringIO) -> None:
    assert inspectors.load(max)(3, 5) == 5
    assert inspectors.load(dict)(a=1) == {"a": 1}
    assert [scope.function for scope in inspectors.record().ask(Scope)] == ["max", "max", "dict", "dict"]


def test_a_class_of_layers_is_no_layer(shown: io.StringIO) -> None:
    assert isinstance(inspectors.rnn(nn.Linear)(2, 3), nn.Linear)


def test_generator_functions_stay_generator_functions(shown: io.StringIO) -> None:
    log = []

    @inspectors.batch
    def batches(n: int) -> Iterator[int]:
        for i in range(n):
            log.append(i)
            yield i

    stream = batches(3)
    assert isinstance(stream, types.GeneratorType) and log == []
    assert list(stream) == [0, 1, 2]


def test_a_coroutine_function_is_still_awaited(shown: io.StringIO) -> None:
    import asyncio

    @inspectors.predict
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    assert asyncio.run(answer()) == 42


def test_threads_do_no_harm(shown: io.StringIO) -> None:
    layer = inspectors.head(nn.Linear(4, 2))
    x = torch.randn(3, 4)
    expected, results = layer(x), []
    threads = [threading.Thread(target=lambda: results.append(layer(x))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(torch.equal(result, expected) for result in results)
    assert inspectors._bench.watch.recorder.quiet == 0


def test_an_inspector_says_what_it_is_for() -> None:
    assert repr(inspectors.rnn) == "<inspector of the stage rnn>"
    assert "embedded (seq_len, batch, emb)" in (inspectors.rnn.__doc__ or "")


def test_a_review_is_no_markup(shown: io.StringIO) -> None:
    inspectors.tokenize(str.split)("[red]x[/red] [/] \x1b[2J end")
    assert "[red]x[/red]│[/]│[2J│end" in shown.getvalue() and "\x1b" not in shown.getvalue()
