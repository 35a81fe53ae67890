"""Comparing a play with its golden, and recording goldens."""

import difflib
import json
from pathlib import Path

from .case import load_case
from .player import Player, Result
from .ports import PortBlock
from .server import Commands


def compare(path: Path, commands: Commands) -> str:
    """Play a case; empty when it gave what its golden says, else what is wrong."""
    case = load_case(path)
    if not case.golden_path.exists():
        return "no golden: record it first"
    golden: Result = json.loads(case.golden_path.read_text())
    result = play(path, commands, golden)
    return "" if result == golden else difference(golden, result)


def record(path: Path, commands: Commands) -> str:
    """Play a case twice and write its golden if both plays gave the same; else say what differs."""
    first = play(path, commands)
    second = play(path, commands)
    if first != second:
        return "flaky, not recorded:\n" + difference(first, second)
    text = json.dumps(first, indent=1, ensure_ascii=False)
    load_case(path).golden_path.write_text(text + "\n")
    return ""


def play(path: Path, commands: Commands, golden: Result | None = None) -> Result:
    """One play on ports of its own."""
    ports = PortBlock()
    try:
        return Player(load_case(path), commands, ports.base).play(golden)
    finally:
        ports.close()


def difference(expected: Result, actual: Result) -> str:
    """A unified diff of two results."""
    return "\n".join(
        difflib.unified_diff(
            describe(expected), describe(actual), "expected", "actual", n=4, lineterm=""
        )
    )


def describe(result: Result) -> list[str]:
    """A result as lines of text, for a person to read."""
    if "refused" in result or "hangs" in result:
        return [_verdict(result)]
    if "variants" in result:
        return [f"{text!r}: {_verdict(check)}" for text, check in result["variants"].items()]
    lines: list[str] = []
    for number, step in enumerate(result["steps"], 1):
        for kind, value in step.items():
            if kind == "recv":
                lines.append(f"step {number}: received" + ("" if value else " nothing"))
                for name, messages in value.items():
                    for message in messages:
                        lines += [f"  on {name}:", *("    " + line for line in message)]
            else:
                text = value if kind == "rpc" else json.dumps(value, indent=1).split("\n")
                lines += [f"step {number}: {kind}", *("    " + line for line in text)]
    return [*lines, "log:", *("    " + line for line in result["log"])]


def _verdict(check: Result) -> str:
    if check.get("hangs"):
        return "never comes to an end"
    return f"refused, line {check['line']}" if check["refused"] else "accepted"
