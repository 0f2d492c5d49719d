"""`python -m edgetlc` is `edgetlc`."""

from edgetlc.cli.app import main

main()
