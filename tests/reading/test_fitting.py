"""Ways in which programs are written that hide the model, its batches or its loss from who reads them in order."""

from __future__ import annotations

import textwrap
from pathlib import Path

from rnnlab.facts import Call, Data, Loop
from rnnlab.reading import read, read_text
from rnnlab.record import Record
from rnnlab.rules.kit import Unseen, catalogue

MODEL = """
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

class Reader(nn.Module):
    def __init__(self, words=500):
        super().__init__()
        self.embedding = nn.Embedding(words, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 5)

    def forward(self, text):
        output, (hidden, cell) = self.lstm(self.embedding(text))
        return self.fc(output[:, -1, :])
"""

TRAINING = """
model = Reader()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(3):
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(text), label)
        loss.backward()
        optimizer.step()
"""

ROWS = """
class Reviews(Dataset):
    def __init__(self, rows, labels):
        self.rows, self.labels = rows, labels

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i], self.labels[i]
"""


def program(*parts: str) -> Record:
    return read_text("".join(textwrap.dedent(part) for part in parts), "program.py")


def folder(path: Path, **files: str) -> Record:
    for name, text in files.items():
        place = path / f"{name.replace('__', '/')}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))
    return read(path)


def found(record: Record, name: str) -> list[str]:
    """Return the levels at which a rule finds something; none where it is clear or cannot tell."""
    rule = catalogue()[name]
    try:
        return [finding.level or rule.level for finding in rule.check(record)]
    except Unseen:
        return []


# --- batches -----------------------------------------------------------------------------------------------------------


def test_a_variable_is_the_tensor_that_it_was_made_of() -> None:
    record = program("import torch\nfrom torch.autograd import Variable\nx = Variable(torch.zeros(3, 4)).sum(1)")
    (call,) = record.ask(Call, what="sum")
    assert getattr(call.inputs[0].note, "shape", None) == (3, 4)


FILLED = """
padded = np.zeros((len(texts), 40), dtype=int)
for i, ids in enumerate(texts):
    padded[i, :len(ids)] = ids[:40]
train_loader = DataLoader(Reviews(torch.from_numpy(padded), labels), batch_size=16, shuffle=True)
"""


def test_rows_that_are_taken_out_one_by_one_stay_filled_up() -> None:
    assert found(program(MODEL, ROWS, FILLED, TRAINING), "padding_read_as_last_step") == ["mistake"]


def test_rows_that_are_filled_up_before_the_words_end_in_words() -> None:
    before = FILLED.replace("padded[i, :len(ids)]", "padded[i, -len(ids):]")
    assert found(program(MODEL, ROWS, before, TRAINING), "padding_read_as_last_step") == []


LOADED = """
words, labels = np.load("words.npy"), np.load("labels.npy")
train_loader = DataLoader(TensorDataset(torch.from_numpy(words), torch.from_numpy(labels)), batch_size=16, shuffle=True)
"""


def test_words_that_were_stacked_stand_in_rows_whatever_file_they_come_from() -> None:
    across = MODEL.replace(", batch_first=True", "")
    assert found(program(across, LOADED, TRAINING), "batch_axis_read_as_time") == ["mistake"]
    assert found(program(MODEL, LOADED, TRAINING), "batch_axis_read_as_time") == []


def test_padding_that_a_comprehension_adds_is_padding() -> None:
    rows = """
    class Reviews(Dataset):
        def __init__(self, texts, labels):
            self.texts, self.labels = texts, labels

        def __getitem__(self, i):
            ids = [index[word] for word in self.texts[i]]
            ids += [0 for _ in range(40 - len(ids))]
            return np.array(ids), self.labels[i]

    train_loader = DataLoader(Reviews(texts, labels), batch_size=16)
    """
    assert found(program(MODEL, rows, TRAINING), "padding_read_as_last_step") == ["mistake"]


def test_padding_goes_through_a_loop_that_looks_words_up() -> None:
    rows = """
    contents = []
    for text, label in texts:
        words = text.split()
        words.extend(["<pad>"] * (40 - len(words)))
        ids = []
        for word in words:
            ids.append(index.get(word))
        contents.append((ids, label))
    for start in range(0, len(contents), 16):
        part = contents[start:start + 16]
        text = torch.LongTensor([one[0] for one in part])
        label = torch.LongTensor([one[1] for one in part])
        loss = nn.functional.cross_entropy(model(text), label)
        loss.backward()
    """
    assert found(program(MODEL, "model = Reader()\n", rows), "padding_read_as_last_step") == ["mistake"]


# --- what is read of the output ----------------------------------------------------------------------------------------

