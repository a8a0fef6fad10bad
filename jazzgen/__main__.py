"""`python -m jazzgen` is `jazzgen`."""

from jazzgen.cli.main import main

main()
