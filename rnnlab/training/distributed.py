"""Several processes that train one model: `torchrun --nproc-per-node N -m rnnlab train`.

Alone, every function here does nothing but return what it was given, so the loop is written once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

# The first process may cut 50,000 reviews into tokens while the others wait for it.
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Processes:
    """This process among those that train together: `rank` of `ranks`, on `device`."""

    rank: int
    ranks: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def sums(self, values: list[float]) -> list[float]:
        """Return each value summed over all processes, in double precision."""
        if self.ranks == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()

    def summed(self, counts: Tensor) -> Tensor:
        """Return a tensor of counts summed over all processes."""
        if self.ranks > 1:
            counts = counts.to(self.device)
            dist.all_reduce(counts)
        return counts.cpu()

    def gathered(self, thing: Any) -> list[Any]:
        """Return what each process has, in the order of the ranks."""
        if self.ranks == 1:
            return [thing]
        things: list[Any] = [None] * self.ranks
        dist.all_gather_object(things, thing)
        return things

    def from_first(self, thing: Any) -> Any:
        """Return what the first process has."""
        if self.ranks == 1:
            return thing
        box = [thing]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.ranks > 1:
            dist.barrier()

    def shared(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are the mean over all processes."""
        if self.ranks == 1:
            return module
        # The inputs lie where they should: device_ids would carry the lengths, which packing reads, to the GPU and back.
        return DistributedDataParallel(module)


def is_launched() -> bool:
    """Say whether torchrun has started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextlib.contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun has started, each on a GPU of its own or all on the CPU; alone otherwise.

    Raises:
        ValueError: there are fewer GPUs than processes.
    """
    if not is_launched():
        yield Processes(0, 1, torch.device(device))
        return
    rank, ranks, local = (int(os.environ.get(name, "0")) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    if device.startswith("cuda"):
        if local >= torch.cuda.device_count():
            raise ValueError(
                f"there are {torch.cuda.device_count()} GPUs for process {local + 1} of this machine; start fewer"
            )
        torch.cuda.set_device(local)
        mine, how = torch.device("cuda", local), "nccl"
    else:
        mine, how = torch.device(device), "gloo"
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", ranks))))
    dist.init_process_group(how, timeout=_PATIENCE)
    try:
        yield Processes(rank, ranks, mine)
    finally:
        dist.destroy_process_group()
