r"""SmoothGrad and Gaussian LIME: means of slopes over $N(x, \sigma^2 I)$, in closed form for one hidden layer."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.special import ndtr

from attrtheory.errors import BadInput, Unsupported
from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.inputs import Data, rows, targets
from attrtheory.lower.layers import Network, Ramp, network
from attrtheory.lower.points.backward import pulled
from attrtheory.lower.points.coalitions import finite, rows_in_cache
from attrtheory.models.graph import Graph


def smooth_grad(graph: Graph, inputs: Data, sigma: float, target: int | Sequence[int] = 0) -> np.ndarray:
    r"""SmoothGrad $\phi_i = E\,\partial_i f(x + \sigma\xi)$, $\xi \sim N(0, I)$, of a network with one hidden layer.

    $f(y) = a\cdot y + \sum_k c_k\,(w_k\cdot y + b_k)_+ + c$ has
    $\phi_i = a_i + \sum_k c_k\,w_{ki}\,\Phi\bigl(u_k / (\sigma\lVert w_k\rVert)\bigr)$, $u_k = w_k\cdot x + b_k$; a leaky
    unit of slope s has $s + (1 - s)\,\Phi$ in the place of $\Phi$.

    Args:
        graph: a network whose ReLUs read values that are affine in the input; any layers may stand around them.
        inputs: one input or a batch.
        sigma: the noise, in the input's units; 0 gives the gradient.
        target: an output, or one for each input.

    Returns:
        float64 (n, *input_shape), rounded only.

    Raises:
        Unsupported: deeper networks, and max-pooling.

    Source: Smilkov et al. 2017, arXiv 1706.03825; Garreau and von Luxburg 2020 for LIME.
    """
    if not isfinite(sigma) or sigma < 0:
        raise BadInput(f"sigma: the noise, a finite number, 0 or more; got {sigma}")
    x = rows(graph, inputs, "inputs")
    kept, net = targets(graph, target, len(x)), network(graph)
    check_one_hidden_layer(net)
    values, norms, shares = [torch.tensor(x)], row_norms(net), dict[int, Tensor]()
    for k, layer, ins in net.nodes:
        z = values[ins[0]]
        if isinstance(layer, Ramp):
            shares[k] = _share_above(z, norms[ins[0]], sigma)
        values.append(layer.push(*(values[i] for i in ins)) if isinstance(layer, Affine) else layer.act(z))
    finite(values[-1])
    return pulled(net, shares, torch.tensor(kept)).numpy()


def gaussian_lime(graph: Graph, inputs: Data, sigma: float, target: int | Sequence[int] = 0) -> np.ndarray:
    r"""LIME's linear coefficients for Gaussian samples $y \sim N(x, \sigma^2 I)$, unweighted, without regularisation.

    $\beta = \Sigma^{-1}\mathrm{Cov}(y, f(y)) = E\,\xi f(x + \sigma\xi)/\sigma$, which integration by parts turns into
    SmoothGrad; so the arguments and the value are those of `smooth_grad`, with sigma above 0.

    Source: Ribeiro, Singh, Guestrin 2016, arXiv 1602.04938; Agarwal et al. 2021, arXiv 2102.10618.
    """
    if not sigma > 0:
        raise BadInput(f"sigma: the spread of the samples, above 0; got {sigma}")
    return smooth_grad(graph, inputs, sigma, target)


def check_one_hidden_layer(net: Network) -> None:
    for k, layer, ins in net.nodes:
        if not (isinstance(layer, Affine) or (isinstance(layer, Ramp) and net.straight[ins[0]])):
            raise Unsupported(
                f"layer {net.graph.nodes[k - 1].name!r}: a Gaussian mean is in closed form only for ReLUs that read what is "
                "affine in the input; use sampled_smooth_grad, which returns confidence intervals"
            )


def row_norms(net: Network) -> dict[int, Tensor]:
    """For values that are affine in the input, the lengths of their weight vectors, (1, *shape)."""
    norms: dict[int, Tensor] = {}
    for some in torch.arange(net.graph.features).split(rows_in_cache(net, torch.device("cpu"))):
        values = {0: one_hot(some, net.graph.features).to(torch.float64).view(-1, *net.graph.input_shape)}
        for k, layer, ins in net.nodes:
            if net.straight[k] and isinstance(layer, Affine):
                values[k] = layer.push(*(values[i] for i in ins), bias=0.0)
        for i, v in values.items():
            largest = v.abs().amax(0, keepdim=True)  # squares of the rest neither overflow nor vanish
            rest = v / largest.where(largest > 0, 1.0)
            norms[i] = torch.hypot(norms.get(i, torch.zeros(())), largest * rest.square().sum(0, keepdim=True).sqrt())
    return norms


def _share_above(u: Tensor, norm: Tensor, sigma: float) -> Tensor:
    """How probable it is that u is above 0 after noise in the input; without noise whether it is."""
    if sigma == 0:
        return (u > 0).to(u.dtype)
    return torch.where(norm > 0, ndtr(u / norm.where(norm > 0, 1.0) / sigma), (u > 0).to(u.dtype))
