"""Records what Kamailio 5.6.3 does with the cases in `recorded/*.json`.

    python tests/modules/record.py [NAME...]

A case is a request and statements of a cfg; those that start with `=` are calls whose results are
kept. Each file's cases run in one server on loopback. Afterwards a case also holds `results`,
`sent` (what left, without our own Via, tags and Server) and the R-URI. Module json is in Debian's
package kamailio-json-modules.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "recorded"
PORT, SINK = 27412, 27413


def cfg_of(table: dict[str, Any], sink: int) -> str:
    """One cfg for all cases: the Call-ID chooses."""
    modules, cases = table["modules"], table["cases"]
    lines = ["#!KAMAILIO", "log_stderror=yes", "debug=0", f"listen=udp:127.0.0.1:{PORT}"]
    lines += [f'loadmodule "{name}.so"' for name in modules]
    lines += table.get("top", [])
    lines.append("request_route {")
    for number, case in enumerate(cases):
        lines.append(f'if ($ci == "c{number}") {{')
        lines += [statement(text) for text in case["do"]]
        if case.get("forward", True):
            lines.append(f'$du = "sip:127.0.0.1:{sink}"; forward();')
        lines.append("exit; }")
    lines.append("}")
    return "\n".join(lines) + "\n"


def statement(text: str) -> str:
    """A line of the cfg: `=call` logs the result of the call and the R-URI."""
    if not text.startswith("="):
        return text
    return f'$var(r) = {text[1:]}; xlog("T: $ci $var(r) $ru\\n");'


def request_of(case: dict[str, Any], number: int) -> bytes:
    """The request of a case as it goes over the wire."""
    first = case.get("request", "OPTIONS sip:bob@example.com")
    method = first.split()[0]
    body = case.get("body", "")
    headers = case.get("headers", "")
    length = "" if "Content-Length" in headers else f"Content-Length: {len(body.encode())}\r\n"
    text = (
        f"{first} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{SINK};branch=z9hG4bK-1\r\n"
        "From: <sip:alice@example.com>;tag=f1\r\n"
        f"To: {case.get('to', '<sip:bob@example.com>')}\r\nCall-ID: c{number}\r\n"
        f"CSeq: {case.get('cseq', f'1 {method}')}\r\n{headers}{length}\r\n{body}"
    )
    return text.encode()


def masked(data: bytes) -> str:
    """A message without what differs from run to run."""
    text = data.decode()
    if not text.startswith("SIP/2.0"):
        text = re.sub(
            r"\r\nVia: SIP/2.0/UDP [^\r]*;branch=z9hG4bK[0-9a-f]+\.[0-9a-f]+\.0", "", text, count=1
        )
    text = re.sub(r"\r\nServer: [^\r]*", "", text)
    return re.sub(r";tag=[0-9a-f]{32}\.[0-9a-f]{8}", ";tag=<TAG>", text)


def record(path: Path) -> None:
    """Play the cases of one file on the server and write down what it does."""
    table = json.loads(path.read_text())
    cases = table["cases"]
    with tempfile.TemporaryDirectory() as scratch, socket.socket(type=socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", SINK))
        sink.settimeout(0.15)
        cfg = Path(scratch) / "k.cfg"
        cfg.write_text(cfg_of(table, SINK))
        log = Path(scratch) / "log"
        with log.open("wb") as errors:
            command = ["kamailio", "-f", str(cfg), "-DD", "-E", "-m", "64", "-M", "64", "-n", "1"]
            command += ["-Y", scratch]
            server = subprocess.Popen(command, stderr=errors, stdout=subprocess.DEVNULL)
        time.sleep(1)
        for number, case in enumerate(cases):
            sink.sendto(request_of(case, number), ("127.0.0.1", PORT))
            case["sent"] = []
            try:
                while True:
                    case["sent"].append(masked(sink.recv(65535)))
            except TimeoutError:
                pass
        server.terminate()
        server.wait()
        lines = log.read_text(errors="replace").splitlines()
    if not any("T: " in line for line in lines):
        raise SystemExit("\n".join(line for line in lines if "ERROR" in line or "CRIT" in line))
    for number, case in enumerate(cases):
        found = [line.partition(f"T: c{number} ")[2] for line in lines]
        case["results"] = [text for text in found if text]
    rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    kept = {name: value for name, value in table.items() if name != "cases"}
    path.write_text(f'{json.dumps(kept)[:-1]}, "cases": [\n{rows}\n]}}\n')


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.json")):
        record(HERE / f"{name}.json")