PACKED = """
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

def collate(batch):
    texts, labels = zip(*batch)
    lengths = torch.tensor([len(text) for text in texts])
    texts = pad_sequence(texts, batch_first=True)
    return texts, lengths, torch.tensor(labels)

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(500, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 5)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        packed, (hidden, cell) = self.lstm(packed)
        output, _ = pad_packed_sequence(packed, batch_first=True)
        return self.fc(hidden[-1])

model = Reader()
for text, lengths, label in DataLoader(rows, batch_size=16, collate_fn=collate):
    loss = nn.functional.cross_entropy(model(text, lengths), label)
    loss.backward()
"""


def test_the_last_place_of_an_unpacked_batch_is_padding() -> None:
    last = PACKED.replace("self.fc(hidden[-1])", "self.fc(output[:, -1])")
    assert found(program(last), "padding_read_as_last_step") == ["mistake"]
    assert found(program(PACKED), "padding_read_as_last_step") == []


def test_lengths_that_are_taken_after_the_padding_are_all_the_longest() -> None:
    first, second = PACKED.splitlines()[8:10]
    late = PACKED.replace(f"{first}\n{second}", f"{second}\n{first}")
    assert found(program(late), "padding_read_as_last_step") == ["mistake"]


SIDE_BY_SIDE = MODEL.replace(
    "return self.fc(output[:, -1, :])",
    "scores = self.fc(output.reshape(-1, 16)).view(text.size(0), -1)\n        return scores[:, -5:]",
)


def test_scores_of_each_word_side_by_side_end_in_those_of_the_padding() -> None:
    assert found(program(SIDE_BY_SIDE, ROWS, FILLED, TRAINING), "padding_read_as_last_step") == ["mistake"]
    first = SIDE_BY_SIDE.replace("[:, -5:]", "[:, :5]")
    assert found(program(first, ROWS, FILLED, TRAINING), "padding_read_as_last_step") == []


def test_a_recurrent_layer_of_a_missing_file_is_read_as_one() -> None:
    own = MODEL.replace("nn.LSTM(8, 16, batch_first=True)", "LSTM(8, 16)").replace(
        "import torch\n", "import torch\nfrom layers import LSTM\n", 1
    )
    assert found(program(own, ROWS, FILLED, TRAINING), "padding_read_as_last_step") == ["mistake"]


def test_a_pool_as_wide_as_the_longest_review_takes_all_of_its_steps() -> None:
    pooled = MODEL.replace("nn.Linear(16, 5)", "nn.Linear(16, 5)\n        self.pool = nn.MaxPool1d(longest)").replace(
        "self.fc(output[:, -1, :])", "self.fc(self.pool(output.permute(0, 2, 1)).squeeze(2))"
    )
    assert found(
        program("longest = max(map(len, texts))\n", pooled, ROWS, FILLED, TRAINING), "padding_averaged_into_the_review"
    ) == ["mistake"]


# --- who is who ----------------------------------------------------------------------------------------------------------

LATER = """
def train(model, iterator, optimizer, criterion):
    model.train()
    for text, label in iterator:
        optimizer.zero_grad()
        loss = criterion(model(text), label)
        loss.backward()
        optimizer.step()
"""
SURE = MODEL.replace("self.fc(output[:, -1, :])", "self.fc(hidden[-1]).softmax(1)")


def test_a_function_that_nobody_calls_is_given_the_only_model_and_loss() -> None:
    record = program(SURE, "model, criterion = Reader(), nn.CrossEntropyLoss()\n", LATER)
    assert found(record, "softmax_before_cross_entropy") == ["mistake"]


def test_of_two_models_none_is_taken_for_the_one_that_is_meant() -> None:
    record = program(SURE, SURE.replace("Reader", "Other"), LATER)
    assert found(record, "softmax_before_cross_entropy") == []


def test_the_only_model_answers_for_one_that_a_missing_file_makes() -> None:
    record = program(
        "from build import make_model\n",
        SURE,
        "model = make_model()\n",
        LOADED,
        TRAINING.partition("\n")[2].partition("\n")[2],
    )
    assert found(record, "softmax_before_cross_entropy") == ["mistake"]


def test_a_mode_that_a_missing_caller_may_have_set_is_not_known() -> None:
    dropping = MODEL.replace("self.fc(output[:, -1, :])", "self.fc(nn.functional.relu(self.drop(hidden[-1])))").replace(
        "self.fc = nn", "self.drop = nn.Dropout(0.5)\n        self.fc = nn"
    )
    judging = """
    def judge(model, loader):
        right = 0
        with torch.no_grad():
            for text, label in loader:
                right += (model(text).argmax(1) == label).sum().item()
        return right

    def start(model):
        model.load_state_dict(torch.load("best.pt"))
        model.eval()
    """
    assert found(program(dropping, LOADED, TRAINING, judging), "evaluated_in_training_mode") == []


