"""Datasets, vectors and language models that libraries download by name: small local ones, made up for a dry run."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import urllib.error
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnlab.watching.bridges.imports import Imports, is_there, placed
from rnnlab.watching.standins.files import review_folders
from rnnlab.watching.standins.network import Downloads, refuse_for
from rnnlab.watching.standins.registry import flag, is_stand_in, note_made_up
from rnnlab.watching.standins.rows import Review, reviews, vocabulary
from rnnlab.watching.standins.tables import dimensions_of

_STOPWORDS = (
    "a an the this that and or but if of to in on at for with is was are were be it its i me my you your he she they"
)


def stand_in_for_corpora(downloads: Downloads, imports: Imports, undo: contextlib.ExitStack) -> None:
    """Stand in for what torchtext, spaCy, NLTK, Keras, scikit-learn and Hugging Face would download."""
    if is_there("torchtext"):
        _torchtext(downloads, undo)
    imports.after("spacy", functools.partial(_spacy, downloads))
    imports.after("nltk", functools.partial(_nltk, downloads))
    imports.after("sklearn.datasets", functools.partial(_newsgroups, downloads))
    imports.after("datasets", functools.partial(_hugging_face, downloads))
    for name in ("keras.src.datasets.imdb", "keras.datasets.imdb", "tensorflow.keras.datasets.imdb"):
        imports.after(name, functools.partial(_keras, downloads))


# --- torchtext -------------------------------------------------------------------------------------------------------


def _torchtext(downloads: Downloads, undo: contextlib.ExitStack) -> None:
    import torchtext
    from torchtext import data, datasets

    from rnnlab.watching.bridges import datasets as newer

    files = downloads.files
    original = vars(data.Dataset)["download"].__func__

    def download(cls: Any, root: Any, check: Any = None) -> Any:
        there = Path(root) / cls.name if check is None else Path(check)
        if there.is_dir() or cls.name not in {"imdb", "sst", "trec"}:
            return original(cls, root, check)
        folder = files.new_path(cls.dirname or cls.name)
        if cls.name == "imdb":
            review_folders(folder, files.wanted.min_freq)
        else:
            folder.mkdir()
            (_write_sst if cls.name == "sst" else _write_trec)(folder, files.wanted.min_freq)
        note_made_up(cls.name)
        today = f"the real {cls.name.upper()} is downloaded when the program runs for real"
        downloads.teller.tell(f"torchtext's {cls.name.upper()} dataset", "made-up reviews were used instead", today)
        return str(flag(folder))

    undo.enter_context(placed(data.Dataset, "download", classmethod(functools.wraps(original)(download))))
    for kind in (datasets.SST, datasets.IMDB, datasets.TREC):
        undo.enter_context(placed(kind, "__init__", _flagged(kind.__init__)))
    undo.enter_context(placed(datasets.SST, "__init__", _sst(datasets.SST.__init__)))

    def from_url(url: str, path: Any = None, root: Any = ".data", overwrite: bool = False, **options: Any) -> str:
        name = path or Path(root) / url.rpartition("/")[2]
        if not overwrite and Path(name).exists():
            return str(name)
        return str(downloads.fetch(_NAMED.get(url.rpartition("=")[2], url), name))

    real = torchtext.utils.download_from_url
    for module in [m for n, m in list(sys.modules.items()) if n.startswith("torchtext")]:
        if vars(module).get("download_from_url") is real:
            undo.enter_context(placed(module, "download_from_url", from_url))
    undo.enter_context(placed(newer, "fetch", lambda url, path: path if path.is_file() else downloads.fetch(url)))
    cache = _vectors(downloads, torchtext.vocab.Vectors.cache)
    undo.enter_context(placed(torchtext.vocab.Vectors, "cache", cache))


# Files that torchtext 0.6 knows by a number of Google's only.
_NAMED = {"0Bz8a_Dbh9QhbUDNpeUdjb0wxRms": "https://drive.google.com/ag_news_csv.tar.gz"}


def _flagged(original: Callable[..., None]) -> Callable[..., None]:
    """Flag a dataset that is read from a made-up folder."""

    @functools.wraps(original)
    def made(dataset: Any, path: Any, *args: Any, **options: Any) -> None:
        if is_stand_in(path):
            flag(dataset)
        original(dataset, path, *args, **options)

    return made


def _write_sst(folder: Path, times: int) -> None:
    for split in ("train", "dev", "test"):
        lines = [f"{'4' if review.kind else '0'}\t{review.text}" for review in reviews(split, 200, times)]
        (folder / f"{split}.txt").write_text("\n".join(lines), encoding="utf-8")


def _write_trec(folder: Path, times: int) -> None:
    for name, group in (("train_5500.label", "train"), ("TREC_10.label", "test")):
        lines = [f"{'HUM:ind' if review.kind else 'LOC:city'} {review.text}" for review in reviews(group, 200, times)]
        (folder / name).write_text("\n".join(lines), encoding="iso-8859-1")


def _sst(original: Callable[..., None]) -> Callable[..., None]:
    """Read the made-up phrases without their trees, for which torchtext needs NLTK."""
    names = {"0": ("negative", "very negative"), "4": ("positive", "very positive")}

    @functools.wraps(original)
    def made(
        dataset: Any, path: Any, text_field: Any, label_field: Any, subtrees: bool = False, fine_grained: bool = False,
        **options: Any,
    ) -> None:  # fmt: skip
        if not is_stand_in(path):
            original(dataset, path, text_field, label_field, subtrees=subtrees, fine_grained=fine_grained, **options)
            return
        from torchtext import data

        fields = [("text", text_field), ("label", label_field)]
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [(text, names[number][fine_grained]) for number, _, text in (line.partition("\t") for line in lines)]
        flag(dataset)
        data.Dataset.__init__(dataset, [data.Example.fromlist(row, fields) for row in rows], fields, **options)

    return made


class _EveryWord(dict[str, int]):
    """Finds a row for any word, always the same one."""

    def __init__(self, words: list[str]) -> None:
        super().__init__({word: i for i, word in enumerate(words)})
        self.rows = len(words)

    def __contains__(self, word: object) -> bool:
        return True

    def __missing__(self, word: str) -> int:
        return zlib.crc32(word.encode()) % self.rows


def _vectors(downloads: Downloads, original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def cache(vectors: Any, name: Any, cache: Any, url: Any = None, max_vectors: Any = None) -> None:
        import torch

        suffix = f"_{max_vectors}.pt" if max_vectors else ".pt"
        known = (Path(name), Path(cache) / name, Path(cache) / f"{name}{suffix}")
        if any(path.is_file() for path in known) or (url and (Path(cache) / url.rpartition("/")[2]).is_file()):
            original(vectors, name, cache, url=url, max_vectors=max_vectors)
            return
        words = list(dict.fromkeys(word.lower() for word in vocabulary()))
        vectors.dim, vectors.itos, vectors.stoi = dimensions_of(str(name)), words, _EveryWord(words)
        dice = torch.Generator().manual_seed(0)
        vectors.vectors = torch.randn(len(words), vectors.dim, generator=dice) * 0.4
        flag(vectors)
        done = f"random vectors of {vectors.dim} numbers were used instead, for any word"
        downloads.teller.tell(f"the word vectors {name}", done, "they are downloaded when the program runs for real")

    return cache


# --- spaCy -----------------------------------------------------------------------------------------------------------


def _spacy(downloads: Downloads, spacy: ModuleType, undo: contextlib.ExitStack) -> None:
    original = spacy.load

    @functools.wraps(original)
    def load(name: Any, *args: Any, **options: Any) -> Any:
        try:
            return original(name, *args, **options)
        except OSError:
            language = re.match(r"[a-z]{2,3}(?=_)", str(name))
            if language is None:
                raise
        nlp = spacy.blank(language.group())
        nlp.add_pipe("sentencizer")
        done = f"spacy.blank({language.group()!r}) was used: it cuts by the same rules, but tags, entities and vectors are empty"
        today = f"python -m spacy download {name}"
        downloads.teller.tell(f"the spaCy model {name}, which is not installed", done, today)
        return nlp

    undo.enter_context(placed(spacy, "load", load))

    def download(model: str, *args: Any, **options: Any) -> None:
        refuse_for(downloads.teller, f"the download of the spaCy model {model}")

    if hasattr(spacy, "cli"):
        undo.enter_context(placed(spacy.cli, "download", download))


# --- NLTK ------------------------------------------------------------------------------------------------------------


class _Corpus:
    """A corpus of NLTK's, or what stands in for it where it was not downloaded."""

    def __init__(self, real: Any, instead: dict[str, Callable[..., Any]], tell: Callable[[], None]) -> None:
        self._real, self._instead, self._tell = real, instead, tell

    def __getattr__(self, name: str) -> Any:
        if name not in self._instead:
            return getattr(self._real, name)

        def asked(*args: Any, **options: Any) -> Any:
            try:
                return getattr(self._real, name)(*args, **options)
            except LookupError:
                self._tell()
                return self._instead[name](*args, **options)

        return asked


