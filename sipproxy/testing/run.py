"""What came of one message: messages sent, lines logged, where the script ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import ndiff

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.sip.message import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """One message the proxy sent, parsed, and where to."""

    message: Message
    flow: Flow

    @property
    def status(self) -> int:
        """The status of a reply, 0 for a request."""
        return self.message.status

    @property
    def raw(self) -> bytes:
        """The bytes as they left."""
        return self.message.raw

    def __str__(self) -> str:
        """`200 OK -> 127.0.0.1:5080`, `INVITE sip:bob@10.0.0.5 -> 10.0.0.5:5060`."""
        message = self.message
        if message.is_request:
            what = f"{message.method} {message.ruri}"
        else:
            what = f"{message.status} {message.reason}"
        return f"{what} -> {self.where}"

    @property
    def where(self) -> str:
        """Where it went: `10.0.0.5:5060`, `tcp:10.0.0.5:5060`."""
        host, port = self.flow.remote
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return shown if self.flow.proto == "udp" else f"{self.flow.proto}:{shown}"


class Log(list[str]):
    """Lines that the script, the modules and the core wrote, without level and prefix."""

    def has(self, text: str) -> bool:
        """Whether a line holds this text."""
        return any(text in line for line in self)

    def count_of(self, text: str) -> int:
        """How many lines hold this text."""
        return sum(text in line for line in self)


@dataclass(slots=True)
class Run:
    """What came of one message, of one route, or of the passing of time."""

    sent: list[Sent] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    context: Context | None = None

    @property
    def left_at(self) -> str:
        """`file:line` of the exit, drop or return that ended the script; empty if none did."""
        return self.context.left_at if self.context else ""

    @property
    def exited(self) -> bool:
        """Whether the script ended by exit, drop, or a function that returned 0."""
        return bool(self.context and self.context.end)

    @property
    def statuses(self) -> list[int]:
        """Statuses of the replies sent."""
        return [s.status for s in self.sent if s.status]

    @property
    def verdict(self) -> str:
        """What became of a request: `answered 403`, `relayed to 10.0.0.5:5060`, `dropped`.

        One that was sent on is relayed, whatever was answered beside; a provisional answer alone
        is `answered 100`.
        """
        for sent in self.sent:
            if not sent.status:
                return f"relayed to {sent.where}"
        final = [status for status in self.statuses if status >= 200] or self.statuses
        return f"answered {final[0]}" if final else "dropped"

    @property
    def fault(self) -> str:
        """The traceback of an error inside the script, which a proxy answers with 500; or empty."""
        return next((line for line in self.log if line.startswith("Traceback ")), "")

    @property
    def transcript(self) -> list[str]:
        """The messages sent, one line each (see :meth:`Sent.__str__`)."""
        return [str(sent) for sent in self.sent]

    def expect(self, *lines: str) -> None:
        """Assert that exactly these messages were sent, in this order.

        Raises AssertionError with the difference, and with the log, which mostly tells why.
        """
        __tracebackhide__ = True
        got = self.transcript
        if got != list(lines):
            raise AssertionError("\n".join(_report(lines, got, self.log)))


def _report(expected: Iterable[str], got: Iterable[str], log: Iterable[str]) -> list[str]:
    """The difference for a person: `-` was expected and not sent, `+` sent and not expected."""
    rows = [line.rstrip("\n") for line in ndiff(list(expected), list(got))]
    report = ["other messages were sent than expected (- missing, + unexpected):", *rows]
    lines = [line.rstrip("\n") for line in log]
    return [*report, "log:", *(f"  {line}" for line in lines)] if lines else report
