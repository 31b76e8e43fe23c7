"""Programs that look like a mistake and are none, and mistakes in other spellings: what each rule must say of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from forks import Found, Judged

Judge = Callable[[str], Judged]

DATA = """
import random
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext.data import BucketIterator, Dataset, Example, Field, LabelField

random.seed(1)
torch.manual_seed(1)


def made(rows, fields):
    return Dataset([Example.fromlist(row, fields) for row in rows], fields)


def rows(n, longest=6, first=0):
    words = ["good", "bad", "film", "plot", "cast"]
    return [(" ".join([f"w{i}", *words * 3][: 2 + i % longest]), "1" if i % 3 else "0") for i in range(first, first + n)]

"""

FIELDS = """
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
"""


def program(*parts: str) -> str:
    """Put a program together from parts, each dedented by itself."""
    return "\n".join(textwrap.dedent(part) for part in (DATA, *parts))


def line_of(text: str, words: str) -> int:
    """Return the number of the only line that holds these words."""
    (line,) = [i for i, line in enumerate(text.splitlines(), 1) if words in line]
    return line


# --- vocabulary_saw_the_test_set -----------------------------------------------------------------------------------

VOCABULARY = "vocabulary_saw_the_test_set"


def test_a_whole_dataset_that_nobody_saw_split_is_unseen(judge_text: Judge) -> None:
    judged = judge_text(program(FIELDS, "dataset = made(rows(30), fields)\nTEXT.build_vocab(dataset)"))
    assert judged.found == []
    assert judged.status[VOCABULARY] == "unseen"


def test_a_dataset_that_is_called_training_is_clear(judge_text: Judge) -> None:
    made = """
