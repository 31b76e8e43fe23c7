"""Errors of predicting and of loading what was saved: single sentences, checkpoints, vocabularies of another day."""

from __future__ import annotations

import re

from rnnlab.errors.kit import Explanation, code, explains, history, one_of, shown, sized, tensor, word
from rnnlab.facts import Crash, TensorNote
from rnnlab.record import Record


@explains("RuntimeError", r"Expected `len\(lengths\)` to be equal to batch_size")
def single_sentence_on_the_wrong_axis(record: Record, crash: Crash) -> Explanation | None:
    """A single sentence got its batch axis on the other side than the model reads it."""
    padded, lengths = tensor(crash, 0), crash.values.get("lengths") or {}
    if crash.what != "pack_padded_sequence" or padded is None or padded.shape is None or lengths.get("count") != 1:
        return None
    batch_first = bool((crash.values.get("options") or {}).get("batch_first"))
    batch, time = (0, 1) if batch_first else (1, 0)
    if len(padded.shape) != 3 or padded.shape[time] != 1 or (padded.shape[batch] or 0) < 2:
        return None
    longest = lengths.get("longest")
    if longest is not None and longest != padded.shape[batch]:
        return None
    return Explanation(
        f"{code(record, crash.place)}: {word(crash, 0, 'the input')} is {sized(padded.shape, padded.axes)}; "
        f"batch_first={batch_first} reads axis {batch} "
        f"as the batch, and there is one length: {longest if longest is not None else 1}.",
        f"This is one sentence of {padded.shape[batch]} words whose batch axis stands on the wrong side: it is "
        f"read as {padded.shape[batch]} texts of one word.",
        f"write `unsqueeze({batch})` in place of `unsqueeze({time})` where the sentence becomes a tensor",
    )


@explains(
    "IndexError RuntimeError ValueError",
    r"Dimension out of range|too many indices|`len\(lengths\)`|Expected input to be 2D or 3D|must be specified",
)
def single_sentence_without_a_batch_axis(record: Record, crash: Crash) -> Explanation | None:
    """The ids of one sentence go into the model as they are, without a batch axis."""
    ids = next((call for call in history(record, crash.inputs) if call.what == "embedding" and call.inputs), None)
    note = ids.inputs[0].note if ids is not None else None
    if (
        ids is None
        or not isinstance(note, TensorNote)
        or note.shape is None
        or len(note.shape) != 1
        or note.dtype != "int64"
    ):
        return None
    if "lengths" in crash.message and len((tensor(crash, 0) or note).shape or ()) != 2:
        return None
    words = note.shape[0]
    return Explanation(
        f"{code(record, ids.place)}: {shown(ids.inputs[0], 'the text')}, one axis alone. "
        f"So here, {code(record, crash.place)}: {', '.join(shown(item) for item in crash.inputs[:2])}.",
        f"The ids of one sentence of {words} words came in without a batch axis, and the model counts on "
        "(seq_len, batch).",
        "add it: `tensor.unsqueeze(1)` gives (seq_len, 1); a model with batch_first=True takes `tensor.unsqueeze(0)`",
        (ids.n,),
    )


@explains("UnpicklingError", r"Weights only load failed")
def whole_object_was_saved(record: Record, crash: Crash) -> Explanation | None:
    """The file holds a whole object, and torch.load has read weights only since 2.6."""
    found = re.search(r"Unsupported (?:global: GLOBAL|class) ([\w.]+)", crash.message)
    if found is None:
        return None
    kind = found[1]
    if kind.startswith("torchtext"):
        what = f"a whole vocabulary or field ({kind})"
        cure = "save its words, `torch.save(TEXT.vocab.itos, path)`: a plain list loads as it is"
    else:
        what = f"a whole model ({kind})" if kind.startswith("torch.nn.") else f"a whole object of the class {kind}"
        cure = "save `model.state_dict()`, and load with `model.load_state_dict(torch.load(path))`"
    return Explanation(
        f"{code(record, crash.place)}: the file holds {what}, not weights alone.",
        "Since PyTorch 2.6 torch.load reads only tensors and plain values: loading a whole object runs code that "
        "the file brings along.",
        f"{cure}; a file that you made yourself: `torch.load(path, weights_only=False)`",
    )


