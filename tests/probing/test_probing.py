"""Probing leaves no trace in the learner's model, says why where it cannot look, and takes back names that are wrong."""

from __future__ import annotations

import copy
import random
import threading
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from rnnlab.facts import Call, Gap, PackedNote, Said, TensorNote, tensors
from rnnlab.probing.copies import Remembered, copied
from rnnlab.record import Record
from rnnlab.verbs.trace import trace


def text(seq_len: int = 9, batch: int = 4) -> Tensor:
    return torch.arange(seq_len * batch).view(seq_len, batch) % 11


def names(record: Record, what: str) -> str:
    """Return the axes of what the last call of an operation gave; of several tensors, separated by a comma."""
    note = list(record.ask(Call, what=what))[-1].output
    if isinstance(note, PackedNote):
        return " ".join(axis.name for axis in note.axes)
    return ", ".join(" ".join(axis.name for axis in one.axes) for one in tensors(note))


def sources(record: Record, what: str) -> list[str]:
    note = next(record.ask(Call, what=what)).output
    assert isinstance(note, TensorNote)
    return [axis.source for axis in note.axes]


def why(record: Record) -> str:
    (gap,) = record.ask(Gap, what="probing")
    assert gap.seen_by == "probe"
    return gap.why


class Windows(nn.Module):
    """An LSTM with a convolution in front: sizes that only probing names."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.conv = nn.Conv1d(4, 4, 3)
        self.rnn = nn.LSTM(4, 5)
        self.fc = nn.Linear(5, 2)

    def forward(self, text: Tensor) -> Tensor:
        windows = self.conv(self.embedding(text).permute(1, 2, 0))
        output, (hidden, cell) = self.rnn(windows.permute(2, 0, 1))
        return self.fc(hidden[-1])


# --- nothing of the learner's changes ------------------------------------------------------------------------------


class Stateful(Windows):
    """A model that does everything that a probe must not be seen to do."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.table = nn.Embedding(11, 4, max_norm=0.1)
        self.hidden: Tensor | None = None
        self.seen: list[int] = []
        self.lock = {"calls": 0}

    def forward(self, text: Tensor) -> Tensor:
        print("shape", tuple(text.shape))
        random.random()
        np.random.rand()
        self.seen.append(text.shape[0])
        self.lock["calls"] += 1
        embedded = F.dropout(self.embedding(text) + self.table(text), 0.5, self.training)
        windows = self.norm(self.conv(embedded.permute(1, 2, 0)))
        output, (hidden, cell) = self.rnn(windows.permute(2, 0, 1))
        self.hidden = hidden
        return self.fc(hidden[-1])


