"""One file for each meaning of a term."""
