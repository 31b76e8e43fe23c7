"""Errors of the loss: types, ranges and sizes of the targets against the logits."""

from __future__ import annotations

import re
from typing import Any

from rnnlab.errors.kit import Explanation, axis, code, explains, history, makers_of, shown, sized, tensor, word
from rnnlab.facts import Crash, Data, TensorNote
from rnnlab.record import Record

_CLASSES = {"cross_entropy", "nll_loss"}
_YES_NO = {"binary_cross_entropy_with_logits", "binary_cross_entropy"}


def _given(record: Record, crash: Crash) -> str:
    return f"{code(record, crash.place)}: {shown(crash.inputs[0], 'the prediction')}, {shown(crash.inputs[1], 'the target')}"


def _measured(crash: Crash, name: str) -> dict[str, Any]:
    return crash.values.get(name) or {}


def _pair(crash: Crash, losses: set[str]) -> tuple[TensorNote, TensorNote] | None:
    """Return what was predicted and the targets, if one of these losses was given both."""
    predicted, target = tensor(crash, 0), tensor(crash, 1)
    if crash.what not in losses or predicted is None or target is None:
        return None
    return predicted, target


# --- types -----------------------------------------------------------------------------------------------------------


@explains("RuntimeError", r"expected scalar type Long|expected target dtype|Expected object of scalar type Long")
def class_indices_are_not_long(record: Record, crash: Crash) -> Explanation | None:
    """Cross-entropy takes the index of the right class, and the targets are of another type."""
    pair = _pair(crash, _CLASSES)
    if pair is None or pair[1].dtype in {"int64", "uint8"}:
        return None
    name = word(crash, 1, "target")
    classes = (pair[0].shape or (0,))[-1]
    born = "LabelField(dtype=torch.float) makes such labels; " if pair[1].dtype.startswith("float") else ""
    return Explanation(
        f"{_given(record, crash)}.",
        f"Cross-entropy wants the index of the right class, 0 to {(classes or 1) - 1}, as int64; "
        f"{born}{pair[1].dtype} is what a loss with one output and BCE wants.",
        f"write `data.LabelField(dtype=torch.long)`, or `{name}.long()` here",
    )


@explains(
    "RuntimeError",
    r"result type Float can't be cast|Found dtype (Long|Int|Bool) but expected Float|dtype.*Float.*but got Long",
)
def yes_or_no_targets_are_not_float(record: Record, crash: Crash) -> Explanation | None:
    """Binary cross-entropy takes 0.0 or 1.0, and the targets are whole numbers."""
    pair = _pair(crash, _YES_NO | {"mse_loss"})
    if pair is None or pair[1].dtype.startswith(("float", "bfloat")):
        return None
    name = word(crash, 1, "target")
    return Explanation(
        f"{_given(record, crash)}.",
        f"Binary cross-entropy compares a number with 0.0 or 1.0, so its targets are float32; {pair[1].dtype} is "
        "what CrossEntropyLoss wants.",
        f"write `data.LabelField(dtype=torch.float)`, or `{name}.float()` here",
    )


# --- ranges ----------------------------------------------------------------------------------------------------------


@explains(
    "IndexError RuntimeError",
    r"Target -?\d+ is out of bounds|for target with class probabilities|For 1D input, 1D target",
)
def one_output_with_cross_entropy(record: Record, crash: Crash) -> Explanation | None:
    """Cross-entropy needs one logit for each class, and the head gives a single one."""
    pair = _pair(crash, _CLASSES)
    if pair is None or pair[0].shape is None:
        return None
    predicted = pair[0].shape
    single = len(predicted) == 2 and predicted[1] == 1
    squeezed = len(predicted) == 1 and predicted == pair[1].shape and _lost_a_single_output(record, crash)
    if not single and not squeezed:
        return None
    return Explanation(
        f"{_given(record, crash)}.",
        "There is one output per text. Cross-entropy chooses among several: with one it can only ever choose "
        "class 0, and class 1 does not exist.",
        "give the head two outputs (`nn.Linear(..., 2)`), or keep the one and use `nn.BCEWithLogitsLoss()` with "
        "float targets "
        "and `.squeeze(1)` on the logits",
    )


