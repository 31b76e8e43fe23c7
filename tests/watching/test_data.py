"""What programs do with their rows, words and settings: told at their lines, and computed as they would be alone."""

from __future__ import annotations

import contextlib
import csv
import importlib
import inspect
import io
import logging
import pickle
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import spacy
import torch
import torchtext.data.utils
import torchtext.vocab
from torch import nn
from torch.utils.data import Dataset, Subset, TensorDataset, random_split
from torch.utils.data.dataset import random_split as split_from_its_own_module

from rnnlab.facts import Call, Data, Said
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.watching.data.imports import AfterImport
from rnnlab.watching.standins.registry import flag, forget
from rnnlab.watching.watch import Watch, new_record

WORDS = "good bad film plot cast dull fine great".split()


def reviews(count: int, seed: int = 1) -> list[str]:
    """Return texts that are all different."""
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(WORDS, k=5)) + f" number {seed}.{i}" for i in range(count)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    labels = ["positive" if i % 3 else "negative" for i in range(30)]
    pd.DataFrame({"review": reviews(30), "sentiment": labels}).to_csv(path, index=False)
    return path


@contextlib.contextmanager
def watched() -> Iterator[Record]:
    record = new_record()
    with Watch(record).looking():
        yield record


def told(record: Record, what: str) -> list[Data]:
    return list(record.ask(Data, what=what))


def line(record: Record, fact: Any) -> str:
    return record.line(fact.place)


class Reviews(Dataset):
    """A dataset as learners write it."""

    def __init__(self, texts: Any, labels: Any = None) -> None:
        self.texts, self.labels = texts, labels
        self.asked = 0

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Any:
        self.asked += 1
        return self.texts[index]


# --- tables and files ----------------------------------------------------------------------------------------------


def test_a_table_is_told_with_its_file_rows_and_labels(table: Path) -> None:
    with watched() as record:
        df = pd.read_csv(table)
    (fact,) = told(record, "table")
    assert (fact.name, fact.counts["rows"], fact.stage) == ("df", 30.0, "load")
    assert fact.samples["path"] == str(table) and fact.samples["columns"] == ["review", "sentiment"]
    assert fact.samples["labels"] == {"sentiment": [["positive", 20], ["negative", 10]]}
    assert "review" not in fact.samples["labels"] and len(df) == 30
    assert line(record, fact) == "df = pd.read_csv(table)"


def test_what_pandas_reads_in_pieces_is_left_alone(table: Path) -> None:
    with watched() as record:
        sizes = [len(piece) for piece in pd.read_csv(table, chunksize=20)]
    assert sizes == [20, 10] and not told(record, "table")


def test_a_file_that_is_not_there_raises_what_pandas_raises() -> None:
    with pytest.raises(FileNotFoundError) as alone:
        pd.read_csv("no such file.csv")
    with watched() as record, pytest.raises(FileNotFoundError) as seen:
        pd.read_csv("no such file.csv")
    assert str(alone.value) == str(seen.value) and not told(record, "table")


