"""Exact decomposition of piecewise linear networks in at most three dimensions, and attributions by regions."""
