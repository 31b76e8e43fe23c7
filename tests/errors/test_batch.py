"""Fields, lengths, sorting, and sizes that only the first batches have."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from broken import Model, batches, ids, told
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext import data

ROWS = (("a b c d", "pos"), ("c", "neg"), ("d a", "pos"), ("b c a", "neg"))


def made(**options: Any) -> tuple[data.Dataset, data.Field, data.LabelField]:
    """Return a built dataset of four texts."""
    TEXT, LABEL = data.Field(**options), data.LabelField(dtype=torch.long)
    fields = [("text", TEXT), ("label", LABEL)]
    dataset = data.Dataset([data.Example.fromlist(row, fields) for row in ROWS], fields)
    TEXT.build_vocab(dataset)
    LABEL.build_vocab(dataset)
    return dataset, TEXT, LABEL


def test_a_field_is_read_by_another_name() -> None:
    dataset, *_ = made()

    def program() -> None:
        for batch in data.Iterator(dataset, batch_size=2, device="cpu"):
            batch.review

    found = told(program, error=AttributeError)
    assert found.name == "field_name_is_not_the_name_read"
    assert "`batch.review` reads 'review'; this batch has the fields 'text' and 'label'" in found.explanation.happened
    assert found.line == "batch.review"


def test_a_sort_key_reads_a_field_by_another_name() -> None:
    dataset, *_ = made()

    def program() -> None:
        def length(example: Any) -> int:
            return len(example.txt)

        next(iter(data.BucketIterator(dataset, batch_size=2, device="cpu", train=False, sort_key=length)))

    found = told(program, error=AttributeError)
    assert found.name == "field_name_is_not_the_name_read"
    assert "an example has the fields" in found.explanation.happened and "read `.text`" in found.explanation.next_step


def test_an_attribute_missing_on_anything_else_is_no_field() -> None:
    found = told(lambda: Model().embeding, error=AttributeError)
    assert found.name == ""
    assert found.explanation.text() == (
        "what happened: `Model().embeding`: Model has no `embeding`.\n"
        "what it means: It holds embedding, rnn, fc, training.\n"
        "what to do: write `embedding`"
    )


@pytest.mark.parametrize(
    "options", [{"sort_within_batch": True}, {"train": False}], ids=["within batches", "evaluation"]
)
def test_no_sort_key(options: dict[str, bool]) -> None:
    dataset, *_ = made()

    def program() -> None:
        for batch in data.BucketIterator(dataset, batch_size=2, device="cpu", **options):
            print(batch)

    found = told(program, error=TypeError)
    assert found.name == "no_sort_key"
    assert "sort_key=lambda x: len(x.text)" in found.explanation.next_step
    assert found.explanation.happened.startswith("`for batch in data.BucketIterator(")


def test_sorting_examples_by_hand_is_not_blamed_on_an_iterator() -> None:
    dataset, *_ = made()
    assert told(lambda: sorted(dataset.examples), error=TypeError).name != "no_sort_key"


def test_lengths_are_not_taken_apart() -> None:
    dataset, *_ = made(include_lengths=True)

    def program() -> None:
        model = Model()
        for batch in data.Iterator(dataset, batch_size=2, device="cpu", sort=False, shuffle=False):
            model(batch.text)

    found = told(program, error=TypeError)
    assert found.name == "lengths_not_unpacked"
    assert "the text (seq_len=4, batch=2) and its lengths (batch=2)" in found.explanation.happened
    assert "`text, text_lengths = batch.text`" in found.explanation.next_step


def test_the_shape_of_a_text_with_lengths() -> None:
    dataset, *_ = made(include_lengths=True)

    def program() -> None:
        for batch in data.Iterator(dataset, batch_size=2, device="cpu"):
            text = batch.text
            print(text.shape)

    found = told(program, error=AttributeError)
    assert found.name == "lengths_not_unpacked"
    assert "text is a tuple of two" in found.explanation.happened


def test_any_other_tuple_is_not_taken_for_text_and_lengths() -> None:
    found = told(lambda: nn.Embedding(11, 4)((ids(7, 3), torch.zeros(3))), error=TypeError)
    assert found.name != "lengths_not_unpacked"


def test_lengths_that_were_never_asked_for() -> None:
    dataset, *_ = made()

    def program() -> None:
        for batch in data.Iterator(dataset, batch_size=2, device="cpu", sort=False, shuffle=False):
            text, text_lengths = batch.text

    found = told(program, error=ValueError)
    assert found.name == "lengths_not_asked_for"
    assert found.explanation.happened.startswith("`text, text_lengths = batch.text`: ")
    assert (
        "batch.text is one tensor, (seq_len=4, batch=2); taking it apart gives its 4 rows" in found.explanation.happened
    )
    assert "include_lengths=True" in found.explanation.next_step


# --- sizes of the first batches ---------------------------------------------------------------------------------------


class BuiltIn(nn.Module):
    """A model that makes its first state for a fixed number of texts."""

    def __init__(self, batch_size: int, packing: bool = False) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(11, 4), nn.LSTM(4, 5, batch_first=True)
        self.batch_size, self.packing = batch_size, packing

    def forward(self, text: Tensor) -> Tensor:
        h0 = torch.zeros(1, self.batch_size, 5)
        c0 = torch.zeros(1, self.batch_size, 5)
        embedded: Any = self.embedding(text)
        if self.packing:
            embedded = pack_padded_sequence(embedded, torch.arange(6, 6 - len(text), -1), batch_first=True)
        output, (hidden, cell) = self.rnn(embedded, (h0, c0))
        return hidden[-1]


@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_the_batch_size_is_built_into_the_first_state(packing: bool) -> None:
    def program() -> None:
        model = BuiltIn(4, packing)
        for text, _ in batches(10, 4):
            model(text)

    found = told(program, error=RuntimeError)
    assert found.name == "first_state_of_another_batch_size"
    assert "h0 is (1, 4, 5): the layer wants a state for 2 texts and got one for 4" in found.explanation.happened
    assert "self.batch_size = 4 is not the size of this batch, 2" in found.explanation.means
    assert "The last batch of an epoch holds what is left over" in found.explanation.means
    assert found.line == "output, (hidden, cell) = self.rnn(embedded, (h0, c0))"


def test_a_state_of_another_size_by_itself_is_not_called_built_in() -> None:
    def program() -> None:
        nn.GRU(4, 5)(torch.zeros(7, 3, 4), torch.zeros(1, 2, 5))

    found = told(program, error=RuntimeError)
    assert "the layer wants a state for 3 texts and got one for 2" in found.explanation.happened
    assert "built into" not in found.explanation.means + found.explanation.next_step


class Viewed(nn.Module):
    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.embedding, self.batch_size = nn.Embedding(11, 3), batch_size

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        return embedded.view(self.batch_size, -1)


def test_the_batch_size_is_built_into_a_view() -> None:
    def program() -> None:
        model = Viewed(4)
        for text, _ in batches(5, 4, seq_len=5):
            model(text)

    found = told(program, error=RuntimeError)
    assert found.name == "batch_size_built_into_a_view"
    assert "the view asks for (4, -1)" in found.explanation.happened
    assert "self.batch_size = 4 is not the size of this batch, 1" in found.explanation.means
    assert "`x.view(x.size(0), -1)`" in found.explanation.next_step


def test_a_view_that_never_fits_is_not_blamed_on_the_batch_size() -> None:
    assert told(lambda: torch.zeros(3, 5).view(4, -1), error=RuntimeError).name == ""


def test_texts_of_different_lengths_in_one_tensor() -> None:
    from torch.utils.data import DataLoader

    texts: Any = [(torch.zeros(5, dtype=torch.long), 0), (torch.zeros(3, dtype=torch.long), 1)]

    def program() -> None:
        for text, label in DataLoader(texts, batch_size=2):
            print(text, label)

    found = told(program, error=RuntimeError)
    assert found.name == "texts_not_padded_to_one_length"
    assert "the DataLoader's own collate puts texts of 5 and 3 words into one tensor" in found.explanation.happened
    assert "collate_fn" in found.explanation.next_step
    assert told(lambda: torch.tensor([[1, 2], [3]]), error=ValueError).name == "texts_not_padded_to_one_length"


def test_tensors_of_more_axes_are_not_called_texts() -> None:
    found = told(lambda: torch.stack([torch.zeros(2, 5), torch.zeros(3, 5)]), error=RuntimeError)
    assert found.name != "texts_not_padded_to_one_length"
