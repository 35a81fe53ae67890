"""secfilter: black and white lists of agents, names, addresses and numbers (Kamailio
modules/secfilter)."""

from sipproxy.modules.secfilter.checks import Checks
from sipproxy.modules.secfilter.commands import Commands


class Secfilter(Checks, Commands, name="secfilter"):
    """The module: functions and commands over one set of lists."""
