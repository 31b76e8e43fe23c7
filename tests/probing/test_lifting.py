"""A model is built from its program's source: arguments as the program gives them, and no line of the rest is run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rnnlab.facts import Gap, Probe
from rnnlab.jail import Jail, Limits
from rnnlab.probing.answering import answer
from rnnlab.probing.asking import MODULES, outermost, probe
from rnnlab.probing.experiments.signature import Found, find_form
from rnnlab.probing.lifting.building import Lifted, Unliftable, lift
from rnnlab.probing.lifting.candidates import candidates
from rnnlab.probing.lifting.program import Program
from rnnlab.probing.lifting.standins import standing_in

HEAD = "import torch\nimport torch.nn as nn\n"
MODEL = """
class Classifier(nn.Module):
    def __init__(self, {arguments}):
        super().__init__()
        self.embedding = nn.Embedding({vocab}, {emb})
        self.rnn = nn.{kind}({emb}, {hid}, batch_first=True)
        self.fc = nn.Linear({hid}, {classes})

    def forward(self, text):
        output, _ = self.rnn(self.embedding(text))
        return self.fc(output[:, -1])
"""


def program(arguments: str, rest: str, before: str = "", **names: str) -> dict[str, str]:
    """Return a program with one model, whose layers are built from these expressions."""
    names = {"vocab": "n_vocab", "emb": "n_emb", "hid": "n_hid", "classes": "n_out", "kind": "GRU", **names}
    text = HEAD + textwrap.dedent(before) + MODEL.format(arguments=arguments, **names) + textwrap.dedent(rest)
    return {"train.py": text}


def lifted(sources: dict[str, str], name: str = "Classifier", **known: Any) -> Lifted:
    return lift(sources, name, known)


def called(model: nn.Module) -> Found:
    with standing_in():
        return find_form(model)


def sizes(model: nn.Module) -> tuple[int, int, int, int]:
    assert isinstance(model.embedding, nn.Embedding) and isinstance(model.rnn, nn.RNNBase)
    assert isinstance(model.fc, nn.Linear)
    return model.embedding.num_embeddings, model.embedding.embedding_dim, model.rnn.hidden_size, model.fc.out_features


ARGUMENTS = "n_vocab, n_emb, n_hid, n_out"


# --- where arguments come from -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        ("", "model = Classifier(60, 30, 20, 5)"),
        ("", "model = Classifier(n_out=5, n_vocab=60, n_hid=2 * 10, n_emb=30)"),
        ("V, E, H, C = 60, 30, 20, 5", "model = Classifier(V, E, H, C)"),
        ("C = dict(n_vocab=60, n_emb=30, n_hid=20, n_out=5)", "model = Classifier(**C)"),
        (
            "class Config:\n    vocab = 60\n    def __init__(self):\n        self.emb = 30\n        self.out, self.hid = 5, 20\n",
            "cfg = Config()\nmodel = Classifier(cfg.vocab, cfg.emb, cfg.hid, cfg.out)",
        ),
        (
            """
            import argparse
            p = argparse.ArgumentParser()
            p.add_argument("--vocab", type=int, default=60)
            p.add_argument("-e", "--emb-dim", type=int, default="30")
            p.add_argument("--hid", dest="hidden", default=20)
            p.add_argument("--classes", default=5)
            """,
            """
            def main(args):
                model = Classifier(args.vocab, args.emb_dim, args.hidden, args.classes)
            if __name__ == "__main__":
                main(p.parse_args())
            """,
        ),
        ("", "def build(v, e=30, h=20):\n    return Classifier(v, e, h, 5)\nmodel = build(v=60)"),
        (
            "from dataclasses import dataclass\n@dataclass\nclass Settings:\n    v: int = 60\n    e: int = 30\n    h: int = 0\n",
            "s = Settings(h=20)\nmodel = Classifier(s.v, s.e, s.h, 5)",
        ),
    ],
    ids=["numbers", "names", "globals", "a dict", "a class", "argparse", "a function", "a dataclass"],
)
def test_arguments_are_read_where_the_program_gives_them(before: str, rest: str) -> None:
    model = lifted(program(ARGUMENTS, rest, before))
    assert sizes(model.model) == (60, 30, 20, 5) and model.guessed == ()


def test_what_the_source_does_not_say_is_guessed_by_use_each_size_another() -> None:
    sources = program("a, b, c, d", "model = Classifier(*load())", vocab="a", emb="b", hid="c", classes="d")
    found = lifted(sources)
    assert set(found.guessed) == {"a", "b", "c", "d"} and len(set(sizes(found.model))) == 4


def test_what_somebody_knows_better_is_taken() -> None:
    sources = program(ARGUMENTS, "model = Classifier(60, 30, 20, 5)")
    assert sizes(lifted(sources, n_hid=11, n_out=4).model) == (60, 30, 11, 4)


def test_wide_layers_are_built_narrow_where_that_is_free() -> None:
    found = lifted(program(ARGUMENTS, "model = Classifier(25_000, 300, 256, 5)"))
    assert max(sizes(found.model)) <= 64


def test_a_width_that_the_class_names_as_well_is_kept() -> None:
    sources = program("n_vocab, n_hid, n_out", "model = Classifier(25_000, 256, 2)", emb="300", classes="n_out")
    sources["train.py"] = sources["train.py"].replace("nn.Linear(n_hid", "nn.Linear(256")
    with Jail(MODULES) as jail:
        facts = probe(sources, jail=jail)
    assert facts[0].what == "lifted" and facts[0].given["arguments"]["n_hid"] == "256"  # type: ignore[union-attr]


def test_a_vocabulary_is_stood_in_for_and_its_length_is_used() -> None:
    before = "TEXT = make_field()\nPAD = TEXT.vocab.stoi['<pad>']\n"
    sources = program("n_hid=20", "model = Classifier()", before, vocab="len(TEXT.vocab)", emb="30", classes="2")
    found = lifted(sources)
    assert sizes(found.model) == (50, 30, 20, 2) and "TEXT" in found.stood_in


@pytest.mark.parametrize(
    "line",
    [
        "self.embedding.weight.data.copy_(vectors)",
        "self.embedding.weight.data.copy_(torch.from_numpy(vectors))",
        "self.embedding = nn.Embedding.from_pretrained(torch.FloatTensor(vectors))",
        "self.embedding.weight = nn.Parameter(torch.tensor(vectors, dtype=torch.float32))",
    ],
)
@pytest.mark.parametrize("emb", ["n_emb", "300"])
def test_pretrained_vectors_have_the_shape_that_the_class_wants(line: str, emb: str) -> None:
    sources = program(
        "n_vocab, n_emb, n_hid, vectors", "model = Classifier(V, 300, 20, load('glove'))", emb=emb, classes="2"
    )
    sources["train.py"] = sources["train.py"].replace("        self.rnn", f"        {line}\n        self.rnn")
    facts = answer(sources, "Classifier")
    assert facts[0]["what"] == "lifted" and facts[1]["what"] == "signature"


# --- what a class refers to ----------------------------------------------------------------------------------------


def test_nothing_else_of_the_program_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    sources = program(
        ARGUMENTS,
        f"model = Classifier(60, 30, 20, 5)\nopen({str(trace)!r}, 'w').write('training')\nfor epoch in range(10**9): pass",
        f"DATA = open({str(trace)!r}, 'w')\n",
    )
    lifted(sources)
    assert not trace.exists()


def test_helpers_constants_and_classes_come_along() -> None:
    before = """
    from torch.nn import functional as F
    ACTIVATION = {"relu": F.relu, "tanh": torch.tanh}
    SCALE = 2 ** 3
    def squash(x):
        return ACTIVATION["tanh"](x) * SCALE
    class Attention(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.w = nn.Linear(dim, 1)
        def forward(self, x):
            return (torch.softmax(self.w(x), 1) * x).sum(1)
    """
    sources = program(ARGUMENTS, "model = Classifier(60, 30, 20, 5)", before)
    text = sources["train.py"].replace("        self.fc", "        self.pool = Attention(n_hid)\n        self.fc")
    sources["train.py"] = text.replace("output[:, -1]", "squash(self.pool(output))")
    assert called(lifted(sources).model).form.output == ("batch", "5")


def test_several_files_and_cells_are_one_program() -> None:
    model = (
        HEAD
        + "from .parts import Head\n"
        + MODEL.format(
            arguments=ARGUMENTS, vocab="n_vocab", emb="n_emb", hid="n_hid", classes="n_out", kind="LSTM"
        ).replace("nn.Linear", "Head")
    )
    sources = {
        "app/models.py": model,
        "app/parts.py": HEAD + "class Head(nn.Linear):\n    pass\n",
        "app/settings.py": "HID = 20\n",
        "app/main.py": "import settings\nfrom models import Classifier\nmodel = Classifier(60, 30, settings.HID, 5)\n",
    }
    assert sizes(lifted(sources).model) == (60, 30, 20, 5)
    cells = program(ARGUMENTS, "")["train.py"]
    notebook = {
        "a.ipynb#1": HEAD,
        "a.ipynb#2": "H = 20",
        "a.ipynb#3": cells,
        "a.ipynb#4": "m = Classifier(60, 30, H, 5)",
    }
    found = lifted(notebook)
    assert sizes(found.model) == (60, 30, 20, 5) and (found.place.file, found.place.cell) == ("a.ipynb", 3)


def test_accelerators_packages_and_checkpoints_are_stood_in_for() -> None:
    before = """
    import no_such_package
    from no_such_package.layers import anything
    device = torch.device("cuda")
    """
    sources = program(ARGUMENTS, "model = Classifier(60, 30, 20, 5).cuda()", before)
    sources["train.py"] = (
        sources["train.py"]
        .replace("        self.fc", "        self.fc_device = device\n        self.cuda()\n        self.fc")
        .replace("output[:, -1]", "output[:, -1].cuda() + torch.zeros(1, device='cuda').to('cuda:0')")
        .replace("        super().__init__()\n", "        super().__init__()\n        no_such_package.log('here')\n")
    )
    assert called(lifted(sources).model).form.output == ("batch", "5")


def test_lightning_without_lightning() -> None:
    sources = program(ARGUMENTS, "model = Classifier(60, 30, 20, 5)", "import pytorch_lightning as pl\n")
    text = sources["train.py"].replace("(nn.Module)", "(pl.LightningModule)")
    text = text.replace("super().__init__()", "super().__init__()\n        self.save_hyperparameters()")
    sources["train.py"] = text.replace("nn.Linear(n_hid", "nn.Linear(self.hparams.n_hid")
    assert sizes(lifted(sources).model) == (60, 30, 20, 5)


# --- which classes -------------------------------------------------------------------------------------------------


def test_parts_are_seen_through_the_model_that_holds_them() -> None:
    text = HEAD + textwrap.dedent(
        """
        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.GRU(4, 5)
        class Base(nn.Module):
            pass
        class Whole(Base):
            def __init__(self):
                super().__init__()
                self.encoder = Encoder()
        class Attention(nn.Module):
            pass
        class Loader:
            LSTM = "no model"
        """
    )
    found = candidates(Program({"a.py": text}))
    assert {c.name for c in found} == {"Encoder", "Whole"} and [c.name for c in outermost(found)] == ["Whole"]


@pytest.mark.parametrize("how", ["getattr(nn, kind)", "CELLS[kind]", "{'gru': nn.GRU}[kind]"])
def test_a_layer_may_be_picked_by_name(how: str) -> None:
    before = "CELLS = {'gru': nn.GRU, 'lstm': nn.LSTM}\n"
    kind = "'GRU'" if "getattr" in how else "'gru'"
    sources = program(f"{ARGUMENTS}, kind", f"model = Classifier(60, 30, 20, 5, {kind})", before)
    sources["train.py"] = sources["train.py"].replace("nn.GRU(n_emb", f"{how}(n_emb")
    assert sizes(lifted(sources).model) == (60, 30, 20, 5)


def test_a_program_without_models_and_one_that_is_no_python_have_no_candidates() -> None:
    assert candidates(Program({"a.py": "print 'hello'", "b.py": "x = 1"})) == []
    assert probe({"a.py": "print 'hello'"}) == []


# --- in the jail ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jail() -> Any:
    with Jail(MODULES) as jail:
        yield jail


def test_a_whole_program_gives_facts_with_places(jail: Jail) -> None:
    facts = probe(program(ARGUMENTS, "model = Classifier(60, 30, 20, 5)"), jail=jail)
    kinds = {fact.what for fact in facts if isinstance(fact, Probe)}
    assert kinds >= {"lifted", "signature", "padding", "neighbours", "alone", "batch size", "one word", "permutation"}
    assert kinds >= {"word order", "repetition", "range", "parameters", "state", "steps", "reach"}
    assert all(fact.place is not None and fact.seen_by == "probe" for fact in facts)
    layer = next(fact for fact in facts if fact.what == "reach")
    line = program(ARGUMENTS, "")["train.py"].splitlines()[layer.place.line - 1]  # type: ignore[union-attr]
    assert "self.rnn(self.embedding(text))" in line


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("raise ValueError('too small')", "too small"),
        ("import os; os._exit(3)", "crashed"),
        ("while True: pass", "took too long"),
        ("self.big = torch.ones(1 << 34)", "memory"),
    ],
)
def test_a_model_that_cannot_be_built_is_a_gap_with_the_reason(jail: Jail, line: str, why: str) -> None:
    sources = program(ARGUMENTS, "model = Classifier(60, 30, 20, 5)")
    sources["train.py"] = sources["train.py"].replace("        self.fc", f"        {line}\n        self.fc")
    (gap,) = probe(sources, jail=jail, limits=Limits(wall_seconds=6, cpu_seconds=5, memory=1 << 30))
    assert isinstance(gap, Gap) and gap.what == "model Classifier" and why in gap.why


def test_no_such_class_is_said() -> None:
    with pytest.raises(Unliftable, match="no model Other"):
        lift({"a.py": "x = 1"}, "Other")


# --- how it is called ----------------------------------------------------------------------------------------------


def form(forward: str, extra: str = "") -> Any:
    """Return how a model with this forward is called; it has an embedding, a GRU (hid 8) and a head."""
    text = (
        HEAD
        + "from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, PackedSequence\n"
        + textwrap.dedent(
            """
        class M(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(40, 12, padding_idx=0)
                self.gru = nn.GRU(12, 8)
                self.fc = nn.Linear(8, 3)
                self.hidden = None
        """
        )
    )
    text += textwrap.indent(textwrap.dedent(extra) + textwrap.dedent(forward), "    ")
    return called(lift({"m.py": text}, "M").model)


LAST = "    return self.fc(h[-1])\n"


PLAIN = "_, h = self.gru(self.embedding(x))"
FORWARDS = {
    f"def forward(self, x):\n    {PLAIN}\n": ["text"],
    "def forward(self, n, x):\n    _, h = self.gru(pack_padded_sequence(self.embedding(x), n))\n": ["lengths", "text"],
    "def forward(self, x, largos):\n    _, h = self.gru(pack_padded_sequence(self.embedding(x), largos))\n": [
        "text",
        "lengths",
    ],
    "def forward(self, x, h):\n    _, h = self.gru(self.embedding(x), h)\n": ["text", "hidden"],
    f"def forward(self, x, mask=None):\n    assert mask.dtype == torch.bool\n    {PLAIN}\n": ["text", "mask"],
    "def forward(self, batch):\n    x, n = batch\n    _, h = self.gru(pack_padded_sequence(self.embedding(x), n))\n": [
        "text and lengths"
    ],
    "def forward(self, batch):\n    _, h = self.gru(self.embedding(batch['input_ids']))\n": ["dict(input_ids: text)"],
    "def forward(self, b):\n    _, h = self.gru(self.embedding(b.text))\n": ["object(text: text)"],
    "def forward(self, seqs):\n    _, h = self.gru(pack_sequence([self.embedding(s) for s in seqs]))\n": ["texts"],
    "def forward(self, p):\n    _, h = self.gru(PackedSequence(self.embedding(p.data), p.batch_sizes))\n": ["packed"],
}


@pytest.mark.parametrize(("forward", "roles"), FORWARDS.items(), ids=[" ".join(roles) for roles in FORWARDS.values()])
def test_arguments_in_all_their_forms_are_found(forward: str, roles: list[str]) -> None:
    found = form(forward + LAST)
    assert found.form.roles() == roles and found.form.output == ("batch", "3")
    if roles not in (["packed"], ["texts"]):  # which have no order of axes
        assert found.form.axes == ("seq_len", "batch")


def test_first_states_that_the_program_makes_are_made() -> None:
    extra = "def init_hidden(self, n):\n    return torch.zeros(1, n, 8)\n"
    states = "assert self.hidden is not None, 'None'\n    _, h = self.gru(self.embedding(x), self.hidden)\n"
    found = form(f"def forward(self, x):\n    {states}" + LAST, extra)
    assert found.form.before == "init_hidden"


def test_the_order_of_axes_is_told_by_the_answer_and_by_the_layer() -> None:
    agreeing = form("def forward(self, x):\n    _, h = self.gru(self.embedding(x))\n" + LAST)
    assert agreeing.by_output == agreeing.by_layers == "seq_len batch"
    apart = form("def forward(self, x):\n    y, h = self.gru(self.embedding(x))\n    return self.fc(y[:, -1])\n")
    assert (apart.by_output, apart.by_layers) == ("batch seq_len", "seq_len batch")


def test_one_text_at_a_time_and_features_instead_of_ids() -> None:
    single = form(
        "def forward(self, x):\n    _, h = self.gru(self.embedding(x).view(len(x), 1, -1))\n    return self.fc(h.view(1, -1))\n"
    )
    assert single.form.axes == ("seq_len",) and single.takes_one_text

    class Features(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(9, 8, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gru(x)[1][-1]

    found = find_form(Features()).form
    assert (found.kind, found.width, found.axes) == ("features", 9, ("batch", "seq_len"))
