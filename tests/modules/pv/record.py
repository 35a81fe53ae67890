"""Ask real Kamailio 5.6 what pseudo-variables and transformations give, and keep its answers.

    python tests/modules/pv/record.py            # writes golden/*.json from plans/*.json

A plan is a JSON object: `title`, `cfg` (lines before the routes), `params` (modparams of pv), `set`
(assignments, each `[pseudo-variable, value]`), `before` (further statements), `messages` (SIP text
with `\\n` line ends, each character one byte) and `expressions` (texts with pseudo-variables);
`values` and `templates` add an expression for each pair of them, with `@` for a `$var` of that
value. The golden holds, for each expression, what xlog showed of it for each message. Server and
client have fixed ports, as messages may show them.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SERVER = ("127.0.0.1", 15060)
CLIENT = ("127.0.0.1", 15999)
MODULES = ("pv", "xlog", "textops", "tm", "sl", "rr")
_PREFIX = re.compile(rb" *\d+\(\d+\) [A-Z]+: <script>: @@")
LOGGED = re.compile(r"@@\d+:(\d+)<(.*)", re.DOTALL)
"""A line of the log without its prefix: number of the expression, and its text."""
_RECORD = re.compile(rb"(\d+):(\d+)<(.*)", re.DOTALL)


def wire(message: str) -> bytes:
    """A message of a plan as bytes; `\\u00xx` stands for one byte."""
    return message.replace("\n", "\r\n").encode("latin-1")


def expanded(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with the assignments and expressions that its templates stand for."""
    values = plan.get("values", [])
    named = [[f"$var(v{number})", value] for number, value in enumerate(values)]
    pairs = [
        template.replace("@", f"var(v{number})")
        for template in plan.get("templates", [])
        for number in range(len(values))
    ]
    return {
        **plan,
        "set": [*plan.get("set", []), *named],
        "expressions": [*plan.get("expressions", []), *pairs],
    }


def cfg_text(plan: dict[str, Any], debug: int = -5) -> str:
    """The configuration that evaluates a plan."""
    lines = [
        "#!KAMAILIO",
        f"debug={debug}",
        "log_stderror=yes",
        "children=1",
        "disable_tcp=yes",
        "auto_aliases=no",
        f"listen=udp:{SERVER[0]}:{SERVER[1]}",
        'mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules"',
        *(f'loadmodule "{name}.so"' for name in MODULES),
        'modparam("xlog", "buf_size", 65536)',
        plan.get("cfg", ""),
        *(f'modparam("pv", "{name}", "{value}")' for name, value in plan.get("params", [])),
        "request_route {",
        "    route(SHOW);",
        '    xlog("L_ALERT", "@@end@@\\n");',
        "}",
        "reply_route {",
        "    route(SHOW);",
        '    xlog("L_ALERT", "@@end@@\\n");',
        "    drop;",
        "}",
        "route[SHOW] {",
    ]
    for name, value in plan.get("set", []):
        lines.append(f"    {name} = {_literal(value)};")
    lines += [f"    {line}" for line in plan.get("before", [])]
    for number, expression in enumerate(plan["expressions"]):
        quoted = expression.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'    xlog("L_ALERT", "@@$mi:{number}<{quoted}>@@\\n");')
    lines += ["}", ""]
    return "\n".join(lines)


def _literal(value: int | str | None) -> str:
    if value is None:
        return "$null"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def ask(plan: dict[str, Any]) -> list[list[str]]:
    """For each expression, its text for each message. Raises RuntimeError when refused."""
    folder = Path(tempfile.mkdtemp(prefix="pv-record-"))
    cfg = folder / "k.cfg"
    cfg.write_bytes(cfg_text(plan).encode("utf-8", "surrogateescape"))
    log = (folder / "log").open("w+b")
    server = subprocess.Popen(
        ["kamailio", "-f", cfg, "-DD", "-E", "-m", "64", "-M", "16", "-Y", folder],
        stderr=log,
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin", "TZ": "UTC", "PV_TEST": "from environment"},
    )
    try:
        _play(server, plan["messages"], folder / "log")
    finally:
        server.terminate()
        server.wait()
    text = (folder / "log").read_bytes()
    shutil.rmtree(folder)
    return _answers(text, len(plan["expressions"]), len(plan["messages"]))


def _play(server: subprocess.Popen[bytes], messages: list[str], log: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(CLIENT)
        for attempt in range(100):
            listening = subprocess.run(["ss", "-lun"], capture_output=True, text=True).stdout
            if f"{SERVER[0]}:{SERVER[1]}" in listening:
                break
            if server.poll() is not None or attempt == 99:
                raise RuntimeError(
                    f"the server does not start: {log.read_text('utf-8', 'replace')}"
                )
            time.sleep(0.05)
        for number, message in enumerate(messages, 1):
            client.sendto(wire(message), SERVER)
            for _ in range(600):
                if log.read_bytes().count(b"@@end@@") >= number:
                    break
                time.sleep(0.005)
            else:
                raise RuntimeError(f"message {number} has no answer: {message[:60]!r}")


def _answers(log: bytes, expressions: int, messages: int) -> list[list[str]]:
    found: dict[tuple[int, int], str] = {}
    for piece in _PREFIX.split(log):
        match = _RECORD.match(piece)
        if match:
            # A line ends at a NUL, then the mark and the line end are missing.
            value = match[3].removesuffix(b"\n").removesuffix(b">@@")
            found[int(match[1]), int(match[2])] = value.decode("utf-8", "surrogateescape")
    ids = sorted({message for message, _ in found})
    if len(ids) != messages:
        raise RuntimeError(f"{len(ids)} messages were evaluated, {messages} sent")
    return [[found.get((i, number), "") for i in ids] for number in range(expressions)]


def record(path: Path) -> Path:
    """Play one plan and write its golden beside it."""
    plan = expanded(json.loads(path.read_text()))
    answers = ask(plan)
    if ask(plan) != answers:
        raise RuntimeError(f"{path.name}: two runs gave different answers")
    golden = HERE / "golden" / path.name
    golden.parent.mkdir(exist_ok=True)
    rows = [[text, values] for text, values in zip(plan["expressions"], answers, strict=True)]
    body = ",\n".join("  " + json.dumps(row) for row in rows)
    golden.write_text('{"rows": [\n' + body + "\n]}\n")
    return golden


if __name__ == "__main__":
    names = sys.argv[1:]
    for plan_path in sorted((HERE / "plans").glob("*.json")):
        if not names or plan_path.stem in names:
            print(record(plan_path))