def _nltk(downloads: Downloads, nltk: ModuleType, undo: contextlib.ExitStack) -> None:
    import nltk.corpus as corpus  # type: ignore[import-not-found]
    import nltk.stem as stem  # type: ignore[import-not-found]
    import nltk.tokenize as tokenizers  # type: ignore[import-not-found]

    def told(what: str, done: str) -> Callable[[], None]:
        return lambda: downloads.teller.tell(f"NLTK's {what}", done, f"nltk.download({what!r})")

    def download(what: Any = None, *args: Any, **options: Any) -> bool:
        refuse_for(downloads.teller, f"nltk.download({what!r})")
        return True

    undo.enter_context(placed(nltk, "download", download))
    cut = told("punkt", "texts were cut at spaces and punctuation instead")
    words = tokenizers.wordpunct_tokenize

    def sentences(text: str, *args: Any, **options: Any) -> list[str]:
        return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if sentence]

    def cut_words(text: str, *args: Any, **options: Any) -> list[str]:
        return words(text)

    for name, instead in (("word_tokenize", cut_words), ("sent_tokenize", sentences)):
        made = _or_else(getattr(tokenizers, name), instead, cut)
        undo.enter_context(placed(tokenizers, name, made))
        undo.enter_context(placed(nltk, name, made))
    lemmatize = stem.WordNetLemmatizer.lemmatize
    as_it_is = _or_else(lemmatize, lambda self, word, *a, **k: word, told("wordnet", "words were left as they are"))
    undo.enter_context(placed(stem.WordNetLemmatizer, "lemmatize", as_it_is))
    stopwords = {"words": lambda *languages: _STOPWORDS.split()}
    undo.enter_context(
        placed(
            corpus,
            "stopwords",
            _Corpus(corpus.stopwords, stopwords, told("stopwords", "a short list was used instead")),
        )
    )
    tell_made_up = told("movie_reviews", "made-up reviews were used instead")

    def made_up() -> None:
        note_made_up("movie_reviews")
        tell_made_up()

    undo.enter_context(placed(corpus, "movie_reviews", _Corpus(corpus.movie_reviews, _movie_reviews(words), made_up)))


