"""The commands. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import io
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(
    name="rnnlab",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Bring real reviews onto this machine.", no_args_is_help=True)
app.add_typer(data_app, name="data")


class Rnn(StrEnum):
    """The kinds of RNN that the reference model knows."""

    LSTM = "lstm"
    GRU = "gru"
    RNN = "rnn"


class Reading(StrEnum):
    """Who feeds the batches of a full training: ids on the device, or torchtext's own iterator."""

    FLAT = "flat"
    TORCHTEXT = "torchtext"


class Precision(StrEnum):
    """The numbers a training computes with."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Recipe(StrEnum):
    """The settings a training begins with."""

    LECTURE = "lecture"
    BETTER = "better"


class Level(StrEnum):
    """How serious a finding is: certain, likely, or harmless here."""

    MISTAKE = "mistake"
    RISK = "risk"
    HABIT = "habit"


class Format(StrEnum):
    """How the findings of a check are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def _refuse(message: str) -> NoReturn:
    """Print one clear sentence and leave with exit code 2."""
    typer.echo(f"rnnlab: {message.rstrip('.')}.", err=True)
    raise typer.Exit(2)


def _print_version(wished: bool) -> None:
    if wished:
        from rnnlab import __version__

        typer.echo(f"rnnlab {__version__}")
        raise typer.Exit


