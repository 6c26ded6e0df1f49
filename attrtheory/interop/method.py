"""What captum's attribution methods have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from attrtheory.errors import BadInput, Unsupported
from attrtheory.interop.arguments import Forward
from attrtheory.interop.evidence import Evidence


def entry(attribute: Callable[..., Any]) -> Callable[..., Any]:
    """captum's NoiseTunnel calls `attribute.__wrapped__`, which its own methods have."""

    @wraps(attribute)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        return attribute(self, *args, **kwargs)

    return wrapped


class Method:
    """What captum's attribution methods have in common. `result` is the evidence for the last call."""

    result: Evidence | None = None

    def __init__(self, forward_func: Forward) -> None:
        if not callable(forward_func):
            raise BadInput(f"forward_func: got {type(forward_func).__name__}; give a torch module or a function")
        self.forward_func = forward_func

    @property
    def multiplies_by_inputs(self) -> bool:
        return False

    def has_convergence_delta(self) -> bool:
        return False

    def attribute_future(self, *_: Any, **__: Any) -> Any:
        raise Unsupported(f"{type(self).__name__} does not work with futures; use attribute")

    @classmethod
    def get_name(cls) -> str:
        """The class's name in words."""
        return "".join(" " + c if c.isupper() else c for c in cls.__name__).strip()