def _or_else(original: Callable[..., Any], instead: Callable[..., Any], tell: Callable[[], None]) -> Callable[..., Any]:
    """Do something else where a resource of NLTK's is not there."""

    @functools.wraps(original)
    def tried(*args: Any, **options: Any) -> Any:
        try:
            return original(*args, **options)
        except LookupError:
            tell()
            return instead(*args, **options)

    return tried


def _movie_reviews(words: Callable[[str], list[str]]) -> dict[str, Callable[..., Any]]:
    texts = {f"{'pos' if r.kind else 'neg'}/cv{i:03d}.txt": r.text for i, r in enumerate(reviews("moviereviews", 200))}

    def ids(categories: Any = None) -> list[str]:
        wanted = [categories] if isinstance(categories, str) else categories
        return [name for name in sorted(texts) if wanted is None or name[:3] in wanted]

    def raw(fileids: Any = None) -> str:
        wanted = [fileids] if isinstance(fileids, str) else fileids or ids()
        return "\n".join(texts[name] for name in wanted)

    return {
        "categories": lambda *a, **k: ["neg", "pos"],
        "fileids": ids,
        "raw": raw,
        "words": lambda fileids=None, categories=None: words(raw(fileids or ids(categories))),
        "sents": lambda fileids=None, categories=None: [
            words(texts[n]) for n in ([fileids] if fileids else ids(categories))
        ],
    }


# --- scikit-learn ----------------------------------------------------------------------------------------------------


