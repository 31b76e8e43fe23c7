"""A checkpoint is whole or not there, is read without unpickling, and says what is wrong with it."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
import torch

from rnnlab.training import checkpoint as checkpoints
from rnnlab.training.checkpoint import (
    Best,
    Checkpoint,
    CheckpointError,
    Kept,
    Language,
    Position,
    load_checkpoint,
    load_model,
    save_checkpoint,
    save_model,
)
from rnnlab.training.recipes import BETTER

LANGUAGE = Language(["<unk>", "<pad>", "fine", "naïve"], ["1", "0"], {"name": "spacy", "version": "3"}, "a key")


def some_checkpoint() -> Checkpoint:
    """A checkpoint of a small layer that has taken one step."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(30, 40)
    optimizer = torch.optim.Adam(layer.parameters(), fused=True)
    layer(torch.randn(2, 30)).sum().backward()
    optimizer.step()
    weights = layer.state_dict()
    return Checkpoint(
        BETTER, {"csv": None, "limit": 30}, LANGUAGE, weights, optimizer.state_dict(), {}, [{"cpu": torch.get_rng_state()}],
        Position(3, 7, 1.25, 10, 20, 300, 0.5), [{"epoch": 1, "loss": 0.7}], Best(2, 0.75, dict(weights)),
    )  # fmt: skip


def test_what_is_read_is_what_was_written(tmp_path):
    before = some_checkpoint()
    save_checkpoint(before, tmp_path / "checkpoint.pt")
    after = load_checkpoint(tmp_path / "checkpoint.pt")
    assert (after.settings, after.source, after.language) == (before.settings, before.source, before.language)
    assert (after.position, after.history) == (before.position, before.history)
    assert after.best is not None and before.best is not None
    assert (after.best.epoch, after.best.valid_accuracy) == (2, 0.75)
    for name in before.weights:
        assert torch.equal(after.weights[name], before.weights[name])
        assert torch.equal(after.best.weights[name], before.best.weights[name])
    assert torch.equal(after.random[0]["cpu"], before.random[0]["cpu"])
    moments = before.optimizer["state"][0]
    assert all(torch.equal(after.optimizer["state"][0][name], moments[name]) for name in moments)


def test_torch_reads_it_without_unpickling(tmp_path):
    save_checkpoint(some_checkpoint(), tmp_path / "checkpoint.pt")
    content = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert content["language"]["words"] == LANGUAGE.words and content["settings"]["recipe"] == "better"


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_one_wrong_byte_is_noticed(tmp_path, part):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(some_checkpoint(), path)
    content = bytearray(path.read_bytes())
    start = int(len(content) * part)
    # A checksum guards what is stored; the filler between two parts holds nothing.
    for at in range(start, start + 200):
        content[at] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no checkpoint at all" * 50])
def test_a_file_that_is_none_of_ours_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or is no file of rnnlab's"):
        load_checkpoint(path)


def test_half_a_checkpoint_is_noticed(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(some_checkpoint(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_a_missing_checkpoint_is_told_with_what_to_give(tmp_path):
    with pytest.raises(CheckpointError, match="--out"):
        load_checkpoint(tmp_path / "checkpoint.pt")


def test_weights_of_somebody_else_and_a_pickle_are_refused(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "theirs.pt")
    with pytest.raises(CheckpointError, match="is no checkpoint of rnnlab's"):
        load_checkpoint(tmp_path / "theirs.pt")
    torch.save({"format": "rnnlab checkpoint", "evil": pytest.raises}, tmp_path / "pickle.pt")
    with pytest.raises(CheckpointError, match="damaged or is no file of rnnlab's"):
        load_checkpoint(tmp_path / "pickle.pt")


def test_a_model_is_no_checkpoint_to_go_on_from(tmp_path):
    before = some_checkpoint()
    save_model(Kept(before.settings, LANGUAGE, before.weights, 2, 0.75), tmp_path / "model.pt")
    assert load_model(tmp_path / "model.pt").language == LANGUAGE
    with pytest.raises(CheckpointError, match="is no checkpoint"):
        load_checkpoint(tmp_path / "model.pt")


def test_one_of_a_newer_rnnlab_says_to_update(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_VERSION", 2)
    save_checkpoint(some_checkpoint(), tmp_path / "checkpoint.pt")
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="newer"):
        load_checkpoint(tmp_path / "checkpoint.pt")


def fills_the_disk(_, file):
    file.write(b"half of")
    raise OSError(errno.ENOSPC, "No space left on device")


def fills_the_disk_as_torch_tells_it(_, file):
    try:
        fills_the_disk(_, file)
    except OSError:
        raise RuntimeError("unexpected pos 704 vs 598")  # noqa: B904


@pytest.mark.parametrize("fill", [fills_the_disk, fills_the_disk_as_torch_tells_it])
def test_a_full_disk_leaves_the_older_checkpoint(tmp_path, monkeypatch, fill):
    path = tmp_path / "checkpoint.pt"
    older = some_checkpoint()
    save_checkpoint(older, path)
    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(OSError, match=r"No space left .*checkpoint\.pt"):
        save_checkpoint(replace(older, position=Position(9)), path)
    monkeypatch.undo()
    assert load_checkpoint(path).position == older.position
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_weights_that_are_no_numbers_do_not_replace_good_ones(tmp_path):
    path = tmp_path / "checkpoint.pt"
    older = some_checkpoint()
    save_checkpoint(older, path)
    broken = {name: tensor.clone() for name, tensor in older.weights.items()}
    broken["bias"][3] = float("nan")
    with pytest.raises(CheckpointError, match="bias"):
        save_checkpoint(replace(older, weights=broken), path)
    assert torch.isfinite(load_checkpoint(path).weights["bias"]).all()
