"""Pictures of a counterexample."""

from __future__ import annotations

import numpy as np

from attrtheory.auditing.data import NetworkWitness
from attrtheory.report.panel import Panel, bars, extremes, group, largest_few, naming, over_channels, plus_minus, some
from attrtheory.report.panels import input_panels
from attrtheory.report.pixels import finite, is_image, largest, on_grid, outlined, signed
from attrtheory.report.wording import concerned

MOST_FRAMES = 64  # more frames than these hide the picture
GAME = "the game of feature groups: 1 is as in the input, 0 as in the baseline"


def witness_panels(w: NetworkWitness, *, of_groups: bool = False) -> list[Panel]:
    """The witness: input, baseline, attributions, with the features of the failing relation pointed out.

    `of_groups`: its coordinates stand for groups of features.
    """
    x = finite(w.x, "the witness")
    values = None if w.values is None else finite(w.values, "attributions")
    apart = values is not None and values.shape != x.shape  # one number for each group, and x is no input of their game
    about = concerned(w.relation, w.features)
    few = len(about) <= MOST_FRAMES and len(about) < x.size
    marks = about if few and not apart else ()
    weight = np.abs(x - w.baseline if values is None or apart else values).ravel()
    weight[list(marks)] = np.inf  # what the relation is about is shown, however small
    shown = largest_few(weight)
    name = group if of_groups else naming(x.shape)
    panels = input_panels(x, w.baseline, shown, name, marks)
    if values is None:
        return panels
    own_name = group if apart else name
    alt = f"Attributions at the witness, {extremes(values, own_name)}"
    if not apart and is_image(x.shape):
        grid = on_grid(values)
        notes = some(plus_minus(largest([grid])), over_channels(x.shape, "sum"))
        return [*panels, Panel("attributions", notes, alt, outlined(signed(grid, largest([grid])), marks, x.shape))]
    own_marks = [k for k in about if k < values.size] if apart else marks
    notes = (GAME,) if of_groups else ()
    few_values = largest_few(values) if apart else shown
    return [*panels, bars("attributions", notes, alt, values, few_values, own_name, largest([values]), own_marks)]
