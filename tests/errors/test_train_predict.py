"""Training, evaluating, predicting, and loading what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken import Model, Packing, ids, lengths, told
from torch import Tensor, nn
from torchtext import data

# --- train -----------------------------------------------------------------------------------------------------------------


def loss_through(step: Any) -> Any:
    def program() -> None:
        logits = Model()(ids(7, 3))
        predicted = step(logits)
        loss = ((predicted - 1.0) ** 2).mean()
        loss.backward()

    return program


def test_argmax_cuts_the_graph() -> None:
    found = told(loss_through(lambda logits: logits.argmax(1).float()), error=RuntimeError)
    assert found.name == "graph_cut_before_the_loss"
    assert "`logits.argmax(1)` in line" in found.explanation.means
    assert "took it out of the graph: argmax chooses a class" in found.explanation.means
    assert found.line == "loss.backward()"


def test_detach_cuts_the_graph() -> None:
    found = told(loss_through(lambda logits: logits.detach()), error=RuntimeError)
    assert "`logits.detach()` in line" in found.explanation.means


def test_no_grad_around_the_forward_pass_cuts_the_graph() -> None:
    def program() -> None:
        with torch.no_grad():
            logits = Model()(ids(7, 3))
        loss = logits.mean()
        loss.backward()

    found = told(program, error=RuntimeError)
    assert found.name == "graph_cut_before_the_loss"
    assert "`self.fc(self.state(output, hidden))` in line" not in found.explanation.means
    assert "`self.embedding(text)` in line" in found.explanation.means
    assert "ran while gradients were switched off" in found.explanation.means


def test_frozen_weights_blame_no_operation() -> None:
    def program() -> None:
        loss = Model().requires_grad_(False)(ids(7, 3)).mean()
        loss.backward()

    found = told(program, error=RuntimeError)
    assert found.name == "graph_cut_before_the_loss" and "took it out" not in found.explanation.means


def test_a_loss_with_many_numbers() -> None:
    def program() -> None:
        loss = F.cross_entropy(Model()(ids(7, 3)), torch.tensor([0, 1, 1]), reduction="none")
        loss.backward()

    found = told(program, error=RuntimeError)
    assert found.name == "loss_is_not_one_number"
    assert "loss is (3) float32, one number for each row" in found.explanation.happened
    assert "`loss.mean().backward()`" in found.explanation.next_step


# No graphics card is needed: torch's "meta" device stands in for cuda, and torch refuses to mix it with the cpu as well.


def test_a_model_left_behind() -> None:
    model = Model()
    model.rnn.to("meta")
    found = told(model, ids(7, 3), error=RuntimeError)
    assert found.name == "tensors_on_two_devices"
    assert "embedded is (7, 3, emb=4) float32 on cpu, the layer's weights are on meta" in found.explanation.happened
    assert "`embedded = embedded.to(device)`" in found.explanation.next_step


def test_a_model_on_the_cpu_and_a_batch_elsewhere() -> None:
    def program() -> None:
        hidden = torch.zeros(3, 5, device="meta")
        nn.Linear(5, 2)(hidden)

    found = told(program, error=RuntimeError)
    assert found.name == "tensors_on_two_devices"
    assert "hidden is (3, 5) float32 on meta, the layer's weights are on cpu" in found.explanation.happened
    assert "model.to('meta')" in found.explanation.next_step


def test_labels_left_behind() -> None:
    def program() -> None:
        logits, labels = torch.zeros(3, 2, device="meta"), torch.tensor([0, 1, 1])
        nn.CrossEntropyLoss()(logits, labels)

    found = told(program, error=RuntimeError)
    assert found.name == "tensors_on_two_devices"
    assert "logits is (3, 2) float32 on meta, labels is (3) int64 on cpu" in found.explanation.happened
    assert "`labels = labels.to(device)`" in found.explanation.next_step


def test_a_sum_over_two_devices() -> None:
    def program() -> None:
        one, other = torch.zeros(3), torch.zeros(3, device="meta")
        one + other

    found = told(program, error=RuntimeError)
    assert found.name == "tensors_on_two_devices" and found.line == "one + other"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_no_graphics_card() -> None:
    found = told(lambda: Model().to("cuda"))
    assert found.name == "no_gpu_here"
    assert "torch.cuda.is_available()" in found.explanation.next_step


# --- evaluate --------------------------------------------------------------------------------------------------------------


def test_numpy_of_a_tensor_in_the_graph() -> None:
    def program() -> None:
        logits = Model()(ids(7, 3))
        logits.numpy()

    found = told(program, error=RuntimeError)
    assert found.name == "numpy_of_a_tensor_in_the_graph" and ".detach().cpu().numpy()" in found.explanation.next_step


def test_numpy_of_a_tensor_on_a_device() -> None:
    # "meta" stands in for cuda here as well.
    def program() -> None:
        logits = torch.zeros(3, 2, device="meta")
        logits.numpy()

    found = told(program, error=TypeError)
    assert found.name == "numpy_of_a_tensor_on_a_device"
    assert "numpy reads main memory only" in found.explanation.means


# --- predict ---------------------------------------------------------------------------------------------------------------


def test_a_single_sentence_without_a_batch_axis() -> None:
    class Sliced(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return hidden[-1, :, :]

    def program() -> None:
        tensor = torch.tensor([1, 2, 3, 4])
        Sliced()(tensor)

    found = told(program, error=IndexError)
    assert found.name == "single_sentence_without_a_batch_axis"
    assert "text is (seq_len=4) int64, one axis alone" in found.explanation.happened
    assert "`tensor.unsqueeze(1)`" in found.explanation.next_step


def test_the_class_of_a_single_sentence_without_a_batch_axis() -> None:
    def program() -> None:
        prediction = Model()(torch.tensor([1, 2, 3, 4]))
        prediction.argmax(1)

    assert told(program, error=IndexError).name == "single_sentence_without_a_batch_axis"


def test_a_single_sentence_on_the_wrong_axis() -> None:
    def program() -> None:
        tensor = torch.tensor([1, 2, 3, 4]).unsqueeze(0)
        Packing()(tensor, torch.tensor([4]))

    found = told(program, error=RuntimeError)
    assert found.name == "single_sentence_on_the_wrong_axis"
    assert "This is one sentence of 4 words" in found.explanation.means
    assert "`unsqueeze(1)` in place of `unsqueeze(0)`" in found.explanation.next_step


def test_a_batch_with_one_length_too_few_is_no_single_sentence() -> None:
    assert told(Packing(), ids(7, 3), lengths(7, 1), error=RuntimeError).name == "lengths_of_another_batch"


# --- what was saved --------------------------------------------------------------------------------------------------------


def test_a_whole_model_was_saved(tmp_path: Path) -> None:
    torch.save(Model(), tmp_path / "model.pt")
    found = told(lambda: torch.load(tmp_path / "model.pt"))
    assert found.name == "whole_object_was_saved"
    assert "a whole object of the class broken.Model" in found.explanation.happened
    assert "model.state_dict()" in found.explanation.next_step


def test_a_whole_vocabulary_was_saved(tmp_path: Path) -> None:
    TEXT = data.Field()
    TEXT.build_vocab([["a", "b"]])
    torch.save(TEXT.vocab, tmp_path / "vocab.pt")
    found = told(lambda: torch.load(tmp_path / "vocab.pt"))
    assert found.name == "whole_object_was_saved" and "TEXT.vocab.itos" in found.explanation.next_step


class Sized(nn.Module):
    def __init__(self, words: int, hid: int = 5) -> None:
        super().__init__()
        self.embedding, self.fc = nn.Embedding(words, 4), nn.Linear(hid, 2)


def test_a_vocabulary_of_another_size() -> None:
    def program() -> None:
        vocabulary = {f"word{i}": i for i in range(12)}
        Sized(len(vocabulary)).load_state_dict(Sized(10).state_dict())

    found = told(program, error=RuntimeError)
    assert found.name == "vocabulary_of_another_size"
    assert "embedding.weight is (num_embeddings=10, emb=4) in the file and (num_embeddings=12, emb=4)" in (
        found.explanation.happened
    )
    assert "vocabulary has 12 entries now" in found.explanation.means


def test_a_head_of_another_size_is_not_blamed_on_the_vocabulary() -> None:
    found = told(lambda: Sized(10, 5).load_state_dict(Sized(10, 6).state_dict()), error=RuntimeError)
    assert found.name == "weights_of_another_model"
    assert "fc.weight is (2, 6) in the file and (2, 5) in this model" in found.explanation.happened
    found = told(lambda: Sized(10, 5).load_state_dict(Sized(12, 6).state_dict()), error=RuntimeError)
    assert found.name == "weights_of_another_model"


def test_weights_with_other_names() -> None:
    found = told(lambda: nn.Linear(2, 2).load_state_dict({"module.weight": torch.zeros(2, 2)}), error=RuntimeError)
    assert found.name == "weights_of_another_model"
    assert "DataParallel" in found.explanation.means
