"""The lecture's program from the file to a prediction, in one function: the thirteen stages in their order."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rnnlab.pipeline.load import load
from rnnlab.pipeline.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
At = Callable[[tuple[str, ...], Function], Function]
FORWARD = ("embed", "rnn", "squeeze", "head", "loss")


def walk(
    settings: Settings,
    csv: str | Path | None = None,
    text: str = "review",
    label: str = "sentiment",
    limit: int | None = None,
    drop_copies: bool = False,
    sentence: str = "I expected a dull story, but it turned out wonderful.",
    at: At[Any] = lambda stages, function: function,
    show_tokens: Callable[..., None] = lambda *_: None,
    show_training: Callable[..., None] = lambda _: None,
) -> Any:
    """Run the whole pipeline and return the prediction.

    Args:
        csv, text, label, limit, drop_copies: as of `load`.
        at: called with the names of the stages and the function that covers them; what it returns is called instead. This is how
            a watcher looks on without the pipeline knowing it.
        show_tokens, show_training: told of progress while the two slow stages run.

    Raises:
        LoadError: the reviews cannot be read.
        ValueError: a label is too rare to train on, a device is not there, or the sentence is empty.
        ChildProcessError: tokenizing has ended early.
    """
    table = at(("load",), load)(csv, text, label, limit, drop_copies)

    from rnnlab.pipeline.tokenize import tokenize

    tokens = at(("tokenize",), tokenize)(
        table["review"], settings.remove_breaks, show_tokens
    )

    import torch

    from rnnlab.pipeline.batch import batch
    from rnnlab.pipeline.evaluate import evaluate
    from rnnlab.pipeline.model import ReviewClassifier, first_look
    from rnnlab.pipeline.predict import predict
    from rnnlab.pipeline.split import split
    from rnnlab.pipeline.train import take_threads_that_pay, train
    from rnnlab.pipeline.vocab import vocab

    splits = at(("split",), split)(
        tokens, list(table["sentiment"]), settings.seed, settings.remove_breaks
    )
    text_field, label_field = at(("vocab",), vocab)(
        splits.train, splits.text, splits.label, settings.vocabulary
    )
    device = chosen_device(settings.device)
    take_threads_that_pay(device, settings.batch, settings.hid)
    loaders = at(("batch",), batch)(
        splits, settings.batch, settings.packed, device, settings.seed
    )

    random.seed(settings.seed)
    torch.manual_seed(settings.seed)
    model = ReviewClassifier(
        len(text_field.vocab),
        settings.emb,
        settings.hid,
        len(label_field.vocab),
        settings.rnn,
        settings.packed,
    ).to(device)
    at(FORWARD, first_look)(model, *loaders.first.text, loaders.first.label)

    at(("train",), train)(
        model,
        loaders,
        settings.epochs,
        settings.learning_rate,
        settings.seconds,
        show_training,
    )
    at(("evaluate",), evaluate)(model, loaders.test)
    return at(("predict",), predict)(model, sentence, text_field, label_field)


def chosen_device(wish: str) -> str:
    """Return the device to use: "auto" takes a GPU where there is one.

    Raises:
        ValueError: the device is not there; the message says which are.
    """
    import torch

    there = ["cpu"]
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if wish == "auto":
        # Packed sequences are slow or missing on Apple's backend; it is used only when asked for.
        return "cuda" if "cuda" in there else "cpu"
    kind, _, number = wish.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    numbers = ["", *map(str, range(count))] if kind in there else []
    if number not in numbers or wish.endswith(":"):
        raise ValueError(
            f"there is no device '{wish}' here; there is {', '.join(there)}"
        )
    return wish
