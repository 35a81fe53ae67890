"""CANCEL: the client's, which ends a call that rings, and our own to branches (RFC 3261 s. 9)."""

from abc import abstractmethod
from collections.abc import Iterable

from sipproxy.modules.tm.replies import Replies
from sipproxy.modules.tm.transaction import Branch, Transaction
from sipproxy.sip.hopbyhop import hop_by_hop
from sipproxy.sip.message import Message

ELSEWHERE = "Call completed elsewhere"
CANCELING, CANCEL_DONE, CANCELED = "canceling", "ok -- no more pending branches", "Request canceled"


class Cancels(Replies):
    """Ends branches that may still ring."""

    def to_cancel(self, t: Transaction) -> list[Branch]:
        """Branches without a final reply that no CANCEL was sent to."""
        return [b for b in t.branches if b.pending and b.flow is not None and not b.cancel]

    def kill(self, t: Transaction, cause: int) -> None:
        """The INVITE is answered: branches that ring are canceled, the others are given up."""
        for b in self.to_cancel(t):
            b.canceled = True
            self.drive_branch(t, b, "kill")
            if b.last_received >= 100:
                self.send_cancel(t, b, self.reason_row(cause))

    def finish_branches(self, t: Transaction, status: int) -> None:
        """Our own final reply ends all branches."""
        if t.invite:
            self.kill(t, status)
        for b in t.branches:
            if b.pending:
                self.drive_branch(t, b, "kill")

    def cancel_branches(
        self, t: Transaction, branches: Iterable[Branch], reason: str, method: int | None = None
    ) -> list[Branch]:
        """Cancel by `method`, else cancel_b_method; the branches that are to get a faked 487."""
        faked = []
        if method is None:
            method = self.cancel_b_method
        for b in branches:
            b.canceled = True
            if b.last_received >= 100 or method == 2:
                self.stop_a(t, b)
                self.send_cancel(t, b, reason)
            elif method == 0:
                self.stop_a(t, b)
                self.stop_b(t, b)
                faked.append(b)
        return faked

    def send_cancel(self, t: Transaction, b: Branch, reason: str) -> None:
        """Send a CANCEL to a branch, again until it is answered."""
        assert b.flow is not None
        to = _row(t.request, "to")
        b.cancel = hop_by_hop(b.sent, "CANCEL", to, reason, self.ac_extra_hdrs)
        self.host.send(b.cancel, b.flow)
        self.stop_cancel(b)
        if b.flow.proto == "udp":
            now = self.host.now()
            self._await_cancel(t, b, self.retr_timer1 / 1000, now + self.fr_timer / 1000, now)

    def _await_cancel(
        self, t: Transaction, b: Branch, wait: float, until: float, due: float
    ) -> None:
        """Repeat the CANCEL after `wait`, unless that is later than `until`."""
        if due + wait <= until:
            again = self._repeat_cancel
            b.cancel_timer = self.host.timers.after(due, wait, again, t, b, wait, until)

    def _repeat_cancel(
        self, t: Transaction, b: Branch, wait: float, until: float, due: float
    ) -> None:
        assert b.flow is not None
        self.host.send(b.cancel, b.flow)
        self._await_cancel(t, b, min(2 * wait, self.retr_timer2 / 1000), until, due)

    def canceled_late(self, t: Transaction, b: Branch) -> None:
        """A canceled branch says now that it rings: it gets its CANCEL, or gets it again."""
        assert b.flow is not None
        if b.cancel:
            self.host.send(b.cancel, b.flow)
        else:
            self.stop_a(t, b)
            self.send_cancel(t, b, t.reasons or self.reason_row(t.status if t.status >= 200 else 0))

    def cancel_request(self, t: Transaction, cancel: Transaction) -> None:
        """The client canceled the INVITE of `t` by the request of `cancel`."""
        t.canceled = True
        branches = self.to_cancel(t)
        if not branches:
            self.answer(t, 487, CANCELED)
            self.answer(cancel, 200, CANCEL_DONE)
            return
        takes = self.e2e_cancel_reason if t.take_reason is None else t.take_reason
        if takes and not t.reasons:
            t.reasons = _rows(cancel.request, "reason")
        faked = self.cancel_branches(t, branches, t.reasons)
        for b in faked:
            self.fake(t, b, 487)
        self.answer(cancel, 200, CANCELING)

    @abstractmethod
    def fake(self, t: Transaction, b: Branch, status: int) -> None:
        """Take a final reply of our own for the branch's."""

    def send_ack(self, t: Transaction, b: Branch, msg: Message | None) -> None:
        """The ACK to a negative reply of an INVITE."""
        if msg is None or b.flow is None:
            return
        ack = hop_by_hop(b.sent, "ACK", _row(msg, "to"), "", self.ac_extra_hdrs)
        self.host.send(ack, b.flow)

    def reason_row(self, cause: int) -> str:
        """Reason row of a CANCEL of our own (RFC 3326); none for an unknown cause."""
        if not cause or not self.local_cancel_reason:
            return ""
        text = f';text="{ELSEWHERE}"' if cause == 200 else ""
        return f"Reason: SIP;cause={cause}{text}\r\n"


def _row(msg: Message, name: str) -> str:
    row = msg.rows(name)[0]
    return msg.head[row.start : row.end]


def _rows(msg: Message, name: str) -> str:
    return "".join(msg.head[row.start : row.end] for row in msg.rows(name))
