"""Attributions of forests through leaf atoms: exact in rationals, and fast in numpy."""
