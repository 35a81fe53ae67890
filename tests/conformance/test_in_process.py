"""The recorded cases on the language, played in this process: quick, and with nothing between the
script and the golden log. `test_conformance.py` plays them all against the real server."""

import json
import re
from pathlib import Path

import pytest

from sipproxy.testing import load_cfg

from .case import Case, load_case
from .normalise import MARKER
from .siptext import encode, header_name, printable, split_message, wire_length

CASES = sorted((Path(__file__).parent / "cases").glob("lang-*.toml"))
SERVER, CLIENT = 5060, 5080


def plain(case: Case) -> bool:
    """Whether all it does is to send well-formed messages from one socket and to log."""
    allowed = {"send", "wait"}
    return not case.check and all(step.keys() <= allowed for step in case.steps)


def placed(text: str, folder: Path) -> str:
    """A text with its placeholders filled in."""
    places = {"@PORT@": str(SERVER), "@PORT_a@": str(CLIENT), "@RUNDIR@": str(folder)}
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def message(text: str, name: str, number: int) -> bytes:
    """The request of a step, as the player of the cases completes it."""
    start, headers, body = split_message(text)
    method, uri = start.split(" ")[:2]
    have = {header_name(line) for line in headers}
    defaults = [
        f"Via: SIP/2.0/UDP 127.0.0.1:{CLIENT};branch=z9hG4bK-a-{number}",
        "Max-Forwards: 70",
        "From: <sip:alice@example.com>;tag=from-a",
        f"To: <{uri}>",
        f"Call-ID: {name}-a-{number}",
        f"CSeq: {number} {method}",
        f"Content-Length: {wire_length(body)}",
    ]
    lines = [f"{method} {uri} SIP/2.0", *(d for d in defaults if header_name(d) not in have)]
    return encode("\n".join([*lines, *headers, "", body]).replace("\n", "\r\n"))


def played(case: Case, folder: Path) -> list[str]:
    """What the script logs behind the marker."""
    for name, text in case.files.items():
        (folder / name).write_bytes(encode(placed(text, folder)))
    cfg = folder / "case.cfg"
    source = re.sub(r'(?m)^modparam\("(ctl|jsonrpcs|tm)".*\n', "", case.source)
    source = re.sub(r'(?m)^loadmodule "(ctl|jsonrpcs|tm|tmx)\.so"\n', "", source)
    cfg.write_bytes(encode(placed(source, folder)))
    proxy = load_cfg(str(cfg))
    lines: list[str] = []
    for number, step in enumerate(case.steps, 1):
        run = proxy.feed(message(placed(step["send"], folder), case.name, number))
        assert not run.fault, run.fault
        lines += printable("\n".join(run.log)).split("\n")
    return [found[1] for found in map(MARKER.search, lines) if found]


NAMES = [path.stem for path in CASES if plain(load_case(path))]


def test_there_are_many() -> None:
    assert len(NAMES) >= 25
    assert sum(name.startswith("lang-exit-") for name in NAMES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, tmp_path: Path) -> None:
    case = load_case(Path(__file__).parent / "cases" / f"{name}.toml")
    golden = json.loads(case.golden_path.read_text("utf-8"))
    assert played(case, tmp_path) == golden["log"]