train_data = Dataset([Example.fromlist(row, fields) for row in rows(30)], fields)
TEXT.build_vocab(train_data)
"""
    judged = judge_text(program(FIELDS, made))
    assert judged.found == []
    assert judged.status[VOCABULARY] == "clear"


def test_test_split_given_by_name_is_a_mistake(judge_text: Judge) -> None:
    text = program(
        FIELDS,
        "train_data, valid_data, test_data = made(rows(50), fields).split([0.6, 0.2, 0.2])",
        "TEXT.build_vocab(train_data, valid_data, test_data, max_size=20)",
    )
    found = judge_text(text).only(VOCABULARY)
    assert (found.line, found.level) == (line_of(text, "build_vocab"), "mistake")
    assert "'test_data' (10 reviews)" in found.message
    assert "TEXT.build_vocab(train_data)" in found.message


@pytest.mark.parametrize("names", ["train_data, test_data", "first, second"])
def test_whole_dataset_after_the_split_is_a_mistake(judge_text: Judge, names: str) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "reviews = Dataset(made(rows(50), fields).examples, fields)",
            f"{names} = reviews.split(0.8)\nTEXT.build_vocab(reviews)",
        )
    )
    assert "'reviews' holds the reviews of" in judged.only(VOCABULARY).message


def test_three_datasets_made_by_hand_are_known_by_their_names(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "train = made(rows(30), fields)\ntest = made(rows(10, first=30), fields)",
            "TEXT.build_vocab(train, test)",
        )
    )
    # made() binds no name of its own: what the program calls them is not seen, and nothing is claimed.
    assert judged.found == []


def test_datasets_constructed_by_hand_are_known_by_their_names(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "examples = made(rows(40), fields).examples",
            "train = Dataset(examples[:30], fields)\ntest = Dataset(examples[30:], fields)",
            "TEXT.build_vocab(train, test)",
        )
    )
    assert "'test' (10 reviews)" in judged.only(VOCABULARY).message


@pytest.mark.parametrize(("source", "status"), [("whole", "found"), ("train", "clear"), ("small", "clear")])
def test_datasets_cut_by_hand_are_parts_of_the_whole(judge_text: Judge, source: str, status: str) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "examples = made(rows(40), fields).examples\nwhole = Dataset(examples, fields)",
            "train = Dataset(examples[:30], fields)\ntest = Dataset(examples[30:], fields)",
            "small = Dataset(train.examples[:9], fields)",
            f"TEXT.build_vocab({source})",
        )
    )
    assert judged.status[VOCABULARY] == status, judged.why
    assert judged.status["same_review_in_two_splits"] == "clear"


@pytest.mark.parametrize("source", ["train_data, valid_data", "train_all"])
def test_validation_in_the_vocabulary_is_a_risk(judge_text: Judge, source: str) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "train_all, test_data = made(rows(50), fields).split(0.8)",
            "train_data, valid_data = train_all.split(0.85)",
            f"TEXT.build_vocab({source})",
        )
    )
    assert judged.only(VOCABULARY).level == "risk"


def test_splits_of_files_are_known_by_their_names(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            """
            import pathlib
            import tempfile
            from torchtext.data import TabularDataset

            with tempfile.TemporaryDirectory() as folder:
                for name, first in (("a", 0), ("b", 30)):
                    lines = "".join(f"{text},{label}\\n" for text, label in rows(30, first=first))
                    pathlib.Path(folder, f"{name}.csv").write_text(lines)
                train_data, test_data = TabularDataset.splits(
                    path=folder, train="a.csv", test="b.csv", format="csv", fields=fields
                )
            TEXT.build_vocab(train_data, test_data)
            """,
        )
    )
    assert "'test_data' (30 reviews)" in judged.only(VOCABULARY).message


def test_names_reused_by_a_second_split_are_told_apart(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "train_data, test_data = made(rows(50), fields).split(0.8)",
            "train_data, valid_data = train_data.split(0.85)",
            "TEXT.build_vocab(train_data)",
        )
    )
    assert judged.found == []
    assert judged.status[VOCABULARY] == "clear"


def test_unnamed_second_split_is_validation(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "a, b = made(rows(50), fields).split(0.8)\nc, d = a.split(0.85)\nTEXT.build_vocab(a)",
        )
    )
    assert judged.only(VOCABULARY).level == "risk"


def test_label_map_of_all_reviews_does_not_count(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "dataset = made(rows(50), fields)\ntrain_data, test_data = dataset.split(0.8)",
            "TEXT.build_vocab(train_data)\nLABEL.build_vocab(dataset)",
        )
    )
    assert judged.found == []
    assert judged.status[VOCABULARY] == "clear"


def test_one_field_shared_by_two_columns_is_clear(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            "TEXT = Field()\nfields = [('title', TEXT), ('text', TEXT)]",
            "dataset = made([(f'film {i}', f'a plot {i}') for i in range(40)], fields)",
            "train_data, test_data = dataset.split(0.8)\nTEXT.build_vocab(train_data)",
        )
    )
    assert judged.found == []
    assert judged.status[VOCABULARY] == "clear"


def test_vocabulary_from_a_list_of_words_is_unseen(judge_text: Judge) -> None:
    judged = judge_text(program(FIELDS, "TEXT.build_vocab([['good', 'film'], ['bad', 'plot']])"))
    assert judged.status[VOCABULARY] == "unseen"


# --- html_breaks_in_the_vocabulary ---------------------------------------------------------------------------------

BREAKS = "html_breaks_in_the_vocabulary"


def test_arrows_hearts_and_placeholders_are_no_html(judge_text: Judge) -> None:
    words = "<3 -> <- >:( <url> <user> <s> </s> <unk> a<b x>y => <number> :/> br"
    judged = judge_text(program(FIELDS, f"TEXT.build_vocab(made([({words!r}, '1'), ('a film', '0')], fields))"))
    assert judged.found == []
    assert judged.status[BREAKS] == "clear"


@pytest.mark.parametrize("piece", ["/><br", "<br", "end.<br", "/>The", "<i>", "</p>", "<BR"])
def test_pieces_of_html_are_a_risk(judge_text: Judge, piece: str) -> None:
    judged = judge_text(program(FIELDS, f"TEXT.build_vocab(made([('a film {piece} more', '1')] , fields))"))
    found = judged.only(BREAKS)
    assert found.level == "risk"
    assert f"{piece!r} (1 times" in found.message


# --- same_review_in_two_splits -------------------------------------------------------------------------------------

TWICE = "same_review_in_two_splits"


def test_copies_inside_one_split_are_clear(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "train = Dataset([Example.fromlist(('a film', '1'), fields)] * 9, fields)",
            "test = Dataset([Example.fromlist(('a plot', '1'), fields)] * 4, fields)",
        )
    )
    assert judged.found == []
    assert judged.status[TWICE] == "clear"


def test_few_shared_reviews_are_a_risk(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "train = Dataset([Example.fromlist((f'film {i}', '1'), fields) for i in range(300)], fields)",
            "test = Dataset([Example.fromlist((f'film {i}', '1'), fields) for i in range(299, 499)], fields)",
        )
    )
    found = judged.only(TWICE)
    assert found.level == "risk"
    assert "1 of the 200 reviews of 'test' (0.5%) stand in 'train' as well" in found.message


def test_the_first_split_is_blamed_for_what_it_cut_apart(judge_text: Judge) -> None:
    text = program(
        FIELDS,
        "examples = [Example.fromlist((f'film {i // 2}', '1'), fields) for i in range(80)]",
        "train_data, test_data = Dataset(examples, fields).split(0.5)",
        "train_data, valid_data = train_data.split(0.5)",
    )
    judged = judge_text(text)
    assert set(judged.lines(TWICE)) == {line_of(text, ").split(0.5)"), line_of(text, "train_data.split(0.5)")}
    first, second = sorted((found for found in judged.found), key=lambda found: found.line)
    assert "'test_data'" in first.message
    assert first.message.count("stand in") == 2  # with the final training split and with validation, not with the whole
    assert "'test_data'" not in second.message


def test_two_draws_of_the_same_reviews_are_clear(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            FIELDS,
            "dataset = made(rows(40), fields)",
            "for turn in range(2):\n    train_data, test_data = dataset.split(0.5)",
        )
    )
    assert judged.found == []
    assert judged.status[TWICE] == "clear"


def test_one_dataset_without_split_is_unseen(judge_text: Judge) -> None:
    judged = judge_text(program(FIELDS, "dataset = made([('a film', '1')] * 5, fields)\nTEXT.build_vocab(dataset)"))
    assert judged.status[TWICE] == "unseen"


# --- padding_read_as_last_step -------------------------------------------------------------------------------------

PADDING = "padding_read_as_last_step"

TRAINING = """
data = made(rows(24, longest=LONGEST), fields)
TEXT.build_vocab(data)
LABEL.build_vocab(data)
loader = BucketIterator(data, batch_size=8, shuffle=False, sort=False)


