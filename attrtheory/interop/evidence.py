"""What the attributions of the last call are worth."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Evidence:
    """The last attributions before they were rounded to the precision of the inputs, with all that is known of them.

    Tuples of tensors have one for each input tensor, in its shape. `trust[k]` is of example k: "exact", "enclosed"
    (between `lower` and `upper`), "float" (float64) or "sampled". `kinks[k]` says in words where the path of example k
    lies in a kink; `pieces[k]` counts its affine pieces. `standard_error` is that of sampled values.
    """

    values: tuple[Tensor, ...]
    trust: tuple[str, ...]
    lower: tuple[Tensor, ...] | None = None
    upper: tuple[Tensor, ...] | None = None
    kinks: tuple[tuple[str, ...], ...] = ()
    pieces: tuple[int, ...] = ()
    standard_error: tuple[Tensor, ...] | None = None
