"""`python -m sipproxy` is the command `sipproxy`."""

from sipproxy.cli import main

main()
