"""Loaders of torch: how they were made, what their batches hold, and what passes over them were for."""

from __future__ import annotations

import inspect
import pickle
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler

from rnnlab.facts import Axis, Call, Data, Loop, TensorNote
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.watching.watch import Watch, new_record

LENGTHS = [3, 5, 1, 4, 2, 5, 5]


class Reviews(Dataset):
    """Seven reviews as ids, of different lengths, with their labels."""

    def __len__(self) -> int:
        return len(LENGTHS)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.arange(1, LENGTHS[index] + 1), index % 2


def padded(rows: Any) -> tuple[Tensor, Tensor]:
    texts, labels = zip(*rows, strict=True)
    return pad_sequence(texts), torch.tensor(labels)


def padded_by_hand(rows: Any) -> tuple[Tensor, Tensor, Tensor]:
    texts, labels = zip(*rows, strict=True)
    lengths = torch.tensor([len(text) for text in texts])
    filled = torch.zeros(len(texts), 9, dtype=torch.long)[:, : int(lengths.max())]
    for row, text in zip(filled, texts, strict=True):
        row[: len(text)] = text
    return filled, lengths, torch.tensor(labels)


class Classifier(nn.Module):
    """Embedding, GRU, head."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.rnn = nn.GRU(4, 3)
        self.fc = nn.Linear(3, 2)

    def forward(self, text: Tensor) -> Tensor:
        _, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden.squeeze(0))


def looked_at(loader: Any) -> Record:
    record = new_record()
    with Watch(record).looking():
        for _batch in loader:
            pass
    return record


def batches(record: Record, what: str = "batch") -> list[Data]:
    return list(record.ask(Data, what=what))


def passes(record: Record) -> list[Data]:
    return [fact for fact in record.ask(Data) if fact.what.endswith(" pass")]


# --- how a loader was made -----------------------------------------------------------------------------------------


def test_a_loader_tells_how_it_chooses_and_puts_together() -> None:
    record = new_record()
    with Watch(record).looking():
        train_set = Reviews()
        train_loader = DataLoader(train_set, batch_size=2, shuffle=True, drop_last=True, collate_fn=padded)
        test_loader = DataLoader(train_set, batch_size=3)
    first, second = record.ask(Data, what="loader")
    (dataset,) = record.ask(Data, what="dataset")
    assert (first.name, first.made_from, dataset.name) == ("train_loader", (dataset.id,), "train_set")
    assert first.counts == {"batch_size": 2.0, "examples": 7.0, "workers": 0.0}
    assert first.samples["options"] == {"drop_last": True, "shuffle": True} and first.samples["collate"] == "padded"
    assert second.samples["options"]["shuffle"] is False and second.samples["collate"] == "default_collate"
    assert len(train_loader) == len(test_loader) == 3


def test_a_sampler_of_its_own_leaves_shuffling_open() -> None:
    record = new_record()
    with Watch(record).looking():
        DataLoader(Reviews(), batch_size=2, sampler=WeightedRandomSampler([1.0] * 7, 7))
    (loader,) = record.ask(Data, what="loader")
    assert "shuffle" not in loader.samples["options"] and loader.samples["sampler"] == "WeightedRandomSampler"


class Own(DataLoader):
    """A loader of the learner's."""

    def __init__(self, data: Any) -> None:
        super().__init__(data, batch_size=4)
        self.extra = 1


def test_a_learners_subclass_is_told_where_it_is_made() -> None:
    record = new_record()
    with Watch(record).looking():
        mine = Own(TensorDataset(torch.arange(8)))
        assert isinstance(mine, DataLoader) and mine.extra == 1
    (loader,) = record.ask(Data, what="loader")
    assert loader.name == "mine" and record.line(loader.place).startswith("mine = Own(")  # type: ignore[arg-type]


def test_loaders_and_datasets_are_what_they_are_without_watching() -> None:
    signature = str(inspect.signature(DataLoader))
    with Watch(new_record()).looking():
        assert str(inspect.signature(DataLoader)) == signature
        data = TensorDataset(torch.arange(6))
        again = pickle.loads(pickle.dumps(data))
        with pytest.raises(ValueError, match="batch_size"):
            DataLoader(data, batch_size=-1)
        assert len(list(DataLoader(again, batch_size=4))) == 2


# --- batches -------------------------------------------------------------------------------------------------------


