"""# The padding was read as the last step

**What happened.** The reviews of a batch were filled up with `<pad>` to the length of the longest, and the RNN read these
pads like words. The program then goes on with the state after the last step, which for most reviews is a state after pads.

**Why it matters.** While it reads pads, an untrained LSTM forgets the words. In a test with 100 random reviews (embeddings
of 128, hidden state of 256) the final states lay 88 times closer together after 10 pads than after the last word, and after
50 pads only rounding errors told them apart. All reviews look alike to the classifier: the loss stays near ln 2 = 0.693 and
the accuracy near 50 % for the first epochs. And the answer for a review depends on the longest review of its batch.

**Fix.** Let the Field give the lengths and pack the batch, so that the RNN stops at each review's last word. Batches of
similar lengths (`sort_within_batch=True` with a `sort_key`) have fewer pads to begin with.

```python bad
import torch
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True, sort=False)


class RNN(torch.nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.rnn = torch.nn.LSTM(8, 6)
        self.fc = torch.nn.Linear(6, 2)

    def forward(self, text):
        embedded = self.embedding(text)
        output, (hidden, cell) = self.rnn(embedded)  # <- found here
        return self.fc(hidden.squeeze(0))


model = RNN(len(TEXT.vocab))
for batch in train_loader:
    loss = torch.nn.functional.cross_entropy(model(batch.text), batch.label)
    loss.backward()
```

```python good
import torch
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True, sort=False)


class RNN(torch.nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.rnn = torch.nn.LSTM(8, 6)
        self.fc = torch.nn.Linear(6, 2)

    def forward(self, text, lengths):
        embedded = self.embedding(text)
        packed = pack_padded_sequence(embedded, lengths.cpu(), enforce_sorted=False)
        output, (hidden, cell) = self.rnn(packed)
        return self.fc(hidden.squeeze(0))


model = RNN(len(TEXT.vocab))
for batch in train_loader:
    text, lengths = batch.text
    loss = torch.nn.functional.cross_entropy(model(text, lengths), batch.label)
    loss.backward()
```
"""

import ast
import math
import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, PackedNote, TensorNote, tensors
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.own_texts import have_one_length
from rnnlab.rules.asking.states import (
    CELLS,
    KEEPS,
    Padding,
    after_the_rnn,
    counts_of,
    is_hidden,
    line_elsewhere,
    names,
    padding_behind,
    probe,
    slice_at,
)
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.kit import Finding, Unseen, expression, line, never, rule, walk_back

# Scores of each word may be worked out before the last is taken: where the words stand is known by their axis.
_KEEPS_STEPS = KEEPS | {"linear", "view", "softmax", "log_softmax"}
_ONE_STEP = re.compile(r"\[(:, ?)?(0?:1|-1:)\]")  # a slice of one step
_MUCH = 1.2  # positions per word: under it, pads are too few to keep the loss at its start


@rule(level="mistake")
def check(record: Record) -> Iterator[Finding]:
    """Find each RNN that read padded batches, and ask whether the program goes on with its last step."""
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS))
    if not runs:
        raise Unseen("the program ran no RNN")
    if have_one_length(record):
        raise Unseen("all texts stand in the program and have one length: nothing is filled up")
    padded = [(run, padding) for run in runs if (padding := _padding(record, run)) is not None]
    otherwise = {run.place for run, padding in padded if padding.side != "right"}
    # A model that was trained on another side of padding, or on none, has another mistake.
    padded = [pair for pair in padded if pair[0].place not in otherwise and _is_learnt_from(*pair)]
    padded = [(run, padding) for run, padding in padded if _walks_along_the_words(run)]
    padded = [(run, padding) for run, padding in padded if not _takes_one_step(record, run)]
    reads = after_the_rnn(record)
    seen = set()
    for run, padding in padded:
        read = next((read for read in reads if _reads_last_step(record, read, run)), None)
        if read is not None and run.place not in seen and not _ends_by_the_lengths(record, run):
            seen.add(run.place)
            evidence = (run.n, read.n, padding.fact.n, *_experiment(record, run))
            level = None if padding.is_followed else "risk"
            yield Finding(run.place, _message(record, run, read, padding), evidence, level)
    for read, run in _unpacked_ends(record, runs, reads):
        if read.place not in seen:
            seen.add(read.place)
            yield Finding(read.place, _message_of_unpacked(record, run, read), (run.n, read.n))
    for run, measured, name in _measured_too_late(record, runs, reads):
        if run.place not in seen:
            seen.add(run.place)
            yield Finding(run.place, _message_of_lengths(record, run, measured, name), (run.n,))
    if not seen:
        never(reads, lambda _: False, record)
        _say_who_could_not_look(record, runs)


