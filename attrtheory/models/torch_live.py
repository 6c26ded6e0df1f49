"""Networks of a torch module whose weights change: traced anew when it is another program, read anew when weights moved.

A trace shares the module's parameters and buffers. It stays good while everything else in the module is the same: its
layers, flags and plain attributes, and which tensors its parameters and buffers are. That is told by pickling the
module; one that cannot be pickled, and every function, is traced at each call. What `forward` reads beside the module
and its arguments (a global, an attribute of its class) is not seen: compare outputs, and `forget`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from torch import Tensor, nn

from attrtheory.models.graph import Graph
from attrtheory.models.torch_import import Traced


class Live:
    """The networks that were asked for last, for up to `keep` sets of additional arguments."""

    def __init__(self, keep: int = 64) -> None:
        self.keep = keep
        self.traces: dict[bytes, Traced] = {}
        self.graphs: dict[bytes, tuple[bytes, Graph]] = {}  # by structure: a digest of the weights, and their network

    def graph(self, function: Callable[..., Any], examples: Sequence[Tensor], arguments: Sequence[Any] = ()) -> Graph:
        """The network of a module or a function as it is now; see `from_torch_inputs`."""
        structure, weights = digests(function, examples, arguments)
        if structure is None:
            return Traced(_module(function), examples, arguments, _name(function)).graph()
        if structure not in self.traces:
            if len(self.traces) >= self.keep:
                self.forget()
            self.traces[structure] = Traced(_module(function), examples, arguments, _name(function))
        before, graph = self.graphs.get(structure, (None, None))
        if graph is None or before != weights:
            graph = self.traces[structure].graph()
            self.graphs[structure] = (weights, graph)
        return graph


    def forget(self) -> None:
        """Trace everything anew: something that no digest sees (a global, an attribute of the class) has changed."""
        self.traces.clear()
        self.graphs.clear()


class _Structure(pickle.Pickler):
    """Pickles a module with its parameters and buffers by what they are, not by what they hold."""

    def __init__(self, file: BytesIO, weights: Sequence[Tensor]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.weights = {id(w) for w in weights}

    def persistent_id(self, obj: Any) -> Any:
        if id(obj) not in self.weights:
            return None
        return (id(obj), tuple(obj.shape), tuple(obj.stride()), str(obj.dtype), str(obj.device))


def digests(
    function: Callable[..., Any], examples: Sequence[Tensor], arguments: Sequence[Any]
) -> tuple[bytes | None, bytes]:
    """Of the program, its arguments and the shapes of its inputs; and of the weights. None where it cannot be told."""
    if not isinstance(function, nn.Module):
        return None, b""
    weights, file = [*function.parameters(), *function.buffers()], BytesIO()
    kinds = [(tuple(x.shape[1:]), str(x.dtype), str(x.device)) for x in examples]
    try:
        _Structure(file, weights).dump((function, kinds, tuple(arguments)))
        return sha256(file.getbuffer()).digest(), sha256(pickle.dumps([w.detach().cpu() for w in weights])).digest()
    except Exception:  # noqa: BLE001 (whatever a module's own attributes raise when they are pickled)
        return None, b""


class _Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = (function,)  # a tuple, so that a bound method's module is not registered under a second name

    def forward(self, *arguments: Any) -> Any:
        return self.function[0](*arguments)


def _module(function: Callable[..., Any]) -> nn.Module:
    return function if isinstance(function, nn.Module) else _Called(function)


def _name(function: Callable[..., Any]) -> str:
    return type(function).__name__ if isinstance(function, nn.Module) else getattr(function, "__name__", "function")
