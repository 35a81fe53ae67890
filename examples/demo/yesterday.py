"""A capture of an attack through a cfg that was not there then: what would it have done?"""

import json
import subprocess
import sys
from pathlib import Path

from examples.demo.stage import EXAMPLES, print_table

FOLDER = EXAMPLES.parents[1] / "build" / "demo"
CFG = EXAMPLES / "dictionary_attack.cfg"
MINUTES = 5


def main() -> int:
    """Make the capture, replay it, and compare with who is who; the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    capture, users, report = (FOLDER / name for name in ("attack.pcap", "users", "report.html"))
    print(f"1. sipproxy gen attack: {MINUTES} minutes of phones, calls and four kinds of attack,")
    print("   with the answers of an old server that stops nobody; nothing is sent")
    words = ["gen", "attack", "-w", str(capture), "--passwords", str(users)]
    run(*words, "--minutes", str(MINUTES))
    truth = json.loads(Path(f"{capture}.json").read_text())
    print(f"2. sipproxy replay {capture.name} -f {CFG.name} --users users --report report.html")
    words = ["replay", str(capture), "-f", str(CFG), "--users", str(users), "--json"]
    words += ["-A", f'SECRET="{truth["secret"]}"', "--blocked", "403,silence"]
    found = json.loads(run(*words, "--report", str(report)))
    good = found["good"]
    print(f"   good users blocked: {good['blocked']} of {good['known']}")
    right = show(truth, found)
    print(f"   the report: {report.as_uri()}")
    return 0 if right and not good["blocked"] else 1


def show(truth: dict[str, object], found: dict[str, object]) -> bool:
    """What became of each kind of attacker; whether none of them got in."""
    rows: dict[str, list[int]] = {}
    sources = {row["address"]: row for row in found["sources"]}  # type: ignore[attr-defined]
    for row in truth["sources"]:  # type: ignore[attr-defined]
        if row["label"] == "attacker":
            source = sources[row["address"]]
            then, now = (source[name].get("200", 0) for name in ("captured", "answers"))
            if source["methods"].get("OPTIONS"):
                then, now = then - 1, now - 1  # anybody may ask whether a server is there
            counts = rows.setdefault(row["what"], [0, 0, 0, 0, 0])
            for place, number in enumerate((1, source["requests"], source["blocked"], then, now)):
                counts[place] += number
    head = ("attack", "addresses", "requests", "refused unchecked", "got in then", "gets in now")
    print_table(head, [(what, *map(str, counts)) for what, counts in rows.items()])
    return not any(counts[-1] for counts in rows.values())


def run(*words: str) -> str:
    """`sipproxy WORDS`, as anybody would call it; its output."""
    command = [sys.executable, "-m", "sipproxy", *words]
    return subprocess.run(command, check=True, stdout=-1, stderr=-1, text=True).stdout
