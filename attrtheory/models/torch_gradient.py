"""Whether torch's derivative of a module in its input is that of the function it computes.

A graph is differentiated as a function. Where a forward switches autograd off for a part of its work, or defines a
derivative of its own (a straight-through estimator), torch and all that is built on it differentiate something else.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves

from attrtheory.errors import Unsupported
from attrtheory.models.torch_trace import Arguments

HOOK = "BackwardHookFunction"


def own_derivative(module: nn.Module, inputs: int, arguments: Arguments) -> None:
    """Raises where torch differentiates something else than the function, in the first `inputs` arguments."""
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        state = {k: v.detach().clone() for k, v in (*module.named_parameters(), *module.named_buffers())}
        copies = [x.clone() if isinstance(x, Tensor) else x for x in arguments]
        varied = [x.requires_grad_().clone() for x in copies[:inputs]]  # a forward may write into its arguments
        try:
            with _Watched() as watched:
                y = torch.func.functional_call(module, state, (*varied, *copies[inputs:]))
        except Exception as error:  # a user's forward may raise anything
            reason = str(error).strip().splitlines()[0]
            raise Unsupported(f"the module cannot be run on an input that requires a gradient: {reason}") from error
    own = _custom(y)
    if HOOK in own:  # torch's own, for backward hooks: the identity
        own.remove(HOOK)
        watched.names.discard("torch.Tensor.view_as")
    if own:
        raise Unsupported(
            f"the module defines derivatives of its own (torch.autograd.Function {', '.join(sorted(own))}), but a graph is "
            "differentiated as a function; write it with torch's own operations"
        )
    if watched.names:
        raise Unsupported(
            f"the module calls {', '.join(sorted(watched.names))} under torch.no_grad() or inference_mode(): the derivative "
            "would stop here, but a graph is differentiated as a function; leave it out of forward"
        )


class _Watched(TorchFunctionMode):
    """Names what computes floats from something that depends on the input, while autograd is switched off.

    So does the forward of a custom function.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        y = func(*args, **(kwargs or {}))
        if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
            depends = any(isinstance(x, Tensor) and x.requires_grad for x in tree_leaves((args, kwargs)))
            if depends and any(isinstance(v, Tensor) and v.is_floating_point() for v in tree_leaves(y)):
                self.names.add(resolve_name(func) or getattr(func, "__name__", "an operation"))
        return y


def _custom(y: Tensor) -> set[str]:
    """The names of the custom functions between the inputs and a result."""
    found: set[str] = set()
    seen: set[Any] = {None}
    todo: list[Any] = [y.grad_fn]
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        todo += [before for before, _ in node.next_functions]
        if isinstance(node, BackwardCFunction):
            found.add(type(node).__name__.removesuffix("Backward"))
    return found
