"""A torch module as a graph: `torch.export` traces it, and every operation of the trace becomes a layer.

The trace is of one concrete shape, with in-place operations already replaced by what they mean (a skip that
reads a tensor which `relu_` has changed reads the changed one). Constants are taken as the module computes
them, in its own precision; only the numbers named in `attrtheory.models.build` are rounded, to float64.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from inspect import signature
from io import StringIO
from operator import getitem
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram, export
from torch.export.graph_signature import InputKind, OutputKind
from torch.nn.parameter import is_lazy

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.build import Builder, Value
from attrtheory.models.graph import Graph
from attrtheory.models.torch_layers import LAYERS, SUPPORTED, Layer, per_batch, why_not

BATCH = 2  # not 1: an operation that mixes the examples of a batch then shows in the shapes


def from_torch(
    module: nn.Module,
    input_shape: tuple[int, ...] | None = None,
    example: Tensor | None = None,
    name: str | None = None,
) -> Graph:
    """The graph of `module` on inputs of `input_shape` (without the batch axis) or as `example` (with it)."""
    if not isinstance(module, nn.Module) or isinstance(module, torch.jit.ScriptModule):
        raise BadInput(f"from_torch takes a torch.nn.Module (not scripted); got {type(module).__name__}")
    if any(is_lazy(t) for t in (*module.parameters(), *module.buffers())):
        raise BadInput("the module has lazy layers without weights yet; run it once on an input first")
    x = _example(module, input_shape, example)
    _try(module, x)
    return _Trace(_export(module, x), x, name or type(module).__name__).graph()


class _Trace:
    """Walks through the operations that the output needs; `env` maps each to a value or a constant."""

    def __init__(self, program: ExportedProgram, x: Tensor, name: str) -> None:
        self.program, self.batch = program, x.shape[0]
        self.build = Builder(tuple(x.shape[1:]), name)
        self.env: dict[fx.Node, Any] = {}
        signature = program.graph_signature
        self.stored = {s.arg.name: s for s in signature.input_specs}
        self.results = [s.arg.name for s in signature.output_specs if s.kind is OutputKind.USER_OUTPUT]
        self.changed = [s.target for s in signature.output_specs if s.kind is OutputKind.BUFFER_MUTATION]

    def graph(self) -> Graph:
        nodes = {node.name: node for node in self.program.graph.nodes}
        output = nodes[self.results[0]]
        needed = _ancestors(output)
        live = [node for node in self.program.graph.nodes if node in needed]
        for node in live:  # first of all: no later message is of use to somebody who only forgot .eval()
            if reason := per_batch(str(node.target)):
                raise Unsupported(f"layer {_name(node)!r} {reason}")
        if self.changed:
            raise Unsupported(f"the module changes its buffers {self.changed}; a network is a function")
        for node in live:
            self.env[node] = self._stored(node) if node.op == "placeholder" else self._call(node)
        y = self.env[output]
        if not isinstance(y, Value):
            raise Unsupported("the module's output does not depend on its input")
        return self.build.graph(y if self.build.shape(y) else self.build.reshape("output", y, (1,)))

    def _stored(self, node: fx.Node) -> Any:
        spec = self.stored[node.name]
        if spec.kind is InputKind.USER_INPUT:
            return Value(0)
        program, key = self.program, str(spec.target)
        tensor: Any = program.state_dict[key] if key in program.state_dict else program.constants[key]
        plain = isinstance(tensor, Tensor) and tensor.layout is torch.strided
        if not plain or tensor.is_meta or tensor.is_quantized:
            raise BadInput(f"{key!r} holds no plain numbers; accepted are dense tensors with values")
        return tensor.detach()

    def _call(self, node: fx.Node) -> Any:
        args: Any = fx.map_arg(node.args, self.env.__getitem__)
        kwargs: Any = fx.map_arg(node.kwargs, self.env.__getitem__)
        if node.target is getitem:
            if args[1] == 0 and isinstance(args[0], Value | tuple | list):  # of BatchNorm, of max-pooling
                return args[0] if isinstance(args[0], Value) else args[0][0]
            raise Unsupported(f"layer {_name(node)!r} uses part {args[1]} of a result; {SUPPORTED}")
        result = node.meta["val"]
        layer = Layer(self.build, _name(node), result[0] if isinstance(result, tuple | list) else result)
        target: Any = node.target
        operation = str(getattr(target, "overloadpacket", target))
        if not any(isinstance(self.env[source], Value) for source in node.all_input_nodes):
            if torch.Tag.nondeterministic_seeded in getattr(target, "tags", ()):
                raise layer.refuse(f"draws random numbers ({operation}); a network is a function")
            return target(*args, **kwargs)  # a constant, computed as the module computes it
        read = LAYERS.get(operation)
        if read is None:
            raise layer.refuse(f"uses {operation}; {why_not(operation)}")
        try:
            signature(read).bind(layer, *args, **kwargs)
        except TypeError:
            raise layer.refuse(f"calls {target} with {kwargs or args[1:]}, which is not supported") from None
        y = read(layer, *args, **kwargs)
        if (self.batch, *self.build.shape(y)) != tuple(layer.result.shape):
            raise layer.refuse(f"({operation}) does not treat the examples of a batch one by one")
        return y


def _ancestors(output: fx.Node) -> set[fx.Node]:
    needed, todo = {output}, [output]
    while todo:
        fresh = set(todo.pop().all_input_nodes) - needed
        needed |= fresh
        todo += fresh
    return needed


def _name(node: fx.Node) -> str:
    """The layer's qualified name; an operation written in a user's `forward` has its own name behind it."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path, kind = stack[-1] if stack else ("", "")
    kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    leaf = kind.startswith("torch.nn.modules.") and path
    return path if leaf else f"{path}.{node.name}" if path else node.name


