"""Faithfulness metrics, the attributions that are best for them, and methods designed for wanted properties."""