def _unpacked_ends(record: Record, runs: list[Call], reads: list[Call]) -> Iterator[tuple[Call, Call]]:
    """Return what takes the last place of batches that were unpacked: there the shorter reviews are filled up."""
    for run in runs:
        if not run.inputs or not isinstance(run.inputs[0].note, PackedNote):
            continue
        padding = padding_behind(record, run.inputs[:1])
        if padding is not None and padding.side == "none":
            continue
        for read in reads:
            notes = [note for item in read.inputs for note in tensors(item.note)]
            if any(_is_output_at_the_end(record, read, note, run) for note in notes):
                yield read, run


def _measured_too_late(record: Record, runs: list[Call], reads: list[Call]) -> Iterator[tuple[Call, int, str]]:
    """Return the RNNs that read packed batches whose lengths were taken after the padding: all are that of the longest."""
    late = [found for _, _, tree in trees(record) for node in all_nodes(tree) for found in _lengths_after_padding(node)]
    packed = [run for run in runs if run.inputs and isinstance(run.inputs[0].note, PackedNote)]
    if not late or sum("pad_sequence(" in text for text in record.sources.values()) != 1:
        return
    for run in packed:
        if any(_is_hidden(read, note) for read in reads for item in read.inputs for note in tensors(item.note)):
            yield run, *late[0]


def _lengths_after_padding(node: ast.AST) -> Iterator[tuple[int, str]]:
    """`texts = pad_sequence(texts)`, and then `[len(text) for text in texts]`."""
    if not isinstance(node, ast.FunctionDef):
        return
    padded: set[str] = set()
    for statement in node.body:
        for one in ast.walk(statement):
            over = one.generators[0].iter if isinstance(one, ast.ListComp) and len(one.generators) == 1 else None
            if isinstance(over, ast.Name) and over.id in padded and isinstance(one, ast.ListComp):
                text = one.generators[0].target
                if ast.unparse(one.elt) == f"len({ast.unparse(text)})":
                    yield one.lineno, over.id
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            padded.discard(name := statement.targets[0].id)
            is_padding = isinstance(statement.value, ast.Call) and ast.unparse(statement.value.func).endswith(
                "pad_sequence"
            )
            padded |= {name} if is_padding else set()


def _padding(record: Record, run: Call) -> Padding | None:
    """Return how the batch that an RNN read without packing was filled up."""
    if not run.inputs or not isinstance(run.inputs[0].note, TensorNote):
        return None
    return padding_behind(record, run.inputs[:1])


def _is_learnt_from(run: Call, padding: Padding) -> bool:
    """A sentence that is predicted may be padded in another way than the reviews that were learnt from."""
    return run.grad_on is not False or isinstance(padding.fact, Data)


def _walks_along_the_words(run: Call) -> bool:
    """An RNN that takes the batch for the time has another mistake, which source shows by the axes."""
    if run.seen_by != "source" or run.what in CELLS:
        return True
    note, first = run.inputs[0].note, run.values.get("batch_first")
    found = names(note)
    if not isinstance(first, bool):
        return first == "= ?" and len(found) == 3 and "seq_len" in found[:2]  # a layer of the program's own
    return len(found) != 3 or found[int(first)] in ("seq_len", "?")


def _takes_one_step(record: Record, run: Call) -> bool:
    """Say whether an RNN is given a single step: a decoder that begins, or one word after the other."""
    note, first = run.inputs[0].note, run.values.get("batch_first")
    cut = (fact for fact in walk_back(record, run.inputs[:1]) if isinstance(fact, Call) and fact.what == "index")
    if any(_ONE_STEP.search(expression(record, call.place)) for call in cut):
        return True
    if run.what in CELLS or not isinstance(note, TensorNote) or note.shape is None or len(note.shape) != 3:
        return False
    return note.shape[int(first is True)] == 1