def _example(module: nn.Module, shape: tuple[int, ...] | None, example: Tensor | None) -> Tensor:
    if example is None:
        if shape is None:
            hint = "input_shape=(1, 28, 28) without the batch axis, or example=x with it"
            raise BadInput(f"from_torch needs the input's shape: {hint}")
        if not all(isinstance(n, int) and n >= 1 for n in shape) or not shape:
            raise BadInput(f"input_shape must hold positive sizes, without the batch axis; got {shape}")
        tensors = (*module.parameters(), *module.buffers())
        like = next((t for t in tensors if t.is_floating_point()), torch.empty(0))
        return torch.zeros((BATCH, *shape), dtype=like.dtype, device=like.device)
    floats = isinstance(example, Tensor) and example.is_floating_point()
    if not floats or example.ndim < 2 or not example.numel():
        raise BadInput("example must be a tensor of floats whose first axis is the batch")
    if shape is not None and tuple(shape) != tuple(example.shape[1:]):
        without = f"{tuple(example.shape[1:])} without its batch axis"
        raise BadInput(f"input_shape {tuple(shape)} is not the example's shape, {without}")
    return example.detach()


def _try(module: nn.Module, x: Tensor) -> None:
    """Run the module once as it is (on copies of its buffers): its own message is the clearest."""
    buffers = {key: b.clone() for key, b in module.named_buffers()}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            y = torch.func.functional_call(module, buffers, (x.clone(),))
    except Exception as error:  # a user's forward may raise anything
        shape = f"{tuple(x.shape)} (batch first)"
        raise BadInput(f"the module cannot be run on an input of shape {shape}: {error}") from error
    if not isinstance(y, Tensor) or not y.is_floating_point():
        raise Unsupported(f"the module returns {type(y).__name__}; accepted is one tensor of floats")
    if y.shape[:1] != x.shape[:1]:
        shapes = f"{tuple(x.shape)} into {tuple(y.shape)}"
        raise Unsupported(f"the module turns a batch of shape {shapes}; the first axis must stay the batch")


def _export(module: nn.Module, x: Tensor) -> ExportedProgram:
    try:
        with _quiet(), torch.enable_grad():
            return export(module, (x.clone(),), strict=False).run_decompositions({})
    except Exception as error:  # torch.export has no base class for its refusals
        reason = str(error).strip().splitlines()[0]
        hint = "control flow must not depend on the input's values"
        raise Unsupported(f"the module runs but cannot be traced; {hint}: {reason}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing warns about torch's own internals, and logs and prints what our exception says."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
