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
from torchtext.data import BucketIterator, Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = BucketIterator(train_data, batch_size=8, shuffle=False, sort=False)


class RNN(torch.nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 8)
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
from torchtext.data import BucketIterator, Dataset, Example, Field, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["good", "bad"][i % 2] for _ in range(1 + i % 9)) + f" film {i}", str(i % 2)) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = BucketIterator(train_data, batch_size=8, shuffle=False, sort=False)


class RNN(torch.nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 8)
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

import math
from collections.abc import Iterator

from rnnlab.facts import Call, Data, PackedNote, TensorNote, tensors
from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule, walk_back

_MUCH = 1.2  # positions per word: under it, pads are too few to keep the loss at its start


@rule(level="mistake", needs=("embedding",))
def check(record: Record) -> Iterator[Finding]:
    """Find each RNN that read padded batches, and ask whether the program goes on with its last step."""
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    if not runs:
        raise Unseen("the program ran no RNN")
    padded = [
        (run, batch)
        for run in runs
        if (batch := _batch_behind(record, run)) and _pads(record, batch) and _walks_along_the_words(run)
    ]
    if not padded:
        _say_who_could_not_look(record, runs)
        return
    used = _what_the_answer_uses(record)
    reads = [call for call in record.ask(Call) if call.n in used]
    seen_lines = set()
    for run, batch in padded:
        if run.place not in seen_lines and not never(reads, lambda read, run=run: _reads_last_step(read, run), record):
            seen_lines.add(run.place)
            read = next(read for read in reads if _reads_last_step(read, run))
            yield Finding(run.place, _message(record, run, read, batch), (run.n, read.n, batch.n))


def _batch_behind(record: Record, run: Call) -> Data | None:
    """Return the torchtext batch that an RNN read without packing."""
    if not run.inputs or not isinstance(run.inputs[0].note, TensorNote):
        return None
    behind = walk_back(record, run.inputs[:1])
    return next((fact for fact in behind if isinstance(fact, Data) and fact.what == "batch"), None)


def _walks_along_the_words(run: Call) -> bool:
    """An RNN that takes the batch for the time has another mistake, which source shows by the axes."""
    note, first = run.inputs[0].note, run.values.get("batch_first")
    if run.seen_by != "source" or not isinstance(note, TensorNote):
        return run.seen_by != "source"
    return isinstance(first, bool) and len(note.axes) == 3 and note.axes[int(first)].name == "seq_len"


def _pads(record: Record, batch: Data) -> float:
    if batch.seen_by == "source":
        return float(batch.certain and _is_filled_on_the_right(record, batch))
    return _counts(record, batch).get("ending_in_padding", 0)


def _is_filled_on_the_right(record: Record, batch: Data) -> bool:
    """Say whether source shows that rows of different lengths are filled up behind their ends.

    Who puts reviews of equal lengths into a batch does so by a sampler; a batch of one review has no padding.
    """
    sides = [tensor.get("padding") for tensor in batch.samples.values() if isinstance(tensor, dict)]
    loaders = [fact for fact in record.ask(Data, what="loader") if fact.id in batch.made_from]
    chosen = any("sampler" in fact.samples or fact.counts.get("batch_size") == 1 for fact in loaders)
    return sides.count("right") == 1 and not chosen and bool(loaders)


def _counts(record: Record, batch: Data) -> dict[str, float]:
    """Return the counts of the first whole pass over the batch's loader, or of the batch where no pass was ended."""
    passes = (fact for fact in record.ask(Data) if fact.what.endswith(" pass") and fact.made_from == batch.made_from)
    return next(passes, batch).counts


def _say_who_could_not_look(record: Record, runs: list[Call]) -> None:
    """A clear answer needs batches whose padding was counted, or packed ones.

    Raises:
        Unseen: no batch was packed and none was counted.
    """
    packed = any(run.inputs and isinstance(run.inputs[0].note, PackedNote) for run in runs)
    counted = any((batch := _batch_behind(record, run)) and "ending_in_padding" in batch.counts for run in runs)
    if not packed and not counted:
        raise Unseen("nobody could count the padding in the batches that the RNN read")


