"""What authentication says to a cfg, and what a nonce turns out to be."""

from enum import Enum

ACCEPTED = 1
FAILED = -1
WRONG_PASSWORD = -2
STALE = -4
NO_CREDENTIALS = -5
REUSED = -6
OTHER_USER = -8
"""Return codes of the functions (Kamailio modules/auth/api.h, auth_cfg_result)."""

AS_IT_IS = frozenset({"ACK", "CANCEL", "PRACK"})
"""Methods that cannot be challenged: they are accepted without a look at credentials."""


class Verdict(Enum):
    """What a nonce in credentials is: ours and fresh, or what else."""

    GOOD = ACCEPTED
    STALE = STALE
    REUSED = REUSED
    FOREIGN = FAILED
