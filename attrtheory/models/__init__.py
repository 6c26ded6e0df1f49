"""Models: what can be explained, and how it comes in."""