def _lost_a_single_output(record: Record, crash: Crash) -> bool:
    for call in makers_of(record, crash.inputs[0].note):
        before = call.inputs[0].note if call.inputs else None
        if (
            call.what in {"squeeze", "view", "index"}
            and isinstance(before, TensorNote)
            and (before.shape or (0,))[-1] == 1
        ):
            return True
    return False


def _label_names(record: Record) -> list[str]:
    labels = record.last(Data, what="label map")
    return [str(label[0]) for label in labels.samples.get("labels", [])] if labels is not None else []


@explains("IndexError RuntimeError", r"Target -?\d+ is out of bounds|t >= 0 && t < n_classes")
def unk_counts_as_a_class(record: Record, crash: Crash) -> Explanation | None:
    """The labels' vocabulary has an entry for unknown words: a plain Field makes one, a LabelField does not."""
    pair, target, names = _pair(crash, _CLASSES), _measured(crash, "target"), _label_names(record)
    if pair is None or not pair[0].shape or not names or names[0] != "<unk>":
        return None
    classes = pair[0].shape[-1] or 0
    if len(names) <= classes or target.get("largest", len(names)) >= len(names) or target.get("smallest", 0) < 1:
        return None
    return Explanation(
        f"{_given(record, crash)}; the labels' vocabulary is {', '.join(names[:6])}: {len(names)} entries, "
        f"and the head has {classes} outputs.",
        "A plain Field keeps index 0 for <unk>, so the real labels count from 1.",
        "make the labels with `data.LabelField(dtype=torch.long)`, which has no <unk>",
    )


@explains("IndexError RuntimeError", r"Target -?\d+ is out of bounds|t >= 0 && t < n_classes")
def labels_start_at_1(record: Record, crash: Crash) -> Explanation | None:
    """The labels run from 1 to K, and the classes count from 0."""
    pair, target = _pair(crash, _CLASSES), _measured(crash, "target")
    classes = ((pair[0].shape or (0,))[-1] or 0) if pair is not None else 0
    if not target or classes < 2 or (target.get("smallest"), target.get("largest")) != (1, classes):
        return None
    return Explanation(
        f"{_given(record, crash)}; the targets run from 1 to {classes}, the {classes} outputs are numbered 0 to "
        f"{classes - 1}.",
        f"The labels count from 1: class {classes} has no output, and output 0 never has a label.",
        f"subtract 1 where the labels are read, or here: `{word(crash, 1, 'target')} - 1`",
    )


@explains("IndexError RuntimeError", r"Target -?\d+ is out of bounds|t >= 0 && t < n_classes")
def label_out_of_range(record: Record, crash: Crash) -> Explanation | None:
    """A label is negative, or there are more labels than outputs."""
    pair, target = _pair(crash, _CLASSES), _measured(crash, "target")
    if pair is None or not pair[0].shape or "largest" not in target:
        return None
    classes, wrong = pair[0].shape[-1] or 0, re.search(r"Target (-?\d+) is", crash.message)
    if target["smallest"] >= 0 and target["largest"] < classes:
        return None
    bad = int(wrong[1]) if wrong else target["largest"]
    happened = (
        f"{_given(record, crash)}; the targets run from {target['smallest']} to {target['largest']}, "
        f"the {classes} outputs are numbered 0 to {classes - 1}: there is no class {bad}."
    )
    if target["smallest"] < 0:
        return Explanation(
            happened, "A negative label marks a row without one, or -1 and 1 stand for the two classes.",
            "number the classes from 0; `CrossEntropyLoss(ignore_index=-1)` leaves rows out that are marked with -1",
        )  # fmt: skip
    names = _label_names(record)
    means = f"There are more labels than the {classes} outputs of the head."
    if len(names) > classes:
        listed = ", ".join(repr(name) for name in names[:6])
        means = f"The label map has {len(names)} entries ({listed}), the head {classes} outputs."
    if target["largest"] == classes and target["smallest"] > 0 and not names:
        # A batch without the lowest class looks like one with a class too many: only all labels can tell.
        return Explanation(
            happened,
            f"Either the labels count from 1 to {classes} and the outputs from 0, or there is one class more than outputs.",
            f"look at the smallest label of all: where it is 1, write `{word(crash, 1, 'target')} - 1`; where it is 0, "
            f"`nn.Linear(..., {classes + 1})`",
        )
    return Explanation(
        happened,
        means,
        f"give the head one output for each class: `nn.Linear(..., {target['largest'] + 1})`, or `len(LABEL.vocab)`",
    )


