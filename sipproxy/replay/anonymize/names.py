"""Users, numbers, domains and identifiers under other names: the same under the same."""

import re
from collections.abc import Iterable
from functools import lru_cache

from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.key import Key
from sipproxy.text import lower

_NUMBER = re.compile(r"\+?[0-9]+")
_KEPT_USERS = frozenset(("", "anonymous"))
_MAC = re.compile(r"(?i)\b[0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){5,}\b")
_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_SERIAL = re.compile(r"\d{5,}")
_AT = re.compile(r"[^\s<>()@]+@[^\s<>()@]+")
_LONGEST_AGENT = 80


class Names:
    """Maps names; `keep` are domains that stay as they are, with what is below them mapped."""

    def __init__(self, key: Key, addresses: Addresses, keep: Iterable[str] = ()) -> None:
        self._key = key
        self._addresses = addresses
        self._keep = tuple(lower(domain) for domain in keep)
        self.user = lru_cache(100_000)(self._user)
        self.host = lru_cache(100_000)(self._host)

    def _user(self, text: str) -> str:
        """A user: a number stays one of its length, any other becomes `u` and digits."""
        if lower(text) in _KEPT_USERS:
            return text
        if _NUMBER.fullmatch(text):
            return self._number(text)
        return f"u{self._key.token('user', text, 12)}"

    def _number(self, text: str) -> str:
        """A number: digits in front that are equal stay equal, `+` and zeros in front stay."""
        digits = text.lstrip("+0")
        out = [text[: len(text) - len(digits)]]
        for at, digit in enumerate(digits):
            order = "0123456789" if at else "123456789"
            turned = self._shuffled(order, digits[:at])
            out.append(turned[order.index(digit)])
        return "".join(out)

    def _shuffled(self, order: str, before: str) -> str:
        """The digits in an order that what stands before them decides."""
        left, out = list(order), []
        for byte in self._key.digest("number", before)[: len(order)]:
            out.append(left.pop(byte % len(left)))
        return "".join(out)

    def _host(self, text: str) -> str:
        """An address, in brackets or not, or a name; each label depends on those behind it."""
        bare = text.strip("[]")
        try:
            mapped = self._addresses.map(bare)
            return f"[{mapped}]" if ":" in mapped and text.startswith("[") else mapped
        except ValueError:
            pass
        name = lower(bare).rstrip(".")
        for domain in self._keep:
            if name == domain or name.endswith(f".{domain}"):
                return self._labels(name, name[: -len(domain)].rstrip("."), f".{domain}")
        if name in ("localhost", ""):
            return name
        first, dot, _ = name.rpartition(".")
        return self._labels(name, first, ".example") if dot else self._labels(name, name, "")

    def _labels(self, name: str, front: str, behind: str) -> str:
        labels = front.split(".") if front else []
        out, at = [], 0
        for label in labels:
            out.append(f"d{self._key.token('host', name[at:], 8)}")
            at += len(label) + 1
        return ".".join(out) + behind if out else behind.lstrip(".")

    def realm(self, text: str) -> str:
        """A realm is a domain for most."""
        if re.fullmatch(r"[A-Za-z0-9.\-\[\]:]+", text):
            return self.host(text)
        return f"r{self._key.token('realm', text, 10)}" if text else text

    def token(self, kind: str, text: str, length: int = 20) -> str:
        """An identifier: Call-ID, tag, branch, nonce."""
        return self._key.token(kind, text, length)

    def agent(self, text: str) -> str:
        """A product: what tells one device from another of its make is crossed out."""
        text = _AT.sub("x", text)
        text = _IPV4.sub(lambda found: self._address(found[0]), text)
        text = _MAC.sub(lambda found: "x" * len(found[0]), text)
        text = _SERIAL.sub(lambda found: "x" * len(found[0]), text)
        return "".join(c if " " <= c < "\x7f" else "x" for c in text)[:_LONGEST_AGENT]

    def _address(self, text: str) -> str:
        """What may be a version or an address is mapped like an address."""
        try:
            return self._addresses.map(text)
        except ValueError:
            return text
