"""Models, losses, trainings and evaluations as real programs write them, which only look like a mistake; only read, never run."""

from __future__ import annotations

import textwrap

import pytest
from forks import plain_of

from rnnlab.reading import read_text
from rnnlab.report import judge

HEAD = """
import copy
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

class Reviews(Dataset):
    def __init__(self, path):
        self.rows = torch.load(path)
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, i):
        return self.rows[i]

def together(rows):
    texts, labels = zip(*rows)
    return pad_sequence(texts, batch_first=True), torch.tensor([len(one) for one in texts]), torch.tensor(labels)

train_loader = DataLoader(Reviews("train.pt"), batch_size=32, shuffle=True, collate_fn=together)
valid_loader = DataLoader(Reviews("valid.pt"), batch_size=32, collate_fn=together)
test_loader = DataLoader(Reviews("test.pt"), batch_size=32, collate_fn=together)

class Net(nn.Module):
    def __init__(self, hid=64):
        super().__init__()
        self.emb = nn.Embedding(5000, 50, padding_idx=0)
        self.rnn = nn.LSTM(50, hid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, 4)
    def forward(self, x, n):
        packed = pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        return self.fc(self.drop(self.rnn(packed)[1][0][-1]))

def accuracy(net, loader):
    net.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in loader:
            right += (net(x, n).argmax(1) == y).sum().item()
    net.train()
    return right / len(loader.dataset)

net = Net()
opt = torch.optim.Adam(net.parameters())
"""
STEP = """
opt.zero_grad()
out = net(x, n)
loss = F.cross_entropy(out, y)
loss.backward()
opt.step()
"""


def found(text: str) -> list[tuple[str, str]]:
    """Return the rules that speak up, each with its level."""
    record = read_text(text)
    return [(rule, level) for rule, _, level, _ in plain_of(judge(record), record)["found"]]


def training(
    *, after: str = "", each: str = "", before: str = "", epoch: str = "", end: str = "", head: str = HEAD
) -> str:
    """Return a program that trains, with these lines before all, at the begin of an epoch, after each batch and each epoch."""
    body = textwrap.indent(STEP + textwrap.dedent(each), " " * 8)
    inner = (
        textwrap.indent(textwrap.dedent(epoch), "    ") + "\n    for i, (x, n, y) in enumerate(train_loader):" + body
    )
    inner += "\n" + textwrap.indent(textwrap.dedent(after), "    ")
    return f"{head}\n{textwrap.dedent(before)}\nfor epoch in range(5):\n{inner}\n{textwrap.dedent(end)}"


def with_forward(forward: str, layers: str = "") -> str:
    """Return the head with another forward, and further layers."""
    start = HEAD.index("    def forward")
    own = textwrap.indent(textwrap.dedent(layers).strip(), " " * 8) + "\n    def forward(self, x, n):\n"
    own += textwrap.indent(textwrap.dedent(forward).strip(), " " * 8) + "\n\n"
    return HEAD[:start] + own + HEAD[HEAD.index("def accuracy") :]


