"""DNS fail-over: a branch that fails goes on to the next place of its target.

Kamailio modules/tm/t_fwd.c add_uac_dns_fallback: only the Via of what was sent is made anew.
"""

import re

from sipproxy.core.dns.locate import Place
from sipproxy.core.flow import Flow
from sipproxy.core.sockets import ListenSocket
from sipproxy.modules.tm.receiving import Receiving
from sipproxy.modules.tm.transaction import Branch, Transaction

_VIA = re.compile(rb"(?<=\r\nVia: )SIP/2\.0/\w+ [^;\r\n]+")


class Failover(Receiving):
    """Further branches for targets that DNS gives several places."""

    def fail_over(self, t: Transaction, b: Branch) -> bool:
        """Send a branch's request to its next place, by a new branch; False if there is none."""
        over = t.canceled or t.disable_failover or self.host.now() >= t.end_of_life
        if over or b.flow is None or len(t.branches) >= self.most_branches():
            return False
        for number, place in enumerate(b.places, 1):
            flow = self._flow_to(b.flow, place)
            if flow is not None and self.host.streams.reach(flow):
                new = self._follower(t, b, flow)
                new.places = b.places[number:]
                t.branches.append(new)
                self.host.send(new.sent, flow)
                self.start_branch(t, new)
                return True
        return False

    def most_branches(self) -> int:
        """How many branches a transaction may have."""
        return int(getattr(self.host.settings, "max_branches", 0) or 12)

    def _flow_to(self, old: Flow, place: Place) -> Flow | None:
        """The flow to a place, by the socket used before if it serves; None without a socket."""
        address, port, proto = place
        local = old.local
        if proto != old.proto or (":" in address) != (":" in local[0]):
            socket: ListenSocket | None = self.host.own.socket_for((address, port), proto)
            if socket is None:
                return None
            local = socket.local
        return Flow(proto, local, (address, port), 0, old.hints)

    def _follower(self, t: Transaction, b: Branch, flow: Flow) -> Branch:
        """A branch that does what `b` did, on another flow."""
        new = Branch(len(t.branches), b.uri, t.invite)
        new.flow = flow
        new.path, new.bflags = b.path, b.bflags
        new.on_failure, new.on_reply = b.on_failure, b.on_reply
        new.on_branch_failure = b.on_branch_failure
        sent = b.sent.replace(branch_id(t, b.index), branch_id(t, new.index), 1)
        if b.flow is not None and flow[:2] != b.flow[:2]:
            host, port = flow.local
            shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            via = f"SIP/2.0/{flow.proto.upper()} {shown}"
            sent = _VIA.sub(lambda match: via.encode("ascii"), sent, count=1)
        new.sent = sent
        return new


def branch_id(t: Transaction, index: int) -> bytes:
    """The Via's branch of a transaction's branch."""
    return b"z9hG4bK%x.%s.%x" % (t.hash_index, t.token.encode("ascii"), index)