def test_a_module_that_is_chosen_by_its_name_is_the_one_with_an_rnn(tmp_path: Path) -> None:
    run = """
    import argparse
    from importlib import import_module
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    args = parser.parse_args()
    module = import_module("nets." + args.model)
    model = module.Reader()
    for text, label in DataLoader(TensorDataset(words, labels), batch_size=16):
        loss = torch.nn.functional.cross_entropy(model(text), label)
        loss.backward()
    """
    record = folder(
        tmp_path, run=run, nets__recurrent=SURE, nets__bag="from torch import nn\nclass Reader(nn.Module):\n    pass\n"
    )
    assert found(record, "softmax_before_cross_entropy") == ["mistake"]


def test_a_class_that_is_chosen_by_its_name_is_a_model_with_an_rnn() -> None:
    for chosen in ("globals()[name]", "eval(name)", "{'a': Reader, 'b': Plain}[name]"):
        record = program(
            SURE, "class Plain(nn.Module):\n    pass\n\nimport sys\nname = sys.stdin.readline()\n",
            LOADED, TRAINING.replace("Reader()", f"{chosen}()"),
        )  # fmt: skip
        assert found(record, "softmax_before_cross_entropy") == ["mistake"], chosen


def test_a_file_beside_the_script_comes_before_a_library_of_its_name(tmp_path: Path) -> None:
    record = folder(
        tmp_path,
        run="from datasets import rows\nfor row in rows():\n    print(row)\n",
        datasets="def rows():\n    return [1, 2]\n",
    )
    assert not [gap for gap in record if getattr(gap, "what", "") == "import"]
    assert any(getattr(fact, "function", "") == "rows" for fact in record)


def test_forward_that_is_called_by_its_name_is_the_models_answer() -> None:
    record = program(MODEL, LOADED, TRAINING.replace("model(text)", "model.forward(text)"))
    assert all(call.training is True for call in record.ask(Call, what="lstm"))


def test_a_whole_model_that_is_loaded_is_the_one_that_was_saved() -> None:
    again = """
    torch.save(model, f"models/{epoch}.pt")
    best = torch.load("models/7.pt")
    for text, label in train_loader:
        print((best(text).argmax(1) == label).sum())
    """
    assert found(program(MODEL, LOADED, TRAINING, again), "gradients_kept_in_evaluation")


# --- loops and totals ------------------------------------------------------------------------------------------------------


def test_an_evaluation_that_zeroes_gradients_trains_nothing() -> None:
    judging = """
    for text, label in train_loader:
        optimizer.zero_grad()
        print(criterion(model(text), label))
    """
    ends = [loop.kind for loop in program(MODEL, LOADED, TRAINING, judging).ask(Loop) if loop.executed is not None]
    assert ends.count("training") == 1 and ends[-1] == "evaluation"


JUDGING = """
model.eval()
with torch.no_grad():
    total = 0
    for text, label in train_loader:
        {}
    print(total / len(train_loader))
"""


def test_a_total_of_tensors_and_one_that_is_written_out_are_divided_like_numbers() -> None:
    for added in ("total += criterion(model(text), label)", "total = total + criterion(model(text), label).item()"):
        loss = added.replace("criterion", "loss_of")
        record = program(MODEL, LOADED, TRAINING, "loss_of = criterion\n", JUDGING.format(loss))
        assert found(record, "mean_of_batch_means") == ["habit"], added


def test_a_list_of_tensors_is_averaged_like_one_of_numbers() -> None:
    judging = """
    losses = []
    with torch.no_grad():
        for text, label in train_loader:
            loss = criterion(model(text), label)
            losses.append(loss.cpu().numpy())
    print(sum(losses) / len(losses))
    """
    assert found(program(MODEL, LOADED, TRAINING, judging), "mean_of_batch_means") == ["habit"]


def test_a_mean_that_begins_again_every_few_batches_is_one_of_full_batches() -> None:
    judging = """
    accuracies = []
    for i, (text, label) in enumerate(train_loader):
        accuracies.append((model(text).argmax(1) == label).float().mean().item())
        if i % 100 == 0:
            print(np.mean(accuracies))
            accuracies = []
    """
    assert found(program(MODEL, LOADED, TRAINING, judging), "mean_of_batch_means") == []
    whole = """
    accuracies = []
    for i, (text, label) in enumerate(train_loader):
        accuracies.append((model(text).argmax(1) == label).float().mean().item())
    print(np.mean(accuracies))
    """
    assert found(program(MODEL, LOADED, TRAINING, whole), "mean_of_batch_means") == ["mistake"]


