"""Who in a capture attacked: what a sweep wants stopped."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sipproxy.replay.people import RUN, Good
from sipproxy.replay.player import OTHERS, Player
from sipproxy.replay.verdicts import Source

LISTED, BROKE_IN, GUESSED, SPRAYED, SCANNED = (
    *("listed", "broke in", "guessed passwords", "tried a password on users", "tried users"),
)
"""Why an address counts as an attacker."""


@dataclass(frozen=True, slots=True)
class Attackers:
    """Addresses, each with the reason; in the order they came."""

    why: Mapping[str, str]
    found_by: str
    """`as listed`, or `the captures`."""

    def __len__(self) -> int:
        return len(self.why)


def attackers_in(player: Player, listed: Good | None = None) -> Attackers:
    """The attackers among the sources of a replay.

    Those listed, if there is a list. Else an address where nobody is known good, and where, by the
    old server's answers, a success came behind a run of failures, or five failures in a row of one
    user were the last of it, or five users failed; or which named five users, was answered, and
    had no success but for OPTIONS.
    """
    if listed is not None:
        rows = {name: LISTED for name in player.sources if listed.has("", name)}
        return Attackers(rows, "as listed")
    people = player.people
    good = {person.address for person in people.known_good()}
    broke_in = {person.address for person in people.broke_in()}
    runs: defaultdict[str, list[int]] = defaultdict(list)
    for person in people:
        if person.failures:
            runs[person.address].append(person.failures)
    found: dict[str, str] = {}
    for name, source in player.sources.items():
        if name in good or name == OTHERS or people.good.has("", name):
            continue
        why = _reason(source, runs[name], broke_in=name in broke_in)
        if why:
            found[name] = why
    return Attackers(found, "the captures")


def _reason(source: Source, failures: list[int], *, broke_in: bool) -> str:
    if broke_in:
        return BROKE_IN
    if failures and max(failures) >= RUN:
        return GUESSED
    if len(failures) >= RUN:
        return SPRAYED
    served = sum(count for status, count in source.captured.items() if 200 <= status < 300)
    only_options = served <= source.requests["OPTIONS"]
    if source.captured and only_options and len(source.users) >= RUN:
        return SCANNED
    return ""
