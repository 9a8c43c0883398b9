"""`python -m digitlab` is `digitlab`."""

from digitlab.cli import main

main()