def test_padding_is_counted_where_pad_sequence_was_given_the_lengths() -> None:
    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=padded))
    (whole,) = passes(record)
    assert whole.counts["rows"] == 7 and whole.counts["tokens"] == sum(LENGTHS)
    assert whole.counts["positions"] == 3 * 5 + 3 * 5 + 1 * 5
    assert whole.counts["ending_in_padding"] == 4
    assert batches(record)[0].samples["0"]["axes"] == ["seq_len", "batch"]


def test_padding_is_counted_where_lengths_come_with_the_batch() -> None:
    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=padded_by_hand))
    assert passes(record)[0].counts["tokens"] == sum(LENGTHS)
    assert batches(record)[0].samples["0"]["axes"] == ["batch", "?"]


def test_padding_that_nobody_told_of_is_not_counted() -> None:
    def without_lengths(rows: Any) -> tuple[Tensor, Tensor]:
        text, _, labels = padded_by_hand(rows)
        return text, labels

    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=without_lengths))
    assert set(passes(record)[0].counts) == {"batches", "rows"}


def test_labels_are_not_taken_for_lengths() -> None:
    """Labels from 1 to 5 beside a batch of 5 steps: behind them the ids are no padding."""
    text = torch.arange(20).view(4, 5)
    record = looked_at(DataLoader(TensorDataset(text, torch.tensor([1, 5, 2, 3])), batch_size=4))
    assert "tokens" not in passes(record)[0].counts


def test_one_batch_that_nobody_can_count_leaves_the_pass_uncounted() -> None:
    calls: list[int] = []

    def sometimes(rows: Any) -> Any:
        calls.append(1)
        return padded(rows) if len(calls) != 2 else padded_by_hand(rows)[::2]

    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=sometimes))
    assert set(passes(record)[0].counts) == {"batches", "rows"}


class Pair(NamedTuple):
    """A batch with names."""

    text: Tensor
    label: Tensor


@pytest.mark.parametrize(
    ("collate", "names"),
    [
        (lambda rows: {"ids": padded(rows)[0], "y": padded(rows)[1]}, {"ids", "y"}),
        (lambda rows: Pair(*padded(rows)), {"text", "label"}),
        (lambda rows: ((padded(rows)[0], padded_by_hand(rows)[1]), padded(rows)[1]), {"0.0", "0.1", "1"}),
    ],
    ids=["dict", "named tuple", "nested tuple"],
)
def test_batches_of_every_form_have_rows(collate: Any, names: set[str]) -> None:
    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=collate))
    assert set(batches(record)[0].samples) == names and passes(record)[0].counts["rows"] == 7


def test_the_parts_of_a_batch_have_the_names_of_the_loop() -> None:
    record, loader = new_record(), DataLoader(Reviews(), batch_size=3, collate_fn=padded)
    with Watch(record).looking():
        for words, label in loader:
            assert words.dim() == 2 and label.dim() == 1
        for _, (ids, y) in enumerate(loader):
            assert ids.dim() == 2 and y.dim() == 1
    assert [set(one.samples) for one in batches(record)][::2] == [{"words", "label"}, {"ids", "y"}]


def test_ids_in_one_row_with_offsets_have_the_rows_of_their_labels() -> None:
    def flat(rows: Any) -> tuple[Tensor, Tensor, Tensor]:
        texts, labels = zip(*rows, strict=True)
        ends = torch.tensor([0, *map(len, texts)][:-1]).cumsum(0)
        return torch.tensor(labels), torch.cat(texts), ends

    record = looked_at(DataLoader(Reviews(), batch_size=3, collate_fn=flat))
    samples = batches(record)[0].samples
    assert [samples[name]["axes"] for name in "012"] == [["batch"], ["?"], ["batch"]]


class Stream(IterableDataset):
    """Examples without a length."""

    def __iter__(self) -> Iterator[Any]:
        return iter((torch.tensor([i, i]), i) for i in range(5))


def test_a_stream_has_no_declared_length_and_its_rows_are_counted() -> None:
    record = looked_at(DataLoader(Stream(), batch_size=2))
    (loop,) = (loop for loop in record.ask(Loop) if loop.executed is not None)
    assert (loop.declared, loop.executed) == (None, 3) and passes(record)[0].counts["rows"] == 5
    (loader,) = record.ask(Data, what="loader")
    assert "examples" not in loader.counts


def test_batches_whose_rows_are_not_certain_stay_tensors() -> None:
    record = looked_at(DataLoader([torch.zeros(2, 3)] * 2, batch_size=None))
    assert not batches(record) and batches(record, "tensors") and not passes(record)


