"""Says what a data object is, as plain data: its kind, its counts and a few of its contents.

No library is imported here: a thing is recognised by what it is made of, so that whoever has not imported pandas or
torchtext does not pay for them.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

Described = tuple[str, dict[str, float], dict[str, Any]]

# What a tokenizer leaves of HTML: "<br", "/><br", "/>The", "<i>". Placeholders ("<url>", "<s>"), arrows and faces are none.
_TAG = re.compile(
    r"</?(?:br|em|strong|div|span|hr|ul|ol|li|font|center|table|h[1-6])\b|</?(?:p|i|b|a|u)>|(?<![<:;=])/>",
    re.IGNORECASE,
)
_LETTERS = 160
_FEW = 20  # a column with more different values holds no labels


def is_module(thing: Any) -> bool:
    """Say whether a thing is an `nn.Module`; torch is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def describe(thing: Any) -> Described:
    """Return what a data object is, its counts and a few of its contents; "value" for anything unknown."""
    # Asked of the class: torchtext's Dataset answers to every attribute name.
    if hasattr(type(thing), "described"):
        return thing.described()
    if type(thing).__module__ == "torchtext.data.batch":
        return _batch(thing)
    if _is_token_lists(thing):
        return _tokens(thing)
    if isinstance(thing, list):
        return _one_review(thing) if thing and is_words(thing, len(thing)) else ("value", {}, {"type": "list"})
    if type(thing).__module__.partition(".")[0] == "pandas" and hasattr(thing, "columns"):
        return _table(thing)
    if is_dataset(thing):
        return _dataset(thing)
    if hasattr(thing, "vocab") and hasattr(thing, "sequential"):
        return _label_map(thing) if not thing.sequential else _vocabulary(thing.vocab, thing)
    if hasattr(thing, "sequential") and hasattr(thing, "preprocess"):
        return _field(thing)
    if all(hasattr(thing, name) for name in ("stoi", "itos", "freqs")):
        return _vocabulary(thing, None)
    if all(hasattr(type(thing), name) for name in ("get_itos", "get_stoi")):
        return _words(thing.get_itos())
    if hasattr(thing, "dataset") and hasattr(thing, "batch_size") and hasattr(thing, "__iter__"):
        return _loader(thing)
    return "value", {}, {"type": type(thing).__name__}


def _is_token_lists(thing: Any) -> bool:
    return (
        isinstance(thing, list)
        and bool(thing)
        and all(isinstance(one, list) and is_words(one, len(one)) for one in thing[:8])
    )


def _one_review(tokens: list[str]) -> Described:
    return "review tokens", {"tokens": float(len(tokens))}, {"tokens": tokens[:60]}


def _tokens(lists: list[list[str]]) -> Described:
    lengths = sorted(map(len, lists))
    breaks = sum(1 for one in lists if "<br" in one or "/><br" in one)
    counts = {"texts": float(len(lists)), **lengths_counted(lengths), "with_breaks": float(breaks)}
    edges = [0, 16, 32, 64, 128, 256, 512, 1024]
    bars = [[a, b, sum(1 for n in lengths if a < n <= b)] for a, b in zip(edges, [*edges[1:], 10**9], strict=True)]
    return "tokens", counts, {"first": lists[0][:24], "histogram": bars}


def lengths_counted(lengths: list[int]) -> dict[str, float]:
    return {
        "tokens": float(sum(lengths)),
        "median": float(statistics.median(lengths)),
        "longest": float(max(lengths)),
        "empty": float(sum(1 for length in lengths if not length)),
    }


def is_dataset(thing: Any) -> bool:
    """Say whether a thing is a torchtext dataset whose examples can be looked at."""
    # Examples that come from a generator can be read once only, and not by us.
    return isinstance(getattr(thing, "examples", None), list | tuple) and isinstance(
        getattr(thing, "fields", None), dict
    )


def _table(table: Any) -> Described:
    columns = [str(column) for column in table.columns]
    samples = {
        "columns": columns,
        "dtypes": [str(dtype) for dtype in table.dtypes],
        "head": [[cut(str(value)) for value in row] for row in table.head(3).itertuples(index=False)],
        "labels": {},
    }
    for i, column in enumerate(columns):
        if labels := labels_in(table.iloc[:, i].dropna()):
            samples["labels"][column] = labels
    samples["dropped"] = {str(k): int(v) for k, v in getattr(table, "attrs", {}).get("dropped", {}).items()}
    return "table", {"rows": float(len(table)), "columns": float(len(columns))}, samples