class Model(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(TEXT.vocab), 8)
        self.rnn = torch.nn.KIND(8, 6, **options)
        self.fc = torch.nn.Linear(6 * (2 if options.get("bidirectional") else 1), 2)

    def forward(self, text, lengths=None):
        embedded = self.embedding(text)
        FORWARD
        return self.fc(state)


model = Model(OPTIONS)
for batch in loader:
    text = batch.text if isinstance(batch.text, tuple) else (batch.text,)
    F.cross_entropy(model(*text), batch.label).backward()
"""
BATCH_FIRST = FIELDS.replace("Field()", "Field(batch_first=True)", 1)
LENGTHS = FIELDS.replace("Field()", "Field(include_lengths=True)", 1)


def training(forward: str, *, fields: str = FIELDS, kind: str = "LSTM", options: str = "", longest: int = 6) -> str:
    """Return a program that trains one pass with this forward."""
    loop = TRAINING.replace("FORWARD", forward.replace("\n", "\n        "))
    return program(fields, loop.replace("KIND", kind).replace("OPTIONS", options).replace("LONGEST", str(longest)))


def padding(judged: Judged) -> Found:
    """Return the one finding about padding; the programs have other mistakes too (unshuffled data, the cell's state)."""
    (found,) = [finding for finding in judged.found if finding.rule == PADDING]
    return found


@pytest.mark.parametrize(
    ("forward", "options"),
    [
        ("output, (hidden, cell) = self.rnn(embedded)\nstate = hidden[-1]", {}),
        ("output, (hidden, cell) = self.rnn(embedded)\nhidden.squeeze_(0)\nstate = hidden", {}),
        ("output, hidden = self.rnn(embedded)\nstate = hidden.squeeze(0)", {"kind": "GRU"}),
        ("output, _ = self.rnn(embedded)\nstate = output[-1]", {"kind": "RNN"}),
        ("output, _ = self.rnn(embedded)\nstate = output[-1, :, :]", {}),
        ("output, _ = self.rnn(embedded)\nstate = output[len(text) - 1]", {}),
        ("output, (hidden, cell) = self.rnn(embedded)\nstate = cell[0]", {}),
        (
            "output, (hidden, cell) = self.rnn(embedded)\nstate = torch.cat((hidden[-2], hidden[-1]), dim=1)",
            {"options": "bidirectional=True"},
        ),
        ("output, _ = self.rnn(embedded)\nstate = output[-1]", {"options": "bidirectional=True"}),
        (
            "output, _ = self.rnn(embedded)\nstate = output[:, -1]",
            {"options": "batch_first=True", "fields": BATCH_FIRST},
        ),
        (
            "output, (hidden, _) = self.rnn(embedded)\nstate = hidden[-1]",
            {"options": "batch_first=True, num_layers=2", "fields": BATCH_FIRST},
        ),
        (
            "output, (hidden, _) = self.rnn(embedded.permute(1, 0, 2))\nstate = hidden[-1]",
            {"options": "batch_first=True"},
        ),
        ("output, (hidden, _) = self.rnn(embedded)\nstate = hidden[-1]", {"fields": LENGTHS}),
    ],
)
def test_last_step_of_padded_batches_is_found(judge_text: Judge, forward: str, options: dict[str, Any]) -> None:
    text = training(forward, **options)
    found = padding(judge_text(text))
    assert found.line == line_of(text, "= self.rnn(")
    assert "in 20 of 24 reviews the last step is <pad>" in found.message
    assert "0.693" in found.message


@pytest.mark.parametrize(
    ("forward", "options"),
    [
        # Reviews of equal length need no padding.
        ("output, (hidden, cell) = self.rnn(embedded)\nstate = hidden[-1]", {"longest": 1}),
        # Every step, or the step at length - 1.
        ("output, _ = self.rnn(embedded)\nstate = output.mean(dim=0)", {}),
        ("output, _ = self.rnn(embedded)\nstate = output.max(dim=0)[0]", {}),
        (
            "output, _ = self.rnn(embedded)\nstate = output[lengths - 1, torch.arange(len(lengths))]",
            {"fields": LENGTHS},
        ),
        # The backward direction ends at the first word.
        (
            "output, (hidden, _) = self.rnn(embedded)\nstate = torch.cat((hidden[-1], hidden[-1]), dim=1)",
            {"options": "bidirectional=True"},
        ),
        # Looked at, but not used for the answer.
        (
            "output, (hidden, _) = self.rnn(embedded)\nassert torch.equal(output[-1], hidden[-1])\n"
            "state = output.mean(dim=0)",
            {},
        ),
        (
            "packed = pack_padded_sequence(embedded, lengths.cpu(), enforce_sorted=False)\n"
            "output, (hidden, _) = self.rnn(packed)\nstate = hidden[-1]",
            {"fields": LENGTHS},
        ),
        # Padding in front.
        (
            "output, (hidden, cell) = self.rnn(embedded)\nstate = hidden[-1]",
            {"fields": FIELDS.replace("Field()", "Field(pad_first=True)", 1)},
        ),
    ],
)
def test_last_step_that_is_no_padding_is_clear(judge_text: Judge, forward: str, options: dict[str, Any]) -> None:
    judged = judge_text(training(forward, **options))
    assert judged.lines(PADDING) == []
    assert judged.status[PADDING] == "clear", judged.why


def test_few_pads_are_not_blamed_for_a_loss_that_stands_still(judge_text: Judge) -> None:
    text = training("output, (hidden, cell) = self.rnn(embedded)\nstate = hidden[-1]", longest=2)
    message = padding(judge_text(text)).message
    assert "0.693" in message  # 2 and 3 words: 1.2 positions per word
    text = text.replace(
        "rows(24, longest=2)", "[(f'one two three four five six {x}', y) for x, y in rows(24, longest=2)]"
    )
    assert "0.693" not in padding(judge_text(text)).message


def test_rnn_on_tensors_made_by_hand_is_unseen(judge_text: Judge) -> None:
    judged = judge_text(
        program(
            "rnn = torch.nn.LSTM(8, 6)\nembedding = torch.nn.Embedding(9, 8)\nhead = torch.nn.Linear(6, 2)",
            "output, (hidden, _) = rnn(embedding(torch.ones(5, 3, dtype=torch.long)))\nhead(hidden[-1])",
        )
    )
    assert judged.status[PADDING] == "unseen"


# --- labels_swapped_by_frequency -----------------------------------------------------------------------------------

SWAPPED = "labels_swapped_by_frequency"

SCORES = """
train_data = made([(f"w{i} film", SECOND if i % 4 == 0 else FIRST) for i in range(20)], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
embedding, head = torch.nn.Embedding(len(TEXT.vocab), 4), torch.nn.Linear(4, CLASSES)
logits = head(embedding(TEXT.process([["w1", "film"]])).sum(dim=0))
probabilities = F.softmax(logits, dim=1)
"""


def prediction(printed: str, first: str = "1", second: str = "0", classes: int = 2) -> str:
    """Return a program with a label map {first: 0, second: 1} that prints a probability."""
    names = SCORES.replace("FIRST", repr(first)).replace("SECOND", repr(second)).replace("CLASSES", str(classes))
    return program(FIELDS, names, printed)


@pytest.mark.parametrize(
    "printed",
    [
        "print('positive:', probabilities[0][1].item())",
        "print(f'{100 * probabilities[0, 1].item():.2f} % positive')",
        "print(f'Positive {probabilities[0, 1]:.3f}, negative {probabilities[0, 0]:.3f}')",
        "print('Probability positive:')\nprint(probabilities[..., 1].squeeze().item())",
        "print('Negative with', round(float(probabilities.detach().squeeze(0)[0]), 4))",
    ],
)
def test_wrong_index_under_a_swapped_map_is_found(judge_text: Judge, printed: str) -> None:
    text = prediction(printed)
    found = judge_text(text).found
    assert {f.rule for f in found} == {SWAPPED}
    assert "{'1': 0, '0': 1}" in found[0].message
    assert "15 times '1', 5 times '0'" in found[0].message


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        # The lecture's own code: index 0 is '1', and that is read as positive.
        ("print('Probability positive:', probabilities[0][0].item())", {}),
        ("print('positive:', probabilities[0][LABEL.vocab.stoi['1']].item())", {}),
        ("print('positive', f'{probabilities[0, 0]:.4f}', 'negative', f'{probabilities[0, 1]:.4f}')", {}),
        # In the labels' own order nothing is swapped.
        ("print('positive:', probabilities[0][1].item())", {"first": "0", "second": "1"}),
        ("print('positive:', probabilities[0][0].item())", {"first": "0", "second": "1"}),
        ("print('spam:', probabilities[0][0].item())", {"first": "spam", "second": "ham"}),
    ],
)
def test_right_index_is_clear(judge_text: Judge, printed: str, names: dict[str, Any]) -> None:
    judged = judge_text(prediction(printed, **names))
    assert judged.found == []
    assert judged.status[SWAPPED] == "clear", judged.why[SWAPPED]


