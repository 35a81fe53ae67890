"""One SIP message without the people in it."""

import re
from collections import Counter

from sipproxy.replay.anonymize.headers import HEADERS, NEEDED, method_of, uri
from sipproxy.replay.anonymize.names import Names
from sipproxy.sip.names import REASONS, SPELLING
from sipproxy.text import decode, encode, lower

_FOLD = re.compile(r"\r?\n[ \t]+")
_END = re.compile(r"\r?\n\r?\n")
_REPLY = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: .*)?")


class Messages:
    """Writes messages anew; counts what it left out."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.left_out: Counter[str] = Counter()
        """Headers by name."""
        self.bodies = 0

    def anonymous(self, data: bytes) -> bytes | None:
        """The message that stands for another; None when it is not understood.

        A body, and each header that is not known, is left out.
        """
        text = decode(data)
        end = _END.search(text)
        head = text if end is None else text[: end.start()]
        first, *rows = _FOLD.sub(" ", head.rstrip("\r\n")).split("\n")
        try:
            lines = [self._first(first.rstrip("\r"))]
            seen = set()
            for row in rows:
                name, line = self._header(row.rstrip("\r"))
                seen.add(name)
                if line:
                    lines.append(line)
        except ValueError:
            return None
        if not seen >= NEEDED:
            return None
        if end is not None and end.end() < len(text):
            self.bodies += 1
        return encode("\r\n".join([*lines, "Content-Length: 0", "", ""]))

    def _first(self, line: str) -> str:
        found = _REPLY.fullmatch(line)
        if found is not None:
            return f"SIP/2.0 {found[1]} {REASONS.get(int(found[1]), 'Reply')}"
        method, _, rest = line.partition(" ")
        target, _, version = rest.rpartition(" ")
        if version != "SIP/2.0":
            raise ValueError("first line")
        return f"{method_of(method)} {uri(self._names, target.strip())} SIP/2.0"

    def _header(self, row: str) -> tuple[str, str]:
        """The name of a header, and its line, empty to leave it out; raises ValueError."""
        given, colon, value = row.partition(":")
        if not colon:
            raise ValueError("header")
        name = SPELLING.get(lower(given.strip()), "")
        writer = HEADERS.get(name)
        if writer is None:
            if name not in ("Content-Length", "Content-Type"):
                self.left_out[name or "others"] += 1
            return name, ""
        try:
            written = writer(self._names, value.strip())
        except ValueError:
            if name in NEEDED:
                raise
            written = ""
        if not written:
            self.left_out[name] += 1
        return name, f"{name}: {written}" if written else ""
