"""From a trace to a graph: through the operations that one result needs, in order."""

from __future__ import annotations

from inspect import signature
from operator import getitem
from typing import Any

import torch
from torch import Tensor, fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind

from attrtheory.errors import BadInput, Unsupported
from attrtheory.models.build import Builder, Value
from attrtheory.models.graph import Graph
from attrtheory.models.torch_layer import SUPPORTED, Layer
from attrtheory.models.torch_layers import LAYERS, per_batch, why_not
from attrtheory.models.torch_moves import MOVES, moved
from attrtheory.models.torch_trace import Arguments

SHAPED = ("new_full", "new_zeros", "new_ones", "zeros_like", "ones_like", "full_like")  # read a value's shape only


class Walk:
    """Walks through the operations that result `k` needs; `env` maps each to a value or a constant."""

    def __init__(
        self, program: ExportedProgram, k: int, given: dict[str, Any], inputs: Arguments, build: Builder
    ) -> None:
        self.program, self.given, self.build = program, given, build
        self.env: dict[fx.Node, Any] = {}
        signature = program.graph_signature
        self.stored = {s.arg.name: s for s in signature.input_specs}
        results = [s.arg.name for s in signature.output_specs if s.kind is OutputKind.USER_OUTPUT]
        self.result = results[k]
        self.changed = [s.target for s in signature.output_specs if s.kind is OutputKind.BUFFER_MUTATION]
        self.inputs = self._inputs(inputs)

    def _inputs(self, tensors: Arguments) -> list[tuple[Tensor, Value]]:
        """Each input and its value: the graph's input itself, or its part of it."""
        shapes, first = [tuple(x.shape[1:]) for x in tensors], self.build.shapes[0]
        if shapes == [first]:
            return [(tensors[0], Value(0))]
        found, start = [], 0
        for k, x in enumerate(tensors, start=1):
            part = slice(start, start := start + x[0].numel())
            move = lambda a, part=part, x=x: a[:, part].reshape(x.shape)
            found.append((x, self.build.moved(f"input {k}", move, Value(0))))
        return found

    def graph(self) -> Graph:
        nodes = {node.name: node for node in self.program.graph.nodes}
        output = nodes[self.result]
        needed = _ancestors(output)
        live = [node for node in self.program.graph.nodes if node in needed]
        for node in live:  # first of all: no later message is of use to somebody who only forgot .eval()
            if reason := per_batch(str(node.target)):
                raise Unsupported(f"layer {_name(node)!r} {reason}")
        if self.changed:
            targets = [str(t).removeprefix("module.") for t in self.changed]
            raise Unsupported(f"the module changes its buffers {targets}; a network is a function")
        for node in live:
            self.env[node] = self._stored(node) if node.op == "placeholder" else self._call(node)
        y = self.env[output]
        if not isinstance(y, Value):
            raise Unsupported("the module's output does not depend on its input")
        return self.build.graph(y if self.build.shape(y) else self.build.reshape("output", y, (1,)))

    def _stored(self, node: fx.Node) -> Any:
        spec = self.stored[node.name]
        if spec.kind is InputKind.USER_INPUT:
            tensor = self.given[node.name]
            return next((value for x, value in self.inputs if x is tensor), tensor)
        program, key = self.program, str(spec.target)
        tensor: Any = program.state_dict[key] if key in program.state_dict else program.constants[key]
        plain = isinstance(tensor, Tensor) and tensor.layout is torch.strided
        if not plain or tensor.is_meta or tensor.is_quantized:
            shown = key.removeprefix("module.")
            raise BadInput(f"{shown!r} holds no plain numbers; accepted are dense tensors with values")
        return tensor.detach()

    def _call(self, node: fx.Node) -> Any:
        args: Any = fx.map_arg(node.args, self.env.__getitem__)
        kwargs: Any = fx.map_arg(node.kwargs, self.env.__getitem__)
        if node.target is getitem:
            if isinstance(args[0], tuple | list):  # of a split
                return args[0][args[1]]
            if args[1] == 0 and isinstance(args[0], Value):  # of BatchNorm, of max-pooling
                return args[0]
            raise Unsupported(f"layer {_name(node)!r} uses part {args[1]} of a result; {SUPPORTED}")
        results = node.meta["val"]
        several = isinstance(results, tuple | list)
        layer = Layer(self.build, _name(node), results if several else [results], several)
        target: Any = node.target
        operation = str(getattr(target, "overloadpacket", target))
        if not any(isinstance(self.env[source], Value) for source in node.all_input_nodes):
            if torch.Tag.nondeterministic_seeded in getattr(target, "tags", ()):
                raise layer.refuse(f"draws random numbers ({operation}); a network is a function")
            return target(*args, **kwargs)  # a constant, computed as the module computes it
        if operation.removeprefix("aten.") in SHAPED:
            like = node.all_input_nodes[0].meta["val"]
            return target(torch.zeros(like.shape, dtype=like.dtype), *args[1:], **kwargs)
        if operation.removeprefix("aten.") in MOVES:
            return moved(layer, target, args, kwargs)
        read = LAYERS.get(operation)
        if read is None:
            raise layer.refuse(f"uses {operation}; {why_not(operation)}")
        try:
            signature(read).bind(layer, *args, **kwargs)
        except TypeError:
            raise layer.refuse(f"calls {target} with {kwargs or args[1:]}, which is not supported") from None
        y = read(layer, *args, **kwargs)
        if isinstance(y, Value) and (self.build.examples, *self.build.shape(y)) != tuple(layer.result.shape):
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
    path = path.removeprefix("module").removeprefix(".")  # of `Batches`
    kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    leaf = kind.startswith("torch.nn.modules.") and path
    return path if leaf else f"{path}.{node.name}" if path else node.name
