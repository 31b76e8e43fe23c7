"""The experiments tell right models from wrong ones, twenty drawings of the weights each, without any overlap."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import right_and_wrong as models
import torch
from torch import Tensor, nn

from rnnlab.facts import Gap, Probe
from rnnlab.probing.experiments import probe_model
from rnnlab.probing.experiments.neighbours import alone, neighbours, permutation
from rnnlab.probing.experiments.order import order, repetition
from rnnlab.probing.experiments.output_range import output_range
from rnnlab.probing.experiments.padding import padding
from rnnlab.probing.experiments.parameters import parameters
from rnnlab.probing.experiments.reach import reach
from rnnlab.probing.experiments.signature import NoForm, find_form
from rnnlab.probing.experiments.sizes import batch_sizes, sequence_of_one
from rnnlab.probing.experiments.state import state
from rnnlab.probing.experiments.subject import Subject

SEEDS = range(20)
NOTHING, MUCH = 1e-5, 1e-3  # of the spread: between them nothing may lie
Kind = type[nn.Module]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@functools.cache
def form_of(kind: Kind) -> Any:
    return find_form(kind()).form


def facts(experiment: Callable[[Subject], Iterator[Probe | Gap]], kind: Kind, seed: int = 0) -> list[Probe]:
    torch.manual_seed(seed)
    found = list(experiment(Subject(kind(), form_of(kind), seed=seed, files=[models.__file__])))
    assert all(isinstance(fact, Probe) for fact in found), found
    return found  # type: ignore[return-value]


def share(fact: Probe) -> float:
    return fact.seen["largest_change"] / max(fact.seen["spread"], 1e-9)


def named(kinds: tuple[Kind, ...]) -> Any:
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


# --- padding -------------------------------------------------------------------------------------------------------


@named(models.RIGHT)
def test_more_pads_change_nothing_where_they_are_not_read(kind: Kind) -> None:
    for seed in SEEDS:
        right, _ = facts(padding, kind, seed)
        assert right.given["side"] == "right" and right.given["pad_from"] == "padding_idx"
        assert share(right) < NOTHING and right.seen["at_pads"] < NOTHING < right.seen["at_words"]


@named(models.READS_PADS)
def test_more_pads_change_the_answer_where_they_are_read(kind: Kind) -> None:
    for seed in SEEDS:
        right, _ = facts(padding, kind, seed)
        assert share(right) > MUCH and right.seen["at_pads"] > MUCH * right.seen["at_words"]


def test_a_model_for_texts_of_one_length_has_gradients_at_its_pads_alone() -> None:
    class AllSteps(models.Model):
        batch_first = True

        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(20 * models.HID, models.CLASSES)

        def forward(self, text: Tensor) -> Tensor:
            return self.fc(self.rnn(self.embedding(text))[0].flatten(1))

    assert form_of(AllSteps).seq_len == 20
    right, _ = facts(padding, AllSteps)
    assert "largest_change" not in right.seen and right.seen["at_pads"] > MUCH


# --- neighbours ----------------------------------------------------------------------------------------------------


@named(models.RIGHT)
def test_an_answer_is_a_matter_of_its_own_text(kind: Kind) -> None:
    for seed in SEEDS:
        (gradients,) = facts(neighbours, kind, seed)
        assert gradients.seen["foreign"] == 0.0 and gradients.seen["foreign_texts"] == 0 < gradients.seen["own"]
        assert all(share(fact) < NOTHING for fact in (*facts(alone, kind, seed), *facts(permutation, kind, seed)))


@named(models.MIXES)
def test_an_answer_that_depends_on_other_texts_is_seen_in_gradients_and_alone(kind: Kind) -> None:
    for seed in SEEDS:
        (gradients,) = facts(neighbours, kind, seed)
        assert gradients.seen["foreign_texts"] > 0
        assert gradients.seen["foreign"] > MUCH * max(gradients.seen["own"], gradients.seen["foreign"])
        assert share(facts(alone, kind, seed)[0]) > MUCH


@named(models.READS_PADS)
def test_pads_are_no_mixing(kind: Kind) -> None:
    for seed in SEEDS:
        (gradients,) = facts(neighbours, kind, seed)
        equal, uneven = facts(alone, kind, seed)
        assert gradients.seen["foreign"] == 0.0 and share(equal) < NOTHING
        # Alone, a text without lengths has no pads. A maximum may be lucky with three.
        assert share(uneven) > MUCH or kind is models.MaxOverPads


def test_texts_that_are_sorted_and_not_put_back_are_seen_when_they_change_places() -> None:
    for seed in SEEDS:
        assert share(facts(permutation, models.SortedAndNotRestored, seed)[0]) > MUCH
        assert share(facts(alone, models.SortedAndNotRestored, seed)[1]) > MUCH


# --- sizes ---------------------------------------------------------------------------------------------------------


@named(models.RIGHT)
def test_all_sizes_give_their_shape(kind: Kind) -> None:
    for fact in (*facts(batch_sizes, kind), *facts(sequence_of_one, kind)):
        assert fact.seen["ran"] and fact.seen["shape"] == fact.seen["expected"] == [fact.given["batch"], 3]


def test_squeezing_everything_loses_the_batch_of_one() -> None:
    one, *others = facts(batch_sizes, models.Squeezed)
    assert one.seen["shape"] == [3] and one.seen["expected"] == [1, 3]
    assert all(fact.seen["shape"] == fact.seen["expected"] for fact in others)


def test_a_batch_size_that_is_built_in_is_found_with_the_line_that_breaks() -> None:
    sizes = facts(batch_sizes, models.BatchSizeBuiltIn)
    assert form_of(models.BatchSizeBuiltIn).batch == 16
    assert all(not fact.seen["ran"] and fact.given["works_with"] == 16 and fact.seen["line"] for fact in sizes)


# --- order, repetition, state --------------------------------------------------------------------------------------


def test_a_bag_of_words_has_no_order() -> None:
    for seed in SEEDS:
        bag, rnn = facts(order, models.BagOfWords, seed)[0].seen, facts(order, models.Packed, seed)[0].seen
        assert bag["reversed"] < NOTHING * bag["spread"] and bag["swapped"] < NOTHING * bag["spread"]
        assert rnn["reversed"] > MUCH * rnn["spread"] and rnn["swapped"] > MUCH * rnn["spread"]


@named((*models.RIGHT, *models.READS_PADS, *models.MIXES))
def test_an_answer_is_the_same_again(kind: Kind) -> None:
    for seed in range(3):
        assert facts(repetition, kind, seed)[0].seen["largest_change"] == 0.0
        assert facts(state, kind, seed)[0].seen["largest_change"] == 0.0


@named((models.DropoutAlwaysOn, models.RandomFirstState))
def test_chance_in_eval_mode_is_seen(kind: Kind) -> None:
    assert all(share(facts(repetition, kind, seed)[0]) > MUCH for seed in SEEDS)


@named((models.StateCarried, models.StateInTheGraph))
def test_a_state_that_is_carried_on_is_seen_and_leaves_the_model_as_it_was(kind: Kind) -> None:
    for seed in SEEDS:
        (fact,) = facts(state, kind, seed)
        assert share(fact) > MUCH
        assert ("second time" in fact.seen["backward"]) == (kind is models.StateInTheGraph)
    assert facts(repetition, kind)[0].seen["largest_change"] == 0.0


# --- what reaches the answers --------------------------------------------------------------------------------------


def reached(kind: Kind, seed: int) -> Probe:
    return next(fact for fact in facts(reach, kind, seed) if fact.what == "reach")


def test_the_row_of_the_hidden_state_that_is_read_is_seen() -> None:
    for seed in SEEDS:
        lower, both = reached(models.LowerLayer, seed), reached(models.TwoWay, seed)
        assert lower.seen["hidden"][0] > MUCH and lower.seen["hidden"][1] == 0.0 and lower.given["layers"] == 2
        assert both.seen["hidden"][:2] == [0.0, 0.0] and min(both.seen["hidden"][2:]) > MUCH
        assert both.given["packed"] and both.given["directions"] == 2


def test_the_cell_state_is_told_from_the_hidden_state() -> None:
    for seed in SEEDS:
        cell, hidden = reached(models.CellState, seed).seen, reached(models.Packed, seed).seen
        assert cell["cell"][0] > MUCH and not any(cell["hidden"])
        assert hidden["hidden"][0] > MUCH and not any(hidden["cell"])


def test_the_steps_at_which_each_direction_is_read_are_seen() -> None:
    for seed in SEEDS:
        seen = reached(models.BackwardAtTheEnd, seed).seen
        for direction in ("forward", "backward"):
            *before, last = seen[direction]
            assert not any(before) and last > MUCH


def test_a_layer_is_told_with_its_line_and_the_axes_of_its_input() -> None:
    fact = reached(models.PadReadAsLast, 0)
    assert fact.given["layer"] == "rnn" and fact.given["input"] == "seq_len batch features"
    assert fact.given["type"] == "LSTM" and fact.given["batch_first"] is False


def test_layers_in_a_list_and_layers_without_use_are_seen() -> None:
    assert facts(parameters, models.LayersInAList)[0].seen["outside"]
    bag = facts(parameters, models.BagOfWords)[0].seen
    assert {name for name in bag["dead"] if name.startswith("rnn")} and not bag["outside"]
    for kind in models.RIGHT:
        seen = facts(parameters, kind)[0].seen
        assert seen["dead"] == [] and seen["outside"] == [], kind


# --- the range -----------------------------------------------------------------------------------------------------


def test_logits_probabilities_and_their_logarithms_are_told_apart() -> None:
    for seed in SEEDS:
        logits, softmax, logs, sigmoid, over_batch = (
            facts(output_range, kind, seed)[0].seen
            for kind in (
                models.Answers,
                models.Probabilities,
                models.LogProbabilities,
                models.Sigmoids,
                models.SoftmaxOverBatch,
            )
        )
        assert logits["min"] < -0.1 and logits["max"] > 0.1 and min(logits["sums"].values()) > 0.01
        assert softmax["min"] >= 0 and softmax["sums"]["3"] < NOTHING < softmax["sums"]["batch"]
        assert logs["max"] <= 0 and logs["sums_of_exp"]["3"] < NOTHING
        assert 0 <= sigmoid["min"] < sigmoid["max"] <= 1 and sigmoid["sums"]["3"] > 0.01
        assert over_batch["sums"]["batch"] < NOTHING < over_batch["sums"]["3"]


# --- all together --------------------------------------------------------------------------------------------------


def test_the_program_s_own_model_and_random_states_are_left_alone() -> None:
    model = models.StateCarried()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.get_rng_state()
    found = probe_model(model)
    assert model.training and model.state is None and torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())
    assert not model._forward_hooks and not nn.modules.module._global_forward_hooks
    assert found[0].what == "signature" and not [fact for fact in found if isinstance(fact, Gap)]


def test_a_model_that_never_runs_is_a_gap_with_its_error() -> None:
    class Broken(models.Model):
        def forward(self, text: Tensor) -> Tensor:
            raise ValueError("no such thing")

    (gap,) = probe_model(Broken())
    assert isinstance(gap, Gap) and gap.why == "ValueError: no such thing"
    with pytest.raises(NoForm, match="no such thing"):
        find_form(Broken())