def after(probe: bool) -> tuple[Any, ...]:
    """Trace one model with and without probing, and return all that it left behind."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    model = Stateful()
    model.rnn.eval()
    called: list[str] = []
    model.fc.register_forward_hook(lambda *_: called.append("fc"))
    model.fc.bias.grad = torch.ones(2)
    assert names(trace(model, text(), probe=probe), "conv1d").endswith("seq_len-2" if probe else "seq_len")
    assert model.hidden is not None
    values = [*model.state_dict().values(), model.hidden.detach(), model.fc.bias.grad]
    flags = [module.training for module in model.modules()]
    states = random.random(), np.random.rand(), torch.rand(2).tolist()
    return [value.clone() for value in values], flags, states, model.seen, model.lock, called


def test_a_probed_model_is_left_as_an_unprobed_one(capsys: pytest.CaptureFixture[str]) -> None:
    (plain, *rest), (probed, *others) = after(probe=False), after(probe=True)
    assert all(torch.equal(one, other) for one, other in zip(plain, probed, strict=True))
    assert rest == others
    assert rest[2] == [9] and rest[4] == ["fc"]
    assert capsys.readouterr().out == "shape (9, 4)\n" * 2


def test_what_a_probe_prints_is_not_recorded() -> None:
    assert [said.text.strip() for said in trace(Stateful(), text()).ask(Said)] == ["shape (9, 4)"]


def test_no_hook_is_left_behind() -> None:
    before = [len(getattr(hooks, name)) for name in ("_global_forward_hooks", "_global_forward_pre_hooks")]
    trace(Windows(), text())
    assert [len(getattr(hooks, name)) for name in ("_global_forward_hooks", "_global_forward_pre_hooks")] == before


def test_a_copy_may_share_its_weights_and_nothing_else() -> None:
    model = Stateful()
    twin = copied(model, share=True)
    assert twin.fc.weight is model.fc.weight and twin.norm.running_mean is not model.norm.running_mean
    assert twin.seen is not model.seen and twin.table.max_norm is None and model.table.max_norm == 0.1
    assert copied(model).fc.weight is not model.fc.weight
    assert not any(module.training for module in twin.modules()) and model.training


def test_a_remembered_model_is_copied_as_it_was() -> None:
    model = Stateful()
    model.same = model.fc  # type: ignore[assignment]
    remembered, mean = Remembered(model), model.norm.running_mean.clone()  # type: ignore[union-attr]
    model(text())
    assert model.seen == [9] and model.hidden is not None and not torch.equal(model.norm.running_mean, mean)  # type: ignore[arg-type]
    twin = remembered.copied()
    assert isinstance(twin, Stateful) and twin.seen == [] and twin.hidden is None
    assert torch.equal(twin.norm.running_mean, mean)  # type: ignore[arg-type]
    assert twin.same is twin.fc and twin.fc is not model.fc and torch.equal(twin.fc.weight, model.fc.weight)


def test_a_state_that_is_part_of_a_graph_is_copied_as_well() -> None:
    model = Stateful()
    model(text())
    assert model.hidden is not None and model.hidden.grad_fn is not None
    with pytest.raises(RuntimeError):
        copy.deepcopy(model)
    assert names(trace(model, text()), "conv1d") == "batch channels seq_len-2"


# --- what cannot be probed -----------------------------------------------------------------------------------------


def test_without_probing_computed_sizes_have_no_name() -> None:
    record = trace(
        nn.Sequential(nn.Conv1d(4, 6, 3), nn.ReLU()), torch.randn(3, 4, 9), axes="batch emb seq_len", probe=False
    )
    assert names(record, "relu") == "batch channels ?" and not list(record.ask(Gap))
    record = trace(nn.Sequential(nn.Conv1d(4, 6, 3), nn.ReLU()), torch.randn(3, 4, 9), axes="batch emb seq_len")
    assert names(record, "relu") == "batch channels seq_len-2" and not list(record.ask(Gap))


def test_a_function_is_not_run_again() -> None:
    times: list[int] = []

    def run(text: Tensor) -> Tensor:
        times.append(1)
        return text.float().cumsum(0)

    record = trace(run, text(), axes="seq_len batch")
    assert times == [1] and names(record, "cumsum") == "seq_len batch" and not list(record.ask(Gap))


def test_a_model_that_cannot_be_copied_is_not_run_again() -> None:
    model = Windows()
    model.lock = threading.Lock()  # type: ignore[assignment]
    record = trace(model, text())
    assert "cannot be copied" in why(record) and names(record, "linear") == "batch classes"


def test_a_batch_size_that_is_built_in_is_said_and_the_rest_is_named() -> None:
    class BuiltIn(Windows):
        def forward(self, text: Tensor) -> Tensor:
            windows = self.conv(self.embedding(text).permute(1, 2, 0))
            output, (hidden, cell) = self.rnn(windows.permute(2, 0, 1))
            return self.fc(hidden.view(4, 5))

    record = trace(BuiltIn(), text())
    assert "batch than 4" in why(record) and "is that size built in?" in why(record)
    assert names(record, "conv1d") == "batch channels seq_len-2"


def test_a_length_that_is_built_in_is_said_and_the_rest_is_named() -> None:
    class BuiltIn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.rnn = nn.GRU(4, 5)
            self.fc = nn.Linear(45, 2)

        def forward(self, text: Tensor) -> Tensor:
            output, hidden = self.rnn(self.embedding(text))
            rows = torch.cat(tuple(output), 0)
            return self.fc(output.transpose(0, 1).reshape(text.shape[1], -1))

    record = trace(BuiltIn(), text())
    assert "seq_len than 9" in why(record)
    assert names(record, "cat") == "9*batch hid"


def test_ids_outside_of_those_that_were_given_are_never_looked_up() -> None:
    class Bounded(Windows):
        def forward(self, text: Tensor) -> Tensor:
            assert set(text.flatten().tolist()) <= {3, 5}
            return super().forward(text)

    record = trace(Bounded(), torch.tensor([3, 5, 5, 3, 3, 5]).view(6, 1))
    assert names(record, "conv1d") == "batch channels seq_len-2" and not list(record.ask(Gap))


def test_a_model_that_needs_longer_texts_gets_them() -> None:
    class Wide(Windows):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, 4, 30)

    record = trace(Wide(), text(40))
    assert names(record, "conv1d") == "batch channels seq_len-29" and not list(record.ask(Gap))


def test_a_crash_is_the_models_own_and_nothing_is_probed() -> None:
    class Crashing(Windows):
        def forward(self, text: Tensor) -> Tensor:
            self.embedding(text)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        trace(Crashing(), text())
    assert names(caught.value.record, "embedding") == "? ? emb"  # type: ignore[attr-defined]


# --- names that are wrong ------------------------------------------------------------------------------------------


def test_a_view_in_the_place_of_a_transpose_has_no_names_and_the_line_is_told() -> None:
    class Viewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.rnn = nn.LSTM(4, 5, batch_first=True)

        def forward(self, text: Tensor) -> Tensor:
            embedded = self.embedding(text)
            swapped = embedded.view(text.shape[1], text.shape[0], -1)
            output, (hidden, cell) = self.rnn(swapped)
            return output

    different = trace(Viewed(), text(9, 4), axes="seq_len batch")
    assert names(different, "view") == "? ? emb"
    assert "permute or transpose" in next(different.ask(Gap)).why
    gap = next(different.ask(Gap))
    assert gap.place is not None and "embedded.view(" in different.line(gap.place)
    assert names(trace(Viewed(), text(6, 6), axes="seq_len batch"), "view") == "? ? emb"


def test_states_of_two_layers_laid_side_by_side_in_the_wrong_order_have_no_batch() -> None:
    class Merged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(4, 5, num_layers=2)
            self.fc = nn.Linear(10, 2)

        def forward(self, vectors: Tensor) -> Tensor:
            output, hidden = self.rnn(vectors)
            right = hidden.transpose(0, 1).reshape(vectors.shape[1], -1)
            wrong = hidden.view(vectors.shape[1], -1)
            return self.fc(right + wrong)

    record = trace(Merged(), torch.randn(9, 4, 4))
    right, wrong = [" ".join(axis.name for axis in c.output.axes) for c in record.ask(Call, what="view")]  # type: ignore[union-attr]
    assert right == "batch layers*hid" and wrong == "? ?"


def test_a_product_whose_order_nobody_knows_is_not_taken_apart() -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(4, 5)

        def forward(self, vectors: Tensor) -> Tensor:
            output, hidden = self.rnn(vectors)
            joined = torch.cat([output[:, i] for i in range(output.shape[1])])  # the texts one behind the other
            return joined.view(output.shape[0], output.shape[1], -1)  # and cut where no text ends

    record = trace(Joined(), torch.randn(9, 4, 4))
    assert names(record, "cat") == "seq_len*batch hid" and names(record, "view") == "? ? hid"
    assert not list(record.ask(Gap))


def test_what_was_declared_is_never_overruled() -> None:
    record = trace(Windows(), text(), axes="words reviews")
    assert names(record, "embedding") == "words reviews emb"
    assert names(record, "conv1d") == "reviews channels words-2"
    assert sources(record, "conv1d") == ["declared", "propagated", "probed"]


def test_a_score_for_each_word_is_not_called_classes() -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.rnn = nn.GRU(4, 5, batch_first=True)
            self.fc = nn.Linear(5, 1)

        def forward(self, text: Tensor) -> Tensor:
            output, hidden = self.rnn(self.embedding(text))
            return self.fc(output).squeeze(2)

    record = trace(Tagger(), text().t())
    assert names(record, "squeeze") == "batch seq_len" and not list(record.ask(Gap))


# --- inputs of all kinds -------------------------------------------------------------------------------------------


class Lengths(nn.Module):
    """Packs, and uses the packed data by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.rnn = nn.GRU(4, 5)

    def forward(self, text: Any, lengths: Any = None) -> Tensor:
        if isinstance(text, tuple):
            text, lengths = text
        packed = pack_padded_sequence(self.embedding(text), lengths, enforce_sorted=False)
        counted = torch.bincount(packed.data.argmax(1))
        doubled = torch.stack((packed.data, packed.data)).flatten(0, 1)
        output, hidden = self.rnn(packed)
        return hidden[-1]