# --- passes --------------------------------------------------------------------------------------------------------


def test_passes_are_told_with_their_stage_and_their_right_answers() -> None:
    record, model, right = new_record(), Classifier(), 0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(Reviews(), batch_size=3, shuffle=True, collate_fn=padded)
    with Watch(record).looking():
        for text, label in loader:
            loss = F.cross_entropy(model(text), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            for text, label in loader:
                right += int((model(text).argmax(1) == label).sum())
        for text, _ in loader:
            assert text.shape[0] <= 5
            break
    training, evaluation, peek = passes(record)
    assert (training.what, training.stage) == ("training pass", "train")
    assert (evaluation.stage, evaluation.counts["correct"], evaluation.counts["rows"]) == ("evaluate", right, 7)
    assert peek.stage is None
    stages = [loop.stage for loop in record.ask(Loop) if loop.executed is not None]
    assert stages == ["train", "evaluate", None]


def test_a_padded_batch_of_a_loader_is_read_by_the_rules() -> None:
    record, model = new_record(), Classifier()
    with Watch(record).looking():
        for text, label in DataLoader(Reviews(), batch_size=3, collate_fn=padded):
            F.cross_entropy(model(text), label).backward()
    outcome = judge(record).of("padding_read_as_last_step")
    assert outcome.status == "found" and "in 4 of 7 reviews the last step is <pad>" in outcome.findings[0].message


def test_training_is_the_same_with_and_without_watching() -> None:
    def train() -> list[Any]:
        random.seed(2)
        torch.manual_seed(2)
        model = Classifier()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        loader = DataLoader(Reviews(), batch_size=3, shuffle=True, collate_fn=padded)
        for _ in range(2):
            model.train()
            for text, label in loader:
                loss = F.cross_entropy(model(text), label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            scheduler.step()
        model.eval()
        with torch.no_grad():
            model(torch.tensor([[1], [2]]))
        weights = [p.detach().numpy().tobytes() for p in model.parameters()]
        return [weights, random.getstate(), torch.get_rng_state().numpy().tobytes()]

    alone = train()
    with Watch(new_record()).looking():
        seen = train()
    assert alone == seen


# --- predictions ---------------------------------------------------------------------------------------------------


def test_one_review_outside_of_every_loop_is_a_prediction() -> None:
    record, model = new_record(), Classifier()

    def predict(ids: list[int]) -> Tensor:
        with torch.no_grad():
            return model(torch.tensor(ids).unsqueeze(1))

    with Watch(record).looking():
        scores = predict([1, 2, 3])
    (fact,) = record.ask(Data, what="prediction")
    assert (fact.stage, fact.samples["model"]) == ("predict", "Classifier")
    assert fact.samples["function"].endswith("predict")
    assert [float(text) for text in fact.samples["scores"]] == pytest.approx(scores[0].tolist(), abs=1e-6)


def test_batches_training_and_layers_are_no_predictions() -> None:
    record, model = new_record(), Classifier()
    with Watch(record).looking():
        model(torch.ones(3, 1, dtype=torch.long))  # gradients are on
        with torch.no_grad():
            model(torch.ones(3, 2, dtype=torch.long))  # two reviews
            model.embedding(torch.ones(1, dtype=torch.long))  # a layer
            nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 2))(torch.ones(2, 3, dtype=torch.long))
            for text, _ in DataLoader(Reviews(), batch_size=1, collate_fn=padded):
                model(text)
    assert not list(record.ask(Data, what="prediction"))
    assert len(list(record.ask(Call, what="gru"))) >= 3


def test_a_container_that_is_the_model_predicts_once() -> None:
    record = new_record()
    model = nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 2))
    with Watch(record).looking(), torch.no_grad():
        model(torch.ones(1, 3, dtype=torch.long))
    (fact,) = record.ask(Data, what="prediction")
    assert fact.samples["model"] == "Sequential"


def test_axes_of_a_stacked_batch_reach_the_model() -> None:
    record, model = new_record(), nn.Linear(3, 2)
    with Watch(record).looking():
        for (rows,) in DataLoader(TensorDataset(torch.zeros(3, 3)), batch_size=3):
            model(rows)
    (call,) = record.ask(Call, what="linear")
    note = call.inputs[0].note
    assert isinstance(note, TensorNote) and note.axes[0] == Axis("batch", "propagated")