MODES = {
    "the mode of every module is set by hand": (
        "evaluated_in_training_mode",
        training(
            before="""
            def switch(net, on):
                for part in net.modules():
                    part.training = on
            """,
            after="""
            switch(net, False)
            with torch.no_grad():
                right = sum((net(x, n).argmax(1) == y).sum().item() for x, n, y in valid_loader)
            switch(net, True)
            """,
        ),
    ),
    "a with of the program's own sets the mode": (
        "evaluated_in_training_mode",
        training(
            before="""
            from contextlib import contextmanager
            @contextmanager
            def quiet(net):
                net.eval()
                with torch.no_grad():
                    yield
                net.train()
            """,
            after="""
            with quiet(net):
                right = 0
                for x, n, y in valid_loader:
                    right += (net(x, n).argmax(1) == y).sum().item()
            """,
        ),
    ),
    "the losses of all batches are added up and go back once": (
        "evaluated_in_training_mode",
        HEAD
        + "for epoch in range(5):\n    opt.zero_grad()\n    total = 0\n    for x, n, y in train_loader:\n"
        + "        total = total + F.cross_entropy(net(x, n), y, reduction='sum')\n"
        + "    (total / len(train_loader.dataset)).backward()\n    opt.step()\n",
    ),
    "one loop goes through a phase of training and one of validation, and sets gradients to zero in both": (
        "training_mode_not_restored",
        HEAD
        + "for epoch in range(5):\n    for phase in ['train', 'val']:\n        net.train() if phase == 'train' else net.eval()\n"
        + "        for x, n, y in {'train': train_loader, 'val': valid_loader}[phase]:\n            opt.zero_grad()\n"
        + "            with torch.set_grad_enabled(phase == 'train'):\n                loss = F.cross_entropy(net(x, n), y)\n"
        + "                if phase == 'train':\n                    loss.backward()\n                    opt.step()\n",
    ),
    "the result of train() is kept, and the evaluation sets gradients to zero": (
        "training_mode_not_restored",
        training(
            before="""
            def validate():
                net.eval()
                right = 0
                with torch.no_grad():
                    for x, n, y in valid_loader:
                        opt.zero_grad()
                        right += (net(x, n).argmax(1) == y).sum().item()
                return right
            """,
            epoch="net = net.train()",
            after="print(validate())",
        ),
    ),
    "every turn of the seeds makes a model anew": (
        "training_mode_not_restored",
        HEAD
        + "for seed in range(5):\n    net = Net()\n    opt = torch.optim.Adam(net.parameters())\n"
        + "    for x, n, y in train_loader:"
        + textwrap.indent(STEP, " " * 8)
        + "    net.eval()\n    with torch.no_grad():\n        for x, n, y in valid_loader:\n            print(net(x, n))\n",
    ),
    "a teacher stays in evaluation mode": (
        "training_mode_not_restored",
        training(
            before="teacher = Net(256)\nteacher.load_state_dict(torch.load('teacher.pt'))\nteacher.eval()",
            epoch="net.train()",
            each="soft = teacher(x, n).softmax(1).detach()",
        ),
    ),
}
NUMBERS = {
    "the scores of folds are averaged": (
        "mean_of_batch_means",
        HEAD
        + "scores = []\nfor fold in range(5):\n    net = Net()\n    opt = torch.optim.Adam(net.parameters())\n"
        + "    for x, n, y in train_loader:"
        + textwrap.indent(STEP, " " * 8)
        + "    net.eval()\n    right = []\n    with torch.no_grad():\n        for x, n, y in valid_loader:\n"
        + "            right.extend((net(x, n).argmax(1) == y).tolist())\n    scores.append(np.mean(right))\n"
        + "print(sum(scores) / len(scores))\n",
    ),
    "every batch holds one review": (
        "mean_of_batch_means",
        training(
            epoch="shares = 0",
            each="shares += (out.argmax(1) == y).float().mean().item()",
            after="print(shares / len(train_loader))",
            head=HEAD.replace("batch_size=32", "batch_size=1"),
        ),
    ),
    "the list is printed and emptied every so many batches": (
        "mean_of_batch_means",
        training(
            epoch="shares = []",
            each="""
            shares.append(np.mean((out.argmax(1) == y).numpy()))
            if i % 50 == 49:
                print(np.mean(shares))
                shares = []
            """,
        ),
    ),
    "one batch holds all reviews": (
        "mean_of_batch_means",
        training(
            epoch="shares = 0",
            each="shares += (out.argmax(1) == y).float().mean().item()",
            after="print(shares / len(train_loader))",
            head=HEAD.replace("batch_size=32, shuffle", "batch_size=len(Reviews('train.pt')), shuffle"),
        ),
    ),
    "one batch holds all reviews, and its loss is the epoch's": (
        "last_batch_reported_for_the_epoch",
        training(
            after="print(epoch, loss.item())",
            head=HEAD.replace("batch_size=32, shuffle", "batch_size=len(Reviews('train.pt')), shuffle"),
        ),
    ),
    "what is called test is made of the validation file": (
        "test_set_chooses_the_epoch",
        training(
            before="best = 0",
            after="now = accuracy(net, test_loader)\nif now > best:\n    best = now\n    torch.save(net.state_dict(), 'best.pt')",
            head=HEAD.replace("test.pt", "dev.pt"),
        ),
    ),
    "labels are compared with the numbers of the classes": (
        "comparison_broadcasts",
        training(
            each="one_hot = y.unsqueeze(1) == torch.arange(4)\nguessed = out.argmax(1, keepdim=True) == torch.arange(4)"
        ),
    ),
    "each label is compared with all others": (
        "comparison_broadcasts",
        training(each="labels = y\nsame = labels.unsqueeze(1) == labels"),
    ),
}
WEIGHTS = {
    "weights are saved at once, in the branch that names them": (
        "best_weights_are_an_alias",
        training(
            before="best = 0",
            after="""
            now = accuracy(net, valid_loader)
            if now > best:
                best = now
                state = net.state_dict()
                torch.save(state, 'best.pt')
            """,
            end="state = torch.load('best.pt')\nnet.load_state_dict(state)\nprint(accuracy(net, test_loader))",
        ),
    ),
    "weights are named, and copied in the next line": (
        "best_weights_are_an_alias",
        training(
            before="best, kept = 0, None",
            after="""
            now = accuracy(net, valid_loader)
            if now > best:
                best = now
                state = net.state_dict()
                kept = {name: value.clone() for name, value in state.items()}
            """,
            end="net.load_state_dict(kept)",
        ),
    ),
    **{
        f"the best weights come back by {back}": (
            "best_weights_never_loaded",
            training(
                before="from helpers import read_model, manager\nbest = 0",
                after="""
                now = accuracy(net, valid_loader)
                if now > best:
                    best = now
                    torch.save(net.state_dict(), 'best.pt')
                """,
                end=f"{back}\nprint('test', accuracy(net, test_loader))",
            ),
        )
        for back in ("net = Net.load('best.pt')", "net = read_model('best.pt')", "manager.reload()")
    },
    "only the head is tuned, of a model that was trained before": (
        "parameters_missing_from_the_optimizer",
        training(before="net.load_state_dict(torch.load('all.pt'))\nopt = torch.optim.Adam(net.fc.parameters())"),
    ),
    "classes are balanced by a sampler": (
        "class_weights_not_used",
        training(
            before="""
            from sklearn.utils.class_weight import compute_class_weight
            from torch.utils.data import WeightedRandomSampler
            labels = np.load('labels.npy')
            class_weights = compute_class_weight('balanced', classes=np.unique(labels), y=labels)
            each_weight = class_weights[labels]
            sampler = WeightedRandomSampler(each_weight, len(each_weight))
            """
        ),
    ),
    "losses are weighed by hand": (
        "class_weights_not_used",
        training(
            before="""
            from sklearn.utils.class_weight import compute_class_weight
            labels = np.load('labels.npy')
            balance = torch.tensor(compute_class_weight('balanced', classes=np.unique(labels), y=labels)).float()
            """,
            each="shown = (F.cross_entropy(out, y, reduction='none') * balance[y]).mean()",
        ),
    ),
}
MODELS = {
    "the graph is kept for the next head": (
        "retain_graph_as_a_cure",
        HEAD
        + "for epoch in range(5):\n    for x, n, y in train_loader:\n        opt.zero_grad()\n        out = net(x, n)\n"
        + "        for k in range(4):\n            loss = F.binary_cross_entropy_with_logits(out[:, k], (y == k).float())\n"
        + "            loss.backward(retain_graph=True)\n        opt.step()\n",
    ),
    "the classes of one review are squeezed out": (
        "softmax_over_the_batch",
        training(end="net.eval()\nprint(F.softmax(net(torch.tensor([[1, 2]]), torch.tensor([2])).squeeze(), dim=0))"),
    ),
    "what was squeezed is flattened right after": (
        "squeeze_drops_a_batch_of_one",
        training(
            head=with_forward(
                "z = self.one(self.rnn(self.emb(x))[1][0]).squeeze()\nreturn z.view(-1)", "self.one = nn.Linear(hid, 1)"
            )
        ),
    ),
    "a dropout stands in a branch of training": (
        "functional_dropout_always_on",
        training(
            head=with_forward("""
            h = self.rnn(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))[1][0][-1]
            if self.training:
                h = F.dropout(h, 0.2)
            return self.fc(h)
            """)
        ),
    ),
    "an RNN reads one word, and begins with the state of a packed one": (
        "padding_read_as_last_step",
        training(
            head=with_forward(
                """
                _, state = self.rnn(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
                _, (h, _) = self.second(self.emb(x[:, :1]), state)
                return self.fc(h[-1])
                """,
                "self.second = nn.LSTM(50, hid, batch_first=True)",
            )
        ),
    ),
    "texts are turned round before and after they are filled up": (
        "padding_read_as_last_step",
        training(
            head=with_forward("return self.fc(self.rnn(self.emb(x))[0][:, -1])").replace(
                "pad_sequence(texts, batch_first=True)",
                "pad_sequence([one.flip(0) for one in texts], batch_first=True).flip(1)",
            )
        ),
    ),
    "a list's layers are made known by add_module": (
        "layers_in_a_python_list",
        training(
            head=with_forward(
                """
                h = self.rnn(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))[1][0][-1]
                for layer in self.stack:
                    h = layer(h)
                return self.fc(h)
                """,
                """
                self.stack = [nn.Linear(hid, hid), nn.Linear(hid, hid)]
                for i, layer in enumerate(self.stack):
                    self.add_module(f"layer{i}", layer)
                """,
            )
        ),
    ),
    "one review at a time has no batch axis to lose": (
        "squeeze_drops_a_batch_of_one",
        training(
            head=with_forward("return self.fc(self.rnn(self.emb(x))[1][0].squeeze())").replace(
                "batch_size=32", "batch_size=1"
            )
        ),
    ),
    "of one review at a time, the last entry is the review": (
        "last_review_read_as_last_step",
        training(
            head=with_forward("return self.fc(self.rnn(self.emb(x))[0][-1])").replace("batch_size=32", "batch_size=1")
        ),
    ),
    "the rows of one review are laid side by side": (
        "view_instead_of_transpose",
        training(
            head=with_forward(
                "return self.wide(torch.cat(self.rnn(self.emb(x))[1], dim=0).view(1, -1))",
                "self.wide = nn.Linear(2 * hid, 4)",
            ).replace("batch_size=32", "batch_size=1")
        ),
    ),
}
PIECES = """
for epoch in range(5):
    for x, n, y in train_loader:
        state = None
        for k in range(0, 20, 5):
            if state is not None:
                state = state.detach()
            out, state = reader(x[:, k : k + 5], state)
            loss = F.cross_entropy(out, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
"""
READER = """
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(5000, 50)
        self.rnn = nn.GRU(50, 64, batch_first=True)
        self.fc = nn.Linear(64, 4)
    def forward(self, x, state):
        out, state = self.rnn(self.emb(x), state)
        return self.fc(out[:, -1]), state

reader = Reader()
opt = torch.optim.Adam(reader.parameters())
"""
STATES = {
    "a state goes from piece to piece of the same texts": ("state_carried_from_batch_to_batch", HEAD + READER + PIECES)
}
HARMLESS = {**MODES, **NUMBERS, **WEIGHTS, **MODELS, **STATES}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_mistake_is_left_alone(name: str) -> None:
    rule, text = HARMLESS[name]
    assert rule not in [one for one, _ in found(text)]


