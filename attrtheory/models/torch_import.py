"""A torch module as a graph: `torch.export` traces it, and every operation of the trace becomes a layer.

The trace is of two batch sizes, on which the layers must be the same. In-place operations are already replaced by what
they mean (a skip that reads a tensor which `relu_` has changed reads the changed one). Constants are taken as the
module computes them, in its own precision; only the numbers named in `attrtheory.models.build` are rounded, to float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.export.graph_signature import InputKind
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from attrtheory.errors import AttrTheoryError, BadInput, Unsupported
from attrtheory.models.build import Builder
from attrtheory.models.graph import Graph
from attrtheory.models.ops import Shape
from attrtheory.models.torch_gradient import own_derivative
from attrtheory.models.torch_trace import BATCHES, Arguments, run, trace
from attrtheory.models.torch_walk import Walk


def from_torch(
    module: nn.Module,
    input_shape: Shape | None = None,
    example: Tensor | None = None,
    name: str | None = None,
    arguments: Sequence[Any] = (),
) -> Graph:
    """The graph of `module` on inputs of `input_shape` (without the batch axis) or as `example` (with it).

    `arguments` are further arguments of `forward`, which stay as they are: see `from_torch_inputs`.
    """
    _check(module)
    example = _example(module, input_shape, example)
    return Traced(module, [example], arguments, name, tuple(example.shape[1:])).graph()


def from_torch_inputs(
    module: nn.Module, examples: Sequence[Tensor], arguments: Sequence[Any] = (), name: str | None = None
) -> Graph:
    """The graph of a module with several inputs, as a function of all their entries one behind the other.

    Args:
        module: called as `module(*inputs, *arguments)`.
        examples: one tensor for each input, batch axis first; only shapes, precisions and devices count.
        arguments: what `forward` takes behind the inputs, held fixed: numbers, flags, None, tensors. A tensor whose
            first axis is 1 belongs to the example and is repeated for a batch; any other is passed as it is.
        name: of the graph.

    Returns:
        A graph with input shape (n,), n the number of entries of one example of all inputs, flattened in order.
    """
    return Traced(module, examples, arguments, name).graph()


def _check(module: Any) -> None:
    if not isinstance(module, nn.Module) or isinstance(module, torch.jit.ScriptModule):
        raise BadInput(f"from_torch takes a torch.nn.Module (not scripted); got {type(module).__name__}")
    if any(is_lazy(t) for t in (*module.parameters(), *module.buffers())):
        raise BadInput("the module has lazy layers without weights yet; run it once on an input first")


def _usable(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point() and bool(x.numel())


def _example(module: nn.Module, shape: Shape | None, example: Tensor | None) -> Tensor:
    if example is None:
        if shape is None:
            hint = "input_shape=(1, 28, 28) without the batch axis, or example=x with it"
            raise BadInput(f"from_torch needs the input's shape: {hint}")
        listed = isinstance(shape, Sequence) and not isinstance(shape, str)
        if not listed or not shape or not all(isinstance(n, int) and n >= 1 for n in shape):
            hint = "write (3,) for 3 features"
            raise BadInput(f"input_shape must be a tuple of positive sizes, without the batch axis ({hint}); got {shape!r}")
        tensors = (*module.parameters(), *module.buffers())
        like = next((t for t in tensors if t.is_floating_point()), torch.empty(0))
        return torch.zeros((1, *shape), dtype=like.dtype, device=like.device)
    if not _usable(example) or example.ndim < 2:
        hint = "write x[None] for one example without a batch axis"
        raise BadInput(f"example must be a tensor of floats whose first axis is the batch; {hint}")
    if shape is not None and tuple(shape) != tuple(example.shape[1:]):
        without = f"{tuple(example.shape[1:])} without its batch axis"
        raise BadInput(f"input_shape {tuple(shape)} is not the example's shape, {without}")
    return example.detach()


class Traced:
    """A module, traced once. `graph` reads its weights and buffers as they are at that moment."""

    def __init__(
        self,
        module: nn.Module,
        examples: Sequence[Tensor],
        arguments: Sequence[Any] = (),
        name: str | None = None,
        shape: Shape | None = None,
    ) -> None:
        _check(module)
        if not examples or not all(_usable(x) and x.ndim for x in examples):
            raise BadInput("examples must be tensors of floats whose first axis is the batch, at least one")
        examples = [x.detach() for x in examples]
        self.batches = [_batch(n, examples, arguments) for n in BATCHES]
        for batch in self.batches:
            run(module, batch)
        own_derivative(module, len(examples), self.batches[0])
        self.program, leaves = trace(module, self.batches), iter(tree_leaves(self.batches))
        specs = [s for s in self.program.graph_signature.input_specs if s.kind is InputKind.USER_INPUT]
        self.given = dict(zip((s.arg.name for s in specs), leaves, strict=True))
        self.inputs, self.name = len(examples), name or type(module).__name__
        self.shape = shape or (sum(x[0].numel() for x in examples),)

    def graph(self) -> Graph:
        graphs: list[Graph] = []
        for k, (size, batch) in enumerate(zip(BATCHES, self.batches, strict=True)):
            walk = Walk(self.program, k, self.given, batch[: self.inputs], Builder(self.shape, self.name, size))
            try:
                graphs.append(walk.graph())
            except AttrTheoryError as error:
                if not graphs:
                    raise
                raise Unsupported(f"the module works on a batch of {BATCHES[0]}, but of {size}: {error}") from error
        if not _alike(*graphs):
            sizes = " and ".join(map(str, BATCHES))
            raise Unsupported(f"the module computes something else on batches of {sizes}; a graph is of one example")
        return graphs[0]


def _batch(size: int, examples: Sequence[Tensor], arguments: Sequence[Any]) -> Arguments:
    zeros = [torch.zeros((size, *x.shape[1:]), dtype=x.dtype, device=x.device) for x in examples]
    own = lambda a: isinstance(a, Tensor) and a.ndim > 0 and len(a) == 1
    return (*zeros, *(a.detach().repeat_interleave(size, 0) if own(a) else a for a in arguments))


def _alike(a: Graph, b: Graph) -> bool:
    """Equal in all but names."""
    return a.shapes == b.shapes and all(
        m.inputs == n.inputs
        and type(m.op) is type(n.op)
        and all(map(np.array_equal, vars(m.op).values(), vars(n.op).values()))
        for m, n in zip(a.nodes, b.nodes, strict=True)
    )
