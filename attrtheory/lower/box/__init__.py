"""Attributions for all inputs of a box: bounds of the gradient on parts of it, and the search for parts to cut."""