def test_dropout_that_an_evaluation_switches_on_by_itself_is_a_risk() -> None:
    end = """
    def doubt(net):
        net.train()
        with torch.no_grad():
            for x, n, y in test_loader:
                print(torch.stack([net(x, n).softmax(-1) for _ in range(20)]).std(0))

    doubt(net)
    """
    assert ("evaluated_in_training_mode", "risk") in found(training(end=end))


def test_a_model_that_goes_on_in_further_runs_is_a_risk_and_in_further_folds_a_mistake() -> None:
    text = HEAD + "for {} in range(3):\n    for x, n, y in train_loader:" + textwrap.indent(STEP, " " * 8)
    assert ("model_goes_on_from_the_last_fold", "risk") in found(text.format("run"))
    assert ("model_goes_on_from_the_last_fold", "mistake") in found(text.format("fold"))


def test_weights_that_lose_what_they_were_are_still_found() -> None:
    text = training(
        before="best, kept = 0, net.state_dict()",
        after="now = accuracy(net, valid_loader)\nif now > best:\n    best, kept = now, None\n    kept = net.state_dict()",
        end="net.load_state_dict(kept)",
    )
    assert ("best_weights_are_an_alias", "mistake") in found(text)


def test_weights_of_classes_that_only_change_their_type_are_still_found() -> None:
    before = """
    from sklearn.utils.class_weight import compute_class_weight
    labels = np.load('labels.npy')
    weights = compute_class_weight('balanced', classes=np.unique(labels), y=labels)
    class_weights = torch.tensor(weights, dtype=torch.float)
    print(class_weights)
    """
    assert ("class_weights_not_used", "mistake") in found(training(before=before))


