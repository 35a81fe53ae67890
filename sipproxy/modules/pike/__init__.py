"""pike: finds sources that send too much, and prefixes of them (Kamailio modules/pike)."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sipproxy.core.addresses import packed, packed_ipv4, unpacked
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, function, modparam, rpc
from sipproxy.core.statistics import Statistic
from sipproxy.errors import RpcError
from sipproxy.modules.pike.tree import NEW, Node, Tree
from sipproxy.text import upper

_AT_ONCE = 1000
"""Nodes that one turn of a timer looks at: well below a millisecond each."""

_PAUSE = 0.001
"""Seconds that messages have between two turns over the tree."""


class Pike(Module, name="pike"):
    """Counts messages by source in windows of `sampling_time_unit` seconds.

    A source is over the limit when it sent `reqs_density_per_unit` messages in this window or the
    one before, counted from when the tree holds its whole address.
    """

    sampling_time_unit = modparam(2, "Length of a window, in seconds.", at_least=1)
    reqs_density_per_unit = modparam(30, "Messages of one source in a window that are too many.")
    remove_latency = modparam(120, "A source is forgotten after this many silent seconds.")
    pike_log_level = modparam(WARN, "Log level of the lines on blocking and unblocking.")

    def start(self) -> None:
        self._begin = self.host.now()
        self.tree = Tree(self.reqs_density_per_unit, self.remove_latency, self._tell_cool)
        help = "Counter of blocked IP addresses"
        self._blocked = self.host.statistics.add(Statistic("pike", "blocked_ips", help))

    def ready(self) -> None:
        self._begin = now = self.host.now()
        self.host.timers.every(now, 1, self._clean)
        self.host.timers.every(now, self.sampling_time_unit, self._next_window)

    def take_over(self, previous: Any) -> None:
        """What sources sent so far counts on."""
        self._begin = previous._begin
        self.tree = previous.tree
        self.tree.serve(self.reqs_density_per_unit, self.remove_latency, self._tell_cool)

    @function("REQUEST", "ONREPLY")
    def pike_check_req(self, ctx: Context) -> int:
        """Count the message's source: 1 pass, -2 from now on it is over the limit, -1 it was."""
        return self._hit(packed(ctx.flow.remote[0]), ctx.now)

    @function("REQUEST", "ONREPLY")
    def pike_check_ip(self, ctx: Context, address: str) -> int:
        """The same for an IPv4 address in a text; -1 when it holds none."""
        try:
            return self._hit(packed_ipv4(address), ctx.now)
        except ValueError:
            if address:
                text = f"failed to parse ip address: {address}"
                report(self.host.log, ERROR, "pike", text)
            return -1

    def _hit(self, address: bytes, now: float) -> int:
        verdict, node = self.tree.hit(address, self._second(now))
        if verdict == NEW:
            self._blocked.value += 1
            self._tell(f"PIKE - BLOCKing ip {unpacked(address)}, node={id(node):#x}")
        return verdict

    def _second(self, now: float) -> int:
        """Whole seconds since the start; a timer of the n-th second sees n."""
        return int(now - self._begin + 0.001)

    def _clean(self, due: float) -> None:
        """Forget silent sources, some at a time."""
        if self.tree.expire(self._second(due), _AT_ONCE):
            self.host.timers.after(self.host.now(), _PAUSE, self._clean)

    def _next_window(self, due: float) -> None:
        self._cool(iter(self.tree.next_window()))

    def _cool(self, nodes: Iterator[Node]) -> None:
        """Free the sources that are no longer over the limit, some at a time."""
        turn = list(islice(nodes, _AT_ONCE))
        for node in turn:
            self.tree.refresh(node)
        if len(turn) == _AT_ONCE:
            self.host.timers.after(self.host.now(), _PAUSE, lambda due: self._cool(nodes))

    def _tell_cool(self, node: Node) -> None:
        self._tell(f"PIKE - UNBLOCKing node {id(node):#x}")

    def _tell(self, text: str) -> None:
        report(self.host.log, self.pike_log_level, "pike", text)

    @rpc("pike.list")
    @rpc("pike.top")
    def _top(self, which: str = "HOT") -> dict[str, object]:
        """Dump parts of the pike table."""
        wanted = upper(which)
        if not any(word in wanted for word in ("ALL", "HOT", "WARM")):
            raise RpcError(500, "Bad argument. Select: ALL, HOT or WARM")
        every = "ALL" in wanted
        # Kamailio has no list of warm addresses: it answers an empty one.
        hot = "HOT" in wanted
        second = self._second(self.host.now())
        rows = [
            self._row(address, node, second)
            for address, node in self.tree.addresses()
            if every or (hot and self.tree.is_hot(node))
        ]
        return {"max_hits": self.tree.max_hits, "list": rows, "number_of_rows": len(rows)}

    def _row(self, address: bytes, node: Node, second: int) -> dict[str, object]:
        hot, warm = self.tree.is_hot(node), self.tree.is_warm(node)
        return {
            "ip_addr": unpacked(address),
            "leaf_hits_prev": node.earlier_leaf_hits,
            "leaf_hits_curr": node.leaf_hits,
            "expires": node.expires - second,
            "status": "HOT" if hot else "WARM" if warm else "",
        }
