"""What a replay found, for people: good users blocked first, then each source."""

from collections.abc import Iterator

from sipproxy.replay.people import Person
from sipproxy.replay.player import Player
from sipproxy.replay.run import Replayed
from sipproxy.replay.show import show_address, show_blocked, show_time, table
from sipproxy.replay.verdicts import Decision, Source

_MOST_ROWS = 20
_MOST_SOURCES = 1000


def as_text(replayed: Replayed) -> str:
    """The report for a person."""
    parts = (_good(replayed), _about(replayed), _differences(replayed), _sources(replayed))
    return "\n\n".join(text for text in ("\n".join(part) for part in parts) if text)


def _good(replayed: Replayed) -> Iterator[str]:
    people = replayed.player.people
    good = people.known_good()
    blocked = [person for person in good if person.blocked]
    if not good:
        yield "good users blocked: nobody is known good (see --good)"
    else:
        yield f"good users blocked: {len(blocked)} of {len(good)} known good"
    yield from _people(blocked)
    broke_in = list(people.broke_in())
    if broke_in:
        yield f"likely break-ins (a success behind a run of failures): {len(broke_in)}"
        yield from _people(broke_in)


def _people(people: list[Person]) -> Iterator[str]:
    for person in people[:_MOST_ROWS]:
        who = f"{person.user or '(no user)'} at {person.address}"
        times = f"blocked {person.blocked} times, first: " if person.blocked else "not blocked"
        yield f"  {who}: {times}{show_blocked(person.first_blocked) if person.blocked else ''}"
    if len(people) > _MOST_ROWS:
        yield f"  and {len(people) - _MOST_ROWS} more (--json has all)"


def _about(replayed: Replayed) -> Iterator[str]:
    player, tally = replayed.player, replayed.player.tally
    where = " ".join(map(show_address, replayed.me))
    names = " ".join(capture.path for capture in replayed.captures)
    yield f"{names} through {player.proxy.program.file}"
    yield (
        f"  us: {where} ({replayed.found})"
        if where
        else "  us: not found; say it with --me IP:PORT"
    )
    yield f"  {player.fed} of {replayed.frames} frames were sent to us and played"
    for reason, count in replayed.unread.most_common():
        yield f"  not read: {count} x {reason}"
    for capture in replayed.captures:
        if capture.broken:
            yield f"  broken: {capture.broken}; what stood before it was played"
    yield from (f"  {line}" for line in passwords(replayed))
    if first := player.log.complaint:
        yield f"  errors of modules: {player.log.complaints} (see --log), the first: {first}"
    yield from (f"  {line}" for line in missing(player))
    for count, what in (
        (tally.late, "packets stand after later ones; played at once"),
        (tally.unmatched, "replies answer nothing that our proxy sent; not played"),
        (
            tally.only_old,
            "requests came only because the old server let a call through; not played",
        ),
        (tally.loops, "messages went round in a loop"),
        (tally.unsent, "messages found their connection gone"),
        (player.proxy.host.counters["core.faults"], "messages ended in an error (see --log)"),
    ):
        if count:
            yield f"  {count} {what}"


def missing(player: Player) -> Iterator[str]:
    """What the cfg asks for and is not there, in one line for each kind."""
    by_kind: dict[str, list[str]] = {}
    for one in player.stand_ins:
        answer = f"={one.answer}" if one.answer is not None else ""
        times = f" x{one.uses}" if one.kind in _COUNTED else ""
        by_kind.setdefault(one.kind, []).append(f"{one.name}{answer}{times}")
    for kind, names in by_kind.items():
        yield f"not there, {_KINDS.get(kind, f'{kind}s')}: {', '.join(names)}"
    for name in player.unused_stubs:
        yield f"--stub {name}: the cfg asks for nothing of that name"
    sources = player.sources.values()
    if uncertain := sum(source.uncertain for source in sources):
        total = sum(source.requests.total() for source in sources)
        yield f"{uncertain} of {total} requests came to one of these (see --stub)"


_COUNTED = frozenset({"function", "variable", "transformation", "select", "database", "name"})
_KINDS = {"function": "functions (with their answer, and how often)"}


def passwords(replayed: Replayed) -> Iterator[str]:
    """Who knew the passwords, and what is to be said of it; nothing where none is asked for."""
    player = replayed.player
    if "auth" in player.proxy.host.modules:
        yield f"passwords: {_AUTH[player.auth]}"
    if player.undecided:
        yield f"{player.undecided} credentials got no answer in the capture: taken for wrong"
    if player.undecided == 0 and player.auth in ("db", "file") and _has_no_secret(replayed):
        yield "the cfg has no secret: no nonce of the capture is ours (see --auth capture)"


_AUTH = {
    "db": "the cfg's own",
    "file": "the file of users",
    "capture": "right or wrong as the old server's answer says",
    "accept": "all taken for right",
    "reject": "all taken for wrong",
}


def _has_no_secret(replayed: Replayed) -> bool:
    auth = replayed.player.proxy.host.modules.get("auth")
    return auth is not None and getattr(auth, "secret", None) is None


def _differences(replayed: Replayed) -> Iterator[str]:
    """Where it becomes open-loop."""
    if not replayed.is_open_loop:
        if replayed.me and replayed.player.fed:
            yield "the captures have no answers of the old server: nothing to compare with"
        return
    found = [source.diverged for source in replayed.player.sources.values() if source.diverged]
    if not found:
        yield "every answer that the captures show is the same here"
        return
    first = min(found, key=lambda decision: (decision.time, decision.capture, decision.packet))
    yield f"open-loop from packet {first.packet}, {show_time(first.time)}: {_difference(first)}"
    yield (
        f"  {len(found)} of {len(replayed.player.sources)} sources are answered otherwise than "
        "then; what each sent next, it sent to the old server"
    )


def _difference(decision: Decision) -> str:
    ours = decision.verdict if decision.verdict != "answered" else str(decision.status)
    old = "relayed" if decision.captured.relayed else str(decision.captured.status)
    where = f" ({decision.line})" if decision.line else ""
    return f"{decision.method} of {decision.source[0]} was {old}, is {ours}{where}"


def _sources(replayed: Replayed) -> Iterator[str]:
    sources = replayed.player.sources
    if not sources:
        return
    head = ("source", "requests", "answered", "then", "relayed", "dropped", "first blocked")
    rows = [_row(name, source) for name, source in sources.items()]
    rows = rows[:_MOST_SOURCES]
    if all(row[3] == "-" for row in rows):
        yield from table(head[:3] + head[4:], [row[:3] + row[4:] for row in rows])
    else:
        yield from table(head, rows)
    if len(sources) > _MOST_SOURCES:
        yield f"and {len(sources) - _MOST_SOURCES} more sources (--csv has all)"


def _row(name: str, source: Source) -> tuple[str, ...]:
    requests = " ".join(f"{method} {count}" for method, count in source.requests.items())
    if source.replies:
        requests = f"{requests} replies {source.replies}".strip()
    if source.malformed:
        requests = f"{requests} malformed {source.malformed}".strip()
    answers = " ".join(f"{status}:{count}" for status, count in sorted(source.answers.items()))
    then = " ".join(f"{status}:{count}" for status, count in sorted(source.captured.items()))
    return (
        name,
        requests or "-",
        answers or "-",
        then or "-",
        str(source.relayed),
        str(source.dropped),
        show_blocked(source.first_blocked),
    )
