"""Taking out of messages and logs what legitimately differs between two runs or two servers."""

import json
import re
from collections.abc import Mapping, Sequence

from .siptext import header_name, printable, split_message

MARKER = re.compile(r"\bT: ?(.*)")
"""What a case's own xlog() lines carry."""

# A record starts anew also where the one before it lacks its newline.
_RECORD_START = re.compile(r" ?\b\d+\(\d+\) [A-Z]+: ")
_TOKEN = re.compile(r"\b(branch=|tag=)([^\s;,>]+)")


class Normaliser:
    """Masks ports, branches, tags, nonces and server names of one play of a case."""

    def __init__(
        self, port: int, socket_ports: Mapping[str, int], masks: Sequence[tuple[str, str]]
    ) -> None:
        self._ports = {port: "<server>"} | {p: f"<{name}>" for name, p in socket_ports.items()}
        self._masks = [(re.compile(pattern), text) for pattern, text in masks]
        self._ours: set[str] = set()
        self._foreign: dict[str, str] = {}

    def sending(self, text: str) -> None:
        """Remember the tags and branches we send: those stay as they are."""
        self._ours |= {value for _, value in _TOKEN.findall(text)} - self._foreign.keys()

    def mask(self, text: str) -> str:
        """The text with everything masked; the same foreign branch keeps its number."""
        text = _TOKEN.sub(self._token, text)
        text = re.sub(
            r'\b(nonce|opaque|response)="[^"]+"', lambda m: f'{m[1]}="<{m[1].upper()}>"', text
        )
        text = re.sub(
            r"(?mi)^(Server|User-Agent): (?:kamailio|sipproxy)\b.*", r"\1: <SERVER>", text
        )
        text = re.sub(r";expires=(\d*[89])\b", lambda m: f";expires={-int(m[1]) // 10 * -10}", text)
        for port, name in self._ports.items():
            text = re.sub(rf"\b{port}\b", name, text)
        for pattern, replacement in self._masks:
            text = pattern.sub(replacement, text)
        return text

    def _token(self, match: re.Match[str]) -> str:
        kind, value = match[1], match[2]
        if value in self._ours:
            return match[0]
        number = sum(name.startswith("<BRANCH") for name in self._foreign.values()) + 1
        made_up = f"<BRANCH-{number}>" if kind == "branch=" else "<TAG>"
        return kind + self._foreign.setdefault(value, made_up)

    def message(self, text: str) -> list[str]:
        """A message as lines: headers sorted by name, their order within a name kept."""
        start, headers, body = split_message(printable(text))
        if any(header_name(h) == "content-type" and "json" in h for h in headers):
            body = json.dumps(json.loads(body), sort_keys=True)  # order and spacing are free
            headers = [
                re.sub(r"(?i)^(Content-Length|l):.*", r"\1: <LENGTH>", line) for line in headers
            ]
        lines = [start, *sorted(headers, key=header_name)]
        if body:
            lines += ["", *body.rstrip("\n").split("\n")]
        return [self.mask(line) for line in lines]

    def log(self, text: str, keep: Sequence[str], in_order: bool) -> list[str]:
        """What the script logged behind the marker, and the first group of each `keep` found."""
        patterns = [MARKER, *(re.compile(pattern) for pattern in keep)]
        lines = []
        for line in _RECORD_START.sub("\n", text).split("\n"):
            found = next((m for m in (p.search(line) for p in patterns) if m), None)
            if found:
                lines.append(self.mask(found[1]))
        return lines if in_order else sorted(lines)


def sorted_dump(text: str) -> str:
    """The items of a kamcmd htable.dump: how they fall into slots is the server's business."""
    items = re.findall(r"\tname: (.*)\n\s*value: (.*)\n\s*type: (\w+)", text)
    return "\n".join(sorted(f"{n} = {v} ({t})" for n, v, t in items)) if items else text
