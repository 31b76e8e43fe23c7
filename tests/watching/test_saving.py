"""What programs save and load: weights, whole models, vocabularies, and what was in the file."""

from __future__ import annotations

import io
import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torchtext.vocab
from torch import nn

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.watching.watch import Watch, new_record


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))


def told(record: Record, what: str = "checkpoint") -> list[Data]:
    return list(record.ask(Data, what=what))


def test_weights_are_followed_from_the_model_to_the_file_and_into_another_model(
    model: nn.Module, tmp_path: Path
) -> None:
    record, path = new_record(), tmp_path / "model.pt"
    other = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    with Watch(record).looking():
        torch.save(model.state_dict(), path)
        state = torch.load(path)
        result = other.load_state_dict(state)
    saved, loaded = told(record)
    (filled,) = told(record, "weights")
    assert (saved.samples["deed"], saved.samples["holds"], saved.samples["path"]) == ("saved", "state_dict", str(path))
    assert saved.counts == {"tensors": 3.0, "parameters": 23.0} and saved.samples["keys"][0] == "0.weight"
    assert (loaded.name, loaded.samples["deed"], loaded.made_from) == ("state", "loaded", (saved.id,))
    assert filled.made_from == (loaded.id,) and filled.samples == {"into": "Sequential", "strict": True}
    assert str(result) == "<All keys matched successfully>"
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_a_dict_of_things_says_what_each_is(model: nn.Module, tmp_path: Path) -> None:
    record = new_record()
    optimizer = torch.optim.Adam(model.parameters())
    vocabulary = {f"word{i}": i for i in range(20)}
    with Watch(record).looking():
        everything = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "words": vocabulary,
            "epoch": 3,
        }
        torch.save(everything, tmp_path / "all.pt")
        checkpoint = torch.load(tmp_path / "all.pt")
        model.load_state_dict(checkpoint["model"])
    saved, loaded = told(record)
    holds = "dict with model: state_dict, optimizer: the state of an optimizer, words: vocabulary"
    assert saved.samples["holds"] == loaded.samples["holds"] == holds and saved.counts["parameters"] == 23
    assert told(record, "weights")[0].made_from == (loaded.id,)
    assert checkpoint["epoch"] == 3


def test_a_whole_module_is_told_as_one(model: nn.Module) -> None:
    record, file = new_record(), io.BytesIO()
    with Watch(record).looking():
        torch.save(model, file)
    (saved,) = told(record)
    assert saved.samples["holds"] == "the whole module Sequential" and saved.samples["path"] == ""


def test_missing_and_unexpected_weights_are_counted(model: nn.Module) -> None:
    record = new_record()
    with Watch(record).looking():
        model.load_state_dict({"0.weight": torch.zeros(5, 3), "extra": torch.zeros(1)}, strict=False)
    (filled,) = told(record, "weights")
    assert (filled.counts["missing"], filled.counts["unexpected"]) == (2.0, 1.0) and not filled.samples["strict"]


def test_weights_that_do_not_fit_raise_what_torch_raises(model: nn.Module) -> None:
    record, state = new_record(), {"0.weight": torch.zeros(9, 3)}
    with pytest.raises(RuntimeError) as alone:
        model.load_state_dict(state)
    with pytest.raises(RuntimeError) as seen, Watch(record).looking():
        model.load_state_dict(state)
    assert str(alone.value) == str(seen.value) and not told(record, "weights")


def test_vocabularies_are_told_in_every_format(tmp_path: Path) -> None:
    words = {f"word{i}": i for i in range(20)}
    vocab = torchtext.vocab.Vocab(Counter(words.keys()))
    record = new_record()
    with Watch(record).looking():
        with (tmp_path / "words.json").open("w", encoding="utf-8") as file:
            json.dump(words, file)
        with (tmp_path / "vocab.pickle").open("wb") as binary:
            pickle.dump(vocab, binary)
        with (tmp_path / "vocab.pickle").open("rb") as binary:
            again = pickle.load(binary)
    json_file, saved, loaded = told(record)
    assert json_file.samples["holds"] == saved.samples["holds"] == loaded.samples["holds"] == "vocabulary"
    assert json_file.counts == {"words": 20.0} and saved.counts["words"] == 22.0
    assert Path(saved.samples["path"]).name == "vocab.pickle" and loaded.made_from == (saved.id,)
    assert again.itos == vocab.itos and json.loads((tmp_path / "words.json").read_text(encoding="utf-8")) == words


def test_what_is_nothing_of_the_model_is_not_told(tmp_path: Path) -> None:
    record = new_record()
    with Watch(record).looking(), (tmp_path / "losses.json").open("w", encoding="utf-8") as file:
        json.dump({"loss": [0.5, 0.4]}, file)
    assert not told(record)


def test_files_are_the_same_with_and_without_watching(model: nn.Module) -> None:
    def saved() -> bytes:
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        return file.getvalue()

    alone = saved()
    with Watch(new_record()).looking():
        assert saved() == alone


def test_a_vectorizer_is_known_again_when_it_is_loaded(tmp_path: Path) -> None:
    text: Any = pytest.importorskip("sklearn.feature_extraction.text")
    import joblib  # type: ignore[import-not-found]

    record = new_record()
    with Watch(record).looking():
        vectorizer = text.CountVectorizer()
        vectorizer.fit(["a good film", "a bad film"])
        joblib.dump(vectorizer, tmp_path / "words.joblib")
        again = joblib.load(tmp_path / "words.joblib")
    (vocabulary,) = told(record, "vocabulary")
    saved, loaded = told(record)
    assert saved.made_from == (vocabulary.id,) and loaded.made_from == (saved.id,)
    assert again.vocabulary_ == vectorizer.vocabulary_
