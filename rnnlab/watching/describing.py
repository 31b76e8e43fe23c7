"""Describes data objects as plain facts: tables, datasets, splits, vocabularies, label maps, loaders, batches, predictions.

No library is imported here: a thing is recognised by what it is made of, so that whoever has not imported pandas or
torchtext does not pay for them.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import sys
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

from rnnlab.facts import Data, Place
from rnnlab.watching.axes import Symbol
from rnnlab.watching.places import outward
from rnnlab.watching.recorder import Recorder, Turns

# What a tokenizer leaves of HTML: "<br", "/><br", "/>The", "<i>". Placeholders ("<url>", "<s>"), arrows and faces are none.
_TAG = re.compile(
    r"</?(?:br|em|strong|div|span|hr|ul|ol|li|font|center|table|h[1-6])\b|</?(?:p|i|b|a|u)>|(?<![<:;=])/>",
    re.IGNORECASE,
)
_LETTERS = 160


class Describer:
    """Tells a recorder of data objects; it remembers what belongs to what for as long as the recording runs."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        # The Field that cut the training reviews: a prediction's tokens are compared with what it would give.
        self.cutter: Any = None
        self._fingerprints: dict[int, Counter[int]] = {}
        self._ancestors: dict[int, set[int]] = {}
        self._split_further: set[int] = set()
        self._examples: dict[int, tuple[weakref.ref[Any], set[int]]] = {}
        self._names: dict[int, str] = {}

    # --- things --------------------------------------------------------------------------------------------------

    def tell(
        self,
        thing: Any,
        place: Place | None,
        name: str,
        parents: Sequence[Any] = (),
        *,
        position: int = 0,
        of: int = 1,
        stage: str | None = None,
    ) -> int:
        """Tell of a data object and return its identity; parents are told of first."""
        recorder = self.recorder
        made_from = [self.ensure(parent, place) for parent in parents]
        number = recorder.id_of(thing)
        what, counts, samples = describe(thing)
        if what == "dataset":
            made_from = self._cut_from(number, thing, made_from)
            samples["shared"] = self._shared(number, thing, made_from)
        if what == "dataset" and made_from and made_from[0] in self._examples:
            what = "split"
            whole = len(self._examples[made_from[0]][1])
            counts |= {"position": float(position), "of": float(of), "of_parent": float(whole)}
        if what == "loader" and (dataset := getattr(thing, "dataset", None)) is not None:
            made_from.append(self.ensure(dataset, place))
        self._names[number] = name
        recorder.tell(
            Data(
                place=place,
                stage=stage or _STAGE_OF.get(what),
                what=what,
                id=number,
                name=name,
                made_from=tuple(made_from),
                counts=counts,
                samples=samples,
            )
        )
        return number

    def ensure(self, thing: Any, place: Place | None) -> int:
        """Return the identity of a data object, telling of it first if nobody has."""
        if self.recorder.knows(thing):
            return self.recorder.id_of(thing)
        return self.tell(thing, place, "")

    def _cut_from(self, number: int, dataset: Any, parents: list[int]) -> list[int]:
        """Return a dataset's parents; one that was cut by hand holds a part of the very same examples as its parent."""
        mine = {id(example) for example in dataset.examples}
        wholes = [] if parents else [n for n, (whole, its) in self._examples.items() if mine and mine < its and whole()]
        self._examples[number] = weakref.ref(dataset), mine
        return parents or sorted(wholes, key=lambda n: len(self._examples[n][1]))[:1]

    def _shared(self, number: int, dataset: Any, parents: list[int]) -> list[dict[str, Any]]:
        """Count the reviews of a dataset that stand in another one as well, token for token, and the same reviews there."""
        self._split_further.update(parents)
        above = self._ancestors[number] = set(parents).union(*(self._ancestors.get(p, set()) for p in parents))
        mine = self._fingerprints[number] = Counter(hash(tokens) for tokens in _token_tuples(dataset))
        own = self._examples[number][1]
        shared = []
        for other, theirs in self._fingerprints.items():
            if other == number or other in above or other in self._split_further:
                continue
            if own & self._examples[other][1]:
                continue  # the very same examples: another draw or fold, no copies
            twice = mine.keys() & theirs.keys()
            if twice:
                first = next(tokens for tokens in _token_tuples(dataset) if hash(tokens) in twice)
                shared.append(
                    {
                        "with": other,
                        "name": self._names.get(other, ""),
                        "examples": sum(mine[h] for h in twice),
                        "examples_there": sum(theirs[h] for h in twice),
                        "text": _cut(" ".join(first)),
                    }
                )
        return shared

    def tell_vocabulary(self, field: Any, given: Sequence[Any], place: Place | None, name: str) -> None:
        """Tell of a Field's vocabulary (or a LabelField's label map) and of the datasets that it was built from."""
        parents = [self.ensure(thing, place) for thing in given if _is_dataset(thing)]
        what, counts, samples = describe(field)
        counts["unrecognised_sources"] = float(sum(1 for thing in given if not _is_dataset(thing)))
        self.recorder.tell(
            Data(
                place=place,
                stage="vocab",
                what=what,
                id=self.recorder.id_of(field.vocab),
                name=name,
                made_from=tuple(parents),
                counts=counts,
                samples=samples,
            )
        )
        if what == "vocabulary" and self.cutter is None:
            self.cutter = field

    # --- batches -------------------------------------------------------------------------------------------------

    def tell_batch(self, batch: Any, over: int, place: Place | None, turns: Turns) -> None:
        """Name the axes of a batch's tensors, count its padding, and tell of the first (later ones are folded)."""
        what, counts, samples = describe(batch)
        if what != "batch":
            self._tell_tensors(batch, over, place)
            return
        turns.add(**{key: counts[key] for key in ("rows", "positions", "tokens", "ending_in_padding") if key in counts})
        turns.rows = int(counts["rows"])
        fact = Data(
            place=place,
            stage="batch",
            what="batch",
            id=self.recorder.new_id(),
            made_from=(over,),
            counts=counts,
            samples=samples,
        )
        n = self.recorder.tell_folded(fact, "batch")
        for _, _, tensors in batch_tensors(batch):
            for axes, tensor in tensors:
                self.recorder.know(tensor, [Symbol(axis, "declared") for axis in axes], (n,))

    def _tell_tensors(self, batch: Any, over: int, place: Place | None) -> None:
        """Tell of a batch that is a tuple, list or dict of tensors: what they are, with the axes that are known."""
        pairs = (
            batch.items() if isinstance(batch, dict) else enumerate(batch) if isinstance(batch, tuple | list) else ()
        )
        samples = {}
        for name, tensor in pairs:
            if hasattr(tensor, "dim") and hasattr(tensor, "dtype"):
                axes = [symbol.name for symbol in self.recorder.symbols(tensor)]
                samples[str(name)] = {"shape": list(tensor.shape), "axes": axes, "dtype": str(tensor.dtype)[6:]}
        if samples:
            what, number = "tensors", self.recorder.new_id()
            self.recorder.tell_folded(
                Data(place=place, stage="batch", what=what, id=number, made_from=(over,), samples=samples), what
            )

    # --- predictions ---------------------------------------------------------------------------------------------

    def tell_prediction(self, frame: FrameType, ids: Any, n: int) -> None:
        """Tell of the tokens of a single review that the program made ids of by itself.

        The words are looked for among the variables of the program: a list of strings whose indices are exactly these
        ids, and the text that these words come from. Nothing is told where they are not found.
        """
        field = self.cutter
        found = self._prediction_words(frame, ids) if field is not None and hasattr(field, "vocab") else None
        if found is None or field is None:
            return
        text, tokens, place = found
        expected = [str(token) for token in field.preprocess(text)]
        same = sum(1 for a, b in zip(tokens, expected, strict=False) if a == b)
        # By id: torchtext's stoi takes in every word that it is asked for.
        ids_here, ids_there, unknown = _ids(field, tokens), _ids(field, expected), _unknown_id(field)
        self.recorder.tell(
            Data(
                place=place,
                stage="predict",
                what="prediction tokens",
                id=self.recorder.new_id(),
                made_from=(n,),
                counts={
                    "tokens": float(len(tokens)),
                    "expected": float(len(expected)),
                    "equal_in_place": float(same),
                    "unknown": float(ids_here.count(unknown)),
                    "unknown_expected": float(ids_there.count(unknown)),
                },
                samples={
                    "text": _cut(text),
                    "tokens": tokens[:40],
                    "expected": expected[:40],
                    "equal": tokens == expected,
                    # Other tokens may have the same ids (both unknown, say): then the model reads the same.
                    "equal_ids": ids_here == ids_there,
                },
            )
        )

    def _prediction_words(self, frame: FrameType, ids: Any) -> tuple[str, list[str], Place] | None:
        field, numbers = self.cutter, ids.reshape(-1).tolist()
        learners = [f for f in outward(frame) if self.recorder.places.kind(f.f_code.co_filename) == "learner"]
        for here in learners:
            for name, words in list(here.f_locals.items()):
                if _is_words(words, len(numbers)) and _ids(field, words) == numbers:
                    text = _written_as(_letters("".join(words)), learners[learners.index(here) :])
                    if text is not None:
                        return text, list(words), self.recorder.places.assignment(here, name)
        return None


