"""Which draw of rows is seeded by what: each library has a generator of its own."""

from __future__ import annotations

import ast

from rnnlab.rules.asking.tables import last_word

_GIVEN = {"random_state", "seed", "generator", "rng"}
_NUMPY = {f"{numpy}.random.{name}" for numpy in ("np", "numpy") for name in ("shuffle", "permutation")}


def unseeded(call: ast.Call, text: str) -> str:
    """Return what to write where the rows are drawn by a generator that the program's text never seeds.

    Nothing where it does, where the call draws no rows, or where nobody can tell.
    """
    given = {option.arg for option in call.keywords}
    if None in given or given & _GIVEN:
        return ""
    written, name = ast.unparse(call.func), last_word(call)
    if written == "random.shuffle" and len(call.args) == 1:
        return "" if _random_is_seeded(text) else "Write random.seed(1) before it"
    if written in _NUMPY:
        return "" if _numpy_is_seeded(text) else "Write np.random.seed(1) before it"
    if name == "random_split" and len(call.args) == 2:
        torch_is_seeded = "manual_seed(" in text or "seed_everything(" in text
        return "" if torch_is_seeded else "Give it generator=torch.Generator().manual_seed(1)"
    if (name == "train_test_split" and call.args and "shuffle" not in given) or (name == "sample" and "frac" in given):
        return "" if _numpy_is_seeded(text) else "Give it random_state=1"
    is_torchtext = name == "split" and given & {"split_ratio", "stratified", "strata_field"}
    return "Write random.seed(1) before it" if is_torchtext and not _random_is_seeded(text) else ""


def _numpy_is_seeded(text: str) -> bool:
    return any(seed in text for seed in ("np.random.seed(", "numpy.random.seed(", "import seed"))


def _random_is_seeded(text: str) -> bool:
    """Say whether `random` is seeded; numpy's own `random.seed` is told apart by what stands before it."""
    rest = text.replace("np.random.seed(", "").replace("numpy.random.seed(", "")
    return "random.seed(" in rest or "import seed" in text or "random.setstate(" in text
