"""The program under observation computes what it would compute alone, and nothing of ours stays behind."""

from __future__ import annotations

import builtins
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small_models import Packed, Plain, lengths, text
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.optim import optimizer as optimizers
from torch.utils.data import DataLoader, TensorDataset
from torchtext import data

from rnnlab.axes import Symbol
from rnnlab.facts import Crash, Gap, Said
from rnnlab.verbs.trace import trace
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.watch import Watch, new_record

PATCHED: tuple[Any, ...] = (
    data.TabularDataset, data.Dataset, data.Field, data.Iterator, data.BucketIterator, DataLoader, torch.optim.Optimizer,
    nn.utils.rnn, nn.Module, builtins, F,
)  # fmt: skip


def surroundings() -> list[Any]:
    """Return everything that a watch touches."""
    return [
        *(dict(vars(owner)) for owner in PATCHED),
        dict(hooks._global_forward_hooks), dict(hooks._global_forward_pre_hooks),
        dict(hooks._global_forward_hooks_always_called), dict(getattr(hooks, "_global_forward_hooks_with_kwargs", {})),
        dict(optimizers._global_optimizer_pre_hooks), dict(optimizers._global_optimizer_post_hooks),
        torch._C._len_torch_function_stack(), dict(vars(sys.modules["small_models"])),
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    before = surroundings()
    yield
    for was, now in zip(before, surroundings(), strict=True):
        assert was == now


def watched() -> tuple[Watch, Any]:
    watch = Watch(new_record())
    return watch, watch.looking()


# --- bit for bit -----------------------------------------------------------------------------------------------------


class Dropped(Packed):
    """A model whose training draws random numbers."""

    def forward(self, text: Tensor, text_length: Tensor) -> Tensor:
        return super().forward(F.dropout(text.float(), 0.1, self.training).long().clamp(0, 10), text_length)


def field_dataset() -> data.Dataset:
    words, label = data.Field(include_lengths=True), data.LabelField(dtype=torch.long)
    fields = [("text", words), ("label", label)]
    rows = [(" ".join("abcdefg"[: 1 + i % 7]), "pos" if i % 3 else "neg") for i in range(23)]
    made = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
    words.build_vocab(made, max_size=5)
    label.build_vocab(made)
    return made


def with_buckets() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    train, test = field_dataset().split(0.7)
    loaders = data.BucketIterator.splits(
        (train, test), batch_size=4, sort_within_batch=True, sort_key=lambda e: len(e.text)
    )
    for batch in loaders[0]:
        yield *batch.text, batch.label


def with_torch() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    rows = TensorDataset(text(5, 16).t(), torch.arange(16) % 2)
    for one, label in DataLoader(rows, batch_size=4, shuffle=True):
        yield one.t(), torch.full((len(label),), 5), label


def train(batches: Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]) -> list[Any]:
    """Train for two epochs and return everything that could differ."""
    random.seed(3)
    torch.manual_seed(3)
    model = Dropped()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        for one, length, label in batches():
            loss = F.cross_entropy(model(one, length), label)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    weights = [p.detach().numpy().tobytes() for p in model.parameters()]
    return [losses, weights, random.getstate(), torch.get_rng_state().numpy().tobytes()]


@pytest.mark.parametrize("batches", [with_buckets, with_torch])
def test_training_is_the_same_bit_for_bit(batches: Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]) -> None:
    alone = train(batches)
    watch, looking = watched()
    with looking:
        seen = train(batches)
    assert alone == seen
    assert len(alone[0]) >= 8 and len(watch.record) > 20


def test_a_trace_puts_the_random_state_back() -> None:
    model, before = Plain().train(), torch.get_rng_state()
    trace(nn.Sequential(model, nn.Dropout(0.5)), text(4, 2))
    assert torch.equal(before, torch.get_rng_state())


def test_results_are_the_very_objects() -> None:
    _, looking = watched()
    x = torch.zeros(3, 2)
    with looking:
        assert x.contiguous() is x and x.to("cpu") is x and x.squeeze_(0) is x


# --- crashes ---------------------------------------------------------------------------------------------------------


def test_a_crash_leaves_nothing_but_a_fact() -> None:
    watch, looking = watched()
    with pytest.raises(ValueError, match="of mine"), looking:
        Packed()(text(4, 2), lengths(4, 2))
        raise ValueError("a mistake of mine")
    crash = watch.record.last(Crash)
    assert crash is not None and (crash.error, crash.message) == ("ValueError", "a mistake of mine")
    assert crash.place is not None and watch.record.line(crash.place) == 'raise ValueError("a mistake of mine")'
    assert watch.recorder.quiet == 0 and not watch.recorder.is_holding


class Exploding(Plain):
    def forward(self, text: Tensor) -> Tensor:
        self.rnn(self.embedding(text))
        raise self.error  # type: ignore[misc]

    error: BaseException = RuntimeError("in the middle")