@pytest.mark.parametrize("how", ["tensors", "a tuple", "a list of numbers", "by name"])
def test_lengths_are_recognised_however_they_are_given(how: str) -> None:
    given = torch.tensor([9, 7, 7, 2])
    call: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "tensors": ((text(), given), {}),
        "a tuple": (((text(), given),), {}),
        "a list of numbers": ((text(), given.tolist()), {}),
        "by name": ((), {"lengths": given, "text": text()}),
    }
    args, kwargs = call[how]
    record = trace(Lengths(), *args, **kwargs)
    assert not list(record.ask(Gap))
    assert names(record, "pack_padded_sequence") == "tokens emb"
    assert names(record, "flatten") == "2*tokens emb"
    assert names(record, "index") == "batch hid"


def test_texts_that_all_end_early_are_as_long_as_the_longest() -> None:
    class Unpacked(Lengths):
        def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(self.embedding(text), lengths)
            output, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])
            return output

    record = trace(Unpacked(), text(), torch.tensor([7, 5, 5, 2]))
    assert names(record, "pad_packed_sequence") == "max(lengths) batch hid, batch"
    full = trace(Unpacked(), text(), torch.tensor([9, 5, 5, 2]))
    assert names(full, "pad_packed_sequence") == "seq_len batch hid, batch"