# --- which step is read --------------------------------------------------------------------------------------------


def _what_the_answer_uses(record: Record) -> set[int]:
    """Return every operation on the way to a linear layer or a loss: what is only looked at does not count."""
    ends = list(record.ask(Call, where=lambda call: call.what == "linear" or call.what in LOSSES))
    return {end.n for end in ends} | {fact.n for end in ends for fact in walk_back(record, end.inputs)}


def _reads_last_step(read: Call, run: Call) -> bool:
    """Say whether an operation takes the RNN's last step: its hidden state, or its output at index -1 of seq_len."""
    if read.what in RECURRENT:
        return False
    return any(
        _is_hidden(read, note) or _is_output_at_the_end(read, note)
        for item in read.inputs
        for note in tensors(item.note)
        if run.n in note.made_by
    )


def _names(note: TensorNote) -> list[str]:
    return [axis.name for axis in note.axes]


def _is_hidden(read: Call, note: TensorNote) -> bool:
    """The hidden state has the layers first; of a two-way RNN the backward direction alone ends at the first word."""
    names = _names(note)
    if not names or not names[0].startswith("layers"):
        return False
    row = (read.values.get("index") or [None])[0] if read.what == "index" else None
    return not (names[0].endswith("directions") and isinstance(row, int) and row % 2 == 1)


def _is_output_at_the_end(read: Call, note: TensorNote) -> bool:
    keys = read.values.get("index", []) if read.what == "index" else []
    axes = zip(keys, _names(note), note.shape or (), strict=False)
    return any(name == "seq_len" and isinstance(key, int) and key in (-1, (size or 0) - 1) for key, name, size in axes)


# --- what is said --------------------------------------------------------------------------------------------------


def _message(record: Record, run: Call, read: Call, batch: Data) -> str:
    if batch.seen_by == "source":
        return _message_of_source(record, run, read)
    counts = _counts(record, batch)
    rows, ends = int(counts["rows"]), int(counts["ending_in_padding"])
    ratio = counts["positions"] / max(1, counts["tokens"])
    return (
        f"{expression(record, run.place)} read padded batches without packing: in {ends:,} of {rows:,} reviews the last step "
        f"is <pad> ({ratio:.1f} positions for each real word), and {expression(record, read.place)} in line "
        f"{read.place.line if read.place else '?'} goes on with that last step. {_consequence(record, ratio)} "
        f"Let the RNN stop at the last word: Field(include_lengths=True), and before this line "
        f"pack_padded_sequence({run.inputs[0].name or 'embedded'}, lengths.cpu(), enforce_sorted=False)."
    )


def _message_of_source(record: Record, run: Call, read: Call) -> str:
    return (
        f"{expression(record, run.place)} reads batches whose reviews are filled up behind their ends, without packing, and "
        f"{expression(record, read.place)} in line {read.place.line if read.place else '?'} goes on with the state after the "
        f"last step: for all but the longest review of a batch, that is a state after padding. Let the RNN stop at the last "
        f"word: before this line pack_padded_sequence({run.inputs[0].name or 'embedded'}, lengths.cpu(), enforce_sorted=False)."
    )


def _consequence(record: Record, ratio: float) -> str:
    if ratio < _MUCH:
        return "The answer for a review then depends on how much longer the longest review of its batch is."
    labels = record.last(Data, what="label map")
    classes = max(2, int(labels.counts["classes"])) if labels else 2
    return (
        f"While it reads the pads, the RNN forgets the words, and all reviews look alike: the loss stays near "
        f"ln {classes} = {math.log(classes):.3f} and the accuracy near {100 / classes:.0f} % for the first epochs."
    )
