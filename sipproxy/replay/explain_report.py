"""An explanation for people, and as plain data."""

from collections.abc import Iterator, Mapping
from typing import Any

from sipproxy.core.tracing import Step
from sipproxy.errors import Span
from sipproxy.modules.htable.store import Cell
from sipproxy.replay.data import as_decision
from sipproxy.replay.explain import Explained, Row
from sipproxy.replay.explain_tables import Place, Trail, Write
from sipproxy.replay.explain_trace import Asked, Changed, Event, Line, Run, Seen, Sent
from sipproxy.replay.report import missing, passwords
from sipproxy.replay.show import show_address, show_time, table
from sipproxy.replay.verdicts import Decision

_MOST_TEXT = 200
_MOST_ROWS = 40
_INDENT = "    "
_SHOWN = {True: "yes", False: "no"}


class Sources:
    """The texts of the cfg's files, to show what stands at a place."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._lines = {file: text.split("\n") for file, text in sources.items()}

    def indent(self, step: Step) -> int:
        """How far in it stands, with tabs of four."""
        span = step.span
        return len(self._lines[span.file][span.line - 1][: span.column - 1].expandtabs(4))

    def text(self, span: Span) -> str:
        """What stands there, on one line, without blanks that say nothing."""
        rows = self._lines[span.file][span.line - 1 : span.end_line]
        rows[-1] = rows[-1][: span.end_column - 1]
        rows[0] = rows[0][span.column - 1 :]
        text = _cut(" ".join(" ".join(rows).split()))
        opened = text.count("(") - text.count(")")
        return text + ")" * opened if text.startswith(("if", "while", "switch")) else text


def as_json_data(found: Explained) -> dict[str, Any]:
    """Everything as JSON takes it; docs/replay.md describes it."""
    replayed, explainer = found.replayed, found.explainer
    player = replayed.player
    sources = Sources(player.proxy.program.config.sources)
    return {
        "captures": [capture.path for capture in replayed.captures],
        "me": [show_address(address) for address in replayed.me],
        "me_found_by": replayed.found,
        "cfg": player.proxy.program.file,
        "wanted": str(found.wanted),
        "auth_source": player.auth,
        "open_loop": replayed.is_open_loop,
        "requests": explainer.requests,
        "left_out": {
            "requests": explainer.left_out,
            "cells": explainer.sight.history.forgotten,
        },
        "course": [_row(row) for row in explainer.rows],
        "runs": [_run(run, sources) for run in explainer.runs],
    }


def _row(row: Row) -> dict[str, Any]:
    first, last = row.first, row.last
    return {
        "capture": first.capture,
        "first_packet": first.packet,
        "last_packet": last.packet,
        "first_time": first.time,
        "last_time": last.time,
        "count": row.count,
        "method": first.method,
        "verdict": first.verdict,
        "status": first.status or None,
        "blocked": row.blocked,
        "line": first.line,
    }


def _run(run: Run, sources: Sources) -> dict[str, Any]:
    return {
        "capture": run.capture,
        "packet": run.packet,
        "time": run.time,
        "kind": run.kind,
        "message": run.first,
        "source": show_address(run.source),
        "call_id": run.call_id,
        "cseq": run.cseq,
        "decision": as_decision(run.decision) if run.decision else None,
        "blocked": run.blocked,
        "lines": [_line(line, sources) for line in run.lines],
        "lines_left_out": run.left_out,
        "history": [_trail(trail) for trail in run.trails],
    }


def _line(line: Line, sources: Sources) -> dict[str, Any]:
    step = line.step
    return {
        "route": step.route,
        "file": step.span.file,
        "line": step.span.line,
        "text": sources.text(step.span),
        "outcomes": list(line.outcomes),
        "events": [_event(event, sources) for event in line.events],
        "events_left_out": line.left_out,
    }


def _event(event: Event, sources: Sources) -> dict[str, Any]:
    match event:
        case Seen(kind, text, value, span):
            name = sources.text(span) if span else text
            return {"event": kind, "name": name, "value": value}
        case Changed(place, old, new):
            return {"event": "table", **_place(place), "old": _cell(old), "new": _cell(new)}
        case Sent(first, to):
            return {"event": "sent", "message": first, "to": show_address(to)}
        case Asked(sql, values, count):
            return {"event": "database", "sql": sql, "values": str(values), "rows": count}
        case Line():
            return {"event": "line", **_line(event, sources)}


def _place(place: Place) -> dict[str, str]:
    return {"table": place[0], "key": place[1]}


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    return None if cell is None else {"value": cell[0], "expires": cell[1] or None}


def _trail(trail: Trail) -> dict[str, Any]:
    return {
        **_place(trail.place),
        "writes": [_write(write) for write in trail.writes],
        "writes_left_out": trail.left_out,
        "because": [_trail(one) for one in trail.because],
    }


def _write(write: Write) -> dict[str, Any]:
    by = write.by
    return {
        "capture": by.capture,
        "packet": by.packet or None,
        "time": write.time,
        "line": write.line,
        "by": by.who or "a timer",
        "old": _cell(write.old),
        "new": _cell(write.new),
    }


# -- for people


def as_text(found: Explained) -> str:
    """The report for a person: the course of events, then each run."""
    sources = Sources(found.replayed.player.proxy.program.config.sources)
    parts = [_about(found), _course(found)]
    parts += [_shown_run(run, sources) for run in found.explainer.runs]
    parts.append(_rest(found))
    return "\n\n".join(text for text in ("\n".join(part) for part in parts) if text)


def _about(found: Explained) -> Iterator[str]:
    replayed = found.replayed
    names = " ".join(capture.path for capture in replayed.captures)
    count = found.explainer.requests
    what = "request" if count == 1 else "requests"
    yield f"{found.wanted}: {count} {what} in {names} through {replayed.player.proxy.program.file}"
    where = " ".join(map(show_address, replayed.me))
    yield f"  us: {where} ({replayed.found})"
    yield from (f"  {line}" for line in (*passwords(replayed), *missing(replayed.player)))
    if replayed.is_open_loop:
        yield "  what senders sent after a changed answer, they sent to the old server (open loop)"


def _course(found: Explained) -> Iterator[str]:
    """What became of the requests, one after the other."""
    rows = found.explainer.rows
    if len(rows) < 2:
        return
    shown = [
        (
            _packets(row),
            show_time(row.first.time),
            str(row.count),
            row.first.method,
            f"{_fate(row.first)}{', blocked' if row.blocked else ''}",
            row.first.line,
        )
        for row in rows[:_MOST_ROWS]
    ]
    yield from table(("packets", "from", "requests", "method", "became", "line"), shown)
    if len(rows) > _MOST_ROWS:
        yield f"and {len(rows) - _MOST_ROWS} more turns (--json has all)"


def _packets(row: Row) -> str:
    first, last = row.first, row.last
    where = f"{first.capture + 1}:" if first.capture else ""
    return f"{where}{first.packet}" + (f"-{last.packet}" if row.count > 1 else "")


def _fate(decision: Decision) -> str:
    status = f" {decision.status}" if decision.status else ""
    to = f" to {show_address(decision.to)}" if decision.to else ""
    return f"{decision.verdict}{status}{to}"


def _shown_run(run: Run, sources: Sources) -> Iterator[str]:
    at = f"packet {run.packet}" if run.kind in ("request", "reply", "") else f"after {run.packet}"
    kind = "" if run.kind in ("request", "") else f" ({run.kind})"
    yield f"{at}, {show_time(run.time)}{kind}: {_cut(run.first)} from {show_address(run.source)}"
    decision = run.decision
    if decision is not None:
        who = f"user {decision.user}, " if decision.user else ""
        yield f"  {who}Call-ID {decision.call_id}, CSeq {decision.cseq}"
        yield f"  {_fate(decision)}{', blocked' if run.blocked else ''}{_then(decision)}"
        if decision.auth:
            yield f"  its credentials were judged by: {decision.auth}"
        if decision.stubs:
            yield f"  depends on what was stubbed: {' '.join(decision.stubs)}"
    if run.lines:
        base = min(sources.indent(line.step) for line in run.lines)
        yield f"  {run.lines[0].step.route} ({run.lines[0].step.span.file})"
        yield from _shown_lines(run.lines, sources, _INDENT, base)
    elif not run.kind:
        yield "  no route ran for it: a retransmission, an ACK, or what a module takes"
    if run.left_out:
        yield f"  and {run.left_out} more lines"
    if run.trails:
        yield "  earlier:"
        for text in shown_history(run):
            yield f"{_INDENT}{text}"


def _then(decision: Decision) -> str:
    line = f" at {decision.line}" if decision.line else ""
    old = decision.captured
    if not old.known:
        return line
    then = "relayed it" if old.relayed else f"answered {old.status}"
    return f"{line}; the old server {then}"


def _shown_lines(lines: list[Line], sources: Sources, indent: str, base: int) -> Iterator[str]:
    """The lines of one route, set in as they are in the cfg."""
    for line in lines:
        step = line.step
        within = " " * (sources.indent(step) - base)
        turns = ", ".join(_SHOWN[outcome] for outcome in line.outcomes)
        outcome = f"  -> {turns}" if turns else ""
        yield f"{indent}{step.span.line:>4}  {within}{sources.text(step.span)}{outcome}"
        deeper = f"{indent}{' ' * 6}{within}{_INDENT}"
        inner: list[Line] = []
        for event in line.events:
            if isinstance(event, Line):
                inner.append(event)
                continue
            yield from _shown_inner(inner, sources, deeper, step)
            inner = []
            yield f"{deeper}{_shown_event(event, sources)}"
        yield from _shown_inner(inner, sources, deeper, step)
        if line.left_out:
            yield f"{deeper}and {line.left_out} more values"


def _shown_inner(lines: list[Line], sources: Sources, indent: str, above: Step) -> Iterator[str]:
    """Lines of a route that a line called."""
    if not lines:
        return
    span, route = lines[0].step.span, lines[0].step.route
    file = f" ({span.file})" if span.file != above.span.file else ""
    yield f"{indent}{route}{file}"
    base = min(sources.indent(line.step) for line in lines)
    yield from _shown_lines(lines, sources, indent, base)


def _shown_event(event: Event, sources: Sources) -> str:
    match event:
        case Seen("assigned", text, value, _):
            return f"{text} := {_value(value)}"
        case Seen("call", text, value, _):
            return f"{text} answers {_code(value)}"
        case Seen(_, text, value, span):
            return f"{sources.text(span) if span else text} is {_value(value)}"
        case Changed(place, old, new):
            return f"table {_name(place)}: {_shown_cell(old)} -> {_shown_cell(new)}"
        case Sent(first, to):
            return f"sent: {_cut(first)} to {show_address(to)}"
        case Asked(sql, values, count):
            return f"database: {_cut(sql)} with {_cut(str(values))}: {count} rows"
    raise AssertionError(event)


def shown_history(run: Run) -> list[str]:
    """How the cells that a run read came to their values, line by line."""
    return [text for trail in run.trails for text in _shown_trail(trail, "")]


def _value(value: object) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return _SHOWN[value]
    return str(value) if isinstance(value, int) else f'"{_cut(str(value))}"'


def _code(value: object) -> str:
    if value is None or value is True:
        return "1"
    return "-1" if value is False else str(value)


def _name(place: Place) -> str:
    return f"{place[0]}=>{_cut(place[1])}"


def _shown_cell(cell: Cell | None) -> str:
    if cell is None:
        return "nothing"
    until = f" until {show_time(cell[1])[:8]}" if cell[1] else ""
    return f"{_value(cell[0])}{until}"


def _shown_trail(trail: Trail, indent: str) -> Iterator[str]:
    yield f"{indent}{_name(trail.place)} was {_shown_cell(trail.cell)}"
    for number, write in enumerate(trail.writes):
        if number == 1 and trail.left_out:
            yield f"{indent}  ... {trail.left_out} writes ..."
        by = write.by
        who = f"packet {by.packet}" if by.packet else "a timer"
        line = f" at {write.line}" if write.line else ""
        said = f" ({by.who})" if by.who else ""
        change = f"{_shown_cell(write.old)} -> {_shown_cell(write.new)}"
        yield f"{indent}  {who}, {show_time(write.time)}{said}{line}: {change}"
    for one in trail.because:
        yield from _shown_trail(one, indent + _INDENT)


def _rest(found: Explained) -> Iterator[str]:
    explainer = found.explainer
    if explainer.left_out:
        yield f"{explainer.left_out} requests are not explained one by one (see --packet)"
    forgotten = explainer.sight.history.forgotten
    if forgotten:
        yield f"the history of {forgotten} cells was too long ago"


def _cut(text: str) -> str:
    """A text of bounded length, on one line."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: _MOST_TEXT + 1])
    return f"{shown[:_MOST_TEXT]}..." if len(text) > _MOST_TEXT else shown
