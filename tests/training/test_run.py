"""`rnnlab train` and `rnnlab predict`: what they keep, what they say, and what they refuse."""

from __future__ import annotations

import csv
import errno
import json
import math
import xml.etree.ElementTree as ElementTree

import pytest
import torch
from train_runs import SMALL, refused, run, small_run

import rnnlab
from rnnlab.training import loop
from rnnlab.training.checkpoint import CheckpointError, load_checkpoint, load_model
from rnnlab.training.loop import RunError, Said, Steps, Turn, rate
from rnnlab.training.recipes import BETTER, LECTURE, chosen, from_data


def history(folder):
    return [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]


# --- the folder ----------------------------------------------------------------------------------------------------


def test_a_run_fills_its_folder(trained):
    folder, _ = trained
    assert {one.name for one in folder.iterdir()} == {
        "settings.json", "history.jsonl", "curves.svg", "checkpoint.pt", "model.pt", "result.json",
    }  # fmt: skip


def test_the_settings_say_how_to_repeat_it(trained, small_csv):
    kept = json.loads((trained[0] / "settings.json").read_text(encoding="utf-8"))
    assert from_data(kept["settings"]) == chosen(
        "lecture", False, emb=8, hid=8, vocabulary=300, batch=16, epochs=2, device="cpu"
    )
    assert kept["source"]["csv"] == str(small_csv) and kept["machine"]["torch"] == torch.__version__


def test_the_history_has_one_line_for_each_epoch(trained):
    rows = history(trained[0])
    assert [row["epoch"] for row in rows] == [1, 2]
    for row in rows:
        assert 0 < row["loss"] < 1 and 0 <= row["train_accuracy"] <= 1 and row["tokens_per_second"] > 0
        assert row["learning_rate"] == 0.005 and row["gradient_norm"] > 0


def test_the_curves_are_a_picture_with_a_point_for_each_epoch(trained):
    picture = ElementTree.fromstring((trained[0] / "curves.svg").read_text(encoding="utf-8"))
    assert picture.tag.endswith("svg") and len([one for one in picture if one.tag.endswith("circle")]) == 3 * 2


def test_the_test_set_is_read_once_with_the_best_epoch_by_validation(trained):
    folder, printed = trained
    rows, result = history(folder), json.loads((folder / "result.json").read_text(encoding="utf-8"))
    best = max(rows, key=lambda row: row["valid_accuracy"])
    assert result["best_epoch"] == best["epoch"] == load_model(folder / "model.pt").epoch
    assert sum(map(sum, result["confusion"])) == 80
    assert f"test {result['test_accuracy']:.2%}" in printed and "read once" in printed


def test_a_second_run_does_not_write_over_the_first(trained, small_csv):
    assert "--resume" in refused("train", "--csv", small_csv, "--out", trained[0], *SMALL)


# --- using it ------------------------------------------------------------------------------------------------------


def test_predict_gives_a_probability_for_each_label(trained):
    done = run("predict", trained[0], "I expected a dull story, but it turned out wonderful.")
    shares = [float(line.split()[1].rstrip("%")) for line in done.stdout.splitlines() if "%" in line]
    assert done.exit_code == 0 and len(shares) == 2 and math.isclose(sum(shares), 100, abs_tol=0.02)


def test_load_gives_what_the_command_prints(trained):
    model = rnnlab.load(trained[0])
    one, other = model.predict("A dull film."), rnnlab.load(trained[0] / "model.pt").predict("A dull film.")
    assert one == other and set(one.probabilities) == {"0", "1"} and one.label in {"0", "1"}
    assert one.tokens == ("A", "dull", "film", ".")


def test_a_prediction_does_not_depend_on_its_neighbours(trained):
    model = rnnlab.load(trained[0])
    texts = ["A dull film.", "I expected a dull story, but it turned out wonderful, and so did everybody else."]
    assert model.predict_all(texts) == [model.predict(text) for text in texts]


def test_an_empty_text_is_refused(trained):
    assert "no token" in refused("predict", trained[0], "")
    assert "no token" in refused("predict", trained[0], "   ")


def test_a_folder_without_a_model_is_refused(tmp_path):
    assert "rnnlab train" in refused("predict", tmp_path, "A dull film.")


# --- recipes -------------------------------------------------------------------------------------------------------


def test_what_is_not_given_comes_from_the_recipe():
    assert chosen("lecture", False) == LECTURE and chosen("better", False) == BETTER
    small = chosen("better", True, hid=None, seed=7)
    assert (small.hid, small.seed, small.dropout) == (32, 7, BETTER.dropout)


def test_the_rate_rises_and_falls_to_nothing_or_stays():
    rates = [rate(BETTER, step, 200) for step in range(200)]
    assert max(rates) == pytest.approx(BETTER.learning_rate) and rates.index(max(rates)) == 9
    assert rates[0] < rates[5] < rates[9] and rates[50] > rates[150] > rates[199] < BETTER.learning_rate / 1000
    assert {rate(LECTURE, step, 200) for step in range(200)} == {0.005}


@pytest.mark.parametrize(
    "options",
    [["--padded"], ["--unbucketed"], ["--padded", "--unbucketed"], ["--loader", "torchtext"], ["--recipe", "better"],
     ["--rnn", "gru", "--layers", "2", "--bidirectional", "--dropout", "0.3"], ["--precision", "bf16"]],
)  # fmt: skip
def test_every_kind_of_run_comes_to_its_end(options, small_csv, tmp_path):
    done = run("train", "--csv", small_csv, "--out", tmp_path / "run", *SMALL, *options)
    assert (done.exit_code, done.stderr) == (0, "") and "test " in done.stdout
    assert run("predict", tmp_path / "run", "A dull film.").exit_code == 0


