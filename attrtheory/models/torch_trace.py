"""Running and tracing a torch module: on the batch sizes asked for, in one trace, without leaving marks on it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram, export

from attrtheory.errors import BadInput, Unsupported

# Not 1: an operation that mixes the examples of a batch then shows in the shapes. Two sizes: the layers must be the same.
BATCHES = (2, 3)
Arguments = tuple[Any, ...]


class Batches(nn.Module):
    """The module on several batches, one after the other, as one trace."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *batches: Arguments) -> tuple[Any, ...]:
        return tuple(self.module(*arguments) for arguments in batches)


def run(module: nn.Module, arguments: Arguments) -> None:
    """Run the module once as it is (on copies of its buffers): its own message is the clearest."""
    buffers = {key: b.clone() for key, b in module.named_buffers()}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            y = torch.func.functional_call(module, buffers, copied(arguments))
    except Exception as error:  # a user's forward may raise anything
        shapes = ", ".join(str(tuple(x.shape)) for x in arguments if isinstance(x, Tensor))
        hint = "every input needs a batch axis, and every size of the batch must be accepted"
        raise BadInput(
            f"the module cannot be run on an input of shape {shapes} (batch first; {hint}): {error}"
        ) from error
    if not isinstance(y, Tensor) or not y.is_floating_point():
        raise Unsupported(f"the module returns {type(y).__name__}; accepted is one tensor of floats")
    if y.shape[:1] != arguments[0].shape[:1]:
        shapes = f"{tuple(arguments[0].shape)} into {tuple(y.shape)}"
        raise Unsupported(f"the module turns a batch of shape {shapes}; the first axis must stay the batch")


def trace(module: nn.Module, batches: Sequence[Arguments]) -> ExportedProgram:
    try:
        with _quiet(), torch.enable_grad():
            program = export(Batches(module), tuple(map(copied, batches)), strict=False)
            return program.run_decompositions({})
    except Exception as error:  # torch.export has no base class for its refusals
        reason = str(error).strip().splitlines()[0]
        hint = "control flow must not depend on the input's values"
        raise Unsupported(f"the module runs but cannot be traced; {hint}: {reason}") from error


def copied(arguments: Arguments) -> Arguments:
    """A forward may write into its arguments."""
    return tuple(x.clone() if isinstance(x, Tensor) else x for x in arguments)


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
