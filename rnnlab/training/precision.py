"""How many bits a training run computes with: fp32, bf16 or fp16. The weights and the optimizer stay in fp32."""

from __future__ import annotations

import contextlib

import torch
from torch.amp.autocast_mode import autocast as torch_autocast
from torch.amp.grad_scaler import GradScaler

from rnnlab.training.recipes import Precision

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(precision: Precision, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a forward pass computes at this precision; at fp32 it does nothing."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch_autocast(device.type, dtype=_TYPES[precision])


def scaler(precision: Precision, device: torch.device) -> GradScaler | None:
    """Return what keeps small gradients from vanishing in fp16; the other precisions have range enough and need none."""
    return GradScaler(device.type) if precision == "fp16" else None


def stated(precision: Precision, device: torch.device) -> str:
    """Return a line on the bits that products are computed with, TF32 included."""
    if precision != "fp32":
        return f"{precision} products, fp32 weights and optimizer"
    if device.type != "cuda":
        return "fp32"
    # Two switches: cuDNN's RNNs use TF32 unless told otherwise, matrix products only when asked.
    short = [
        name
        for name, on in (
            ("the recurrence", torch.backends.cudnn.allow_tf32),
            ("matrix products", torch.backends.cuda.matmul.allow_tf32),
        )
        if on
    ]
    return f"fp32, TF32 (10 bits of fraction) in {' and '.join(short)}" if short else "fp32, no TF32"
