"""What a replay found, as plain data: JSON and CSV."""

import csv
import io
from collections import Counter
from collections.abc import Collection
from typing import Any

from sipproxy.replay.people import Person
from sipproxy.replay.run import Replayed
from sipproxy.replay.show import show_address
from sipproxy.replay.verdicts import Blocked, Decision, Source
from sipproxy.standins import StandIn

_COUNTS = (
    *("accepted", "challenged", "rejected", "dropped", "relayed", "absorbed", "blocked"),
    "uncertain",
    *("replies", "malformed", "other"),
)


def as_data(replayed: Replayed) -> dict[str, Any]:
    """Everything of the report as JSON takes it; docs/replay.md describes it."""
    people = replayed.player.people
    good = people.known_good()
    by_source = Counter(person.address for person in good)
    sources = replayed.player.sources
    return {
        **about(replayed),
        "good": {
            "known": len(good),
            "blocked": sum(1 for person in good if person.blocked),
            "blocked_requests": sum(person.blocked for person in good),
            "users": [_person(person) for person in good if person.blocked],
        },
        "broke_in": [_person(person) for person in people.broke_in()],
        "sources": [
            {"address": name, **_source(source), "known_good": by_source[name]}
            for name, source in sources.items()
        ],
        "totals": totals(sources.values()),
    }


def about(replayed: Replayed) -> dict[str, Any]:
    """What was played and how: all of the report but people, sources and totals."""
    player = replayed.player
    host, survey, tally = player.proxy.host, player.survey, player.tally
    return {
        "captures": [capture.path for capture in replayed.captures],
        "me": [show_address(address) for address in replayed.me],
        "me_found_by": replayed.found,
        "cfg": player.proxy.program.file,
        "packets": replayed.frames,
        "messages": player.messages,
        "fed": player.fed,
        "seconds_captured": round(survey.last - survey.first, 6),
        "not_read": dict(replayed.unread),
        "broken": [capture.broken for capture in replayed.captures if capture.broken],
        "unsupported": [_stand_in(one) for one in player.stand_ins],
        "unused_stubs": player.unused_stubs,
        "auth_source": player.auth,
        "auth_unknown": player.undecided,
        "faults": host.counters["core.faults"],
        "complaints": player.log.complaints,
        "complaint": player.log.complaint,
        "not_fed": {
            "from_us": tally.from_us,
            "to_ourselves": tally.between,
            "between_others": tally.elsewhere,
            "replies_without_our_request": tally.unmatched,
            "calls_that_only_the_old_server_let_through": tally.only_old,
        },
        "late": tally.late,
        "loops": tally.loops,
        "unsent": tally.unsent,
        "sent_by_timers": tally.by_timers,
        "open_loop": replayed.is_open_loop,
    }


def _stand_in(one: StandIn) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "module": one.module or None,
        "answer": one.answer,
        "uses": one.uses,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "user": person.user,
        "address": person.address,
        "blocked": person.blocked,
        "first_blocked": _blocked(person.first_blocked),
    }


def _source(source: Source) -> dict[str, Any]:
    found = source.diverged
    return {
        "requests": source.requests.total(),
        "methods": dict(source.requests),
        **{name: getattr(source, name) for name in _COUNTS},
        "first_blocked": _blocked(source.first_blocked),
        "answers": _statuses(source.answers),
        "captured": _statuses(source.captured),
        "first_difference": None if found is None else as_decision(found),
        "user_agents": dict(source.agents.most_common(10)),
        "users": dict(source.users.most_common(10)),
        "users_tried": len(source.users),
    }


def _statuses(counts: Counter[int]) -> dict[str, int]:
    return {str(status): count for status, count in sorted(counts.items())}


def totals(sources: Collection[Source]) -> dict[str, Any]:
    """The sums of all sources."""
    answers, captured = Counter[int](), Counter[int]()
    for source in sources:
        answers.update(source.answers)
        captured.update(source.captured)
    return {
        "sources": len(sources),
        "requests": sum(source.requests.total() for source in sources),
        **{name: sum(getattr(source, name) for source in sources) for name in _COUNTS},
        "answers": _statuses(answers),
        "captured": _statuses(captured),
    }


def _blocked(blocked: Blocked | None) -> dict[str, Any] | None:
    if blocked is None:
        return None
    return {
        "packet": blocked.packet,
        "time": blocked.time,
        "method": blocked.method,
        "status": blocked.status or None,
        "line": blocked.line,
        "stubs": list(blocked.stubs),
    }


def as_decision(decision: Decision) -> dict[str, Any]:
    """One row of `decisions`."""
    captured = decision.captured
    return {
        "capture": decision.capture,
        "packet": decision.packet,
        "time": decision.time,
        "source": show_address(decision.source),
        "method": decision.method,
        "call_id": decision.call_id,
        "cseq": decision.cseq,
        "user": decision.user,
        "verdict": decision.verdict,
        "status": decision.status or None,
        "to": show_address(decision.to) if decision.to else None,
        "line": decision.line,
        "auth": decision.auth or None,
        "stubs": list(decision.stubs),
        "captured_status": captured.status or None,
        "captured_relayed": captured.relayed,
        "differs": decision.diverges,
    }


def as_csv(replayed: Replayed) -> str:
    """A row for each source, with a head line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("address", "requests", *_COUNTS, "users_tried", "first_blocked", "line"))
    for name, source in replayed.player.sources.items():
        first = source.first_blocked
        counts = (getattr(source, count) for count in _COUNTS)
        where = (f"{first.time:.6f}", first.line) if first else ("", "")
        total = source.requests.total()
        writer.writerow((name, total, *counts, len(source.users), *where))
    return out.getvalue()
