"""From claim to verdict, and back: rules, normal form, solver, refuter, and the checker of certificates."""
