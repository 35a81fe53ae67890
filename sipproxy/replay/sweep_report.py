"""What a sweep found: a table and a curve for people, JSON and CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from sipproxy.replay.data import as_data
from sipproxy.replay.report import missing, passwords
from sipproxy.replay.show import show_address, table
from sipproxy.replay.sweep import Point, Sweep

_FROM_REPLAY = (
    *("captures", "me", "me_found_by", "cfg", "packets", "seconds_captured", "open_loop"),
    *("auth_source", "auth_unknown", "unsupported", "unused_stubs"),
)
_MOST_ADDRESSES = 1000
_MOST_SHOWN = 5
_WIDTH, _HEIGHT = 60, 11
_HEAD = (
    *("good_blocked", "good_requests_blocked", "attackers_stopped", "attack_requests"),
    *("attack_blocked", "attack_share", "effect", "requests", "blocked", "score", "knee"),
)


def as_json_data(sweep: Sweep) -> dict[str, Any]:
    """Everything as JSON takes it; docs/replay.md describes it."""
    now = as_data(sweep.now)
    attackers = list(sweep.attackers.why.items())[:_MOST_ADDRESSES]
    knee = sweep.knee
    sources = sweep.now.player.sources
    return {
        **{name: now[name] for name in _FROM_REPLAY},
        "swept": {name: list(values) for name, values in sweep.grid.values.items()},
        "good": {"known": sweep.here.good},
        "attackers": {
            "count": len(sweep.attackers),
            "found_by": sweep.attackers.found_by,
            "addresses": [
                {"address": name, "why": why, "requests": sources[name].requests.total()}
                for name, why in attackers
            ],
        },
        "now": _point(sweep.here),
        "points": [_point(point) for point in sweep.points],
        "knee": None if knee is None else _point(knee),
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "set": dict(point.sets),
        "requests": point.requests,
        "blocked": point.blocked,
        "good": {
            "known": point.good,
            "blocked": point.good_blocked,
            "blocked_requests": point.good_requests,
            "users": list(point.names),
        },
        "attackers": {
            "stopped": point.stopped,
            "requests": point.attack_requests,
            "blocked": point.attack_blocked,
            "share": round(point.share, 6),
            "effect": round(point.effect, 6),
        },
        "score": round(point.score, 6),
        "faults": point.faults,
        "seconds_cpu": round(point.seconds, 3),
    }


def as_csv(sweep: Sweep) -> str:
    """A row for each setting, with a head line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*sweep.grid.values, *_HEAD))
    knee = sweep.knee
    for point in sweep.points:
        good = point.good_blocked, point.good_requests
        attack = point.stopped, point.attack_requests, point.attack_blocked
        shares = f"{point.share:.6f}", f"{point.effect:.6f}"
        rest = point.requests, point.blocked, f"{point.score:.6f}", int(point is knee)
        writer.writerow((*point.sets.values(), *good, *attack, *shares, *rest))
    return out.getvalue()


def as_text(sweep: Sweep) -> str:
    """The report for a person: what to take, the table, the curve."""
    parts = (_answer(sweep), _about(sweep), _table(sweep), _curve(sweep))
    return "\n\n".join(text for text in ("\n".join(part) for part in parts) if text)


def _answer(sweep: Sweep) -> Iterator[str]:
    knee = sweep.knee
    if knee is None:
        yield "no attackers in the captures: nothing to stop (see --attackers)"
        return
    yield f"knee: {_setting(knee)}: {_outcome(knee)}"
    if knee.names:
        more = f" and {knee.good_blocked - _MOST_SHOWN} more"
        rest = more if knee.good_blocked > _MOST_SHOWN else ""
        yield f"  good users hit there: {', '.join(knee.names[:_MOST_SHOWN])}{rest}"
    yield f"now: {_outcome(sweep.here)}"


def _outcome(point: Point) -> str:
    return (
        f"good users hit {point.good_blocked} of {point.good}, "
        f"attackers stopped {point.stopped} of {point.attackers} "
        f"({point.share:.0%} of their requests)"
    )


def _setting(point: Point) -> str:
    return " ".join(f"{name}={value}" for name, value in point.sets.items())


def _about(sweep: Sweep) -> Iterator[str]:
    now = sweep.now
    names = " ".join(capture.path for capture in now.captures)
    yield f"{names} through {now.player.proxy.program.file}, {len(sweep.points)} settings"
    where = " ".join(map(show_address, now.me))
    yield f"  us: {where} ({now.found})" if where else "  us: not found; say it with --me IP:PORT"
    yield from (f"  {line}" for line in (*passwords(now), *missing(now.player)))
    if not sweep.here.good:
        yield "  nobody is known good (see --good): what is harmed is not known"
    rows = list(sweep.attackers.why.items())
    shown = ", ".join(f"{name} ({why})" for name, why in rows[:_MOST_SHOWN])
    more = f" and {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else ""
    if rows:
        yield f"  attackers, {sweep.attackers.found_by}: {shown}{more}"
    if now.is_open_loop:
        yield "  what senders sent after a changed answer, they sent to the old server (open loop)"


def _table(sweep: Sweep) -> Iterator[str]:
    knee = sweep.knee
    head = (
        *sweep.grid.values,
        *("good hit", "their requests", "attackers stopped", "share", "attack blocked"),
        *("all blocked", ""),
    )
    rows = []
    for point in sweep.points:
        blocked = f"{point.share:.0%}", f"{point.attack_blocked} of {point.attack_requests}"
        counts = f"{point.good_blocked} of {point.good}", str(point.good_requests)
        stopped = f"{point.stopped} of {point.attackers}"
        marks = (("knee", point is knee), ("now", point.sets == sweep.own))
        mark = ", ".join(name for name, true in marks if true)
        everything = f"{point.blocked} of {point.requests}"
        said = f"<- {mark}" if mark else ""
        rows.append((*point.sets.values(), *counts, stopped, *blocked, everything, said))
    yield from table(head, rows)


def _curve(sweep: Sweep) -> Iterator[str]:
    """Attackers stopped against good users hit: a mark for each setting, K for the knee."""
    knee = sweep.knee
    if knee is None or len(sweep.points) < 2:
        return
    most = max(point.good_blocked for point in sweep.points) or 1
    field = [[" "] * (_WIDTH + 1) for _ in range(_HEIGHT)]
    for mark, points in (("o", sweep.points), ("K", [knee])):
        for point in points:
            column = round(point.good_blocked / most * _WIDTH)
            row = round((1 - point.effect) * (_HEIGHT - 1))
            field[row][column] = mark
    yield "attackers stopped (half for stopped at all, half by the share; K: the knee)"
    for number, cells in enumerate(field):
        share = 1 - number / (_HEIGHT - 1)
        label = f"{share:5.0%}" if number % 5 == 0 else " " * 5
        yield f"{label} |{''.join(cells)}".rstrip()
    yield f"      +{'-' * (_WIDTH + 1)}"
    yield f"       0{f'{most} of {knee.good}':>{_WIDTH}}"
    yield f"       {'good users hit':^{_WIDTH}}".rstrip()
