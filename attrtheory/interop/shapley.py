"""captum's Shapley values: all coalitions once (2^n evaluations) instead of all orders (n n!)."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import Any

import torch
from torch import Tensor

from attrtheory.errors import BadInput, TooLarge
from attrtheory.interop.arguments import Tensors
from attrtheory.interop.method import entry
from attrtheory.interop.mixtures import Masks, Mixtures, as_features
from attrtheory.interop.perturbation import Perturbation

MAX_PLAYERS = 20
MAX_ENTRIES = 2**28  # of the table of all coalitions' outputs
CHEAP = 2**10  # coalitions that sampling would not save


class ShapleyValues(Perturbation):
    r"""$\phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n - |S| - 1)!}{n!}\bigl(v(S \cup i) - v(S)\bigr)$, over all coalitions.

    captum's `ShapleyValues`: $v(S)$ is the output where the features of S come from the input and the others from the
    baseline. Exact for up to 20 features, or groups of them in a `feature_mask`.

    Source: Shapley, A Value for n-Person Games, 1953.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        feature_mask: Any = None,
        perturbations_per_eval: int = 1,
        show_progress: bool = False,
    ) -> Any:
        """Attributions (*output shape, *features) in float32, as captum returns; `result.values` has them in float64.

        Arguments as for FeatureAblation. A larger `perturbations_per_eval` is quicker.

        Raises:
            TooLarge: more than 20 features without a feature_mask that groups them.
        """
        game = Mixtures(
            self.forward_func, inputs, baselines, target, additional_forward_args, perturbations_per_eval
        )
        features, n = as_features(feature_mask, game.inputs)
        if n > MAX_PLAYERS or game.original.numel() << n > MAX_ENTRIES:
            raise TooLarge(
                f"Shapley values of {n} features take 2^{n} evaluations; up to {MAX_PLAYERS} are computed. Group them with "
                "feature_mask, or sample with ShapleyValueSampling"
            )
        values = _spread(exact_values(game, features, n, show_progress), game, features)
        return self._finished(inputs, values, torch.float32)


class ShapleyValueSampling(Perturbation):
    """Shapley values by random orders, captum's `ShapleyValueSampling`; exact where that takes no more evaluations.

    `result.trust` says which: "float" for all coalitions, "sampled" otherwise, with `result.standard_error`.

    Source: Castro, Gómez and Tejada, Polynomial Calculation of the Shapley Value Based on Sampling, 2009.
    """

    @entry
    def attribute(
        self,
        inputs: Any,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        feature_mask: Any = None,
        n_samples: int = 25,
        perturbations_per_eval: int = 1,
        show_progress: bool = False,
    ) -> Any:
        """As `ShapleyValues.attribute`; `n_samples` random orders are drawn with torch's generator."""
        game = Mixtures(
            self.forward_func, inputs, baselines, target, additional_forward_args, perturbations_per_eval
        )
        if isinstance(n_samples, bool) or not isinstance(n_samples, int) or n_samples < 1:
            raise BadInput(f"n_samples: got {n_samples!r}; give a whole number from 1 on")
        features, n = as_features(feature_mask, game.inputs)
        if n <= MAX_PLAYERS and 2**n <= max(CHEAP, n_samples * n) and game.original.numel() << n <= MAX_ENTRIES:
            values = _spread(exact_values(game, features, n, show_progress), game, features)
            return self._finished(inputs, values, torch.float32)
        mean, error = sampled_values(game, features, n, n_samples, show_progress)
        values, errors = _spread(mean, game, features), _spread(error, game, features)
        trust = ("sampled",) * len(values[0])
        return self._finished(inputs, values, torch.float32, trust=trust, standard_error=errors)


def exact_values(game: Mixtures, features: list[Tensor], n: int, progress: bool) -> Tensor:
    """The Shapley values (n, outputs) in float64."""
    coalitions = ([bool(s >> k & 1) for k in range(n)] for s in range(2**n))
    masks = (_absent(features, inside) for inside in coalitions)
    found = game.outputs(masks, 2**n, "coalitions", progress=progress)
    v = torch.stack([y.to("cpu", torch.float64).reshape(-1) for y in found])
    codes = torch.arange(2**n)
    size = sum((codes >> k & 1 for k in range(n)), torch.zeros_like(codes))
    weight = torch.tensor([1 / (n * comb(n - 1, s)) for s in range(n)], dtype=torch.float64)
    rows = []
    for k in range(n):
        without = codes[(codes >> k & 1) == 0]
        rows.append(weight[size[without]] @ (v[without + 2**k] - v[without]))
    return torch.stack(rows)


def sampled_values(
    game: Mixtures, features: list[Tensor], n: int, samples: int, progress: bool
) -> tuple[Tensor, Tensor]:
    """The mean over random orders of each feature's contribution, and its standard error; (n, outputs) in float64."""
    orders = [torch.randperm(n).tolist() for _ in range(samples)]

    def masks() -> Iterator[Masks]:
        yield _absent(features, [False] * n)
        for order in orders:
            inside = [False] * n
            for k in order:
                inside[k] = True
                yield _absent(features, inside)

    found = game.outputs(masks(), samples * n + 1, "random orders", progress=progress)
    start = next(found).to("cpu", torch.float64).reshape(-1)
    gains = torch.zeros(samples, n, len(start), dtype=torch.float64)
    for s, order in enumerate(orders):
        before = start
        for k in order:
            after = next(found).to("cpu", torch.float64).reshape(-1)
            gains[s, k], before = after - before, after
    spread = gains.std(0) if samples > 1 else torch.full_like(gains[0], torch.inf)
    return gains.mean(0), spread / samples**0.5


def _absent(features: list[Tensor], inside: list[bool]) -> Masks:
    """The entries of the features that are not in a coalition."""
    return tuple(~torch.tensor(inside, device=f.device)[f] for f in features)


def _spread(values: Tensor, game: Mixtures, features: list[Tensor]) -> Tensors:
    """Values (features, outputs) at every entry of the inputs: tensors (*output shape, *features)."""
    shape, made = game.original.shape, []
    for f, x in zip(features, game.inputs, strict=True):
        at = f.expand(shape[0] if f.shape[0] == 1 else f.shape[0], *x.shape[1:])
        table = values.to(x.device).view(-1, *shape)
        index = at.reshape(at.shape[0], -1)
        rows = [table[index[k], k] for k in range(len(index))]  # each (entries, *rest of the output)
        made.append(torch.stack(rows).movedim(1, -1).reshape(*shape, *x.shape[1:]))
    return tuple(made)
