"""From definition to kernel: exact and float views of real networks, and named refinements."""
