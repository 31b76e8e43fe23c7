"""Axes that are indexed or dropped, and what is then missing further on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken import Model, batches, ids, lengths, told
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Squeezing(Model):
    def state(self, output: Tensor, hidden: Tensor) -> Tensor:
        return hidden.squeeze()


def test_squeeze_eats_a_batch_of_one() -> None:
    def program() -> None:
        prediction = Squeezing()(ids(7, 1))
        prediction.argmax(1)

    found = told(program, error=IndexError)
    assert found.name == "squeeze_dropped_a_batch_of_one"
    assert "`hidden.squeeze()` in line" in found.explanation.happened
    assert "made (layers=1, batch=1, hid=5) into (hid=5)" in found.explanation.happened
    assert "`prediction.argmax(1)`: prediction is (2) float32" in found.explanation.happened
    assert "`hidden[-1]`" in found.explanation.next_step
    assert found.line == "prediction.argmax(1)"


def test_squeeze_eats_the_last_batch_of_an_epoch() -> None:
    def program() -> None:
        model, criterion = Model(classes=1, batch_first=True), nn.BCEWithLogitsLoss()
        for text, labels in batches(5, 2):
            logits = model(text).squeeze()
            criterion(logits, labels.float())

    found = told(program, error=ValueError)
    assert found.name == "squeeze_dropped_a_batch_of_one"
    assert "made (batch=1, classes=1) into ()" in found.explanation.happened
    assert ".squeeze(1)" in found.explanation.next_step


def test_squeezing_the_layers_alone_is_not_blamed() -> None:
    class Right(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return hidden.squeeze(0)

    def program() -> None:
        Right()(ids(7, 1)).argmax(2)

    assert told(program, error=IndexError).name != "squeeze_dropped_a_batch_of_one"


def test_squeezing_a_larger_batch_is_not_blamed() -> None:
    def program() -> None:
        Squeezing()(ids(7, 3)).argmax(2)

    assert told(program, error=IndexError).name != "squeeze_dropped_a_batch_of_one"


# --- h_n ----------------------------------------------------------------------------------------------------------------


def test_a_direction_that_is_not_there() -> None:
    class Joined(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return torch.cat((hidden[-2], hidden[-1]), dim=1)

    found = told(Joined(wants=10), ids(7, 3), error=IndexError)
    assert found.name == "direction_that_is_not_there"
    assert "`hidden[-2]`: hidden is (layers=1, batch=3, hid=5)" in found.explanation.happened
    assert "LSTM here has one direction" in found.explanation.means


def test_h_n_is_indexed_as_if_the_batch_came_first() -> None:
    def program() -> None:
        _, hidden = nn.GRU(4, 5, batch_first=True)(torch.zeros(3, 7, 4))
        for i in range(3):
            hidden[i]

    found = told(program, error=IndexError)
    assert found.name == "hidden_is_never_batch_first"
    assert (
        "hidden is (layers=1, batch=3, hid=5) float32, and you take number 1 of its first axis"
        in found.explanation.happened
    )


def test_h_n_is_sliced_as_if_the_batch_came_first() -> None:
    class Sliced(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return hidden[:, -1]

    def program() -> None:
        logits = Sliced(batch_first=True)(ids(3, 7))
        F.cross_entropy(logits, torch.tensor([0, 1, 1]))

    found = told(program, error=ValueError)
    assert found.name == "layers_taken_for_the_batch"
    assert "`hidden[:, -1]` in line" in found.explanation.happened
    assert "batch_first=True turns the RNN's input and output round, not its states" in found.explanation.means


# --- output ---------------------------------------------------------------------------------------------------------------


def test_output_is_indexed_along_the_batch() -> None:
    class Last(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return output[-1]

    def program() -> None:
        F.cross_entropy(Last(batch_first=True)(ids(3, 7)), torch.tensor([0, 1, 1]))

    found = told(program, error=ValueError)
    assert found.name == "time_taken_for_the_batch"
    assert "output is (batch=3, seq_len=7, hid=5)" in found.explanation.happened
    assert "`output[:, -1]`" in found.explanation.next_step


def test_a_text_that_the_field_gives_the_other_way_round() -> None:
    from torchtext import data

    TEXT, LABEL = data.Field(), data.LabelField(dtype=torch.long)
    fields = [("text", TEXT), ("label", LABEL)]
    rows = [data.Example.fromlist(row, fields) for row in (("a b c d", "pos"), ("c", "neg"), ("d a", "pos"))]
    made = data.Dataset(rows, fields)
    TEXT.build_vocab(made)
    LABEL.build_vocab(made)

    def program() -> None:
        model = Model(batch_first=True)
        for batch in data.Iterator(made, batch_size=3, device="cpu"):
            F.cross_entropy(model(batch.text), batch.label)

    found = told(program, error=ValueError)
    assert found.name == "time_taken_for_the_batch"
    assert (
        "embedded is (seq_len=4, batch=3, emb=4) float32; batch_first=True reads axis 0, which is seq_len, as "
        "the batch" in (found.explanation.happened)
    )
    assert "leave batch_first=True out" in found.explanation.next_step


class PadsBack(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(11, 4), nn.GRU(4, 5, batch_first=True)
        self.options = options

    def forward(self, text: Tensor, text_lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(text), text_lengths, batch_first=True)
        output, hidden = self.rnn(packed)
        output, _ = pad_packed_sequence(output)
        return output[torch.arange(3), text_lengths - 1]


def test_padded_back_without_batch_first() -> None:
    found = told(PadsBack(), ids(3, 7), lengths(7, 3), error=IndexError)
    assert found.name == "padded_back_without_batch_first"
    assert "`pad_packed_sequence(output)` in line" in found.explanation.happened
    assert "write `pad_packed_sequence(..., batch_first=True)`" in found.explanation.next_step


def test_padded_back_in_the_same_order_is_not_blamed() -> None:
    class Right(PadsBack):
        def forward(self, text: Tensor, text_lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(self.embedding(text), text_lengths, batch_first=True)
            output, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
            return output[torch.arange(3), text_lengths]

    assert told(Right(), ids(3, 7), lengths(7, 3), error=IndexError).name != "padded_back_without_batch_first"


@pytest.mark.parametrize("index", [5])
def test_a_word_beyond_the_last_is_not_blamed_on_the_hidden_state(index: int) -> None:
    def program() -> None:
        output, _ = nn.GRU(4, 5)(torch.zeros(3, 2, 4))
        output[index]

    assert told(program, error=IndexError).name not in {"hidden_is_never_batch_first", "direction_that_is_not_there"}