@app.callback()
def rnnlab(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A step-through debugger for recurrent text classifiers in PyTorch."""


@app.command()
def step(
    context: typer.Context,
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PROGRAM.py | NOTEBOOK.ipynb | RECORD]",
            help="A program or a notebook to run and step through, or a saved record to replay without running anything.",
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="The program's own arguments; write -- before those that begin with a dash."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="A CSV file of reviews (gzip too); the built-in reviews without it.")
    ] = None,
    text: Annotated[str, typer.Option(help="The CSV's column of texts.")] = "review",
    label: Annotated[str, typer.Option(help="The CSV's column of labels; any number of classes.")] = "sentiment",
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first rows.")] = None,
    padded: Annotated[
        bool, typer.Option("--padded", help="The lecture's first model: no packing, no buckets.")
    ] = False,
    rnn: Annotated[Rnn, typer.Option(help="Which RNN reads the reviews.")] = Rnn.LSTM,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes over the training split. With --csv: 4, ended after 60 s unless given."),
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Reviews per batch.")] = None,
    emb: Annotated[int | None, typer.Option(min=1, help="Width of the embedding.")] = None,
    hid: Annotated[int | None, typer.Option(min=1, help="Width of the hidden state.")] = None,
    vocabulary: Annotated[
        int | None, typer.Option(min=1, help="Words in the vocabulary, <unk> and <pad> not counted.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0.0, help="Adam's learning rate.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="For splits, shuffling and weights.")] = 123,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps, or auto.")] = "auto",
    remove_breaks: Annotated[
        bool, typer.Option("--remove-breaks", help="Replace <br /> by a space before tokenizing.")
    ] = False,
    drop_copies: Annotated[
        bool, typer.Option("--drop-copies", help="Keep only the first of reviews with the same text.")
    ] = False,
    sentence: Annotated[str, typer.Option(help="The review to predict at the end.")] = (
        "I expected a dull story, but it turned out wonderful."
    ),
    quiz: Annotated[bool, typer.Option("--quiz", help="Guess each shape before it is shown.")] = False,
    dry: Annotated[
        bool,
        typer.Option("--dry", help="A program: a few batches and epochs alone, with stand-ins for what is missing."),
    ] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="A program: watch variables that are no tensors as well, line by line.")
    ] = False,
    values: Annotated[bool, typer.Option("--values", help="A program: keep a few numbers of each result.")] = False,
    pause: Annotated[bool | None, typer.Option(help="Wait for keys (the default in a terminal).")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the record in this file.")] = None,
) -> None:
    """Step through a program, a notebook, a saved record, or the thirteen stages of the built-in text classifier.

    A program runs unmodified, as Python would run it; then you walk through what it did, forwards and backwards. Without an
    argument the reference pipeline is walked through, stage by stage.
    """
    waits = (sys.stdin.isatty() and sys.stdout.isatty()) if pause is None else pause
    if what is not None and what.suffix in _PROGRAMS:
        for name in _given(context, but=("what", "arguments", "dry", "lines", "values", "pause", "save")):
            _refuse(
                f"a program is run as it is: leave {name} out, write -- before it if it is the program's own, or leave the "
                f"program out to walk through the pipeline."
            )
        _step_program(what, arguments or [], {"dry": dry, "lines": lines, "values": values}, waits, save)
        return
    if what is not None:
        if arguments:
            _refuse(f"a record is replayed as it is: leave '{arguments[0]}' out.")
        for name in _given(context, but=("what", "quiz", "pause", "arguments")):
            _refuse(f"a record is replayed as it is: leave {name.lower()} out, or leave the record out to walk anew.")
        _replay(what, waits, quiz)
        return
    for name in _given(context, only=("dry", "lines", "values")):
        _refuse(f"{name} is for a program of yours: rnnlab step {name} PROGRAM.py.")
    for name in _given(context, only=("text", "label")) if csv is None else ():
        _refuse(f"{name} names a column of your own file: give it with --csv FILE.")
    from dataclasses import replace

    from rnnlab.pipeline.settings import BUILT_IN, LECTURE

    wished: dict[str, Any] = {
        "epochs": epochs, "batch": batch, "emb": emb, "hid": hid, "vocabulary": vocabulary, "learning_rate": learning_rate,
    }  # fmt: skip
    # A first look at real reviews should not take an hour: without a GPU the lecture's widths are slow.
    wished["seconds"] = 60.0 if csv is not None and epochs is None else None
    settings = replace(
        BUILT_IN if csv is None else LECTURE,
        seed=seed, packed=not padded, rnn=rnn.value, device=device, remove_breaks=remove_breaks,
        **{name: value for name, value in wished.items() if value is not None},
    )  # fmt: skip
    reviews = {"csv": csv, "text": text, "label": label, "limit": limit, "drop_copies": drop_copies}
    _walk(settings, reviews, sentence, waits, quiz, save)


def _given(context: typer.Context, only: tuple[str, ...] = (), but: tuple[str, ...] = ()) -> list[str]:
    """Return the options that were written on the command line, as they are written there."""
    return [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in but
        and (not only or name in only)
        and getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]


_PROGRAMS = {".py", ".ipynb"}


def _step_program(path: Path, arguments: list[str], options: dict[str, bool], pause: bool, save: Path | None) -> None:
    from rnnlab.verbs.program import ProgramError
    from rnnlab.verbs.step_program import step_program

    _refuse_to_keep(save)
    try:
        status = step_program(
            path, arguments, pause=pause, save=save,
            dry=options["dry"], lines=options["lines"], values=options["values"],
        )  # fmt: skip
    except ProgramError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'the record'} cannot be used: {error.strerror or error}.")
    raise typer.Exit(status)


def _refuse_to_keep(save: Path | None) -> None:
    """Refuse a file for the record that is there already, or that has no folder."""
    if save is not None and not save.parent.is_dir():
        _refuse(f"there is no folder {save.parent} to keep the record in; make it first.")
    if save is not None and save.suffix.lower() in _PROGRAMS:
        _refuse(f"{save} would be taken for a program; call the record {save.stem}.rnnlab, say.")
    if save is not None and save.exists():
        _refuse(f"{save} is there already; choose another name for --save, or remove it.")


@app.command()
def run(
    program: Annotated[Path, typer.Argument(help="A program or a notebook, however old.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Its own arguments; write -- before those that begin with a dash.")
    ] = None,
) -> None:
    """Run an old program for real: torchtext's old and newer APIs work on today's PyTorch.

    What was bridged is said at the end, with what to write today. To see what it does, use: rnnlab step PROGRAM.py
    """
    from rnnlab.verbs.program import ProgramError
    from rnnlab.verbs.step_program import run_bridged

    try:
        status = run_bridged(program, arguments or [])
    except ProgramError as error:
        _refuse(str(error))
    raise typer.Exit(status)


def _walk(settings: Any, reviews: dict[str, Any], sentence: str, pause: bool, quiz: bool, save: Path | None) -> None:
    from rnnlab.pipeline.load import LoadError
    from rnnlab.pipeline.walk import chosen_device
    from rnnlab.verbs.step import step_walk

    if not sentence.strip():
        _refuse("--sentence is empty; write at least one word to predict.")
    if any("\ud800" <= letter <= "\udfff" for letter in sentence):
        _refuse("--sentence is not text in this terminal's encoding; write it in UTF-8.")
    _refuse_to_keep(save)
    try:
        if settings.device not in {"auto", "cpu"}:
            # Asking now, before the first stages are printed, costs the import of torch.
            chosen_device(settings.device)
        step_walk(settings, reviews, sentence, pause=pause, quiz=quiz, save=save)
    except (LoadError, ValueError, ChildProcessError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'the record'} cannot be used: {error.strerror or error}.")
    except (MemoryError, RuntimeError) as error:
        if not _is_memory(error):
            raise
        _refuse("there is not enough memory for this; take a smaller --batch, --hid or --emb, or a --limit.")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _is_memory(error: Exception) -> bool:
    """Say whether an error tells of memory that ran out; torch has no class of its own for it on a CPU."""
    return isinstance(error, MemoryError) or any(
        words in str(error) for words in ("can't allocate memory", "not enough memory", "out of memory")
    )


def _replay(path: Path, pause: bool, quiz: bool) -> None:
    from rnnlab.record import Record, RecordError, is_record
    from rnnlab.verbs.replay import REFERENCE, step_record
    from rnnlab.verbs.travel import look

    if not path.exists():
        _refuse(f"there is no file {path}; give a record that --save has kept, or leave it out to walk the pipeline.")
    if not is_record(path):
        hint = " (for a table of reviews, use --csv)" if path.suffix in {".csv", ".gz"} else ""
        _refuse(f"{path} is neither a program nor a record of rnnlab{hint}; --save FILE makes records.")
    try:
        record = Record.load(path)
        if record.header.program == REFERENCE:
            step_record(record, pause=pause, quiz=quiz)
        else:
            look(record, pause=pause)
    except RecordError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@app.command()
def train(
    context: typer.Context,
    csv: Annotated[
        Path | None, typer.Option(help="A CSV file of reviews (gzip too); the built-in reviews without it.")
    ] = None,
    text: Annotated[str, typer.Option(help="The CSV's column of texts.")] = "review",
    label: Annotated[str, typer.Option(help="The CSV's column of labels; any number of classes.")] = "sentiment",
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first rows.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; a new one below runs/ without it.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, to the same weights.")] = False,
    recipe: Annotated[
        Recipe, typer.Option(help="The lecture's settings, or ones that generalise better.")
    ] = Recipe.LECTURE,
    epochs: Annotated[
        int, typer.Option(min=1, help="Passes over the training split; 4, with the built-in reviews 8.")
    ] = 4,
    padded: Annotated[
        bool, typer.Option("--padded", help="Let the RNN read the padding, as the lecture's first model.")
    ] = False,
    unbucketed: Annotated[
        bool, typer.Option("--unbucketed", help="Shuffle reviews regardless of their length.")
    ] = False,
    loader: Annotated[Reading, typer.Option(help="flat is fast; torchtext is the readable twin.")] = Reading.FLAT,
    precision: Annotated[Precision, typer.Option(help="bf16 and fp16 are for GPUs.")] = Precision.FP32,
    rnn: Annotated[Rnn, typer.Option(help="Which RNN reads the reviews.")] = Rnn.LSTM,
    layers: Annotated[int, typer.Option(min=1, help="RNN layers on top of one another.")] = 1,
    bidirectional: Annotated[bool, typer.Option("--bidirectional", help="Read from both ends.")] = False,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.95, help="Share of values left out in training.")] = 0.0,
    weight_decay: Annotated[float, typer.Option(min=0.0, help="AdamW's weight decay.")] = 0.0,
    clip: Annotated[float | None, typer.Option(min=0.0, help="The largest length of all gradients together.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Reviews per batch.")] = 128,
    emb: Annotated[int, typer.Option(min=1, help="Width of the embedding.")] = 128,
    hid: Annotated[int, typer.Option(min=1, help="Width of the hidden state.")] = 256,
    vocabulary: Annotated[
        int, typer.Option(min=1, help="Words in the vocabulary, <unk> and <pad> not counted.")
    ] = 20_000,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Adam's learning rate.")] = 0.005,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="For splits, shuffling and weights.")] = 123,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps, or auto.")] = "auto",
    remove_breaks: Annotated[
        bool, typer.Option("--remove-breaks", help="Replace <br /> by a space before tokenizing.")
    ] = False,
    lower: Annotated[bool, typer.Option("--lower", help="Turn letters small before words are counted.")] = False,
    every: Annotated[float, typer.Option("--checkpoint-seconds", min=0.0, help="Time between checkpoints.")] = 180.0,
) -> None:
    """Train a classifier to the end and keep it: checkpoints, curves, the best epoch, and one look at the test set.

    Nothing is lost by Ctrl-C, a full disk or a power cut: --resume goes on. What is not given comes from the recipe; the
    built-in reviews take smaller widths. Several processes: torchrun --nproc-per-node N -m rnnlab train ...
    """
    named = {
        "epochs": epochs, "packed": not padded, "bucketed": not unbucketed, "loader": loader.value,
        "precision": precision.value, "rnn": rnn.value, "layers": layers, "bidirectional": bidirectional, "dropout": dropout,
        "weight_decay": weight_decay, "clip": clip, "batch": batch, "emb": emb, "hid": hid, "vocabulary": vocabulary,
        "learning_rate": learning_rate, "seed": seed, "device": device, "remove_breaks": remove_breaks, "lower": lower,
        "recipe": recipe.value,
    }  # fmt: skip
    spelled = {"packed": "padded", "bucketed": "unbucketed"}
    written = {name.removeprefix("--").replace("-", "_") for name in _given(context)}
    for name in sorted({"text", "label"} & written) if csv is None and not resume else ():
        _refuse(f"--{name} names a column of your own file: give it with --csv FILE.")
    source: dict[str, Any] = {"csv": csv and str(csv.absolute()), "text": text, "label": label, "limit": limit}
    _train(
        {
            "settings": {name: value for name, value in named.items() if spelled.get(name, name) in written},
            "source": {name: value for name, value in source.items() if name in written},
            "out": out, "resume": resume, "every": every,
        }
    )  # fmt: skip


def _train(wish: dict[str, Any]) -> None:
    from rnnlab.pipeline.load import LoadError
    from rnnlab.training.checkpoint import CheckpointError
    from rnnlab.training.folder import FolderError
    from rnnlab.training.loop import RunError, is_memory
    from rnnlab.verbs.train import Wish, train_command

    try:
        status = train_command(Wish(**wish))
    except (LoadError, ValueError, ChildProcessError, CheckpointError, FolderError, RunError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'the run'} cannot be used: {error.strerror or error}.")
    except (MemoryError, RuntimeError) as error:
        if not is_memory(error):
            raise
        _refuse("there is not enough memory for this; take a smaller --batch, --hid or --emb, or a --limit.")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(status)


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="The folder that rnnlab train has filled, or its model.pt.")],
    texts: Annotated[list[str], typer.Argument(help="A review of your own, in quotes; several are judged one by one.")],
) -> None:
    """Ask a trained model about a text: the probability of each label."""
    from rnnlab.training.checkpoint import CheckpointError
    from rnnlab.verbs.predict import predict_command

    try:
        predict_command(run, texts)
    except (CheckpointError, ValueError) as error:
        _refuse(str(error))


@app.command()
def check(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Programs (.py), notebooks (.ipynb), folders of them, or records; here without one."),
    ] = None,
    level: Annotated[Level, typer.Option(help="The least serious level that counts.")] = Level.HABIT,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Look for this mistake, or the mistakes of this stage, alone; may be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Leave this mistake, or the mistakes of this stage, out; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out paths of a folder that match this pattern.")
    ] = None,
    reading: Annotated[
        bool, typer.Option("--reading", help="Look at the source alone: nothing is run, no model is built.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="How the findings are written.")] = Format.TEXT,
    whole: Annotated[
        bool, typer.Option("--all", help="Also list what is clear, unseen or broken, with the reasons.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Also say how long each witness took and what they disagreed on.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file is saved; Ctrl-C ends it.")
    ] = False,
) -> None:
    """Find what is wrong: each mistake with its line, the evidence, the reason and the fix.

    The source is read, each recurrent model is tried on tiny inputs in a process of its own, and the program is run dry: a
    few batches, with stand-ins for what is missing. The exit code is 0 where nothing was found, 1 with findings, 2 where
    nothing could be looked at.
    """
    from rnnlab.verbs.check_command import Wished, check_command, keep_checking
    from rnnlab.verbs.choices import ChoiceError
    from rnnlab.verbs.programs import NothingToCheckError

    given = {
        "level": level.value if "--level" in _given(context, only=("level",)) else None,
        "select": tuple(select) if select else None,
        "ignore": tuple(ignore) if ignore else None,
        "exclude": tuple(exclude) if exclude else None,
        "reading": reading or None,
    }
    wished = Wished(tuple(paths or [Path()]), given, output.value, whole, debug)
    try:
        status = keep_checking(wished) if watch else check_command(wished)
    except (ChoiceError, NothingToCheckError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}.")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(status)


@app.command()
def explain(
    name: Annotated[
        str | None, typer.Argument(help="A mistake's name, or part of it; all are listed without one.")
    ] = None,
) -> None:
    """Print the page of a mistake, or list them all.

    A page says what happens, why it matters and how to fix it, with code that is found and code that is better.
    """
    from rnnlab.rules.kit import catalogue
    from rnnlab.views import findings, terminal

    console = terminal.console()
    rules = catalogue()
    if name is None:
        console.print(findings.catalogue_view(rules.values()))
        return
    chosen = [rules[name]] if name in rules else [one for one in rules.values() if name.lower() in one.name]
    from rnnlab.errors import catalogue as explanations

    known = {entry.name: entry for entry in explanations()}
    if name in known and not chosen:
        console.print(findings.error_view(known[name]))
        return
    if len(chosen) != 1:
        near = ", ".join(one.name for one in chosen) or ", ".join(rules)
        _refuse(f"{'several mistakes are' if chosen else 'no mistake is'} called '{name}'; there is {near}.")
    console.print(findings.page_view(chosen[0]))


@data_app.command()
def imdb(
    archive: Annotated[
        Path | None, typer.Option(help="An aclImdb_v1.tar.gz that is here already (no network needed).")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The folder for movie_data.csv; rnnlab's cache without it.")] = None,
) -> None:
    """Download the 50,000 IMDb reviews and write them as movie_data.csv, in the lecture's own order."""
    from rnnlab.pipeline.imdb import PAPER, ImdbError
    from rnnlab.verbs.data import bring_imdb

    typer.echo(PAPER)
    try:
        path = bring_imdb(to, archive)
    except ImdbError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        typer.echo("\nstopped; run the same command again and it goes on from here.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"ready: rnnlab step --csv {path}")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Frames and arrows are not worth a traceback where the terminal has no letters for them.
            stream.reconfigure(errors="replace")
    try:
        app()
    except SystemExit as end:
        if end.code == 130:
            # On the way out already: another Ctrl-C would only add a traceback.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise


if __name__ == "__main__":
    main()
