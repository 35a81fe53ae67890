"""Which of the branches' final replies is sent on (RFC 3261 section 16.7 step 6).

The order is Kamailio's (modules/tm/t_reply.c get_prio): 6xx, then 3xx, 4xx, 5xx, and among 4xx
those that ask for something the client can give.
"""

from sipproxy.modules.tm.transaction import FAKED, Branch, Transaction

_FIRST = {1: 11_000, 2: 0, 3: 3_000, 4: 4_000, 5: 5_000, 6: 1_000}
_PREFERRED = frozenset([401, 407, 415, 420, 484])

OPEN, NOBODY = -2, -1
"""No choice: a branch has no final reply yet; there is none to choose from."""


def priority(status: int, faked: int = 0) -> int:
    """Rank of a final reply, lowest first; `faked` is what a reply of our own adds."""
    kind, rest = divmod(status, 100)
    if kind >= 7:
        return 10_000 + status + faked
    if kind == 4 and status not in _PREFERRED:
        rest += 100
    return _FIRST.get(kind, 32_000) + rest + faked


def pick(t: Transaction, incoming: int, status: int, faked_prio: int = 0) -> tuple[int, int]:
    """(index, status) of the best branch; `incoming` is the index of the one now at `status`.

    OPEN or NOBODY stand for the index where there is no choice; -1 for no incoming branch.
    """
    best, best_status, best_rank = NOBODY, 0, priority(0)
    for b in t.branches:
        code = status if b.index == incoming else b.last_received
        if b.index != incoming:
            if b.flow is None and b.last_received >= 200:
                continue
            if b.pending:
                return OPEN, 0
            if b.reply is None:
                continue
        rank = priority(code, faked_prio if b.reply == FAKED else 0)
        if rank < best_rank:
            best, best_status, best_rank = b.index, code, rank
    return best, best_status


def open_branches(t: Transaction) -> list[Branch]:
    """Branches that may still answer."""
    return [b for b in t.branches if b.pending and b.flow is not None]
