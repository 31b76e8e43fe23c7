"""Stages 6 to 13: the model, its training, and the counting of right answers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence

from rnnlab.pipeline.batch import batch
from rnnlab.pipeline.evaluate import Evaluation, evaluate
from rnnlab.pipeline.model import ReviewClassifier, first_look, read_to_each_end
from rnnlab.pipeline.predict import predict
from rnnlab.pipeline.settings import BUILT_IN, LECTURE, Settings
from rnnlab.pipeline.split import split
from rnnlab.pipeline.train import Epoch, History, Turn, fastest_forward, gradient_norm, train
from rnnlab.pipeline.vocab import vocab
from rnnlab.pipeline.walk import chosen_device, walk

KINDS = ["lstm", "gru", "rnn"]
WORDS, EMB, HID, CLASSES = 30, 5, 7, 3


def model_of(kind="lstm", packed=True, classes=CLASSES, words=WORDS) -> ReviewClassifier:
    torch.manual_seed(3)
    return ReviewClassifier(words, EMB, HID, classes, kind, packed)


def batch_of(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A padded batch (seq_len, batch) of random tokens; 1 is <pad>."""
    text = torch.randint(2, WORDS, (max(lengths), len(lengths)), generator=torch.Generator().manual_seed(9))
    for column, length in enumerate(lengths):
        text[length:, column] = 1
    return text, torch.tensor(lengths)


@pytest.fixture(scope="module")
def material():
    """Splits of 200 easy reviews (one word tells the class), and their loaders in small batches."""
    drawn = random.Random(5)
    tokens = [
        [*("filler" for _ in range(drawn.randrange(6))), "yes" if i % 3 else "no", *("end" for _ in range(i % 4))]
        for i in range(200)
    ]
    splits = split(tokens, ["good" if i % 3 else "bad" for i in range(200)])
    vocab(splits.train, splits.text, splits.label)
    return splits, batch(splits, 16)


def trained(material, show=lambda _: None, **how) -> tuple[ReviewClassifier, History]:
    splits, _ = material
    loaders = batch(splits, 16)
    model = model_of(classes=2, words=len(splits.text.vocab))
    random.seed(1)
    history = train(model, loaders, how.pop("epochs", 2), how.pop("learning_rate", 0.05), show=show, **how)
    return model, history


# --- the model -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("lengths", [(9, 4, 4, 1), (6,), (1, 1)])
def test_a_batch_becomes_one_score_per_review_and_class(kind, packed, lengths):
    logits = model_of(kind, packed)(*batch_of(*lengths))
    assert logits.shape == (len(lengths), CLASSES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(9, 4, 4, 1), (6,), (3, 3, 3)])
