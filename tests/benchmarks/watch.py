"""Measures what watching costs: a forward pass traced against bare, beside other tools, and a watched training run.

Run it with `python tests/benchmarks/watch.py [REPEATS]`; with the 21 repeats of the default it takes some five minutes. Each
line alternates its two sides (bare, watched, bare, watched, ...) in one process with one thread and gives the median of the
paired ratios, the bare time, the milliseconds that were added, and a control: bare against bare, which tells the noise. A
control that is off by more than 5 % makes the line unfit to be quoted: run it again. Tools that are not installed are left
out: `pip install torchinfo torchlens TorchSnooper 'setuptools<81'` brings them.
"""

import contextlib
import functools
import gc
import importlib.util
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnlab
from rnnlab.record import Record

REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 21
WORDS, EMB, HID, CLASSES = 20_002, 128, 256, 2


class Plain(nn.Module):
    """The lecture's first model."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, EMB)
        self.rnn = nn.LSTM(EMB, HID)
        self.fc = nn.Linear(HID, CLASSES)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        _output, (hidden, _cell) = self.rnn(embedded)
        hidden = hidden.squeeze(0)
        return self.fc(hidden)


class Packed(Plain):
    """The lecture's second model."""

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        embedded = self.embedding(text)
        packed = pack_padded_sequence(embedded, lengths.cpu())
        output, (hidden, _cell) = self.rnn(packed)
        output, _ = pad_packed_sequence(output)
        return self.fc(hidden.squeeze(0))


class Cells(nn.Module):
    """A loop over time steps by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, EMB)
        self.rnn = nn.LSTMCell(EMB, HID)
        self.fc = nn.Linear(HID, CLASSES)

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        hidden = torch.zeros(text.shape[1], HID)
        cell = torch.zeros(text.shape[1], HID)
        for t in range(text.shape[0]):
            hidden, cell = self.rnn(embedded[t], (hidden, cell))
        return self.fc(hidden)


def batch(seq_len: int, size: int) -> tuple[Tensor, Tensor]:
    """Return token indices (seq_len, batch) and lengths (batch), longest first, as reviews have them."""
    text = torch.randint(2, WORDS, (seq_len, size))
    lengths = torch.linspace(seq_len, max(1, seq_len // 5), size).round().long()
    return text, lengths


# --- tools ----------------------------------------------------------------------------------------------------------


def torchinfo(model: nn.Module, *inputs: Tensor) -> None:
    from torchinfo import summary

    summary(model, input_data=list(inputs), verbose=0)


def torchlens(model: nn.Module, *inputs: Tensor) -> None:
    import torchlens

    trace = getattr(torchlens, "trace", None) or torchlens.log_forward_pass
    trace(model, inputs)


def torchsnooper(model: nn.Module, *inputs: Tensor) -> None:
    import torchsnooper

    with Path(os.devnull).open("w") as nowhere:
        torchsnooper.snoop(output=nowhere)(type(model).forward)(model, *inputs)


def debug_mode(model: nn.Module, *inputs: Tensor) -> None:
    from torch.utils._debug_mode import DebugMode

    with DebugMode(record_stack_trace=True) as mode:
        model(*inputs)
    mode.debug_string()


TOOLS = {
    "torchinfo": ("torchinfo", torchinfo),
    "TorchLens": ("torchlens", torchlens),
    "TorchSnooper": ("torchsnooper", torchsnooper),
    "torch DebugMode with stacks": ("torch.utils._debug_mode", debug_mode),
}


# --- measuring ------------------------------------------------------------------------------------------------------


def seconds(run: Callable[[], object], times: int = 1) -> float:
    """Time one run, as the mean of several where one is short."""
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times


def compared(
    bare: Callable[[], object], watched: Callable[[], object], repeats: int
) -> tuple[float, float, float, float]:
    """Return the median ratio, the control's (bare against bare), bare's median and the median of what was added, in ms."""
    for _ in range(3):
        bare(), watched()
    times = max(1, round(0.01 / seconds(bare)))
    gc.collect()
    ratios, controls, bares, added = [], [], [], []
    for _ in range(repeats):
        first, with_watching, second = seconds(bare, times), seconds(watched, times), seconds(bare, times)
        # The two bare runs stand around the watched one: a drift of the machine falls on both sides.
        alone = (first + second) / 2
        ratios.append(with_watching / alone)
        controls.append(second / first)
        bares.append(alone * 1000)
        added.append((with_watching - alone) * 1000)
    return tuple(statistics.median(values) for values in (ratios, controls, bares, added))  # type: ignore[return-value]


def line(name: str, bare: Callable[[], object], watched: Callable[[], object], repeats: int, bar: str = "") -> None:
    """Print one line of the table."""
    ratio, control, alone, added = compared(bare, watched, repeats)
    noisy = "  NOISE: run again" if abs(control - 1) > 0.05 else ""
    print(
        f"{name:54} {ratio:7.2f} x  {alone:9.2f} ms  {added:+9.2f} ms  control {control:.2f}  {bar}{noisy}", flush=True
    )


def forward_passes() -> None:
    """A forward pass: plain and packed at the lecture's size, tiny, and a loop of 200 cells."""
    big, small, loop = batch(200, 64), batch(8, 2), batch(200, 4)
    cases = [
        ("plain, seq_len 200, batch 64", Plain(), big[:1], REPEATS, "bar: 1.10 x"),
        ("packed, seq_len 200, batch 64", Packed(), big, REPEATS, "bar: 1.10 x"),
        ("plain, seq_len 8, batch 2", Plain(), small[:1], 3 * REPEATS, "bar: +2 ms"),
        ("packed, seq_len 8, batch 2", Packed(), small, 3 * REPEATS, "bar: +2 ms"),
        ("LSTMCell x 200, batch 4", Cells(), loop[:1], REPEATS, "bar: 2 x"),
    ]
    for name, model, inputs, repeats, bar in cases:
        watched = functools.partial(rnnlab.trace, model, *inputs)
        line(f"rnnlab.trace: {name}", functools.partial(model, *inputs), watched, repeats, bar)
    for tool, (package, run) in TOOLS.items():
        if not _is_there(package):
            print(f"{tool}: not installed")
            continue
        for name, model, inputs, repeats, _ in cases:
            # Some take a second for one pass.
            try:
                watched = functools.partial(run, model, *inputs)
                line(f"{tool}: {name}", functools.partial(model, *inputs), watched, min(repeats, 7))
            except Exception as error:
                print(f"{tool}: {name}: {type(error).__name__}: {str(error)[:80]}")