def test_a_csv_reader_counts_rows_not_lines(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text('text,label\n"one\ntwo, three",1\nfour,0\n', encoding="utf-8")
    with watched() as record:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        with path.open(encoding="utf-8", newline="") as file:
            dicts = list(csv.DictReader(file))
    assert rows == [["text", "label"], ["one\ntwo, three", "1"], ["four", "0"]]
    assert [row["label"] for row in dicts] == ["1", "0"]
    read = {fact.samples["read_by"]: fact.counts["rows"] for fact in told(record, "file") if "rows" in fact.counts}
    assert read == {"csv.reader": 3.0, "csv.DictReader": 2.0}


def test_many_files_of_one_line_are_one_fact_with_their_number(tmp_path: Path) -> None:
    for i in range(40):
        (tmp_path / f"{i}.txt").write_text(f"review {i}", encoding="utf-8")
    with watched() as record:
        texts = []
        for path in sorted(tmp_path.glob("*.txt")):
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                texts.append(file.read())
    assert len(texts) == 40
    assert told(record, "file")[-1].counts == {"files": 40.0} and len(told(record, "file")) == 1


def test_files_opened_through_a_path_are_told_as_well(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("one two", encoding="utf-8")
    with watched() as record:
        text = path.read_text(encoding="utf-8")
        with path.open(encoding="utf-8") as file:
            assert file.read() == text
    assert [fact.samples["read_by"] for fact in told(record, "file")] == ["read_text", "open"]


def test_files_that_are_written_or_hold_no_data_are_not_told(tmp_path: Path) -> None:
    with watched() as record:
        with open(tmp_path / "out.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write("x")
        with open(__file__, encoding="utf-8") as file:  # noqa: PTH123
            file.readline()
    assert not told(record, "file")


def test_a_table_stays_a_table_of_pandas(table: Path) -> None:
    with watched():
        df = pd.read_csv(table).sample(frac=1, random_state=3)
        again = pickle.loads(pickle.dumps(df))
    assert type(df) is pd.DataFrame
    pd.testing.assert_frame_equal(df, again)
    pd.testing.assert_frame_equal(df, pd.read_csv(table).sample(frac=1, random_state=3))


@pytest.mark.parametrize(
    "function", [pd.read_csv, random_split, torch.save, torch.manual_seed, csv.reader, print, open]
)
def test_watched_functions_keep_their_name_and_signature(function: Any) -> None:
    def looked(name: str) -> Any:
        module = sys.modules.get(function.__module__ or "") or importlib.import_module("builtins")
        return getattr(module, name, None) or getattr(importlib.import_module("csv"), name)

    def signature(one: Any) -> str:
        try:
            return str(inspect.signature(one))
        except ValueError:
            return "none"

    name = function.__name__
    alone = name, signature(function), function.__doc__
    with watched():
        now = looked(name)
        assert (now.__name__, signature(now), now.__doc__) == alone


# --- splits --------------------------------------------------------------------------------------------------------


def test_random_split_tells_its_parts_with_sizes_and_parent() -> None:
    with watched() as record:
        dataset = Reviews(reviews(20))
        train_data, test_data = random_split(dataset, [15, 5], generator=torch.Generator().manual_seed(1))
    whole = told(record, "dataset")[0]
    parts = told(record, "split")
    assert [(part.name, part.counts["examples"]) for part in parts] == [("train_data", 15.0), ("test_data", 5.0)]
    assert {part.made_from for part in parts} == {(whole.id,)} and whole.name == "dataset"
    assert all(not part.samples["shared"] for part in parts)
    assert dataset.asked == 0, "no row of a learner's dataset is asked for"
    alone = random_split(dataset, [15, 5], generator=torch.Generator().manual_seed(1))
    assert [part.indices for part in alone] == [train_data.indices, test_data.indices]


def test_a_function_is_watched_under_every_name_it_is_imported_by() -> None:
    with watched() as record:
        a, b = split_from_its_own_module(reviews(8), [6, 2])
    assert [part.name for part in told(record, "split")] == ["a", "b"]


def test_the_same_review_in_two_parts_is_found() -> None:
    with watched() as record:
        texts = reviews(20)
        texts[17:] = texts[:3]
        dataset = Reviews(texts)
        train_data, test_data = Subset(dataset, range(15)), Subset(dataset, range(15, 20))
        loaders = [torch.utils.data.DataLoader(part) for part in (train_data, test_data)]
    assert len(loaders) == 2
    part = next(part for part in told(record, "split") if part.counts["examples"] == 5)
    (shared,) = part.samples["shared"]
    assert (shared["examples"], shared["examples_there"]) == (3, 3) and shared["text"] == texts[0]


def test_the_same_review_in_training_and_test_is_a_mistake() -> None:
    texts = reviews(20)
    texts[17:] = texts[:3]
    with watched() as record:
        dataset = Reviews(texts)
        train_data = Subset(dataset, range(15))
        test_data = Subset(dataset, range(15, 20))
    assert len(train_data) + len(test_data) == 20
    outcome = judge(record).of("same_review_in_two_splits")
    assert outcome.status == "found" and "3 of the 5 reviews of 'test_data'" in outcome.findings[0].message


def test_rows_that_stand_in_two_parts_are_an_overlap() -> None:
    with watched() as record:
        dataset = TensorDataset(torch.arange(10))
        first = Subset(dataset, range(6))
        second = Subset(dataset, range(4, 10))
    assert len(first) == len(second) == 6
    assert told(record, "split")[1].samples["overlaps"] == [{"with": 2, "name": "first", "examples": 2}]


def test_two_draws_of_one_dataset_are_no_copies() -> None:
    with watched() as record:
        dataset = Reviews(reviews(12))
        for seed in range(2):
            train, test = random_split(dataset, [8, 4], generator=torch.Generator().manual_seed(seed))
    assert len(train) + len(test) == 12
    assert not any(part.samples["shared"] for part in told(record, "split"))


def test_pieces_cut_by_hand_are_known_by_their_texts(table: Path) -> None:
    with watched() as record:
        df = pd.read_csv(table)
        train_df, test_df = df[:20], df[20:]
        train_set, test_set = Reviews(train_df["review"].tolist()), Reviews(test_df["review"].tolist())
        loaders = [torch.utils.data.DataLoader(one) for one in (train_set, test_set)]
    assert len(loaders) == 2
    sets, frame = told(record, "dataset"), told(record, "table")[0]
    assert [(one.counts["examples"], one.made_from) for one in sets] == [(20.0, (frame.id,)), (10.0, (frame.id,))]
    assert not any(one.samples["shared"] for one in sets)


def test_a_vocabulary_of_the_training_piece_did_not_see_the_test(table: Path) -> None:
    """The piece comes from the whole table, but it is not the whole table."""
    with watched() as record:
        df = pd.read_csv(table)
        train_df, test_df = df[:20], df[20:]
        parts = random_split(Reviews(df["review"].tolist()), [20, 10])
        words = torchtext.vocab.build_vocab_from_iterator(text.split() for text in train_df["review"])
    assert len(parts) == 2 and len(test_df) == 10 and len(words) > 5
    (vocabulary,) = told(record, "vocabulary")
    assert told(record, "table")[0].id not in vocabulary.made_from
    assert judge(record).of("vocabulary_saw_the_test_set").status != "found"


# --- scikit-learn --------------------------------------------------------------------------------------------------


def test_train_test_split_tells_one_split_for_each_side() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    texts, labels = reviews(20), [i % 2 for i in range(20)]
    texts[19] = texts[0]
    with watched() as record:
        X_train, X_test, y_train, y_test = selection.train_test_split(texts, labels, test_size=0.25, shuffle=False)
    alone = selection.train_test_split(texts, labels, test_size=0.25, shuffle=False)
    assert [X_train, X_test, y_train, y_test] == alone
    train, test = told(record, "split")
    assert (train.name, train.counts["examples"]) == ("X_train", 15.0)
    assert (test.name, test.samples["arrays"]) == ("X_test", ["X_test", "y_test"])
    assert test.samples["shared"][0]["examples"] == 1 and test.samples["labels"] == [["1", 3], ["0", 2]]
    assert train.made_from == test.made_from == (told(record, "dataset")[0].id,)


def test_an_encoder_and_a_vectorizer_tell_what_they_learnt(table: Path) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-not-found]

    with watched() as record:
        df = pd.read_csv(table)
        encoder = preprocessing.LabelEncoder()
        numbers = encoder.fit_transform(df["sentiment"])
        words = CountVectorizer(max_features=5)
        words.fit(df["review"])
    frame = told(record, "table")[0]
    (labels,), (vocabulary,) = told(record, "label map"), told(record, "vocabulary")
    assert labels.samples["labels"] == [["negative", 0, 10], ["positive", 1, 20]] and numbers.sum() == 20
    assert (labels.name, labels.made_from) == ("encoder", (frame.id,))
    assert (vocabulary.name, vocabulary.counts["words"], vocabulary.made_from) == ("words", 5.0, (frame.id,))


# --- labels and words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["map", "replace"])
def test_a_dict_given_to_map_is_a_label_map(table: Path, method: str) -> None:
    with watched() as record:
        df = pd.read_csv(table)
        frame = df["sentiment"].astype(object)
        numbers = frame.map({"positive": 1, "negative": 0}) if method == "map" else _replaced(frame)
    (fact,) = told(record, "label map")
    assert fact.samples["labels"] == [["negative", 0, 10], ["positive", 1, 20]] and numbers.sum() == 20
    assert fact.made_from == (told(record, "table")[0].id,)
    assert judge(record).of("labels_swapped_by_frequency").status == "clear"


def _replaced(column: Any) -> Any:
    with pd.option_context("future.no_silent_downcasting", True) if pd.__version__ < "3" else contextlib.nullcontext():
        return column.replace({"positive": 1, "negative": 0}).astype(int)


def test_other_dicts_given_to_map_are_no_label_maps(table: Path) -> None:
    with watched() as record:
        df = pd.read_csv(table)
        df["sentiment"].map({"positive": "good", "negative": "bad"})
        df["sentiment"].map(str.upper)
    assert not told(record, "label map")


def test_a_vocabulary_from_an_iterator_knows_its_source() -> None:
    tokenizer = torchtext.data.utils.get_tokenizer("basic_english")

    def yield_tokens(rows: Any) -> Iterator[list[str]]:
        for text in rows:
            yield tokenizer(text)

    with watched() as record:
        train_texts = reviews(12)
        vocab = torchtext.vocab.build_vocab_from_iterator(yield_tokens(train_texts))
    (fact,), (rows,) = told(record, "vocabulary"), told(record, "dataset")
    assert (rows.name, rows.counts["examples"]) == ("train_texts", 12.0)
    assert (fact.name, fact.made_from, fact.counts["unrecognised_sources"]) == ("vocab", (rows.id,), 0.0)
    assert fact.counts["words"] == len(vocab)


def test_a_counted_vocabulary_has_a_source_that_nobody_knows() -> None:
    with watched() as record:
        counter = Counter(word for text in reviews(5) for word in text.split())
        vocab = torchtext.vocab.Vocab(counter)
    (fact,) = told(record, "vocabulary")
    assert fact.counts["unrecognised_sources"] == 1.0 and fact.counts["words"] == len(vocab)
    assert judge(record).of("vocabulary_saw_the_test_set").status == "unseen"


def test_a_vocabulary_without_frequencies_leaves_the_question_of_html_open() -> None:
    record = Record()
    record.add(Data(what="vocabulary", id=1, counts={"words": 4.0}, samples={"first": ["<br"]}))
    assert judge(record).of("html_breaks_in_the_vocabulary").status == "unseen"


def test_texts_cut_one_by_one_are_one_fact_with_their_sums() -> None:
    nlp = spacy.blank("en")
    with watched() as record:
        tokenizer = torchtext.data.utils.get_tokenizer("basic_english")
        cut = [tokenizer(text) for text in ["A great film!", "", "bad"]]
        docs = [nlp(text) for text in ["Don't go.", "Go!"]]
        piped = list(nlp.pipe(["One two three", "four"]))
    basic, single, pipe = told(record, "tokens")
    assert basic.counts == {"texts": 3.0, "tokens": 5.0, "longest": 4.0, "empty": 1.0}
    assert basic.samples == {"first": ["a", "great", "film", "!"], "text": "A great film!"}
    assert single.counts["tokens"] == sum(map(len, docs)) and pipe.counts["tokens"] == sum(map(len, piped)) == 4.0
    assert len(cut) == 3 and basic.stage == "tokenize"


def test_a_tokenizer_can_be_pickled_while_it_is_watched() -> None:
    with watched():
        tokenizer = torchtext.data.utils.get_tokenizer("basic_english")
        again = pickle.loads(pickle.dumps(tokenizer))
    assert again("A b") == ["a", "b"] and tokenizer("A b") == ["a", "b"]


# --- settings ------------------------------------------------------------------------------------------------------


def test_seeds_are_told_and_set() -> None:
    def seed() -> list[Any]:
        random.seed(5)
        np.random.seed(6)
        torch.manual_seed(7)
        return [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]  # type: ignore[index]

    alone = seed()
    with watched() as record:
        seen = seed()
    assert alone == seen
    values = [call.values for call in record.ask(Call, what="seed")]
    assert values == [{"of": "random", "seed": 5}, {"of": "numpy.random", "seed": 6}, {"of": "torch", "seed": 7}]


def test_settings_of_cudnn_are_told_and_set() -> None:
    before = torch.backends.cudnn.deterministic
    try:
        with watched() as record:
            torch.backends.cudnn.deterministic = not before
            assert torch.backends.cudnn.deterministic is not before
        assert torch.backends.cudnn.deterministic is not before
    finally:
        torch.backends.cudnn.deterministic = before
    (call,) = record.ask(Call, what="seed")
    assert call.values == {"of": "torch.backends.cudnn.deterministic", "seed": not before}


def test_training_and_evaluation_mode_are_told_once_for_the_whole_model() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    with watched() as record:
        assert model.train() is model
        model.eval()
        model.train(False)
    modes = [(call.what, call.stage, call.values["of"]) for call in record.ask(Call)]
    assert modes == [
        ("train_mode", "train", "Sequential"), ("eval_mode", "evaluate", "Sequential"), ("eval_mode", "evaluate", "Sequential"),
    ]  # fmt: skip


def test_an_optimizer_tells_how_much_of_the_model_it_holds() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    with watched() as record:
        optimizer = torch.optim.Adam(model[1].parameters(), lr=0.5)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
        optimizer.step()
        scheduler.step()
    (fact,) = told(record, "optimizer")
    assert (fact.name, fact.samples["type"], fact.samples["model"]) == ("optimizer", "Adam", "model")
    assert (fact.counts["parameters"], fact.counts["of_parameters"]) == (10.0, 26.0)
    assert fact.counts["learning_rate"] == 0.5
    (step,) = record.ask(Call, what="scheduler_step")
    assert step.values == {"of": "StepLR", "learning_rate": 0.05}


# --- what is said --------------------------------------------------------------------------------------------------


def test_what_goes_to_the_screen_is_said_and_what_goes_into_a_file_is_not(capsys: Any) -> None:
    with watched() as record:
        print("to the screen", file=sys.stderr)
        print("into a file", file=io.StringIO())
    assert [said.text for said in record.ask(Said)] == ["to the screen"]
    assert capsys.readouterr().err == "to the screen\n"


def test_log_messages_of_the_program_are_said_and_those_of_libraries_are_not() -> None:
    log = logging.getLogger("mine")
    log.setLevel(logging.INFO)
    with watched() as record:
        log.info("epoch %d", 3)
        log.debug("too low")
        importlib.import_module("torch._logging")
    assert [said.text for said in record.ask(Said)] == ["epoch 3"]


# --- stand-ins -----------------------------------------------------------------------------------------------------


def test_what_is_made_from_a_stand_in_is_one_too(table: Path) -> None:
    flag(table)
    try:
        with watched() as record:
            df = pd.read_csv(table)
            dataset = Reviews(df["review"].tolist())
            train_data, test_data = random_split(dataset, [20, 10])
            loader = torch.utils.data.DataLoader(train_data, batch_size=4)
            for _ in loader:
                pass
    finally:
        forget()
    kinds = {fact.what: fact.stand_in for fact in record.ask(Data)}
    assert kinds == {"table": True, "dataset": True, "split": True, "loader": True} and len(test_data) == 10
    outcome = judge(record).of("same_review_in_two_splits")
    assert outcome.status == "unseen"


def test_rows_that_went_through_the_programs_own_code_may_be_made_up(table: Path) -> None:
    """No copies are found in made-up reviews, however the program has read them."""
    flag(table)
    try:
        with watched() as record:
            with table.open(encoding="utf-8", newline="") as file:
                texts = [row["review"].lower() for row in csv.DictReader(file)]
            texts[29] = texts[0]
            dataset = Reviews(texts)
            train_data, test_data = Subset(dataset, range(20)), Subset(dataset, range(20, 30))
    finally:
        forget()
    assert len(train_data) + len(test_data) == 30
    assert [fact.stand_in for fact in told(record, "split")] == [True, True]
    assert judge(record).of("same_review_in_two_splits").status == "unseen"


def test_what_has_nothing_to_do_with_a_stand_in_is_none(table: Path) -> None:
    flag(table.with_name("other.csv"))
    try:
        with watched() as record:
            pd.read_csv(table)
    finally:
        forget()
    assert [fact.stand_in for fact in told(record, "table")] == [False]


# --- watching from the import on -----------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "a_library_of_mine.py"
    path.write_text("answer = 42\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop("a_library_of_mine", None)


def test_a_library_is_watched_from_the_moment_the_program_imports_it(library: Path) -> None:
    seen: list[Any] = []
    with AfterImport() as imports:
        imports.when("a_library_of_mine", seen.append)
        imports.when("json", seen.append)
        assert "a_library_of_mine" not in sys.modules and [one.__name__ for one in seen] == ["json"]
        module = importlib.import_module("a_library_of_mine")
    assert seen[1:] == [module] and module.answer == 42
    assert "exec_module" not in vars(module.__loader__) and inspect.getsource(module) == "answer = 42\n"
    assert imports not in sys.meta_path


def test_a_library_that_fails_to_import_fails_as_it_would_alone(library: Path) -> None:
    library.write_text("raise ImportError('of mine')\n", encoding="utf-8")
    with AfterImport() as imports, pytest.raises(ImportError, match="of mine"):
        imports.when("a_library_of_mine", lambda module: pytest.fail("it was never there"))
        importlib.import_module("a_library_of_mine")


def test_watching_imports_no_library_of_its_own() -> None:
    with watched():
        pass
    # What is watched only once it is imported stays away where the program does not ask for it.
    assert "joblib" not in sys.modules or "sklearn" in sys.modules


def test_everything_is_put_back(table: Path) -> None:
    places = (
        pd,
        csv,
        csv.DictReader,
        Path,
        torch,
        pickle,
        random,
        np.random,
        torch.utils.data,
        pd.Series,
        pd.DataFrame,
    )
    owners = (*places, *pd.Series.__mro__, nn.Module, torch.optim.Optimizer, logging.Logger, type(torch.backends.cudnn))
    before = [dict(vars(owner)) for owner in owners]
    with pytest.raises(ZeroDivisionError), watched():
        pd.read_csv(table)
        raise ZeroDivisionError
    assert [dict(vars(owner)) for owner in owners] == before
    assert not any(isinstance(finder, AfterImport) for finder in sys.meta_path)