@explains("RuntimeError", r"all elements of target should be between 0 and 1")
def yes_or_no_targets_not_between_0_and_1(record: Record, crash: Crash) -> Explanation | None:
    """Binary cross-entropy is given labels such as 1 and 2."""
    pair, target = _pair(crash, _YES_NO), _measured(crash, "target")
    if pair is None or "largest" not in target:
        return None
    low, high = target["smallest"], target["largest"]
    name = word(crash, 1, "target")
    shift = (
        f"the labels seem to be 1 and 2: write `{name} - 1`"
        if (low, high) == (1, 2)
        else "number the two classes 0 and 1"
    )
    return Explanation(
        f"{_given(record, crash)}; the targets run from {low:g} to {high:g}.",
        "Binary cross-entropy wants 0.0 for one class and 1.0 for the other.",
        shift,
    )


@explains("RuntimeError", r"all elements of input should be between 0 and 1")
def bce_without_a_sigmoid(record: Record, crash: Crash) -> Explanation | None:
    """nn.BCELoss is given logits, and it wants probabilities."""
    pair, predicted = _pair(crash, {"binary_cross_entropy"}), _measured(crash, "logits")
    if pair is None or not predicted:
        return None
    if "largest" not in predicted:
        return Explanation(
            f"{_given(record, crash)}; the prediction holds numbers that are not finite.",
            "Training has run away: a loss or a weight became nan or infinite before this line.",
            "lower the learning rate, clip the gradients, and look at the losses before this batch",
        )
    return Explanation(
        f"{_given(record, crash)}; the prediction runs from {predicted['smallest']:.3g} to {predicted['largest']:.3g}.",
        "BCELoss wants probabilities, and these are logits: no sigmoid was taken.",
        "use `nn.BCEWithLogitsLoss()`, which takes the sigmoid itself and more exactly",
    )


# --- sizes -----------------------------------------------------------------------------------------------------------

_SIZES = r"[Tt]arget size .* (must be the same as|that is different to) (the )?input size"


@explains("ValueError", _SIZES)
def logits_have_one_axis_too_many(record: Record, crash: Crash) -> Explanation | None:
    """The head's single output is still an axis: [batch, 1] against [batch]."""
    pair = _pair(crash, _YES_NO)
    if pair is None or pair[0].shape is None or pair[1].shape is None:
        return None
    predicted, target = pair[0].shape, pair[1].shape
    name, other = word(crash, 0, "logits"), word(crash, 1, "target")
    if len(predicted) == 2 and predicted[1] == 1 and target == predicted[:1]:
        return Explanation(
            f"{_given(record, crash)}.",
            "The head's one output per text is still an axis of size 1, and the targets have no such axis.",
            f"drop it: `{_plain(name, 'logits')}.squeeze(1)`; name the axis, or a batch of one text loses its "
            "batch axis as well",
        )
    if len(target) == 2 and target[1] == 1 and predicted == target[:1]:
        return Explanation(
            f"{_given(record, crash)}.",
            "The targets have an axis of size 1 that the prediction does not have.",
            f"drop it: `{_plain(other, 'target')}.squeeze(1)`",
        )
    return None