def _is_there(package: str) -> bool:
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return importlib.util.find_spec(package) is not None and bool(__import__(package))
    except Exception:
        return False


# --- training -------------------------------------------------------------------------------------------------------


def training(steps: int = 200, record: Record | None = None) -> Record | None:
    """Train the plain model for some steps at seq_len 200, batch 64, inside the watch or without it."""
    torch.manual_seed(1)
    model, (text, _) = Plain(), batch(200, 64)
    label = torch.randint(0, CLASSES, (64,))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    loader = torch.utils.data.DataLoader([0] * steps, batch_size=1)  # type: ignore[arg-type]

    def train() -> None:
        for _ in loader:
            loss = nn.functional.cross_entropy(model(text), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    if record is None:
        train()
        return None
    from rnnlab.watching.watch import Watch

    with Watch(record).looking():
        train()
    return record


def training_in_rounds(steps: int = 200, rounds: int = 20) -> None:
    """Alternate bare and watched stretches until each side has made `steps` steps, and compare their whole time."""
    from rnnlab.watching.watch import new_record

    each, bare, watched, controls = steps // rounds, [], [], []
    training(2), training(2, new_record())
    for _ in range(rounds):
        first = seconds(lambda: training(each))
        watched.append(seconds(lambda: training(each, new_record())))
        second = seconds(lambda: training(each))
        bare.append((first + second) / 2)
        controls.append(second / first)
    ratio = statistics.median(w / b for w, b in zip(watched, bare, strict=True))
    name = f"a training run of {steps} steps, seq_len 200, batch 64"
    print(
        f"{name:54} {ratio:7.3f} x  {sum(bare):9.2f} s   {sum(watched) - sum(bare):+9.2f} s   "
        f"control {statistics.median(controls):.2f}  bar: 1.05 x"
    )


def record_size() -> None:
    """How many bytes a row of a record takes, after folding."""
    from rnnlab.watching.watch import new_record

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.rnnlab"
        record = training(20, new_record(path))
        assert record is not None
        record.close()
        rows = len(record)
        source = sum(len(text) for text in record.sources.values())
        print(f"record of that run: {rows} rows, {(path.stat().st_size - source) / rows:,.0f} bytes a row   bar: 1,024")


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"{'':54} {'ratio':>9}  {'bare':>12}  {'added':>12}")
    forward_passes()
    training_in_rounds()
    record_size()
    print(
        f"on {platform.machine()}, {os.cpu_count()} cores, one thread, Python {platform.python_version()}, "
        f"torch {version('torch')}, {platform.system()}"
    )


if __name__ == "__main__":
    main()