def labels_in(values: Iterable[Any]) -> list[list[Any]]:
    """Return the different values with their counts, the most frequent first; nothing where there are too many."""
    counted: Counter[str] = Counter()
    waiting = iter(values)
    # A column of texts is known by its first rows: nobody reads all of it.
    while some := list(islice(waiting, 64)):
        counted.update(str(value) for value in some)
        if len(counted) > _FEW:
            return []
    return [[name, count] for name, count in counted.most_common()]


def _dataset(dataset: Any) -> Described:
    counts: dict[str, float] = {"examples": float(len(dataset))}
    samples: dict[str, Any] = {"fields": list(dataset.fields)}
    lengths = [len(tokens) for tokens in token_tuples(dataset)]
    if lengths:
        counts |= {
            "tokens": float(sum(lengths)),
            "median": float(statistics.median(lengths)),
            "longest": float(max(lengths)),
        }
        counts["empty"] = float(sum(1 for length in lengths if not length))
        samples["first"] = list(next(iter(token_tuples(dataset))))[:16]
    label = next((n for n, f in dataset.fields.items() if f is not None and not f.sequential), None)
    if label is not None:
        found = Counter(str(getattr(example, label, "")) for example in dataset.examples)
        samples["labels"] = [[k, v] for k, v in found.most_common(20)]
    return "dataset", counts, samples


def token_tuples(dataset: Any) -> Iterable[tuple[str, ...]]:
    """Return the tokens of each example of a torchtext dataset."""
    name = next((n for n, f in dataset.fields.items() if f is not None and f.sequential), None)
    return () if name is None else (tuple(getattr(example, name, ())) for example in dataset.examples)


def _field(field: Any) -> Described:
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


def _vocabulary(vocab: Any, field: Any) -> Described:
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


def _words(words: list[str]) -> Described:
    """A vocabulary that keeps its words and no frequencies."""
    specials = [word for word in [*words[:4], *words[-2:]] if re.fullmatch(r"<\w+>", word)]
    counts = {"words": float(len(words)), "specials": float(len(set(specials)))}
    return (
        "vocabulary",
        counts,
        {"first": [str(word) for word in words[:12]], "specials": list(dict.fromkeys(specials))},
    )


def _is_tag(word: str, frequencies: Any) -> bool:
    if word == "br":
        return any(other in frequencies for other in ("/><br", "<br", "/>", "<"))
    return ("<" in word or ">" in word) and bool(_TAG.search(word))


def _label_map(field: Any) -> Described:
    vocab = field.vocab
    labels = [[str(name), i, int(vocab.freqs.get(name, 0))] for i, name in enumerate(vocab.itos)]
    return "label map", {"classes": float(len(labels))}, {"labels": labels}


def _loader(loader: Any) -> Described:
    counts = {"batch_size": float(loader.batch_size or 0)}
    with contextlib.suppress(TypeError):  # a stream of examples has no length
        counts["examples"] = float(len(loader.dataset))
    options = {
        name: getattr(loader, name)
        for name in ("train", "shuffle", "sort", "sort_within_batch", "repeat", "drop_last")
        if isinstance(getattr(loader, name, None), bool)
    }
    samples: dict[str, Any] = {"type": type(loader).__name__, "options": options}
    if type(loader).__module__.startswith("torchtext."):
        return "loader", counts, samples
    # torch's own: who chooses the rows, and who puts them together.
    sampler, together = getattr(loader, "sampler", None), getattr(loader, "collate_fn", None)
    kinds = {"SequentialSampler": False, "RandomSampler": True}
    if type(sampler).__name__ in kinds:
        options["shuffle"] = kinds[type(sampler).__name__]
    chooser = (
        sampler if type(getattr(loader, "batch_sampler", None)).__name__ == "BatchSampler" else loader.batch_sampler
    )
    samples["sampler"] = type(chooser).__name__
    with contextlib.suppress(TypeError, NotImplementedError):
        by_torch = type(sampler).__module__ == "torch.utils.data.sampler"
        if by_torch and sampler is not None and len(sampler) != counts.get("examples"):
            counts["drawn"] = float(len(sampler))
    samples["collate"] = getattr(together, "__name__", type(together).__name__)
    counts["workers"] = float(getattr(loader, "num_workers", 0))
    return "loader", counts, samples


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


def _batch(batch: Any) -> Described:
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


def is_words(value: Any, length: int) -> bool:
    """Say whether a value is a list of so many strings."""
    return isinstance(value, list) and len(value) == length and all(isinstance(word, str) for word in value[:2000])


def cut(text: str) -> str:
    """Return a text of at most a line or two."""
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1].rstrip() + "…"
