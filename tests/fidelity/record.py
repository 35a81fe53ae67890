"""Put the questions of `generate.py` to a real Kamailio and keep its answers as goldens.

    python tests/fidelity/generate.py | python tests/fidelity/record.py

Each probe is first parsed alone (`kamailio -c`); what is accepted is then run by the hundred, one
message through one server process. Takes some minutes; traffic stays on 127.0.0.0/8.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
ADDRESS = ("127.0.0.61", 5070)
BATCH = 150
SERVER_PATIENCE = 15  # seconds without a log line before a server is given up

HEAD = f"""\
#!KAMAILIO
children=1
disable_tcp=yes
auto_aliases=no
log_stderror=yes
max_while_loops=10
listen=udp:{ADDRESS[0]}:{ADDRESS[1]}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
"""
END = '    xlog("L_ERR", "@end\\n");\n'


@dataclass
class Probe:
    """One way of asking one question, and what came of it ("" while unknown)."""

    name: str
    text: str
    line: int  # of the expression, from the first line of the text
    answer: str = ""


def cfg_text(parts: str, prelude: str, probes: list[Probe]) -> str:
    """A cfg that runs the probes in order."""
    body = "".join(probe.text for probe in probes)
    return f"{HEAD}{parts}request_route {{\n{prelude}{body}{END}}}\n"


def check(parts: str, prelude: str, probe: Probe) -> None:
    """Let `kamailio -c` judge the probe: sets "refused" (on its line or elsewhere) if it must."""
    text = cfg_text(parts, prelude, [probe])
    before = text[: text.index(probe.text)].count("\n")
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", encoding="utf-8") as cfg:
        cfg.write(text)
        cfg.flush()
        done = subprocess.run(
            ["kamailio", "-c", "-f", cfg.name], capture_output=True, timeout=20, check=False
        )
    if done.returncode:
        lines = re.findall(rb"parse error in config file [^,]*, line (\d+)", done.stderr)
        here = bool(lines) and int(lines[0]) == before + probe.line
        probe.answer = "refused" if here else "refused elsewhere"


@contextmanager
def server(text: str) -> Iterator[IO[bytes]]:
    """A Kamailio running `text`; yields its log."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = Path(folder, "fidelity.cfg")
        cfg.write_text(text, encoding="utf-8")
        command = ["kamailio", "-f", str(cfg), "-DD", "-E", "-m", "64", "-M", "32", "-Y", folder]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        try:
            yield process.stderr
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(text: str, message: bytes) -> dict[str, str]:
    """Answers by probe name, of one message through `text`; "end" is among them if all ran."""
    answers: dict[str, str] = {}
    log = b""
    with server(text) as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        quiet = 0.0
        while quiet < SERVER_PATIENCE and "end" not in answers:
            if not select.select([stream], [], [], 0.1)[0]:
                quiet += 0.1
                if not answers:
                    sock.sendto(message, ADDRESS)
                continue
            chunk = os.read(stream.fileno(), 1 << 16)
            if not chunk:
                break
            quiet = 0.0
            *lines, log = (log + chunk).split(b"\n")
            for line in lines:
                if found := re.search(r"<script>: @(\w+) ?(.*)", line.decode("utf-8", "replace")):
                    answers.setdefault(found[1], found[2])
    return answers


def ask(make_text: Callable[[list[Probe]], str], message: bytes, probes: list[Probe]) -> None:
    """Fill in the answers of probes that parse; finds those that stop a server or kill it."""
    answers = run(make_text(probes), message)
    if "end" in answers:
        for probe in probes:
            probe.answer = answers.get(probe.name, "missing")
    elif len(probes) == 1:
        probes[0].answer = "crash" if answers else "no start"
    else:
        half = len(probes) // 2
        ask(make_text, message, probes[:half])
        ask(make_text, message, probes[half:])


def typed(answer: str) -> str:
    """ "value|value + 1" as i:5, s:abc, null or fail; other answers as they are."""
    value, bar, plus = answer.rpartition("|")
    if not bar:
        return answer
    if value == "~":
        return "fail"
    if value == "<null>":
        return "null"
    return f"s:{value}" if plus == value + "1" else f"i:{value}"


def expressions(questions: dict[str, Any]) -> list[list[str]]:
    """[expression, as a value, as a condition, as a loop's condition] for each expression."""
    message, parts, prelude = (questions[key] for key in ("message", "parts", "prelude"))
    asked = questions["expressions"]
    probes = []
    for number, expression in enumerate(asked):
        for kind, template in questions["probes"].items():
            before = template[: template.index("{expression}")].count("\n")
            text = template.replace("{expression}", expression).replace("{number}", str(number))
            probes.append(Probe(f"{number}{kind}", text, before + 1))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda probe: check(parts, prelude, probe), probes))
    running = [probe for probe in probes if not probe.answer]
    print(f"{len(probes) - len(running)} of {len(probes)} probes refused", file=sys.stderr)
    rounds = []
    for _ in range(2):
        for at in range(0, len(running), BATCH):
            ask(
                lambda some: cfg_text(parts, prelude, some),
                message.encode(),
                running[at : at + BATCH],
            )
        rounds.append([typed(probe.answer) for probe in probes])
    kinds = len(questions["probes"])
    rows = []
    for number, expression in enumerate(asked):
        first, second = (r[kinds * number : kinds * (number + 1)] for r in rounds)
        if first == second:
            rows.append([expression, *first])
        else:  # it reads memory that nothing was written to, as after an error right of ==
            print(f"unsteady: {expression}: {first} {second}", file=sys.stderr)
    return rows


def quoted(text: str) -> str:
    """A cfg string of these bytes, each written as an escape."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def regexes(questions: dict[str, Any]) -> list[list[str]]:
    """[pattern, text, "1" | "0" | "fail"] for each pair; fail is a refused pattern."""
    probes = []
    for number, (pattern, text) in enumerate(questions["regexes"]):
        body = f"$var(p) = {quoted(pattern)}; $var(x) = {quoted(text)}; $avp(r) = 9;\n"
        body += "$avp(r) = $var(x) =~ $var(p);\n"
        body += f'xlog("L_ERR", "@{number} $avp(r)\\n");\n'
        probes.append(Probe(str(number), body, 2))
    for at in range(0, len(probes), BATCH):
        ask(
            lambda some: cfg_text("", "", some),
            questions["message"].encode(),
            probes[at : at + BATCH],
        )
    return [
        [*pair, "fail" if probe.answer == "9" else probe.answer]
        for pair, probe in zip(questions["regexes"], probes, strict=True)
    ]


def write(name: str, head: dict[str, Any], rows: list[list[str]]) -> None:
    """A golden file: its circumstances, then one row a line."""
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True)
    head = {"recorded from": version.stdout.split("(")[0].strip(), **head}
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    Path(HERE, name).write_text(
        text + ',\n "rows": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8"
    )


def main() -> None:
    questions = json.load(sys.stdin)
    write("regexes.json", {"seed": questions["seed"]}, regexes(questions))
    kept = {key: questions[key] for key in ("seed", "message", "prelude", "parts", "probes")}
    write("expressions.json", kept, expressions(questions))


if __name__ == "__main__":
    main()