def test_own_names_of_labels_are_compared(judge_text: Judge) -> None:
    found = judge_text(prediction("print('spam:', probabilities[0][1].item())", "spam", "ham")).only(SWAPPED)
    assert "LABEL.vocab.stoi['spam']" in found.message


@pytest.mark.parametrize(
    "printed",
    [
        "print('done')",
        "print(probabilities[0][1].item())",
        "print('positive or negative?', probabilities[0][1].item())",
        "print('positive:', 0.12345)",
        "print('answer:', ['negative', 'positive'][probabilities.argmax(dim=1).item()])",
        "print('positive:', torch.max(probabilities).item())",
    ],
)
def test_swapped_map_without_a_named_probability_is_unseen(judge_text: Judge, printed: str) -> None:
    judged = judge_text(prediction(printed))
    assert judged.found == []
    assert judged.status[SWAPPED] == "unseen"


def test_five_stars_have_no_positive_class(judge_text: Judge) -> None:
    judged = judge_text(prediction("print('positive:', probabilities[0][0].item())", "2", "1"))
    assert judged.status[SWAPPED] == "unseen"


SIGMOID = """
loss = F.binary_cross_entropy_with_logits(logits.squeeze(1), TARGET)
print("positive:", torch.sigmoid(logits).item())
"""


