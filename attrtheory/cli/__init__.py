"""The command line: derive, prove, check, functional, explain, box, regions, audit, demo."""

from attrtheory.cli import claims, functionals, networks  # each adds its commands to the application
from attrtheory.cli.screen import app

__all__ = ["app", "claims", "functionals", "networks"]