_STAGE_OF = {
    "table": "load",
    "tokens": "tokenize",
    "review tokens": "tokenize",
    "dataset": "split",
    "split": "split",
    "vocabulary": "vocab",
    "label map": "vocab",
    "field": "vocab",
    "loader": "batch",
    "batch": "batch",
    "model": "rnn",
}


# --- what a thing is -----------------------------------------------------------------------------------------------


def is_module(thing: Any) -> bool:
    """Say whether a thing is an `nn.Module`; torch is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def describe(thing: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    """Return what a data object is, its counts and a few of its contents; "value" for anything unknown."""
    # Asked of the class: torchtext's Dataset answers to every attribute name.
    if hasattr(type(thing), "described"):
        return thing.described()
    if type(thing).__module__ == "torchtext.data.batch":
        return _batch(thing)
    if _is_token_lists(thing):
        return _tokens(thing)
    if isinstance(thing, list):
        return _one_review(thing) if thing and _is_words(thing, len(thing)) else ("value", {}, {"type": "list"})
    if type(thing).__module__.partition(".")[0] == "pandas" and hasattr(thing, "columns"):
        return _table(thing)
    if _is_dataset(thing):
        return _dataset(thing)
    if hasattr(thing, "vocab") and hasattr(thing, "sequential"):
        return _label_map(thing) if not thing.sequential else _vocabulary(thing.vocab, thing)
    if hasattr(thing, "sequential") and hasattr(thing, "preprocess"):
        return _field(thing)
    if all(hasattr(thing, name) for name in ("stoi", "itos", "freqs")):
        return _vocabulary(thing, None)
    if hasattr(thing, "dataset") and hasattr(thing, "batch_size") and hasattr(thing, "__iter__"):
        return _loader(thing)
    return "value", {}, {"type": type(thing).__name__}


def _is_token_lists(thing: Any) -> bool:
    return (
        isinstance(thing, list)
        and bool(thing)
        and all(isinstance(one, list) and _is_words(one, len(one)) for one in thing[:8])
    )


def _one_review(tokens: list[str]) -> tuple[str, dict[str, float], dict[str, Any]]:
    return "review tokens", {"tokens": float(len(tokens))}, {"tokens": tokens[:60]}


def _tokens(lists: list[list[str]]) -> tuple[str, dict[str, float], dict[str, Any]]:
    lengths = sorted(map(len, lists))
    breaks = sum(1 for one in lists if "<br" in one or "/><br" in one)
    counts = {"texts": float(len(lists)), **_lengths(lengths), "with_breaks": float(breaks)}
    edges = [0, 16, 32, 64, 128, 256, 512, 1024]
    bars = [[a, b, sum(1 for n in lengths if a < n <= b)] for a, b in zip(edges, [*edges[1:], 10**9], strict=True)]
    return "tokens", counts, {"first": lists[0][:24], "histogram": bars}


def _lengths(lengths: list[int]) -> dict[str, float]:
    return {
        "tokens": float(sum(lengths)),
        "median": float(statistics.median(lengths)),
        "longest": float(max(lengths)),
        "empty": float(sum(1 for length in lengths if not length)),
    }


def _is_dataset(thing: Any) -> bool:
    # Examples that come from a generator can be read once only, and not by us.
    return isinstance(getattr(thing, "examples", None), list | tuple) and isinstance(
        getattr(thing, "fields", None), dict
    )


def _table(table: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    columns = [str(column) for column in table.columns]
    samples = {
        "columns": columns,
        "dtypes": [str(dtype) for dtype in table.dtypes],
        "head": [[_cut(str(value)) for value in row] for row in table.head(3).itertuples(index=False)],
        "labels": {},
    }
    for i, column in enumerate(columns):
        counted = Counter(str(value) for value in table.iloc[:, i].dropna())
        if len(counted) <= 20:
            samples["labels"][column] = [[name, count] for name, count in counted.most_common()]
    samples["dropped"] = {str(k): int(v) for k, v in getattr(table, "attrs", {}).get("dropped", {}).items()}
    return "table", {"rows": float(len(table)), "columns": float(len(columns))}, samples


def _dataset(dataset: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    counts: dict[str, float] = {"examples": float(len(dataset))}
    samples: dict[str, Any] = {"fields": list(dataset.fields)}
    lengths = [len(tokens) for tokens in _token_tuples(dataset)]
    if lengths:
        counts |= {
            "tokens": float(sum(lengths)),
            "median": float(statistics.median(lengths)),
            "longest": float(max(lengths)),
        }
        counts["empty"] = float(sum(1 for length in lengths if not length))
        samples["first"] = list(next(iter(_token_tuples(dataset))))[:16]
    label = next((n for n, f in dataset.fields.items() if f is not None and not f.sequential), None)
    if label is not None:
        found = Counter(str(getattr(example, label, "")) for example in dataset.examples)
        samples["labels"] = [[k, v] for k, v in found.most_common(20)]
    return "dataset", counts, samples


def _token_tuples(dataset: Any) -> Iterable[tuple[str, ...]]:
    name = next((n for n, f in dataset.fields.items() if f is not None and f.sequential), None)
    return () if name is None else (tuple(getattr(example, name, ())) for example in dataset.examples)


def _field(field: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    options = {
        name: str(getattr(field, name))
        for name in (
            "sequential",
            "lower",
            "include_lengths",
            "batch_first",
            "fix_length",
            "dtype",
            "pad_token",
            "unk_token",
        )
        if hasattr(field, name)
    }
    return "field", {}, {"type": type(field).__name__, "options": options}


def _vocabulary(vocab: Any, field: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    specials = [s for s in (getattr(field, "unk_token", None), getattr(field, "pad_token", None)) if s is not None]
    specials = specials or [word for word in vocab.itos[:4] if re.fullmatch(r"<\w+>", word)]
    frequencies = vocab.freqs
    tags = [word for word in vocab.itos if word not in specials and _is_tag(word, frequencies)]
    tokens = sum(frequencies.values())
    inside = sum(frequencies.get(word, 0) for word in vocab.itos)
    counts = {
        "words": float(len(vocab.itos)),
        "specials": float(len(specials)),
        "distinct": float(len(frequencies)),
        "tokens": float(tokens),
        "tokens_inside": float(inside),
        "once": float(sum(1 for count in frequencies.values() if count == 1)),
        "tag_words": float(len(tags)),
        "tag_tokens": float(sum(frequencies[word] for word in tags)),
    }
    rank = {word: i for i, (word, _) in enumerate(frequencies.most_common(), 1)} if tags else {}
    return (
        "vocabulary",
        counts,
        {
            "first": list(vocab.itos[:12]),
            "most_common": [[word, count] for word, count in frequencies.most_common(12)],
            "tags": [[word, frequencies[word], rank[word]] for word in tags[:6]],
            "specials": specials,
        },
    )


def _is_tag(word: str, frequencies: Any) -> bool:
    if word == "br":
        return any(other in frequencies for other in ("/><br", "<br", "/>", "<"))
    return ("<" in word or ">" in word) and bool(_TAG.search(word))


def _label_map(field: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    vocab = field.vocab
    labels = [[str(name), i, int(vocab.freqs.get(name, 0))] for i, name in enumerate(vocab.itos)]
    return "label map", {"classes": float(len(labels))}, {"labels": labels}


def _loader(loader: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    counts = {"batch_size": float(loader.batch_size or 0)}
    with contextlib.suppress(TypeError):  # a stream of examples has no length
        counts["examples"] = float(len(loader.dataset))
    options = {
        name: getattr(loader, name)
        for name in ("train", "shuffle", "sort", "sort_within_batch", "repeat", "drop_last")
        if isinstance(getattr(loader, name, None), bool)
    }
    return "loader", counts, {"type": type(loader).__name__, "options": options}


def batch_tensors(batch: Any) -> Iterable[tuple[str, Any, list[tuple[tuple[str, ...], Any]]]]:
    """Return for each field of a torchtext batch its name, the field, and its tensors with the axes that the field declares."""
    fields = getattr(getattr(batch, "dataset", None), "fields", {})
    for name, field in fields.items():
        value = getattr(batch, name, None)
        if field is None or value is None:
            continue
        axes = ("batch", "seq_len") if getattr(field, "batch_first", False) else ("seq_len", "batch")
        if not field.sequential:
            yield name, field, [(("batch",), value)]
        elif isinstance(value, tuple):
            yield name, field, [(axes, value[0]), (("batch",), value[1])]
        else:
            yield name, field, [(axes, value)]


def _batch(batch: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    counts: dict[str, float] = {"rows": float(batch.batch_size)}
    samples: dict[str, Any] = {}
    for name, field, tensors in batch_tensors(batch):
        tensor = tensors[0][1]
        for word, (axes, one) in zip((name, "lengths"), tensors, strict=False):
            samples[word] = {"shape": list(one.shape), "axes": list(axes), "dtype": str(one.dtype)[6:]}
        if field.sequential and tensor.device.type == "cpu":
            _count_padding(field, tensor, tensors, counts, samples)
        elif not field.sequential and tensor.device.type == "cpu":
            samples[name]["first"] = tensor[:8].tolist()
    return "batch", counts, samples


def _count_padding(field: Any, text: Any, tensors: Any, counts: dict[str, float], samples: dict[str, Any]) -> None:
    pad = field.vocab.stoi[field.pad_token] if getattr(field, "use_vocab", True) and field.pad_token else None
    time_first = text if not field.batch_first else text.t()
    counts["positions"] = float(text.numel())
    counts["tokens"] = float((text != pad).sum()) if pad is not None else float(text.numel())
    if pad is not None and time_first.shape[0]:
        counts["ending_in_padding"] = float((time_first[-1] == pad).sum())
    # The shortest review shows the padding best.
    column = time_first[:, -1].tolist()
    samples["column"] = {
        "ids": column[:10],
        "words": [field.vocab.itos[i] for i in column[:10]],
        "length": int(sum(1 for i in column if i != pad)),
        "of": len(column),
    }
    # A corner of the rectangle as words: the first words of up to six reviews, from the longest to the shortest.
    chosen = (
        [round(i * (time_first.shape[1] - 1) / 5) for i in range(6)]
        if time_first.shape[1] > 6
        else range(time_first.shape[1])
    )
    shown = dict.fromkeys(chosen)
    steps = [*range(min(4, time_first.shape[0])), time_first.shape[0] - 1]
    samples["grid"] = [[field.vocab.itos[time_first[step, c]] for step in steps] for c in shown]
    samples["pad"] = field.pad_token
    if len(tensors) > 1:
        samples["shown_lengths"] = [int(tensors[1][1][c]) for c in shown]


def _is_words(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(isinstance(word, str) for word in value[:2000])


def _ids(field: Any, words: list[str]) -> list[int | None]:
    unknown = _unknown_id(field)
    return [field.vocab.stoi.get(word, unknown) for word in words]


def _unknown_id(field: Any) -> int | None:
    return field.vocab.stoi.get(field.unk_token)


def _written_as(letters: str, frames: list[FrameType]) -> str | None:
    """Return the text of these letters as it was first given: the outermost frame's, before anything was done to it."""
    for frame in reversed(frames):
        for value in [*frame.f_code.co_consts, *frame.f_locals.values()]:
            if isinstance(value, str) and _letters(value) == letters:
                return value
    return None


def _letters(text: str) -> str:
    """Two texts with the same letters and digits are the same sentence, whatever was done to its spaces, case or marks."""
    return "".join(c for c in text.lower() if c.isalnum())


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1].rstrip() + "…"