_SIZES = re.compile(
    r"size mismatch for ([\w.]+): copying a param with shape torch\.Size\(\[([\d, ]+)\]\) from checkpoint, "
    r"the shape in current model is torch\.Size\(\[([\d, ]+)\]\)"
)


def _mismatches(crash: Crash) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [
        (name, tuple(int(size) for size in saved.split(",")), tuple(int(size) for size in here.split(",")))
        for name, saved, here in _SIZES.findall(crash.message)
    ]


@explains("RuntimeError", r"loading state_dict.*size mismatch for|size mismatch for")
def vocabulary_of_another_size(record: Record, crash: Crash) -> Explanation | None:
    """The checkpoint's embedding has another number of rows: the vocabulary was built anew."""
    found = _mismatches(crash)
    kinds = crash.values.get("layers") or {}
    tables = [(name, saved, here) for name, saved, here in found if kinds.get(name.rpartition(".")[0]) == "Embedding"]
    if len(tables) != 1 or len(found) != 1:
        return None
    name, saved, here = tables[0]
    if len(saved) != 2 or len(here) != 2 or saved[1] != here[1] or saved[0] == here[0]:
        return None
    held = [word for word, size in (crash.values.get("vocabularies") or {}).items() if size == here[0]]
    now = f"{held[0]} has {here[0]:,} entries now" if len(held) == 1 else f"today's vocabulary has {here[0]:,}"
    return Explanation(
        f"{code(record, crash.place)}: {name} is {_table(saved)} in the file and {_table(here)} in this model.",
        f"The embedding has a row for each entry of the vocabulary. It had {saved[0]:,} when the weights were "
        f"saved; {now}: it was built anew, "
        "on other rows or with other settings, and its words have other ids.",
        "save the vocabulary with the weights (`torch.save({'weights': model.state_dict(), 'words': "
        "TEXT.vocab.itos}, path)`) and load both",
    )


def _table(sizes: tuple[int, ...]) -> str:
    return f"(num_embeddings={sizes[0]}, emb={sizes[1]})"


@explains("RuntimeError", r"loading state_dict for")
def weights_of_another_model(record: Record, crash: Crash) -> Explanation | None:
    """The checkpoint was made by a model of other sizes or other names."""
    if found := _mismatches(crash):
        name, saved, here = found[0]
        more = f", and {one_of(len(found) - 1, 'more parameter')}" if len(found) > 1 else ""
        return Explanation(
            f"{code(record, crash.place)}: {name} is {sized(saved)} in the file and {sized(here)} in this model{more}.",
            "The weights were saved from a model that was made with other numbers.",
            "make the model with the same numbers (vocabulary, embedding_dim, hidden_dim, classes) and load again",
        )
    missing, extra = (
        re.search(rf"{word} key\(s\) in state_dict: ([^\n]+)", crash.message) for word in ("Missing", "Unexpected")
    )
    if missing is None and extra is None:
        return None
    said = [f"the model's {_keys(missing[1])} not in the file"] if missing else []
    said += [f"the file's {_keys(extra[1])} not in the model"] if extra else []
    if extra and '"module.' in extra[1]:
        means, cure = (
            "The weights were saved from inside nn.DataParallel.",
            "save `model.module.state_dict()`, or take `module.` off the names",
        )
    else:
        means = "The layers have other names than when the weights were saved, or it was another model."
        cure = "give the layers the same names in `__init__`; strict=False would leave these layers untrained"
    return Explanation(f"{code(record, crash.place)}: {', '.join(said)}.", means, cure)


def _keys(text: str) -> str:
    names = re.findall(r'"([^"]+)"', text)
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'}"