def _newsgroups(downloads: Downloads, datasets: ModuleType, undo: contextlib.ExitStack) -> None:
    import numpy
    from sklearn.utils import Bunch

    original = datasets.fetch_20newsgroups

    @functools.wraps(original)
    def fetch(*, subset: str = "train", categories: Any = None, **options: Any) -> Any:
        try:
            return original(subset=subset, categories=categories, **{**options, "download_if_missing": False})
        except OSError:
            pass
        note_made_up("20newsgroups")
        today = "it is downloaded when the program runs for real"
        downloads.teller.tell("scikit-learn's 20 newsgroups", "made-up reviews were used instead", today)
        names = sorted(categories or (f"made.up.{number:02d}" for number in range(20)))
        splits = ("train", "test") if subset == "all" else (subset,)
        made = [(row, review) for split in splits for row, review in enumerate(reviews(split, 200))]
        texts = [review.text for _, review in made]
        target = numpy.array([(2 * (row // 2) + review.kind) % len(names) for row, review in made])
        flag(texts)
        if options.get("return_X_y"):
            return texts, target
        return Bunch(data=texts, target=target, target_names=names, filenames=numpy.array([]), DESCR="made up")

    undo.enter_context(placed(datasets, "fetch_20newsgroups", fetch))


# --- Keras -----------------------------------------------------------------------------------------------------------


def _keras(downloads: Downloads, imdb: ModuleType, undo: contextlib.ExitStack) -> None:
    import numpy

    index = {word: i for i, word in enumerate(dict.fromkeys(w.lower() for w in vocabulary()), 1)}

    def tell() -> None:
        note_made_up("imdb")
        downloads.teller.tell("Keras' IMDB dataset", "made-up reviews were used instead")

    def load_data(
        path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None, seed: int = 113,
        start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3, **options: Any,
    ) -> Any:  # fmt: skip
        tell()

        def ids(review: Review) -> list[int]:
            known = [index.get(word.lower(), 0) + index_from for word in review.text.split()]
            last = num_words or 10**9
            kept = [
                i if skip_top <= i < last else oov_char for i in known if oov_char is not None or skip_top <= i < last
            ]
            return ([] if start_char is None else [start_char]) + [i for i in kept if i is not None]

        def split(group: str) -> Any:
            rows = [(ids(review), review.kind) for review in reviews(group)]
            rows = [row for row in rows if maxlen is None or len(row[0]) < maxlen]
            texts = numpy.empty(len(rows), dtype=object)
            texts[:] = [row[0] for row in rows]
            return texts, numpy.array([row[1] for row in rows])

        return split("train"), split("test")

    def get_word_index(*args: Any, **options: Any) -> dict[str, int]:
        tell()
        return dict(index)

    undo.enter_context(placed(imdb, "load_data", load_data))
    undo.enter_context(placed(imdb, "get_word_index", get_word_index))


# --- Hugging Face ----------------------------------------------------------------------------------------------------


def _hugging_face(downloads: Downloads, datasets: ModuleType, undo: contextlib.ExitStack) -> None:
    text_of = {"sst2": "sentence", "glue": "sentence", "rotten_tomatoes": "text", "tweet_eval": "text"}

    def rows(name: str, split: str) -> Any:
        column = text_of.get(name.rpartition("/")[2], "text")
        made = reviews(split)
        content = {column: [review.text for review in made], "label": [review.kind for review in made]}
        features = datasets.Features(
            {column: datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
        )
        return flag(datasets.Dataset.from_dict(content, features=features))

    def load_dataset(path: str, name: Any = None, *args: Any, split: Any = None, **options: Any) -> Any:
        files = options.get("data_files")
        if files is not None:
            raise urllib.error.URLError(
                "load_dataset with data_files is not made up in a dry run: read the file yourself"
            )
        note_made_up(path)
        today = "it is downloaded when the program runs for real"
        downloads.teller.tell(f"the Hugging Face dataset {path}", "made-up reviews were used instead", today)
        if split is None:
            return datasets.DatasetDict({one: rows(path, one) for one in ("train", "test")})
        wanted = [split] if isinstance(split, str) else split
        made = [rows(path, str(one).partition("[")[0].partition("+")[0]) for one in wanted]
        return made[0] if isinstance(split, str) else made

    undo.enter_context(placed(datasets, "load_dataset", load_dataset))