# --- trouble -------------------------------------------------------------------------------------------------------


def test_a_padded_run_says_how_the_gradient_fades_and_keeps_the_numbers(tmp_path):
    done = run("train", "--out", tmp_path / "run", "--padded", "--unbucketed", "--epochs", "1", "--device", "cpu")
    (row,) = history(tmp_path / "run")
    found = row["gradients"]
    assert "what guessing costs" in row["said"][0] and "vanish through the padding" in row["said"][1]
    assert found["at_last_words"] < found["at_last_step"] / 1000 and len(found["norms"]) == len(found["steps"]) <= 60
    assert "gradient at steps 1 to" in done.stdout


def test_a_packed_run_measures_no_gradient_per_step(trained):
    assert [row["gradients"] for row in history(trained[0])] == [None, None]


def test_a_loss_that_is_no_number_names_the_batch_and_the_review(small_csv, tmp_path):
    training = small_run(small_csv, tmp_path / "run")
    took = Steps.take

    def goes_wrong(self, batch, at_rate):
        step = took(self, batch, at_rate)
        if training.position.batch == 4:
            step.losses[3] = float("nan")
            goes_wrong.row = int(batch.rows[3])
        return step

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RunError) as told:
        patch.setattr(Steps, "take", goes_wrong)
        training.run()
    words = training.prepared.words
    start = training.prepared.train.offsets[goes_wrong.row]
    assert "epoch 1, batch 5 of" in str(told.value) and f"training review {goes_wrong.row}" in str(told.value)
    assert words[training.prepared.train.tokens[start]] in str(told.value) and "1 of its 16 reviews" in str(told.value)


def test_a_rate_that_blows_the_weights_up_keeps_the_last_good_checkpoint(small_csv, tmp_path):
    said = refused(
        "train",
        "--csv",
        small_csv,
        "--out",
        tmp_path / "run",
        *SMALL,
        "--learning-rate",
        "1e38",
        "--checkpoint-seconds",
        "0",
    )
    assert "nan" in said or "finite" in said
    kept = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert all(torch.isfinite(tensor).all() for tensor in kept.weights.values())


def test_memory_that_runs_out_is_told_with_the_batch_and_what_to_lower(small_csv, tmp_path, monkeypatch):
    def asks_too_much(self, batch, at_rate):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Steps, "take", asks_too_much)
    said = refused("train", "--csv", small_csv, "--out", tmp_path / "run", *SMALL)
    assert "seq_len" in said and "× batch 16" in said and "--batch (say 8)" in said


def test_another_error_of_torch_is_not_called_memory(small_csv, tmp_path, monkeypatch):
    def fails(self, batch, at_rate):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Steps, "take", fails)
    with pytest.raises(RuntimeError, match="mat1"):
        run("train", "--csv", small_csv, "--out", tmp_path / "run", *SMALL)


def test_a_full_disk_does_not_end_training_while_it_may_be_emptied(small_csv, tmp_path, monkeypatch):
    events = []
    save, full = loop.save_checkpoint, [False, True, False]

    def sometimes_full(checkpoint, path):
        if full.pop(0):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        save(checkpoint, path)

    monkeypatch.setattr(loop, "save_checkpoint", sometimes_full)
    tested = small_run(small_csv, tmp_path / "run", events.append).run()
    said = [event.text for event in events if isinstance(event, Said)]
    assert tested is not None and len(said) == 1 and "No space left" in said[0] and "checkpoint.pt" in said[0]


def test_a_disk_that_stays_full_is_told_at_the_end(small_csv, tmp_path, monkeypatch):
    def always_full(checkpoint, path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    training = small_run(small_csv, tmp_path / "run")
    monkeypatch.setattr(loop, "save_checkpoint", always_full)
    with pytest.raises(RunError, match="No space left"):
        training.run()


def test_going_on_with_other_reviews_is_refused(trained, small_csv, tmp_path):
    with small_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        row[0] = f"Brontosaurus said: {row[0]}"
    other = tmp_path / "other.csv"
    with other.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    said = refused("train", "--resume", "--out", trained[0], "--csv", other, "--epochs", "3")
    assert "vocabulary" in said and "does not fit" in said


def test_going_on_with_other_settings_is_refused(trained):
    assert "hid 8, not 9" in refused("train", "--resume", "--out", trained[0], "--hid", "9")


def test_going_on_needs_a_run(tmp_path):
    assert "holds no run" in refused("train", "--resume", "--out", tmp_path)
    assert "--out" in refused("train", "--resume")


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"half of a checkpoint")
    assert "damaged" in refused("train", "--resume", "--out", tmp_path)


def test_a_column_without_a_file_is_refused():
    assert "--csv" in refused("train", "--text", "comment")


def test_the_language_must_be_the_same(small_csv, tmp_path):
    training = small_run(small_csv, tmp_path / "run")
    training.run()
    kept = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    now = training.language
    loop.check_language(kept.language, now)
    for changed in ({"labels": ["0", "1", "2"]}, {"words": now.words[:-1]}, {"key": "another"}):
        with pytest.raises(CheckpointError, match="same"):
            loop.check_language(kept.language, type(now)(**{**now.__dict__, **changed}))


def test_progress_is_told_after_every_batch(small_csv, tmp_path):
    events = []
    training = small_run(small_csv, tmp_path / "run", events.append)
    training.run()
    turns = [event for event in events if isinstance(event, Turn)]
    assert [turn.batch for turn in turns] == [*range(1, len(training.batches) + 1)] * 2
    assert all(0 <= turn.accuracy <= 1 for turn in turns)
