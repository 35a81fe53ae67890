"""The functions of secfilter: what a message says, against the lists."""

import re

from sipproxy.core.context import Context
from sipproxy.core.log import INFO, report
from sipproxy.core.module import function
from sipproxy.core.values import Value, to_str
from sipproxy.errors import MessageError
from sipproxy.modules.secfilter.base import SecfilterBase
from sipproxy.sip.nameaddr import NameAddr

_INJECTION = ("'", '"', "--", "%27", "%24", "%60")

_LAST_BRACKETS = re.compile(r"<[^<>]*>[^<>]*\Z")

NOT_FOUND = 1


class Who:
    """A person in a header: display name (None where there is none), user, domain."""

    __slots__ = ("domain", "name", "user")

    def __init__(self, name: str | None, user: str, domain: str) -> None:
        self.name = name
        self.user = user
        self.domain = domain


class Checks(SecfilterBase):
    """2 or more is white, 1 not listed, -2 or less black."""

    @function()
    def secf_check_ua(self, ctx: Context) -> int:
        """By the beginning of User-Agent: 2 white, 1 not listed, -2 black."""
        agent = ctx.msg.header("User-Agent")
        return NOT_FOUND if agent is None else self._by_list("ua", agent)

    @function()
    def secf_check_ip(self, ctx: Context) -> int:
        """By the beginning of the source address's text: 2 white, 1 not listed, -2 black."""
        return self._by_list("ip", ctx.flow.remote[0])

    @function()
    def secf_check_country(self, ctx: Context, country: Value) -> int:
        """By the beginning of a country's code: 2 white, 1 not listed, -2 black."""
        return self._by_list("country", to_str(country))

    @function()
    def secf_check_dst(self, ctx: Context, number: Value) -> int:
        """By a number that is called: -2 it may not be, 1 it may."""
        known = self.lists.destinations
        text = to_str(number)
        if not (known.holds(text) if self.dst_exact_match else known.starts(text)):
            return NOT_FOUND
        self.stats["black dst"] += 1
        return -2

    @function()
    def secf_check_from_hdr(self, ctx: Context) -> int:
        """By beginnings in From: 4 name, 3 domain, 2 user white; 1; -2, -3, -4 black."""
        return self._by_person("from", _sender(ctx))

    @function()
    def secf_check_to_hdr(self, ctx: Context) -> int:
        """By beginnings in To: 4 name, 3 domain, 2 user white; 1; -2, -3, -4 black."""
        return self._by_person("to", _receiver(ctx))

    @function()
    def secf_check_contact_hdr(self, ctx: Context) -> int:
        """By beginnings in the first Contact header's last address: 3 domain, 2 user white..."""
        return self._by_person("contact", _contact(ctx))

    @function()
    def secf_check_sqli_hdr(self, ctx: Context, text: Value) -> int:
        """-1 when a text holds what SQL injections are made of, else 1."""
        return 1 if self._clean(to_str(text)) else -1

    @function()
    def secf_check_sqli_all(self, ctx: Context) -> int:
        """The same for User-Agent, From, To and Contact; 0, which ends the script, if there is."""
        agent = ctx.msg.header("User-Agent")
        texts = [] if agent is None else [("User-agent", agent)]
        for header, who in (
            ("From", _sender(ctx)),
            ("To", _receiver(ctx)),
            ("Contact", _contact(ctx)),
        ):
            if who is not None:
                texts += [
                    (f"{header} name", who.name or ""),
                    (f"{header} user", who.user),
                    (f"{header} domain", who.domain),
                ]
        for what, text in texts:
            if not self._clean(text):
                line = f"Possible SQL injection found in {what} ({text})"
                report(self.host.log, INFO, "secfilter", line)
                return 0
        return 1

    def _by_list(self, kind: str, text: str) -> int:
        lists = self.lists
        if getattr(lists.white, kind).starts(text):
            self.stats[f"white {kind}"] += 1
            return 2
        if getattr(lists.black, kind).starts(text):
            self.stats[f"black {kind}"] += 1
            return -2
        return NOT_FOUND

    def _by_person(self, header: str, who: Who | None) -> int:
        if who is None:
            return NOT_FOUND
        lists = self.lists
        for word, sign, colour in (("white", 1, lists.white), ("black", -1, lists.black)):
            user = colour.user.place(who.user)
            name = None if who.name is None else colour.user.place(who.name)
            if name is not None and (user is None or name <= user):
                self.stats[f"{word} {header} name"] += 1
                return 4 * sign
            if user is not None:
                self.stats[f"{word} {header} user"] += 1
                return 2 * sign
        for word, sign, colour in (("white", 1, lists.white), ("black", -1, lists.black)):
            if colour.domain.starts(who.domain):
                self.stats[f"{word} {header} domain"] += 1
                return 3 * sign
        return NOT_FOUND

    def _clean(self, text: str) -> bool:
        if not any(piece in text for piece in _INJECTION):
            return True
        self.stats["black sql"] += 1
        return False


def _sender(ctx: Context) -> Who | None:
    try:
        return _who(ctx.msg.from_)
    except MessageError:
        return None


def _receiver(ctx: Context) -> Who | None:
    try:
        return _who(ctx.msg.to)
    except MessageError:
        return None


def _contact(ctx: Context) -> Who | None:
    """The last address of the first header: Kamailio's list begins with it. It gives no name."""
    value = ctx.msg.header("Contact")
    if not value:
        return None
    try:
        found = _who(NameAddr.parse_list(value)[-1])
    except MessageError:
        found = _misshapen(value)
    return None if found is None else Who(None, found.user, found.domain)


def _misshapen(value: str) -> Who | None:
    """The last address of a list that cannot be read as a whole.

    Kamailio reads what stands in angle brackets, whatever the name before it looks like.
    """
    brackets = _LAST_BRACKETS.search(value)
    for text in (value.rpartition(",")[2], brackets[0] if brackets else ""):
        try:
            return _who(NameAddr.parse(text))
        except MessageError:
            continue
    return None


def _who(address: NameAddr) -> Who | None:
    """None without a user; raises MessageError."""
    uri = address.parsed
    if uri.user is None:
        return None
    name: str | None = address.display.strip()
    if name and len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return Who(name if address.display else None, uri.user, uri.host)