def _plain(name: str, otherwise: str) -> str:
    return name if name.replace(".", "").isidentifier() else otherwise


@explains("ValueError", _SIZES)
def two_outputs_with_binary_cross_entropy(record: Record, crash: Crash) -> Explanation | None:
    """A head with an output for each class meets the loss for a single output."""
    pair = _pair(crash, _YES_NO)
    if pair is None or pair[0].shape is None or len(pair[0].shape) != 2 or pair[1].shape != pair[0].shape[:1]:
        return None
    classes = pair[0].shape[1] or 0
    if classes < 2:
        return None
    return Explanation(
        f"{_given(record, crash)}.",
        f"The head has {classes} outputs per text; binary cross-entropy compares one output with one label.",
        "use `nn.CrossEntropyLoss()` with int64 labels, or give the head one output: `nn.Linear(..., 1)` and "
        "`.squeeze(1)`",
    )


@explains("RuntimeError", r"multi-target not supported")
def targets_have_one_axis_too_many(record: Record, crash: Crash) -> Explanation | None:
    """Cross-entropy wants one class index per text, and the targets are a column."""
    pair = _pair(crash, _CLASSES)
    if pair is None or pair[1].shape is None or len(pair[1].shape) != 2:
        return None
    name = _plain(word(crash, 1, "target"), "target")
    if pair[1].shape[1] == 1:
        return Explanation(
            f"{_given(record, crash)}.",
            "Each text has one class index; the targets have an axis of size 1 too many.",
            f"drop it: `{name}.squeeze(1)`",
        )
    return Explanation(
        f"{_given(record, crash)}.",
        "These targets hold a number for each class (one-hot). As int64 they are read as class indices, and "
        "there may be one per text.",
        f"give the indices, `{name}.argmax(1)`, or the numbers as probabilities, `{name}.float()`",
    )


_BATCHES = r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)"


@explains("ValueError", _BATCHES)
def every_time_step_reaches_the_loss(record: Record, crash: Crash) -> Explanation | None:
    """The head was given the RNN's output of every step, so there is a prediction for each word."""
    pair = _pair(crash, _CLASSES)
    if pair is None or pair[0].shape is None or len(pair[0].shape) != 3 or pair[1].shape is None:
        return None
    if pair[1].shape[:1] not in {pair[0].shape[:1], pair[0].shape[1:2]} or len(pair[1].shape) != 1:
        return None
    time = [i for i in (0, 1) if axis(pair[0], i) == "seq_len"]
    if len(time) != 1:
        return None
    last = (
        "hidden[-1]"
        if any(call.what in {"lstm", "gru", "rnn"} for call in history(record, crash.inputs[:1]))
        else "the last state"
    )
    return Explanation(
        f"{_given(record, crash)}.",
        f"There is a prediction for each of the {pair[0].shape[time[0]]} words, and one label for each text: the "
        "head was given the "
        "RNN's output of every step.",
        f"choose one state per text before the head: `{last}`, or the mean over the real words",
    )


@explains("ValueError RuntimeError", _BATCHES + r"|" + _SIZES + r"|size of tensor a")
def predictions_and_targets_of_different_batches(record: Record, crash: Crash) -> Explanation | None:
    """The loss gets another number of predictions than of labels; no more is certain."""
    pair = _pair(crash, _CLASSES | _YES_NO | {"mse_loss"})
    if pair is None or not pair[0].shape or not pair[1].shape or pair[0].shape[0] == pair[1].shape[0]:
        return None
    return Explanation(
        f"{_given(record, crash)}.",
        f"There are {pair[0].shape[0]} rows of predictions and {pair[1].shape[0]} labels; axis 0 of both must be "
        "the batch. "
        f"Somewhere on the way {sized(pair[0].shape, pair[0].axes)} lost or mixed up its batch axis.",
        "follow the batch axis from the text to the logits, `rnnlab.trace(model, text)` shows it line by line",
    )