def test_a_mask_and_first_states_follow_the_text() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.rnn = nn.GRU(4, 5)

        def forward(self, text: Tensor, mask: Tensor, state: Tensor) -> Tensor:
            output, hidden = self.rnn(self.embedding(text), state)
            kept = output.masked_select(mask.unsqueeze(2)).view(-1, 5)
            return torch.cat((hidden.squeeze(0), output[-1] * mask[-1].unsqueeze(1)))

    record = trace(Masked(), text(), text() > 2, torch.zeros(1, 4, 5))
    assert not list(record.ask(Gap))
    assert names(record, "cat") == "2*batch hid"
    assert names(record, "view") == "? ?"  # how many words a mask keeps is no function of the sizes


def test_a_packed_sequence_may_be_the_input() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(4, 5)

        def forward(self, packed: PackedSequence) -> Tensor:
            output, hidden = self.rnn(packed)
            return torch.tanh(output.data).repeat_interleave(2, dim=0)

    record = trace(Reader(), pack_padded_sequence(torch.randn(9, 3, 4), torch.tensor([9, 5, 2])))
    assert names(record, "repeat_interleave") == "2*tokens hid"


def test_without_an_rnn_the_batch_is_what_the_result_moves_with() -> None:
    class Mean(nn.Module):
        def __init__(self, dim: int) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.fc = nn.Linear(4, 2)
            self.dim = dim

        def forward(self, text: Tensor) -> Tensor:
            return self.fc(self.embedding(text).mean(self.dim))

    for sizes in ((9, 4), (4, 4)):
        assert names(trace(Mean(0), text(*sizes)), "embedding") == "seq_len batch emb"
        record = trace(Mean(1), text(*sizes))
        assert names(record, "embedding") == "batch seq_len emb"
        assert names(record, "linear") == "batch classes"


def test_a_result_that_moves_with_both_axes_says_nothing_of_either() -> None:
    class Tags(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)

        def forward(self, text: Tensor) -> Tensor:
            return self.embedding(text).flatten(0, 1)

    assert names(trace(Tags(), text()), "embedding") == "? ? emb"
