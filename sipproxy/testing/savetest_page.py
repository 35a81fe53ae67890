"""The text of a saved test."""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sipproxy.replay.explain_report import shown_history
from sipproxy.replay.show import show_address, show_time
from sipproxy.testing.captured import RIGHT, STALE, UNKNOWN_USER, WRONG, Captured, as_text
from sipproxy.testing.savetest import Case, SaveError

_INDENT = " " * 8
_WORDS = {RIGHT: "RIGHT", WRONG: "WRONG", UNKNOWN_USER: "UNKNOWN_USER", STALE: "STALE"}


def check_free(path: str, *, force: bool) -> None:
    """Raise SaveError for a file that is there already, unless by force."""
    if not force and os.path.lexists(path):
        raise SaveError(f"{path} is there already; --force replaces it")


def save_test(
    path: str,
    case: Case,
    *,
    defines: Mapping[str, str | None],
    compat: str,
    captures: Sequence[str],
) -> None:
    """Write a test, in the place of what is there. Raises SaveError."""
    text = page(case, path, defines=defines, compat=compat, captures=captures)
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise SaveError(f"cannot write {path}: {error.strerror}") from None


def page(
    case: Case,
    path: str,
    *,
    defines: Mapping[str, str | None],
    compat: str,
    captures: Sequence[str],
) -> str:
    """The Python of a test that stands at this path."""
    names = sorted({word for message in case.messages for word in _words(message)})
    given = _given(case, defines, compat)
    arguments = "".join(f"        {name}={value},\n" for name, value in given.items())
    cfg = os.path.relpath(case.program.file, Path(path).parent or ".")
    messages = "".join(_shown(message) for message in case.messages)
    return (
        f'"""{_story(case, captures)}"""\n\n'
        f"from sipproxy.testing import {', '.join([*names, 'Captured'])}\n\n"
        f"CFG = {_text(cfg)}\n\n"
        f"CAPTURED = [\n{messages}]\n\n\n"
        f"def test_{_slug(case)}(load_cfg):\n"
        f"    proxy = load_cfg(\n        CFG,\n{arguments}    )\n"
        "    run = proxy.play(CAPTURED)\n"
        f"    assert run.verdict == {_text(case.verdict)}, run.log\n"
    )


def _given(case: Case, defines: Mapping[str, str | None], compat: str) -> dict[str, str]:
    """What load_cfg is called with, as Python."""
    given: dict[str, object] = {"defines": defines, "compat": compat, "stubs": case.stubs}
    shown = {name: _text(value) for name, value in given.items() if value}
    return {**shown, "start": repr(case.start), "us": _text(list(case.us))}


def _text(value: object) -> str:
    """Python of a text, a number, None, or a dict or list of them; texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(k)}: {_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return repr(value)


def _story(case: Case, captures: Sequence[str]) -> str:
    """What the test is about, for a person."""
    run, decision = case.run, case.decision
    day = time.strftime("%Y-%m-%d", time.gmtime(run.time))
    names = ", ".join(os.path.basename(name) for name in captures)
    user = f" of {decision.user}" if decision.user else ""
    line = f" at {_base(decision.line)}" if decision.line else ""
    rows = [
        f"{decision.method}{user} from {show_address(run.source)} is {case.verdict}.",
        "",
        f"Packet {run.packet} of {names}, {day} {show_time(run.time)} UTC{line}.",
        f"Of what came before, {len(case.messages) - 1} messages are needed for that.",
    ]
    history = [_base(text) for text in shown_history(run)]
    if history:
        rows += ["", "The records that it met, and who had written them:", "", *history]
    rows += [
        "",
        "Written by sipproxy explain --save-test. Responses of credentials are left out.",
        "",
    ]
    return "\n".join(rows).replace("\\", "/").replace('"""', "'''")


def _base(text: str) -> str:
    """Files without their folders."""
    return re.sub(r"[^\s:]*/([^\s/:]+:\d+)", r"\1", text)


def _slug(case: Case) -> str:
    words = f"{case.decision.user or 'nobody'} {case.run.source[0]} {case.verdict}"
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _words(message: Captured) -> list[str]:
    codes = message.credentials
    return [_WORDS[code] for code in ([codes] if isinstance(codes, int) else codes)]


def _shown(message: Captured) -> str:
    words = _words(message)
    worth = words[0] if isinstance(message.credentials, int) else f"({', '.join(words)})"
    text = as_text(message.data, _INDENT)
    shown = f'"""{text}{_INDENT}"""' if text is not None else repr(message.data)
    to = f"        to={_text(message.to)},\n" if message.to else ""
    return (
        f"    # {show_time(message.time)}\n"
        f"    Captured(\n        {message.time!r},\n        {_text(message.source)},\n"
        f"        {shown},\n        {worth},\n{to}    ),\n"
    )