@pytest.mark.parametrize(
    ("target", "status"),
    [("batch.label.float()[:1]", "found"), ("(1 - batch.label.float())[:1]", "unseen")],
)
def test_sigmoid_is_the_probability_of_index_one(judge_text: Judge, target: str, status: str) -> None:
    printed = "batch = next(iter(BucketIterator(train_data, batch_size=4)))\n" + SIGMOID.replace("TARGET", target)
    judged = judge_text(prediction(printed, classes=1))
    assert judged.status[SWAPPED] == status, judged.why


# --- training_accuracy_called_test_accuracy ------------------------------------------------------------------------

CALLED_TEST = "training_accuracy_called_test_accuracy"

EVALUATION = """
train_data = made(rows(30), fields)
train = Dataset(train_data.examples[:21], fields)
test = Dataset(train_data.examples[21:], fields)
TEXT.build_vocab(train)
LABEL.build_vocab(train)
train_loader, test_loader = BucketIterator.splits((train, test), batch_size=6, sort=False)
model = torch.nn.Embedding(len(TEXT.vocab), 2)


def scores(batch):
    return model(batch.text).sum(dim=0)


for batch in train_loader:
    F.cross_entropy(scores(batch), batch.label).backward()


@torch.no_grad()
def accuracy(loader):
    right, batches = 0, 0
    for batch in loader:
        _, predicted = torch.max(scores(batch), 1)
        right += COUNTED
        batches += 1
    return RETURNED

"""


