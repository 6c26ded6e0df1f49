"""Wishes that contradict each other: which ones, and the combination of their equations that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.errors import BadInput
from attrtheory.metrics.design.constraints import equations_of, program_of
from attrtheory.metrics.design.supports import Support
from attrtheory.metrics.design.wishes import Wish
from attrtheory.metrics.programs import Farkas, check_farkas, minimised


@dataclass(frozen=True)
class Conflict:
    """No measures on the support meet `wishes` together; without any one of them some do.

    `farkas.multipliers`: how often each equation is taken; together they read 0 = 1, or, with `positive`, that weights which
    are not negative have a negative sum.
    """

    support: Support
    wishes: tuple[Wish, ...]
    farkas: Farkas

    @property
    def equations(self) -> tuple[tuple[Fraction, str], ...]:
        """The equations that take part, with their multipliers."""
        said = equations_of(self.support, self.wishes)
        return tuple((y, e.says) for y, e in zip(self.farkas.multipliers, said, strict=True) if y)

    def check(self) -> None:
        """Makes the equations again from wishes and support, and checks the multipliers on them.

        Raises:
            BadCertificate: they show no contradiction.
        """
        check_farkas(program_of(self.support, self.wishes), self.farkas)


class ContradictoryWishes(BadInput):
    """No measures on the support meet the wishes; `conflict` says which ones clash, and proves it."""

    def __init__(self, conflict: Conflict) -> None:
        self.conflict = conflict
        names = " and ".join(map(str, conflict.wishes))
        shown = "; ".join(f"{y} times '{says}'" for y, says in conflict.equations[:4])
        super().__init__(
            f"no measures on {conflict.support} have {names} together: {shown}"
            f"{' and so on' if len(conflict.equations) > 4 else ''}. Drop one of these wishes, or give more points"
        )


def conflict_of(support: Support, wishes: tuple[Wish, ...], progress: Callable[[str], None]) -> Conflict:
    """The fewest wishes found that clash: each that can be left out, is."""
    k = 0
    while k < len(wishes):
        progress(f"clash without {wishes[k]}?")
        rest = (*wishes[:k], *wishes[k + 1 :])
        if isinstance(minimised(program_of(support, rest)), Farkas):
            wishes = rest
        else:
            k += 1
    farkas = minimised(program_of(support, wishes))
    if not isinstance(farkas, Farkas):
        raise BadInput("these wishes do not clash")
    return Conflict(support, wishes, farkas)
