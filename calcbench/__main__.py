"""`python -m calcbench`."""

from calcbench.cli import main

main()