CHOOSING = """
def accuracy(model, loader):
    right = seen = 0
    with torch.no_grad():
        for text, label in loader:
            right += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    return right / seen

best = 0
for epoch in range(3):
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(text), label)
        loss.backward()
        optimizer.step()
    now = accuracy(model, {})
    is_best = now > best
    if is_best:
        best = now
        torch.save(model.state_dict(), "best.pt")
"""
SPLIT = """
model, criterion = Reader(), nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters())
train_loader = DataLoader(TensorDataset(train_x, train_y), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(valid_x, valid_y), batch_size=16)
test_loader = DataLoader(TensorDataset(test_x, test_y), batch_size=16)
"""


def test_a_flag_that_says_what_is_best_is_a_choice() -> None:
    assert found(program(MODEL, SPLIT, CHOOSING.format("test_loader")), "test_set_chooses_the_epoch") == ["mistake"]
    assert found(program(MODEL, SPLIT, CHOOSING.format("valid_loader")), "test_set_chooses_the_epoch") == []


def test_a_test_that_holds_probabilities_against_a_threshold_is_a_test() -> None:
    testing = """
    model.eval()
    with torch.no_grad():
        for text, label in test_loader:
            print(((model(text) > 0.5) == label).sum())
    """
    kept = program(MODEL, SPLIT, CHOOSING.format("valid_loader"), testing)
    assert found(kept, "best_weights_never_loaded") == ["mistake"]
    taken = program(
        MODEL, SPLIT, CHOOSING.format("valid_loader"), 'model.load_state_dict(torch.load("best.pt"))\n', testing
    )
    assert found(taken, "best_weights_never_loaded") == []


# --- states ----------------------------------------------------------------------------------------------------------------

CARRIED = (
    MODEL.replace("forward(self, text)", "forward(self, text, state)")
    .replace(
        "output, (hidden, cell) = self.lstm(self.embedding(text))",
        "output, state = self.lstm(self.embedding(text), state)",
    )
    .replace("return self.fc(output[:, -1, :])", "return self.fc(output[:, -1, :]), state")
)


def test_a_state_is_carried_through_an_evaluation_as_well() -> None:
    judging = """
    model = Reader()
    model.load_state_dict(torch.load("best.pt"))
    state = (torch.zeros(1, 16, 16), torch.zeros(1, 16, 16))
    for text, label in train_loader:
        state = tuple([one.data for one in state])
        scores, state = model(text, state)
        print(nn.functional.cross_entropy(scores, label))
    """
    assert found(program(CARRIED, LOADED, judging), "state_carried_from_batch_to_batch") == ["mistake"]
    fresh = judging.replace("tuple([one.data for one in state])", "(torch.zeros(1, 16, 16), torch.zeros(1, 16, 16))")
    assert found(program(CARRIED, LOADED, fresh), "state_carried_from_batch_to_batch") == []


def test_a_state_is_carried_before_a_loss_that_is_written_by_hand() -> None:
    training = """
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters())
    state = (torch.zeros(1, 16, 16), torch.zeros(1, 16, 16))
    for text, label in train_loader:
        state = tuple([one.data for one in state])
        scores, state = model(text, state)
        loss = -(label * torch.log(torch.softmax(scores, 1))).sum(1).mean()
        loss.backward()
        optimizer.step()
    """
    assert found(program(CARRIED, LOADED, training), "state_carried_from_batch_to_batch") == ["mistake"]


def test_a_model_that_takes_the_words_of_a_pair_drops_the_lengths() -> None:
    rows = """
    def batches(contents):
        for start in range(0, len(contents), 16):
            part = contents[start:start + 16]
            text = torch.LongTensor([one[0] + [0] * (40 - len(one[0])) for one in part])
            lengths = torch.LongTensor([len(one[0]) for one in part])
            yield (text, lengths), torch.LongTensor([one[1] for one in part])

    model = Reader()
    for text, label in batches(contents):
        loss = nn.functional.cross_entropy(model(text), label)
        loss.backward()
    """
    dropping = MODEL.replace("forward(self, text):\n", "forward(self, text):\n        text, _ = text\n")
    assert found(program(dropping, rows), "lengths_asked_for_and_not_used") == ["risk"]


def test_a_dict_that_counts_words_numbers_none() -> None:
    counting = """
    import pandas as pd
    table = pd.read_csv("reviews.csv")
    counts = {}
    for text in table["text"]:
        for word in text.split():
            if word in counts:
                counts[word] = counts[word] + 1
            else:
                counts[word] = 1
    """
    assert not list(program(counting).ask(Data, what="vocabulary"))