CHOSEN_BY_TEST = (
    "now = accuracy(net, test_loader)\nif now > best:\n    best = now\n    torch.save(net.state_dict(), 'best.pt')"
)


def test_names_of_test_and_validation_that_are_exchanged_choose_nothing_by_the_test_reviews() -> None:
    exchanged = training(before="best = 0", after=CHOSEN_BY_TEST, end="print(accuracy(net, valid_loader))")
    assert "test_set_chooses_the_epoch" not in [rule for rule, _ in found(exchanged)]
    chosen = training(before="best = 0", after=CHOSEN_BY_TEST, end="print(accuracy(net, test_loader))")
    assert ("test_set_chooses_the_epoch", "mistake") in found(chosen)


BY_BATCHES = "total += (net(x, n).argmax(1) == y).float().mean().item()"


@pytest.mark.parametrize(("size", "level"), [(1, None), (8, "mistake")])
def test_batches_of_one_are_as_many_as_reviews(size: int, level: str | None) -> None:
    end = f"""
    one_by_one = DataLoader(Reviews("test.pt"), batch_size={size}, collate_fn=together)
    net.eval()
    total = 0
    with torch.no_grad():
        for x, n, y in one_by_one:
            {BY_BATCHES}
    print(total / len(one_by_one))
    """
    assert dict(found(training(end=end))).get("mean_of_batch_means") == level


@pytest.mark.parametrize(("under", "is_found"), [("if True:", True), ("with torch.no_grad():", False)])
def test_losses_that_an_evaluation_adds_up_keep_their_graphs_too(under: str, is_found: bool) -> None:
    end = f"""
    net.eval()
    total = 0
    {under}
        for x, n, y in test_loader:
            total += F.cross_entropy(net(x, n), y) * len(y)
    print(total / len(test_loader.dataset))
    """
    assert ("loss_summed_with_its_graph" in dict(found(training(end=end)))) == is_found


def test_torch_is_torch_where_its_import_was_forgotten() -> None:
    text = training().replace("import torch\n", "from helpers import *\n", 1)
    assert found(text) == found(training())
    kept = training(end="for x, n, y in test_loader:\n    net(x, n)").replace("import torch\n", "", 1)
    assert "gradients_kept_in_evaluation" in dict(found(kept))


def test_validation_that_is_asked_in_each_epoch_too_exchanges_no_names() -> None:
    both = training(before="best = 0", after="seen = accuracy(net, valid_loader)\n" + CHOSEN_BY_TEST)
    assert ("test_set_chooses_the_epoch", "mistake") in found(both)
