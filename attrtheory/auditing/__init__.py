"""An audit: exact attributions of a trained network, and what is proved and refuted of them on that very network."""
