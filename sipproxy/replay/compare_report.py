"""What a comparison found: for people, and as plain data."""

from collections.abc import Iterator, Sequence
from typing import Any

from sipproxy.replay.compare import Comparison, Difference, Fate, Moves, Side
from sipproxy.replay.data import as_data
from sipproxy.replay.people import Person
from sipproxy.replay.report import missing, passwords
from sipproxy.replay.show import show_address, show_time, table

_MOST_ROWS = 20
_FROM_SIDE = (
    *("cfg", "good", "totals", "faults", "auth_source", "auth_unknown", "unsupported"),
    "unused_stubs",
)
_FROM_BOTH = ("captures", "me", "me_found_by", "packets", "seconds_captured", "open_loop")


def as_json_data(found: Comparison) -> dict[str, Any]:
    """Everything as JSON takes it; docs/replay.md describes it."""
    a, b = as_data(found.a.replayed), as_data(found.b.replayed)
    total = found.total
    return {
        **{name: a[name] for name in _FROM_BOTH},
        "a": _side(found.a, a),
        "b": _side(found.b, b),
        "requests": {
            **_moves(total),
            "only_a": found.only_a,
            "only_b": found.only_b,
        },
        "first_difference": _difference(total.first),
        "good": {
            "known": a["good"]["known"],
            "newly_blocked": len(found.newly_blocked()),
            "newly_passed": len(found.newly_passed()),
            "users": [
                {
                    "user": before.user,
                    "address": before.address,
                    "blocked_a": before.blocked,
                    "blocked_b": after.blocked,
                    **_moves(moved),
                    "first_difference": _difference(moved.first),
                }
                for before, after, moved in found.good()
                if moved.changed or before.blocked != after.blocked
            ],
        },
        "sources": [
            {"address": name, **_moves(moved), "first_difference": _difference(moved.first)}
            for name, moved in found.changed_sources()
        ],
    }


def _side(side: Side, data: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: data[name] for name in _FROM_SIDE},
        "set": dict(side.variant.sets),
        "seconds_cpu": round(side.replayed.seconds, 3),
        "database_statements": side.statements,
    }


def _moves(moves: Moves) -> dict[str, int]:
    names = ("same", "newly_blocked", "newly_passed", "otherwise")
    return {"compared": moves.requests, **{name: getattr(moves, name) for name in names}}


def _difference(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    of = found.of
    return {
        "capture": of.capture,
        "packet": of.packet,
        "time": of.time,
        "source": show_address(of.source),
        "method": of.method,
        "call_id": of.call_id,
        "cseq": of.cseq,
        "user": of.user,
        "a": _fate(found.a),
        "b": _fate(found.b),
    }


def _fate(fate: Fate) -> dict[str, Any]:
    return {
        "verdict": fate.verdict,
        "status": fate.status or None,
        "blocked": fate.blocked,
        "line": fate.line,
    }


def as_text(found: Comparison) -> str:
    """The report for a person: good users first, then the first difference, sources, cost."""
    parts = (_good(found), _about(found), _first(found), _sources(found), _cost(found))
    return "\n\n".join(text for text in ("\n".join(part) for part in parts) if text)


def _good(found: Comparison) -> Iterator[str]:
    known = sum(1 for _ in found.good())
    if not known:
        yield "good users: nobody is known good (see --good)"
        return
    blocked, passed = found.newly_blocked(), found.newly_passed()
    yield f"good users newly blocked by B: {len(blocked)} of {known} known good"
    yield from _people(blocked)
    if passed:
        yield f"good users that B does not block any more: {len(passed)}"
        yield from _people(passed)


def _people(people: Sequence[tuple[Person, Moves]]) -> Iterator[str]:
    for person, moved in people[:_MOST_ROWS]:
        who = f"{person.user or '(no user)'} at {person.address}"
        yield f"  {who}: {_moved(moved)}; first: {_shown(moved.first)}"
    if len(people) > _MOST_ROWS:
        yield f"  and {len(people) - _MOST_ROWS} more (--json has all)"


def _moved(moves: Moves) -> str:
    rows = (
        (moves.newly_blocked, "newly blocked"),
        (moves.newly_passed, "newly passed"),
        (moves.otherwise, "otherwise"),
    )
    return ", ".join(f"{count} {what}" for count, what in rows if count) or "all the same"


def _about(found: Comparison) -> Iterator[str]:
    replayed = found.a.replayed
    where = " ".join(map(show_address, replayed.me))
    yield f"{' '.join(capture.path for capture in replayed.captures)}"
    yield f"  A: {found.a.variant}"
    yield f"  B: {found.b.variant}"
    if where:
        yield f"  us: {where} ({replayed.found})"
    else:
        yield "  us: not found; say it with --me IP:PORT"
    yield from (f"  {line}" for line in passwords(replayed))
    for name, side in (("A", found.a), ("B", found.b)):
        yield from (f"  {name}: {line}" for line in missing(side.replayed.player))
    total = found.total
    yield f"  {total.requests} requests: {total.same} as before, {_moved(total)}"
    yield f"  blocked by A: {_blocked(found.a)}; by B: {_blocked(found.b)}"
    for count, name in ((found.only_a, "A"), (found.only_b, "B")):
        if count:
            yield f"  {count} requests were given to {name} alone: the other refused the call"


def _blocked(side: Side) -> str:
    player = side.replayed.player
    requests = sum(source.blocked for source in player.sources.values())
    users = sum(1 for person in player.people.known_good() if person.blocked)
    return f"{requests} requests, {users} good users"


def _first(found: Comparison) -> Iterator[str]:
    first = found.total.first
    if first is None:
        if found.total.requests:
            yield "no difference: both answer every request alike"
        return
    of = first.of
    who = f" of {of.user}" if of.user else ""
    yield (
        f"first difference: packet {of.packet}, {show_time(of.time)}, {of.method}{who} "
        f"from {show_address(of.source)}"
    )
    yield f"  A: {_show_fate(first.a)}"
    yield f"  B: {_show_fate(first.b)}"
    if found.a.replayed.is_open_loop:
        yield "  what senders sent next, they sent to the old server (open loop)"


def _show_fate(fate: Fate) -> str:
    status = f" {fate.status}" if fate.status else ""
    blocked = ", blocked" if fate.blocked else ""
    where = f", {fate.line}" if fate.line else ""
    return f"{fate.verdict}{status}{blocked}{where}"


def _shown(first: Difference | None) -> str:
    if first is None:
        return "-"
    of = first.of
    what = f"packet {of.packet}, {show_time(of.time)}, {of.method}"
    return f"{what}: {_short(first.a)} -> {_short(first.b)}"


def _short(fate: Fate) -> str:
    what = str(fate.status) if fate.verdict == "answered" else fate.verdict
    return f"{what} ({fate.line})" if fate.line else what


def _sources(found: Comparison) -> Iterator[str]:
    rows = found.changed_sources()
    if not rows:
        return
    head = ("source", "requests", "to block", "to pass", "otherwise", "first difference")
    yield from table(
        head,
        [
            (
                name,
                *map(str, (m.requests, m.newly_blocked, m.newly_passed, m.otherwise)),
                _shown(m.first),
            )
            for name, m in rows[:_MOST_ROWS]
        ],
    )
    if len(rows) > _MOST_ROWS:
        yield f"and {len(rows) - _MOST_ROWS} more sources (--json has all)"


def _cost(found: Comparison) -> Iterator[str]:
    for name, side in (("A", found.a), ("B", found.b)):
        seconds, count = side.replayed.seconds, side.statements
        yield f"cost of {name}: {seconds:.2f} s of processor time, {count} database statements"
