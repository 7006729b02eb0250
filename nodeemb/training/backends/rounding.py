"""Rounding to bfloat16 in torch."""

from __future__ import annotations

import torch


def rounded(values: torch.Tensor) -> torch.Tensor:
    """The nearest bfloat16 of each number, in the type that they have."""
    return values.bfloat16().to(values.dtype)
