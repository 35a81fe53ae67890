"""Writes docs/tm.md: the state diagrams of transactions, from the tables; `make docs` runs it.

`python tools/tm_page.py` writes the page, with `--check` it only tells by its exit code and a
sentence whether the page is up to date.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sipproxy.modules.tm.states import TABLES, Table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tm.md"

INTRODUCTION = """\
# Transactions

Written by `make docs` from `sipproxy/modules/tm/states.py`: the proxy moves by these very tables.

A transaction is one server machine, for the client's request, and a client machine for each
branch. What a table does not know in a state changes nothing. An arrow is an input, what follows
the stroke is what is done.

* The letters are RFC 3261's timers. A, E and G start with `retr_timer1` and double up to
  `retr_timer2`; B, F and H are `fr_timer`; B is `fr_inv_timer` (timer C) once a branch rings.
  `wait over` is `wt_timer`, which starts with the final reply: I, J, L, D, K and M at once.
* `own` marks a 2xx that the script sent and no branch.
* `release` is the end of a script that answered nothing, t_release() and t_drop().
* `kill` is the end of a branch that nobody waits for any more. No machine waits without a timer:
  `fr_timer`, `fr_inv_timer`, `max_inv_lifetime` or `max_noninv_lifetime` end it, a property test
  holds that.

One route of a transaction runs at a time. What comes in while one waits (for a name, a database,
`t_continue`) is handled when it is over; a repetition of a request that waits is absorbed.
"""

FIRST = {
    "INVITE server transaction": "proceeding",
    "non-INVITE server transaction": "trying",
    "INVITE client transaction": "calling",
    "non-INVITE client transaction": "trying",
}
"""The state in which each machine begins."""


def diagram(name: str, table: Table) -> Iterator[str]:
    """The lines of one section: a heading and a Mermaid state diagram."""
    yield f"\n## {name[0].upper()}{name[1:]}\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {FIRST[name]}"
    arrows: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (state, event), (then, actions) in table.items():
        arrows[state, then, actions].append(event)
    for (state, then, actions), events in arrows.items():
        done = f" / {', '.join(word.replace('_', ' ') for word in actions)}" if actions else ""
        yield f"    {state} --> {then}: {', '.join(events)}{done}"
    for state in sorted({then for then, _ in table.values()} - {state for state, _ in table}):
        yield f"    {state} --> [*]"
    yield "```"


def page() -> str:
    """The whole page."""
    lines = [line for name, table in TABLES.items() for line in diagram(name, table)]
    return INTRODUCTION + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is not what the tables say: run make docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
