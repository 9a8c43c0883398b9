"""`python -m digitlab` is `digitlab`."""

from digitlab.command import run

run()
