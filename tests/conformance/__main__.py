"""Lets `python -m tests.conformance` play or record cases."""

from .command import main

main()
