"""Who in a capture attacked: what a sweep wants stopped."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sipproxy.replay.people import RUN, Good, GoodError
from sipproxy.replay.player import OTHERS, Player
from sipproxy.replay.verdicts import Source

LISTED, BROKE_IN, GUESSED, SPRAYED, SHARED, SCANNED = (
    *("listed", "broke in", "guessed passwords", "tried a password on users"),
    *("one of many that guessed", "tried users"),
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
    old server's answers, a success came behind a run of failures; or five failures in a row of one
    user were the last of it; or five users failed; or a user failed who failed at five addresses
    where he never had success; or which named five users, was answered, and had no success but for
    OPTIONS.
    """
    if listed is not None:
        rows = {name: LISTED for name in player.sources if listed.has("", name)}
        return Attackers(rows, "as listed")
    people = player.people
    good = {person.address for person in people.known_good()}
    broke_in = {person.address for person in people.broke_in()}
    runs: defaultdict[str, list[int]] = defaultdict(list)
    places: defaultdict[str, list[str]] = defaultdict(list)
    for person in people:
        if person.failures:
            runs[person.address].append(person.failures)
            if not person.succeeded:
                places[person.user].append(person.address)
    many = {name for found in places.values() if len(found) >= RUN for name in found}
    found: dict[str, str] = {}
    for name, source in player.sources.items():
        if name in good or name == OTHERS or people.good.has("", name):
            continue
        why = _reason(source, runs[name])
        if name in broke_in:
            why = BROKE_IN
        elif name in many and why not in (GUESSED, SPRAYED):
            why = SHARED
        if why:
            found[name] = why
    return Attackers(found, "the captures")


def _reason(source: Source, failures: list[int]) -> str:
    """Why an address is an attacker by itself, or empty."""
    if failures and max(failures) >= RUN:
        return GUESSED
    if len(failures) >= RUN:
        return SPRAYED
    served = sum(count for status, count in source.captured.items() if 200 <= status < 300)
    only_options = served <= source.requests["OPTIONS"]
    if source.captured and only_options and len(source.users) >= RUN:
        return SCANNED
    return ""


def read_attackers(path: str) -> Good:
    """A list of addresses, one a line, or the truth that `sipproxy gen` writes beside a capture.

    Raises GoodError.
    """
    if not path.endswith(".json"):
        return Good.read(path)
    try:
        with open(path, "rb") as stream:
            sources = json.load(stream)["sources"]
        return Good(row["address"] for row in sources if row["label"] == "attacker")
    except OSError as error:
        raise GoodError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise GoodError(f"{path} has no sources with labels, as sipproxy gen writes them") from None