def evaluation(
    printed: str, counted: str = "(predicted == batch.label).sum()", returned: str = "right / len(loader.dataset)"
) -> str:
    """Return a program that counts right answers in this spelling and prints."""
    return program(FIELDS, EVALUATION.replace("COUNTED", counted).replace("RETURNED", returned), printed)


@pytest.mark.parametrize(
    ("counted", "returned"),
    [
        ("(predicted == batch.label).sum()", "right.float() / len(loader.dataset) * 100"),
        ("(predicted == batch.label).sum().item()", "right / len(loader.dataset)"),
        ("(predicted == batch.label.long()).float().sum()", "right / len(loader.dataset)"),
        ("torch.sum(predicted == batch.label)", "right / len(loader.dataset)"),
        ("predicted.eq(batch.label.view_as(predicted)).sum().item()", "right / len(loader.dataset)"),
        ("(predicted == batch.label).float().mean()", "right / batches"),
        ("((predicted == batch.label).sum() / len(batch.label)).item()", "right / len(loader)"),
    ],
)
def test_training_accuracy_is_known_again_however_it_is_counted(judge_text: Judge, counted: str, returned: str) -> None:
    text = evaluation("print(f'Test accuracy: {float(accuracy(train_loader)):.4f}')", counted, returned)
    judged = judge_text(text)
    found = judged.only(CALLED_TEST)
    assert found.line == line_of(text, "Test accuracy")
    assert "'train_loader', the reviews of 'train'" in found.message
    assert " right of 21" in found.message
    assert "Give test_loader" in found.message


@pytest.mark.parametrize(
    "printed",
    [
        "print(f'test accuracy: {accuracy(test_loader):.4f}')",
        "print(f'train accuracy {accuracy(train_loader):.4f} | test accuracy {accuracy(test_loader):.4f}')",
        "print(f'epoch 3 train/test acc: {100 * accuracy(train_loader):.2f}% / {100 * accuracy(test_loader):.2f}%')",
        # The same share of right answers on both, by chance.
        "model.weight.data[:] = torch.tensor([1.0, 0.0])\naccuracy(train_loader)\n"
        "print(f'test accuracy: {accuracy(test_loader):.4f}')",
    ],
)
def test_accuracy_of_the_test_loader_is_clear(judge_text: Judge, printed: str) -> None:
    judged = judge_text(evaluation(printed))
    assert judged.found == []
    assert judged.status[CALLED_TEST] == "clear", judged.why


@pytest.mark.parametrize(
    ("printed", "counted"),
    [
        ("print(f'training accuracy: {accuracy(train_loader):.4f}')", "(predicted == batch.label).sum()"),
        ("print(f'test loss: {accuracy(train_loader):.4f}')", "(predicted == batch.label).sum()"),
        ("print(f'test accuracy later, loss {accuracy(train_loader):.4f}')", "(predicted == batch.label).sum()"),
        ("accuracy(train_loader)\nprint('test accuracy: 0.1234')", "(predicted == batch.label).sum()"),
        # Other things that are summed up over booleans are no right answers.
        ("print(f'test accuracy: {accuracy(train_loader):.4f}')", "(predicted == 1).sum()"),
        ("print(f'test accuracy: {accuracy(train_loader):.4f}')", "(batch.text == 1).sum()"),
        # Counted outside torch, on both loaders: nobody can say which is which.
        (
            "accuracy(train_loader)\nprint(f'test accuracy: {accuracy(test_loader):.4f}')",
            "sum(p == t for p, t in zip(predicted.tolist(), batch.label.tolist()))",
        ),
    ],
)
def test_claims_that_cannot_be_compared_are_unseen(judge_text: Judge, printed: str, counted: str) -> None:
    judged = judge_text(evaluation(printed, counted))
    assert judged.found == []
    assert judged.status[CALLED_TEST] == "unseen"