def test_a_crash_inside_a_model_keeps_what_was_seen_before() -> None:
    (watch, looking), words = watched(), text(4, 2)
    with pytest.raises(RuntimeError, match="in the middle"), looking:
        Exploding()(words)
    assert [fact.__struct_config__.tag for fact in watch.record] == ["scope", "call", "call", "scope", "crash"]
    assert watch.recorder.quiet == 0


def test_a_crash_that_the_program_survives_is_no_crash() -> None:
    watch, looking = watched()
    with looking:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="in the middle"):
                Exploding()(text(4, 2))
        Plain()(text(4, 2))
    assert watch.record.last(Crash) is None
    assert [call.what for call in watch.record if getattr(call, "what", "") == "linear"] == ["linear"]


def test_an_interrupt_goes_on_its_way_and_is_no_crash() -> None:
    watch, looking = watched()
    model, words = Exploding(), text(4, 2)
    model.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), looking:
        model(words)
    assert watch.record.last(Crash) is None and len(watch.record) == 4


def test_a_crash_inside_an_optimizer_leaves_the_watch_awake() -> None:
    class Broken(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            raise RuntimeError("no step")

    watch, looking = watched()
    model = Plain()
    with looking:
        with pytest.raises(RuntimeError, match="no step"):
            Broken(model.parameters(), 0.1).step()
        model(text(4, 2))
    assert watch.recorder.quiet == 0
    assert any(getattr(fact, "what", "") == "lstm" for fact in watch.record)


def test_a_failure_of_the_recorder_is_a_gap_and_the_program_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(recorder: Recorder, tensor: Any) -> list[Symbol]:
        raise LookupError("our own mistake")

    monkeypatch.delenv("RNNLAB_STRICT")
    monkeypatch.setattr(Recorder, "symbols", fail)
    watch, looking = watched()
    model = Packed()
    expected = model(text(4, 2), lengths(4, 2))
    with looking:
        result = model(text(4, 2), lengths(4, 2))
    assert torch.equal(result, expected)
    gap = watch.record.first(Gap)
    assert gap is not None and gap.why == "rnnlab could not follow a step: LookupError: our own mistake"
    assert watch.recorder.quiet == 0


# --- nesting, printing, threads --------------------------------------------------------------------------------------


def test_a_watch_inside_a_watch_sees_for_itself_and_leaves_the_outer_one_looking() -> None:
    outer, looking = watched()
    inner = Watch(new_record())
    with looking:
        with inner.looking():
            Packed()(text(4, 2), lengths(4, 2))
        Packed()(text(4, 2), lengths(4, 2))
    whats = [getattr(fact, "what", None) for fact in outer.record]
    assert whats.count("lstm") == 2
    assert [getattr(fact, "what", None) for fact in inner.record].count("pack_padded_sequence") == 1
    assert outer.recorder.quiet == inner.recorder.quiet == 0


def test_a_watch_can_look_again() -> None:
    watch = Watch(new_record())
    for times in (1, 2):
        with watch.looking():
            Packed()(text(4, 2), lengths(4, 2))
        assert [getattr(fact, "what", None) for fact in watch.record].count("lstm") == times


def test_what_the_program_prints_is_noted_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    watch, looking = watched()
    with looking:
        print("loss", 0.5, sep=": ")
        print("a tensor", torch.tensor(3))
    assert capsys.readouterr().out == "loss: 0.5\na tensor tensor(3)\n"
    said = list(watch.record.ask(Said))
    assert [one.text for one in said] == ["loss: 0.5", "a tensor tensor(3)"]
    assert watch.record.line(said[0].place) == 'print("loss", 0.5, sep=": ")'  # type: ignore[arg-type]


def test_what_cannot_be_turned_into_text_is_the_programs_own_error() -> None:
    class Mute:
        def __str__(self) -> str:
            raise ValueError("mute")

    watch, looking = watched()
    with pytest.raises(ValueError, match="mute"), looking:
        print(Mute())
    assert watch.record.last(Said) is None


def test_text_is_asked_for_once_when_it_is_printed() -> None:
    asked = []

    class Counting:
        def __str__(self) -> str:
            asked.append(1)
            return "counted"

    _, looking = watched()
    with looking:
        print(Counting())
    assert len(asked) == 1


def test_another_thread_computes_undisturbed() -> None:
    import threading

    model, results = Packed().eval(), []
    expected = model(text(4, 2), lengths(4, 2))
    watch, looking = watched()
    with looking:
        thread = threading.Thread(target=lambda: results.append(model(text(4, 2), lengths(4, 2))))
        thread.start()
        thread.join()
        model(text(4, 2), lengths(4, 2))
    assert torch.equal(results[0], expected)
    assert watch.recorder.quiet == 0