def _ends_by_the_lengths(record: Record, run: Call) -> bool:
    """Say whether an experiment saw that more padding changes no answer of this model, which is then told the lengths."""
    experiment = probe(record, "padding", run.place, side="right")
    if experiment is None or not experiment.given.get("lengths"):
        return False
    return experiment.seen.get("largest_change") == 0.0


def _experiment(record: Record, run: Call) -> tuple[int, ...]:
    experiment = probe(record, "padding", run.place, side="right")
    return (experiment.n,) if experiment is not None else ()


def _say_who_could_not_look(record: Record, runs: list[Call]) -> None:
    """A clear answer needs batches whose padding was counted or is known from the source, or packed ones.

    Raises:
        Unseen: no batch was packed, and of none it is known how it is padded.
    """
    packed = any(run.inputs and isinstance(run.inputs[0].note, PackedNote) for run in runs)
    if not packed and all(_padding(record, run) is None for run in runs):
        raise Unseen("nobody could count the padding in the batches that the RNN read")


# --- which step is read --------------------------------------------------------------------------------------------


def _reads_last_step(record: Record, read: Call, run: Call) -> bool:
    """Say whether an operation takes the RNN's last step: its hidden state, or its output at index -1 of seq_len."""
    if run.what in CELLS:
        return read.what == "linear" and _comes_straight_from(record, read, run)
    if read.what in RECURRENT:
        return False
    return any(
        _is_hidden(read, note) or _is_output_at_the_end(record, read, note, run)
        for item in read.inputs
        for note in tensors(item.note)
        if run.n in note.made_by or read.what == "index"
    )


def _comes_straight_from(record: Record, read: Call, cell: Call) -> bool:
    """Say whether a layer reads what the last turn of a cell gave; a state that pads leave alone was worked out otherwise."""
    call = read
    for _ in range(6):
        behind = [record.fact(n) for item in call.inputs[:1] for n in _makers(item.note)]
        if any(one.n == cell.n or (isinstance(one, Call) and one.place == cell.place) for one in behind):
            return all(isinstance(one, Call) and one.what in CELLS | {"new_zeros", "tensor"} for one in behind)
        if (
            len(behind) != 1
            or not isinstance(behind[0], Call)
            or behind[0].what not in ("dropout", "to", "relu", "tanh")
        ):
            return False
        call = behind[0]
    return False


def _makers(note: object) -> list[int]:
    return list(note.made_by) if isinstance(note, TensorNote) else []


def _is_hidden(read: Call, note: TensorNote) -> bool:
    """The hidden state has the layers first; of a two-way RNN the backward direction alone ends at the first word."""
    if not is_hidden(note):
        return False
    row = (read.values.get("index") or [None])[0] if read.what == "index" else None
    return not (names(note)[0].endswith("directions") and isinstance(row, int) and row % 2 == 1)


def _is_output_at_the_end(record: Record, read: Call, note: TensorNote, run: Call) -> bool:
    keys = read.values.get("index", []) if read.what == "index" else []
    axes = zip(keys, names(note), note.shape or (), strict=False)
    taken = any(name == "seq_len" and isinstance(key, int) and key in (-1, (size or 0) - 1) for key, name, size in axes)
    if not taken and not _takes_the_last_scores(record, read, names(note)):
        return False
    if run.n in note.made_by:
        return True
    return _is_behind(record, note, run)


def _takes_the_last_scores(record: Record, read: Call, axes: list[str]) -> bool:
    """Say whether `scores[:, -5:]` takes the five scores of the last word, where all words' scores stand side by side."""
    wide = [(i, name.partition("*")[2]) for i, name in enumerate(axes) if name.startswith("seq_len*")]
    return read.what == "index" and any(
        slice_at(record, read, i, len(axes)) == (f"-{count}", "") for i, count in wide if count.isdigit()
    )