def test_reading_to_each_end_is_packing_in_logits_and_in_every_gradient(kind, lengths):
    text, lengths = batch_of(*lengths)
    labels = torch.arange(len(lengths)) % CLASSES
    packed, padded = model_of(kind), model_of(kind)
    logits = packed(text, lengths)
    same = read_to_each_end(padded, text, lengths)
    torch.testing.assert_close(same, logits, rtol=0, atol=1e-5)
    cross_entropy(logits, labels).backward()
    cross_entropy(same, labels).backward()
    for (name, one), other in zip(packed.named_parameters(), padded.parameters(), strict=True):
        assert one.grad is not None and other.grad is not None, name
        assert one.grad.abs().max() > 0, name
        torch.testing.assert_close(other.grad, one.grad, rtol=0, atol=1e-5, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_a_review_is_read_as_if_it_were_alone(kind):
    text, lengths = batch_of(9, 4, 1)
    model = model_of(kind)
    for column, length in enumerate(lengths.tolist()):
        alone = model(text[:length, column : column + 1], lengths[column : column + 1])
        torch.testing.assert_close(model(text, lengths)[column : column + 1], alone, rtol=0, atol=1e-6)


def test_padded_a_short_review_is_read_through_its_padding():
    text, lengths = batch_of(9, 1)
    model = model_of(packed=False)
    alone = model(text[:1, 1:], lengths[1:])
    assert not torch.allclose(model(text, lengths)[1:], alone, atol=1e-3)


def test_the_logits_are_the_heads_answer_to_the_last_hidden_state():
    text, lengths = batch_of(5, 2)
    model = model_of()
    _, (hidden, _) = model.rnn(pack_padded_sequence(model.embedding(text), lengths))
    torch.testing.assert_close(model(text, lengths), model.head(hidden[-1]))


def test_the_lectures_widths_make_the_lectures_model():
    made = ReviewClassifier(20_002, LECTURE.emb, LECTURE.hid, 2)
    assert sum(p.numel() for p in made.parameters()) == 20_002 * 128 + 4 * 256 * (128 + 256 + 2) + 2 * 257


def test_the_first_look_is_the_models_own_forward_and_the_loss():
    text, lengths = batch_of(5, 2)
    label = torch.tensor([0, 2])
    model = model_of()
    logits, loss = first_look(model, text, lengths, label)
    torch.testing.assert_close(logits, model(text, lengths))
    torch.testing.assert_close(loss, cross_entropy(logits, label))


def test_only_a_packed_model_of_ours_is_run_another_way_and_that_is_said():
    assert "the same numbers as packing" in fastest_forward(model_of())[1]
    for other in (model_of(packed=False), nn.Linear(2, 2)):
        assert fastest_forward(other) == (other, "")


def test_the_gradient_norm_is_the_length_of_all_gradients_as_one_vector():
    model = model_of()
    assert gradient_norm(model) == 0.0
    text, lengths = batch_of(5, 2)
    cross_entropy(model(text, lengths), torch.tensor([0, 2])).backward()
    whole = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    assert gradient_norm(model) == pytest.approx(float(whole.norm()), rel=1e-5)


# --- training ------------------------------------------------------------------------------------------------------


def test_training_learns_and_tells_of_every_batch_and_epoch(material):
    told = []
    _, history = trained(material, told.append, epochs=6)
    turns, epochs = [x for x in told if isinstance(x, Turn)], [x for x in told if isinstance(x, Epoch)]
    per_epoch = len(material[1].train)
    assert [(turn.epoch, turn.batch) for turn in turns] == [
        (e, b) for e in range(1, 7) for b in range(1, per_epoch + 1)
    ]
    assert {(turn.epochs, turn.batches) for turn in turns} == {(6, per_epoch)}
    assert epochs == history.epochs and [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert all(epoch.batches == epoch.of == per_epoch for epoch in epochs)
    assert history.planned == 6 and history.stopped == ""
    assert epochs[-1].loss < epochs[0].loss and epochs[-1].valid_accuracy > 0.95
    # The last turn of an epoch stands for the whole epoch.
    assert (turns[-1].loss, turns[-1].accuracy) == (epochs[-1].loss, epochs[-1].train_accuracy)


def test_the_training_accuracy_counts_every_review_once(material):
    _, history = trained(material, epochs=1)
    rows = len(material[0].train)
    correct = history.epochs[0].train_accuracy * rows
    assert rows == 136 and correct == pytest.approx(round(correct))


def test_a_seed_gives_the_same_weights_and_history_again(material):
    first, told = trained(material)
    again, retold = trained(material)
    assert all(map(torch.equal, first.parameters(), again.parameters()))
    assert [replace(one, seconds=0) for one in told.epochs] == [replace(one, seconds=0) for one in retold.epochs]


def test_training_the_fast_way_gives_the_weights_of_the_packed_way(material, monkeypatch):
    fast, _ = trained(material, epochs=1)
    monkeypatch.setattr("rnnlab.pipeline.train.fastest_forward", lambda model: (model, ""))
    slow, _ = trained(material, epochs=1)
    for one, other in zip(fast.parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-3)


def test_a_spent_time_budget_keeps_a_partial_epoch_and_says_so(material):
    model, history = trained(material, epochs=50, seconds=0.0)
    (epoch,) = history.epochs
    assert epoch.batches == 1 < epoch.of
    assert epoch.valid_accuracy is not None, "what was learnt is looked at all the same"
    assert history.stopped == f"when its 0 s were spent (batch 1 of {epoch.of}, epoch 1 of 50)"
    assert history.described()[1] == {"epochs": 0.0, "planned": 50.0, "classes": 2.0}
    assert model.training


def test_a_budget_that_is_not_spent_changes_nothing(material):
    _, history = trained(material, epochs=1, seconds=1e6)
    assert history.stopped == "" and history.described()[1] == {"epochs": 1.0, "planned": 1.0, "classes": 2.0}


def test_ctrl_c_between_two_batches_keeps_the_weights_and_the_history(material):
    def show(turn):
        if isinstance(turn, Turn) and (turn.epoch, turn.batch) == (2, 3):
            raise KeyboardInterrupt

    model, history = trained(material, show, epochs=5)
    whole, partial = history.epochs
    assert whole.batches == whole.of and whole.valid_accuracy is not None
    assert partial.batches == 3 and partial.valid_accuracy is None and partial.loss > 0
    assert history.stopped == f"by Ctrl-C (batch 3 of {partial.of}, epoch 2 of 5)"
    assert history.described()[1] == {"epochs": 1.0, "planned": 5.0, "classes": 2.0}

    # The weights are those that an epoch and three batches make.
    def stop_there(turn):
        if isinstance(turn, Turn) and (turn.epoch, turn.batch) == (2, 4):
            raise KeyboardInterrupt

    other, _ = trained(material, stop_there, epochs=5)
    fresh = model_of(classes=2, words=len(material[0].text.vocab))
    assert not torch.equal(model.head.weight, fresh.head.weight)
    assert not torch.equal(model.head.weight, other.head.weight)


def test_ctrl_c_before_the_first_batch_has_ended_leaves_an_empty_epoch(material, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnlab.pipeline.train.train_step", interrupted)
    _, history = trained(material)
    assert (history.epochs[0].batches, history.epochs[0].loss) == (0, 0.0)
    assert history.stopped.startswith("by Ctrl-C (batch 0 of ")


def test_ctrl_c_while_the_validation_split_is_read_stops_training_too(material, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnlab.pipeline.train.evaluate", interrupted)
    _, history = trained(material)
    (epoch,) = history.epochs
    assert epoch.batches == epoch.of and epoch.valid_accuracy is None and epoch.train_accuracy > 0
    assert history.stopped.startswith("by Ctrl-C (batch ")


# --- evaluation ----------------------------------------------------------------------------------------------------


def test_right_answers_are_counted_exactly_also_in_a_last_smaller_batch(material):
    splits, loaders = material
    model, _ = trained(material, epochs=1)
    assert len(splits.test) % 16 != 0, "the last batch is to be smaller"
    by_hand = [[0, 0], [0, 0]]
    model.eval()
    for example in splits.test:
        text, lengths = splits.text.process([example.text])
        answer = int(model(text, lengths).argmax())
        by_hand[splits.label.vocab.stoi[example.label]][answer] += 1
    found = evaluate(model, loaders.test)
    assert found.names == ("good", "bad")
    assert found.confusion == tuple(map(tuple, by_hand))
    assert found.rows == len(splits.test)
    assert found.accuracy == (by_hand[0][0] + by_hand[1][1]) / len(splits.test)


@pytest.mark.parametrize("mode", [True, False])
def test_evaluation_leaves_the_models_mode_its_weights_and_its_gradients(material, mode):
    model, _ = trained(material, epochs=1)
    model.train(mode)
    seen = []
    model.register_forward_hook(lambda module, _, logits: seen.append((module.training, logits.requires_grad)))
    model.zero_grad()
    evaluate(model, material[1].test)
    assert set(seen) == {(False, False)}
    assert model.training is mode
    assert all(p.grad is None for p in model.parameters())


def test_the_mode_comes_back_also_from_a_crash(material):
    model = model_of(classes=2, words=2)  # too few words: the embedding refuses
    with pytest.raises(IndexError):
        evaluate(model, material[1].test)
    assert model.training


def test_evaluation_twice_gives_the_same(material):
    model, _ = trained(material, epochs=1)
    assert evaluate(model, material[1].test) == evaluate(model, material[1].test)


def test_the_majority_is_what_always_giving_the_commonest_label_reaches():
    found = Evaluation(("a", "b", "c"), ((10, 5, 0), (1, 2, 3), (0, 0, 4)))
    assert (found.rows, found.correct) == (25, 16)
    assert found.accuracy == 16 / 25
    assert found.majority == 15 / 25


def test_no_review_at_all_is_no_crash():
    empty = Evaluation((), ())
    assert (empty.rows, empty.accuracy, empty.majority) == (0, 0.0, 0.0)


# --- prediction ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learnt(material):
    model, _ = trained(material, epochs=6)
    return model, material[0].text, material[0].label


def test_a_prediction_gives_every_class_its_probability(learnt):
    made = predict(learnt[0], "filler filler yes end", *learnt[1:])
    assert set(made.probabilities) == {"good", "bad"}
    assert sum(made.probabilities.values()) == pytest.approx(1.0)
    assert made.label == "good" and made.probabilities["good"] > 0.9
    assert predict(learnt[0], "filler filler no end", *learnt[1:]).label == "bad"


def test_a_prediction_goes_through_the_fields_own_tokenizer_and_vocabulary(learnt):
    model, text_field, label_field = learnt
    made = predict(model, "Yes, don't!\n", text_field, label_field)
    assert made.tokens == ("Yes", ",", "do", "n't", "!")
    assert made.text == "Yes, don't!\n"


def test_unknown_words_are_listed_each_time_they_are_asked(learnt):
    for _ in range(2):
        assert predict(learnt[0], "zebra yes zebra end", *learnt[1:]).unknown == ("zebra", "zebra")
    assert predict(learnt[0], "yes end", *learnt[1:]).unknown == ()


def test_a_prediction_is_a_batch_of_one_without_gradients_in_eval_mode(learnt):
    model = learnt[0]
    model.train()
    seen = []
    handle = model.register_forward_hook(
        lambda module, given, out: seen.append((module.training, tuple(given[0].shape), out.shape, out.requires_grad))
    )
    predict(model, "yes end", *learnt[1:])
    handle.remove()
    assert seen == [(False, (2, 1), (1, 2), False)]
    assert model.training


@pytest.mark.parametrize("sentence", ["", "\n", "\n\n"])
def test_an_empty_sentence_is_refused(learnt, sentence):
    with pytest.raises(ValueError, match="the sentence has no token; write at least one word"):
        predict(learnt[0], sentence, *learnt[1:])


# --- the whole walk ------------------------------------------------------------------------------------------------


def accuracy_of(settings: Settings) -> tuple[float, History]:
    seen = {}

    def at(stages, function):
        def noted(*args):
            seen[stages[0]] = function(*args)
            return seen[stages[0]]

        return noted

    walk(settings, at=at)
    return seen["evaluate"].accuracy, seen["train"]


def test_the_built_in_reviews_are_learnt_with_packing():
    accuracy, history = accuracy_of(BUILT_IN)
    assert len(history.epochs) == BUILT_IN.epochs and history.stopped == ""
    assert accuracy >= 0.85


def test_without_packing_they_are_not_learnt_in_the_same_epochs():
    accuracy, history = accuracy_of(replace(BUILT_IN, packed=False))
    assert len(history.epochs) == BUILT_IN.epochs
    assert accuracy <= 0.65


def test_a_walk_passes_the_thirteen_stages_in_their_order():
    from rnnlab.stages import STAGE_NAMES

    passed = []

    def at(stages, function):
        passed.extend(stages)
        return function

    made = walk(replace(BUILT_IN, epochs=1, emb=4, hid=4, vocabulary=100), limit=60, at=at)
    assert tuple(passed) == STAGE_NAMES
    assert set(made.probabilities) == {"0", "1"}


def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    assert chosen_device("cpu") == "cpu"
    assert chosen_device("auto") in {"cpu", "cuda"}
    for wish in ("gpu", "cpu:1", "cpu:", "cuda:99", "", ":0", "cuda:x", "CPU"):
        with pytest.raises(ValueError, match=f"there is no device '{wish}' here; there is .*cpu"):
            chosen_device(wish)
