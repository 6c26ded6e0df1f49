"""`python -m attrtheory` is the command `attrtheory`."""

from attrtheory.cli import app

if __name__ == "__main__":
    app(prog_name="attrtheory")