def _is_behind(record: Record, note: TensorNote, run: Call) -> bool:
    """Say whether a tensor holds the RNN's steps, looked through what leaves each step where it is."""
    for _ in range(12):
        calls = [fact for n in note.made_by if isinstance(fact := record.fact(n), Call)]
        if any(call.n == run.n for call in calls):
            return True
        if len(calls) != 1 or calls[0].what not in _KEEPS_STEPS or not calls[0].inputs:
            return False
        inner = calls[0].inputs[0].note
        if isinstance(inner, PackedNote):
            return run.n in inner.made_by
        if not isinstance(inner, TensorNote):
            return False
        note = inner
    return False


# --- what is said --------------------------------------------------------------------------------------------------


def _message(record: Record, run: Call, read: Call, padding: Padding) -> str:
    cure = f"before this line pack_padded_sequence({run.inputs[0].name or 'embedded'}, lengths.cpu(), enforce_sorted=False)"
    taken = f"{expression(record, read.place)} in {line(read)}"
    if run.what in CELLS:
        return (
            f"{expression(record, run.place)} goes on over the padding at the end of the shorter reviews, and {taken} reads the "
            f"state after the last step. Keep a review's state where it has ended: h = torch.where(t < lengths, new, h), with "
            f"one more axis on lengths."
        )
    if not isinstance(padding.fact, Data) or padding.fact.seen_by == "source":
        return (
            f"{expression(record, run.place)} reads batches whose reviews are filled up behind their ends "
            f"({line_elsewhere(padding.fact, run.place)}), without packing, and {taken} goes on with the state after the last "
            f"step: for all but the longest review of a batch, that is a state after padding.{_measured(record, run)} Let the "
            f"RNN stop at the last word: {cure}."
        )
    counts = counts_of(record, padding.fact)
    rows, ends = int(counts["rows"]), int(counts["ending_in_padding"])
    ratio = counts["positions"] / max(1, counts["tokens"])
    return (
        f"{expression(record, run.place)} read padded batches without packing: in {ends:,} of {rows:,} reviews the last step "
        f"is <pad> ({ratio:.1f} positions for each real word), and {taken} goes on with that last step. "
        f"{_consequence(record, ratio)} Let the RNN stop at the last word: Field(include_lengths=True), and {cure}."
    )


def _message_of_unpacked(record: Record, run: Call, read: Call) -> str:
    hidden = next((name for name in run.binds[1:] if name.isidentifier() and name != "_"), "hidden")
    return (
        f"{expression(record, read.place)} takes the last place of each review in a batch that was unpacked: {line(run)} stops "
        f"at each review's last word, and unpacking fills the shorter ones up with zeros, which is what is read here for all but "
        f"the longest. Go on with the RNN's final hidden state: {hidden}[-1]."
    )


def _message_of_lengths(record: Record, run: Call, measured: int, name: str) -> str:
    return (
        f"{expression(record, run.place)} reads packed batches, but the lengths were taken in line {measured} from {name} after "
        f"it was filled up: every review is as long as the longest, and the RNN reads the padding. Take the lengths before "
        f"pad_sequence."
    )


def _measured(record: Record, run: Call) -> str:
    """Say by how much an experiment saw the answers change."""
    experiment = probe(record, "padding", run.place, side="right")
    change, spread = (experiment.seen.get(key) for key in ("largest_change", "spread")) if experiment else (None, None)
    if not isinstance(change, float) or not isinstance(spread, float) or change <= 0:
        return ""
    return (
        f" Tried on four texts, six more pads moved the model's answers by up to {change:.2g}, where the answers for "
        f"different texts lie {spread:.2g} apart."
    )


def _consequence(record: Record, ratio: float) -> str:
    if ratio < _MUCH:
        return "The answer for a review then depends on how much longer the longest review of its batch is."
    labels = record.last(Data, what="label map")
    classes = max(2, int(labels.counts["classes"])) if labels and "classes" in labels.counts else 2
    return (
        f"While it reads the pads, the RNN forgets the words, and all reviews look alike: the loss stays near "
        f"ln {classes} = {math.log(classes):.3f} and the accuracy near {100 / classes:.0f} % for the first epochs."
    )