def test_a_test_that_nobody_could_count_leaves_the_question_open(judge_text: Judge) -> None:
    printed = """
    rows = [(example, 0) for example in test.examples]
    for pairs in torch.utils.data.DataLoader(rows, batch_size=3, collate_fn=list):
        pass
    print(f"test accuracy: {accuracy(train_loader):.4f}")
    """
    assert judge_text(evaluation(printed)).status[CALLED_TEST] == "unseen"


def test_training_number_beside_an_evaluated_test_split_is_found(judge_text: Judge) -> None:
    text = evaluation(
        "a, b = accuracy(train_loader), accuracy(test_loader)\nassert a != b\nprint(f'test accuracy: {a:.4f}')"
    )
    assert judge_text(text).only(CALLED_TEST).line == line_of(text, "print(f'test")


# --- different_tokenizer_at_prediction -----------------------------------------------------------------------------

TOKENIZER = "different_tokenizer_at_prediction"

PREDICTION = """
TEXT = Field(OPTIONS)
fields = [("text", TEXT)]
TEXT.build_vocab(made([("Great film !",), ("a great plot",), ("A film",)], fields))
embedding = torch.nn.Embedding(len(TEXT.vocab), 4)


def predict(sentence):
    MADE
    ids = [TEXT.vocab.stoi[word] for word in words]
    return embedding(torch.tensor(ids).unsqueeze(1)).mean()


predict("Great film and plot !")
"""


def predicting(made: str, options: str = "") -> str:
    """Return a program that predicts with words made this way."""
    return program(PREDICTION.replace("MADE", made.replace("\n", "\n    ")).replace("OPTIONS", options))


@pytest.mark.parametrize(
    ("made", "options"),
    [
        ("words = sentence.split()", ""),
        ("words = sentence.lower().split()", "lower=True"),
        ("words = [word for word in sentence.split(' ')]", "tokenize=str.split"),
        # Other tokens, all unknown: the model reads the same ids.
        ("words = sentence.replace('and', 'And').split()", ""),
    ],
)
def test_same_ids_from_another_tool_are_clear(judge_text: Judge, made: str, options: str) -> None:
    judged = judge_text(predicting(made, options))
    assert judged.found == []
    assert judged.status[TOKENIZER] == "clear", judged.why


@pytest.mark.parametrize(
    ("made", "options", "difference"),
    [
        ("words = sentence.lower().split()", "", "token 1: 'great' here, 'Great' there"),
        ("sentence = sentence.lower()\nwords = sentence.split()", "", "token 1: 'great' here, 'Great' there"),
        ("words = sentence.split()", "lower=True", "token 1: 'Great' here, 'great' there"),
        ("words = sentence.replace(' !', '!').split()", "", "token 4: 'plot!' here, 'plot' there"),
        ("words = sentence.upper().split()", "", "(<unk>): 4 of 5 here, 1 of 5 there"),
    ],
)
def test_other_tokens_are_found(judge_text: Judge, made: str, options: str, difference: str) -> None:
    text = predicting(made, options)
    found = judge_text(text).only(TOKENIZER)
    assert found.line == line_of(text, "words = sentence")
    assert difference in found.message


def test_spacy_blank_gives_the_tokens_of_the_training_field(judge_text: Judge) -> None:
    judged = judge_text(
        "import spacy\nnlp, trained = spacy.blank('en'), spacy.blank('en')\n"
        + predicting(
            "words = [t.text for t in nlp.tokenizer(sentence)]", "tokenize=lambda s: [t.text for t in trained(s)]"
        )
    )
    assert judged.found == []
    assert judged.status[TOKENIZER] == "clear", judged.why
