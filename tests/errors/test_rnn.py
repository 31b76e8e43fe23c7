"""Packing, states, and what an RNN layer returns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from broken import Model, Packing, batches, ids, lengths, told
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


def test_lengths_on_a_graphics_card() -> None:
    # No graphics card is needed: a tensor on torch's "meta" device stands in for one on cuda, and torch refuses it alike.
    found = told(Packing(), ids(7, 3), lengths(7, 3).to("meta"), error=RuntimeError)
    assert found.name == "lengths_on_the_gpu"
    assert "text_lengths is (3) int64 on meta; the lengths have to lie on the cpu" in found.explanation.happened
    assert "`pack_padded_sequence(embedded, text_lengths.cpu(), ...)`" in found.explanation.next_step
    assert found.line == "packed = pack_padded_sequence(embedded, text_lengths, **options)"


def test_lengths_as_a_column_are_not_called_a_matter_of_devices() -> None:
    found = told(Packing(), ids(7, 3), lengths(7, 3).unsqueeze(1), error=RuntimeError)
    assert found.name == "lengths_are_not_one_axis"
    assert "text_lengths is (3, 1) int64" in found.explanation.happened
    assert "`text_lengths.squeeze(1)`" in found.explanation.next_step


def test_lengths_that_are_not_sorted() -> None:
    found = told(Packing(), ids(7, 4), torch.tensor([7, 3, 5, 2]), error=RuntimeError)
    assert found.name == "lengths_not_sorted"
    assert "the 4 lengths run from 2 to 7 and are not in falling order: position 1 has 3, position 2 has 5" in (
        found.explanation.happened
    )
    assert "enforce_sorted=False" in found.explanation.next_step


def test_lengths_that_count_the_other_axis() -> None:
    found = told(Packing(), ids(3, 7), lengths(7, 3), error=RuntimeError)
    assert found.name == "packing_reads_another_axis_as_batch"
    assert "batch_first=False reads axis 1 as the batch, 7 texts, and there are 3 lengths" in found.explanation.happened
    assert (
        "len(lengths)=3 is the size of axis 0: the input looks (batch, seq_len), this line takes (seq_len, batch)"
        in (found.explanation.means)
    )
    assert "batch_first=True" in found.explanation.next_step


def test_lengths_that_count_the_other_axis_with_batch_first() -> None:
    def program() -> None:
        embedded = nn.Embedding(11, 4)(ids(7, 3))
        pack_padded_sequence(embedded, lengths(7, 3), batch_first=True)

    found = told(program, error=RuntimeError)
    assert found.name == "packing_reads_another_axis_as_batch"
    assert "the input looks (seq_len, batch), this line takes (batch, seq_len)" in found.explanation.means


def test_lengths_of_neither_axis_are_not_called_turned_round() -> None:
    found = told(Packing(), ids(7, 3), lengths(7, 4), error=RuntimeError)
    assert found.name == "lengths_of_another_batch"
    assert "its batch is axis 1 with 3 texts; there are 4 lengths" in found.explanation.happened


def test_lengths_too_long_for_the_other_axis_are_not_called_turned_round() -> None:
    found = told(Packing(), ids(3, 7), torch.tensor([9, 8, 2]), error=RuntimeError)
    assert found.name == "lengths_of_another_batch"


# --- states ----------------------------------------------------------------------------------------------------------------


class Keeping(nn.Module):
    """A model that keeps its hidden state from batch to batch."""

    def __init__(self, detached: bool = False) -> None:
        super().__init__()
        self.rnn, self.fc, self.detached = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 2), detached
        self.hidden: Any = None

    def forward(self, embedded: Tensor) -> Tensor:
        output, self.hidden = self.rnn(embedded, self.hidden)
        if self.detached:
            self.hidden = tuple(state.detach() for state in self.hidden)
        return self.fc(output[:, -1])


def train(model: nn.Module) -> None:
    table = nn.Embedding(11, 4)
    for text, labels in batches(4, 2):
        loss = nn.functional.cross_entropy(model(table(text).detach()), labels)
        loss.backward()


def test_the_hidden_state_of_the_last_batch() -> None:
    found = told(train, Keeping(), error=RuntimeError)
    assert found.name == "hidden_state_of_the_last_batch_still_in_graph"
    assert found.line == "loss.backward()"
    assert "`self.rnn(embedded, self.hidden)`" in found.explanation.happened
    assert "(1, 2, 5)" in found.explanation.happened or "batch=2, hid=5" in found.explanation.happened
    assert ".detach()" in found.explanation.next_step


def test_one_graph_walked_twice_is_not_blamed_on_the_hidden_state() -> None:
    def program() -> None:
        loss = Model()(ids(7, 3)).mean()
        loss.backward()
        loss.backward()

    found = told(program, error=RuntimeError)
    assert found.name == "backward_twice_through_one_graph"


def test_a_detached_state_is_not_blamed() -> None:
    def program() -> None:
        model = Keeping(detached=True)
        train(model)
        loss = model(torch.zeros(2, 6, 4)).mean()
        loss.backward()
        loss.backward()

    assert told(program, error=RuntimeError).name == "backward_twice_through_one_graph"


def test_a_decoder_that_starts_from_its_encoder_is_not_blamed() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = nn.GRU(4, 5), nn.GRU(4, 5)

        def forward(self, text: Tensor) -> Tensor:
            _, state = self.encoder(text)
            output, _ = self.decoder(text, state)
            return output.mean()

    def program() -> None:
        model = Both()
        for text, _ in batches(4, 2):
            loss = model(nn.Embedding(11, 4)(text))
            loss.backward()
        loss.backward()

    assert told(program, error=RuntimeError).name == "backward_twice_through_one_graph"


def test_a_first_state_that_forgets_the_directions() -> None:
    def program() -> None:
        rnn = nn.LSTM(4, 5, bidirectional=True)
        rnn(torch.zeros(7, 3, 4), (torch.zeros(1, 3, 5), torch.zeros(1, 3, 5)))

    found = told(program, error=RuntimeError)
    assert found.name == "first_state_has_another_number_of_layers"
    assert "layers × directions: 1 × 2 = 2, and you gave 1" in found.explanation.means


# --- what comes back ----------------------------------------------------------------------------------------------------------


def test_the_whole_result_is_given_on() -> None:
    def program() -> None:
        rnn, fc = nn.LSTM(4, 5), nn.Linear(5, 2)
        result = rnn(torch.zeros(7, 3, 4))
        fc(result)

    found = told(program, error=TypeError)
    assert found.name == "rnn_result_not_unpacked"
    assert "is the tuple (output, (hidden, cell)) of the LSTM layer" in found.explanation.happened
    assert "`output, (hidden, cell) = ...`" in found.explanation.next_step


def test_both_states_are_taken_for_one() -> None:
    def program() -> None:
        output, hidden = nn.LSTM(4, 5)(torch.zeros(7, 3, 4))
        hidden.squeeze(0)

    found = told(program, error=AttributeError)
    assert found.name == "rnn_result_not_unpacked"
    assert "`hidden.squeeze`: hidden is the tuple (hidden, cell) of the LSTM layer" in found.explanation.happened


def test_a_gru_has_no_cell_state() -> None:
    found = told(Model(nn.GRU), ids(7, 3), error=ValueError)
    assert found.name == "rnn_result_unpacked_in_another_form"
    assert "A GRU has no cell state" in found.explanation.means
    assert "write `output, hidden = self.rnn(embedded)`" in found.explanation.next_step
    assert found.line == "output, (hidden, cell) = self.rnn(embedded)"


def test_three_names_for_two_things() -> None:
    def program() -> None:
        output, hidden, cell = nn.LSTM(4, 5)(torch.zeros(7, 3, 4))

    found = told(program, error=ValueError)
    assert found.name == "rnn_result_unpacked_in_another_form"
    assert "output, (hidden, cell) = nn.LSTM(4, 5)(torch.zeros(7, 3, 4))" in found.explanation.next_step


def test_names_that_do_not_fit_on_another_line_are_not_blamed_on_the_rnn() -> None:
    def program() -> None:
        output, hidden = nn.GRU(4, 5)(torch.zeros(7, 3, 4))
        first, second = output

    assert told(program, error=ValueError).name != "rnn_result_unpacked_in_another_form"


def test_a_packed_sequence_is_no_tensor() -> None:
    def program() -> None:
        packed = pack_padded_sequence(torch.zeros(7, 3, 4), lengths(7, 3))
        output, hidden = nn.GRU(4, 5)(packed)
        nn.Linear(5, 2)(output)

    found = told(program, error=TypeError)
    assert found.name == "packed_sequence_not_padded_back"
    assert "output is a packed sequence of 18 tokens (seq_len=7, batch=3, hid=5)" in found.explanation.happened
    found = told(lambda: pack_padded_sequence(torch.zeros(7, 3, 4), lengths(7, 3)).squeeze(0), error=AttributeError)
    assert found.name == "packed_sequence_not_padded_back"


@pytest.mark.parametrize("shape", [(4,), (1, 1, 7, 4)], ids=len)
def test_an_input_with_another_number_of_axes(shape: tuple[int, ...]) -> None:
    found = told(nn.LSTM(4, 5), torch.zeros(shape), error=ValueError)
    assert found.name == "rnn_input_has_another_number_of_axes"
    assert "the layer reads (seq_len, batch, features)" in found.explanation.happened
