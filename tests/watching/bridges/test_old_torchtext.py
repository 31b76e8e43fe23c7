"""Programs written for torchtext 0.6 to 0.18 run on 0.6."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchtext
from torchtext import data

from rnnlab.watching.bridges import datasets as newer

Run = Callable[[str], Any]


# --- the classic interface under its later name ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "from torchtext.legacy import data; Field = data.Field",
        "import torchtext.legacy.data as data; Field = data.Field",
        "from torchtext.legacy.data import Field",
        "from torchtext.legacy.data.field import Field",
        "import torchtext.legacy; Field = torchtext.legacy.data.Field",
        "import torchtext; Field = torchtext.legacy.data.Field",
    ],
)
def test_every_spelling_of_legacy_gives_the_classic_field(run_old: Run, spelling: str) -> None:
    ran = run_old(spelling)
    assert ran.names["Field"] is data.Field
    assert ran.lines("torchtext.legacy") == [1]
    assert "DataLoader" in ran.told[0].today


def test_legacy_has_its_datasets_and_vocabulary(run_old: Run) -> None:
    ran = run_old("""\
        from torchtext.legacy import datasets, vocab
        glove, splits = vocab.GloVe, datasets.IMDB.splits
        """)
    assert ran.names["glove"] is torchtext.vocab.GloVe
    assert issubclass(ran.names["datasets"].IMDB, data.Dataset)


def test_a_legacy_program_makes_batches(run_old: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na fine film,pos\nbad,neg\nnot so bad,pos\n")
    ran = run_old("""\
        from torchtext.legacy import data
        TEXT, LABEL = data.Field(), data.LabelField()
        rows = data.TabularDataset(folder + "/rows.csv", "csv", [("text", TEXT), ("label", LABEL)], skip_header=True)
        TEXT.build_vocab(rows)
        LABEL.build_vocab(rows)
        batch = next(iter(data.BucketIterator(rows, batch_size=3, sort_key=lambda x: len(x.text))))
        """)
    assert tuple(ran.names["batch"].text.shape) == (3, 3)


def test_the_spacy_tokenizer_of_a_field_needs_no_model(run_old: Run) -> None:
    ran = run_old("""\
        from torchtext import data
        tokens = data.Field(tokenize="spacy").preprocess("It isn't bad.")
        more = data.Field(tokenize="spacy", tokenizer_language="en_core_web_sm").preprocess("It isn't bad.")
        """)
    assert ran.names["tokens"] == ran.names["more"] == ["It", "is", "n't", "bad", "."]
    assert ran.lines("spaCy")[0] == 2


# --- the vocabulary of 0.10 to 0.18 ----------------------------------------------------------------------------------


def test_a_vocabulary_is_built_as_the_documentation_says(run_old: Run) -> None:
    ran = run_old("""\
        from torchtext.vocab import build_vocab_from_iterator
        texts = [["b", "a", "b"], ["c", "b", "a"], ["d"]]
        vocab = build_vocab_from_iterator(iter(texts), min_freq=1, specials=["<unk>", "<pad>"], max_tokens=5)
        frequent = build_vocab_from_iterator(iter(texts), min_freq=2, specials=["<unk>"], special_first=False)
        """)
    assert ran.names["vocab"].get_itos() == ["<unk>", "<pad>", "b", "a", "c"]
    assert ran.names["frequent"].get_itos() == ["b", "a", "<unk>"]
    assert ran.names["vocab"].frequencies["d"] == 1
    assert ran.lines("build_vocab_from_iterator") == [3, 4]


def test_an_old_program_gets_the_old_function(run_old: Run) -> None:
    ran = run_old("""\
        from torchtext.vocab import build_vocab_from_iterator
        vocab = build_vocab_from_iterator([["a", "b", "a"]])
        first = vocab.itos[:3]
        """)
    assert ran.names["first"] == ["<unk>", "<pad>", "a"]
    assert not ran.told


def test_more_specials_than_tokens_are_refused(run_old: Run) -> None:
    with pytest.raises(AssertionError, match="entirely special tokens"):
        run_old("""\
            from torchtext.vocab import build_vocab_from_iterator
            build_vocab_from_iterator([["a"]], specials=["<unk>", "<pad>"], max_tokens=2)
            """)


def test_a_vocabulary_of_an_ordered_dict_keeps_its_order(run_old: Run) -> None:
    ran = run_old("""\
        from collections import OrderedDict
        from torchtext.vocab import vocab
        made = vocab(OrderedDict([("e", 1), ("d", 2), ("<unk>", 9)]), min_freq=2, specials=["<unk>"])
        """)
    assert ran.names["made"].get_stoi() == {"<unk>": 0, "d": 1}


def test_transforms_turn_a_batch_of_tokens_into_a_tensor(run_old: Run) -> None:
    ran = run_old("""\
        import torchtext.transforms as T
        from torchtext.vocab import vocab
        numbers = vocab({"a": 1, "b": 1}, specials=["<pad>"])
        steps = T.Sequential(T.VocabTransform(numbers), T.Truncate(2), T.AddToken(7, begin=True), T.ToTensor(0))
        batch = steps([["a", "b", "b"], ["b"]])
        padded = T.PadTransform(5, 0)(batch)
        labels = T.LabelToIndex(["neg", "pos"])(["pos", "neg"])
        """)
    assert ran.names["batch"].tolist() == [[7, 1, 2], [7, 2, 0]]
    assert tuple(ran.names["padded"].shape) == (2, 5)
    assert ran.names["labels"] == [1, 0]
    assert ran.lines("torchtext.transforms") == [1]


def test_the_deprecation_warning_can_be_switched_off(run_old: Run) -> None:
    run_old("import torchtext\ntorchtext.disable_torchtext_deprecation_warning()")


# --- datasets that are functions -------------------------------------------------------------------------------------


@pytest.fixture
def imdb_folder(tmp_path: Path) -> Path:
    """Two reviews of each kind in each split, where torchtext looks for them."""
    for split in ("train", "test"):
        for kind in ("pos", "neg"):
            folder = tmp_path / "imdb" / "aclImdb" / split / kind
            folder.mkdir(parents=True)
            for number in range(2):
                (folder / f"{number}_1.txt").write_text(f"{split} {kind} {number}")
    return tmp_path


def test_imdb_is_a_function_with_numbers_for_labels(run_old: Run, imdb_folder: Path) -> None:
    ran = run_old("""\
        from torchtext.datasets import IMDB
        train, test = IMDB(root=folder)
        rows, again, first = list(train), list(train), next(IMDB(root=folder, split="test"))
        """)
    assert ran.names["rows"] == ran.names["again"]
    assert ran.names["rows"][0] == (1, "train neg 0")
    assert ran.names["rows"][-1] == (2, "train pos 1")
    assert ran.names["first"] == (1, "test neg 0")
    assert "from 0.14 on" in ran.told[0].done


def test_a_program_that_compares_with_pos_gets_words_for_labels(run_old: Run, imdb_folder: Path) -> None:
    ran = run_old("""\
        from torchtext.datasets import IMDB
        ones = [1 if label == 'pos' else 0 for label, text in IMDB(root=folder, split="train")]
        """)
    assert ran.names["ones"] == [0, 0, 1, 1]


def test_the_same_name_still_has_its_splits(run_old: Run, imdb_folder: Path) -> None:
    ran = run_old("""\
        from torchtext import data, datasets
        TEXT, LABEL = data.Field(), data.LabelField()
        train, test = datasets.IMDB.splits(TEXT, LABEL, root=folder)
        """)
    assert isinstance(ran.names["train"], data.Dataset)
    assert len(ran.names["train"]) == 4
    assert not ran.told


def test_a_split_that_there_is_not_is_named(run_old: Run) -> None:
    with pytest.raises(ValueError, match="'dev' is not among the splits"):
        run_old("from torchtext.datasets import IMDB\nIMDB(split='dev')")


def test_news_have_a_class_and_one_text(run_old: Run, tmp_path: Path) -> None:
    path = tmp_path / "datasets" / "AG_NEWS" / "train.csv"
    path.parent.mkdir(parents=True)
    path.write_text('"3","A title","A text"\n')
    ran = run_old("from torchtext.datasets import AG_NEWS\nrows = list(AG_NEWS(root=folder, split='train'))")
    assert ran.names["rows"] == [(3, "A title A text")]


def test_an_iterator_becomes_a_dataset_that_a_loader_can_shuffle(run_old: Run) -> None:
    ran = run_old("""\
        from torch.utils.data import DataLoader
        from torchtext.data.functional import to_map_style_dataset
        dataset = to_map_style_dataset(iter([(0, "a"), (1, "b")]))
        batches = list(DataLoader(dataset, batch_size=2, shuffle=True))
        """)
    assert len(ran.names["dataset"]) == 2
    assert sorted(ran.names["batches"][0][0].tolist()) == [0, 1]


def test_a_loader_shuffles_an_iterable_dataset_and_leaves_it_in_order_otherwise() -> None:
    from torch.utils.data import DataLoader

    rows = newer.Rows(list(range(100)))
    assert torch.cat(list(DataLoader(rows, batch_size=10))).tolist() == list(range(100))
    shuffled = torch.cat(list(DataLoader(newer.Rows(list(range(100))), batch_size=10, shuffle=True))).tolist()
    assert shuffled != sorted(shuffled) == list(range(100))
