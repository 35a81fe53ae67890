"""The statistics of the core that kex adds: what was received, forwarded and dropped.

`bad_URIs_rcvd` is not among them: Kamailio counts each attempt of its own to parse a bad URI, and
how often it tries is its affair.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sipproxy.core.statistics import Statistic, Statistics, Traffic

_REQUESTS = (
    *("INVITE", "CANCEL", "ACK", "BYE", "INFO", "REGISTER", "SUBSCRIBE", "NOTIFY"),
    *("MESSAGE", "OPTIONS", "PRACK", "UPDATE", "REFER", "PUBLISH"),
)
"""Methods whose requests have a statistic of their own."""

_REPLIES: Mapping[str, str] = MappingProxyType(
    {"REGISTER": "reg"}
    | {
        method: method.lower()
        for method in ("INVITE", "CANCEL", "BYE", "MESSAGE", "PRACK", "UPDATE", "REFER")
    }
)
"""How the statistics call the methods whose replies are told apart."""

_STATUSES = (401, 404, 407, 480, 486)
_EVENTS = (
    *("fwd_requests", "fwd_replies", "drop_requests", "drop_replies"),
    *("err_requests", "err_replies", "bad_msg_hdr"),
)


class CoreStats:
    """Keeps the group `core` from the tallies of the traffic."""

    def __init__(self, statistics: Statistics, traffic: Traffic) -> None:
        self._traffic = traffic
        self._by_name = {name: statistics.add(Statistic("core", name)) for name in self._names()}
        statistics.settle.append(self.settle)

    def _names(self) -> list[str]:
        classes = [f"rcv_replies_{number}xx" for number in range(1, 7)]
        return [
            *("rcv_requests", "rcv_replies", "rcv_replies_18x", "unsupported_methods"),
            *(f"rcv_requests_{method.lower()}" for method in _REQUESTS),
            *classes,
            *(f"rcv_replies_{status}" for status in _STATUSES),
            *(f"{one}_{method}" for one in classes for method in _REPLIES.values()),
            *_EVENTS,
        ]

    def settle(self) -> None:
        """Bring the statistics up to date."""
        traffic = self._traffic
        for method, count in traffic.requests.items():
            self._add("rcv_requests", count)
            if method in _REQUESTS:
                self._add(f"rcv_requests_{method.lower()}", count)
            elif not method:
                self._add("unsupported_methods", count)
        for (status, method), count in traffic.replies.items():
            self._add_reply(status, method, count)
        for name, count in traffic.events.items():
            self._add(name, count)
        for tally in (traffic.requests, traffic.replies, traffic.events):
            tally.clear()

    def _add_reply(self, status: int, method: str, count: int) -> None:
        self._add("rcv_replies", count)
        if not 100 <= status < 700:
            return
        of_class = f"rcv_replies_{status // 100}xx"
        self._add(of_class, count)
        if method in _REPLIES:
            self._add(f"{of_class}_{_REPLIES[method]}", count)
        if 180 <= status < 190:
            self._add("rcv_replies_18x", count)
        elif status in _STATUSES:
            self._add(f"rcv_replies_{status}", count)

    def _add(self, name: str, count: int) -> None:
        self._by_name[name].value += count
