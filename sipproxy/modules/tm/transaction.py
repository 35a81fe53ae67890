"""A transaction and its branches: what is remembered of a request that is answered with state."""

from collections import deque
from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

from sipproxy.core.dns.locate import Place
from sipproxy.core.flow import Flow
from sipproxy.core.timers import Timer
from sipproxy.core.transactions import Watch
from sipproxy.core.waiting import Wait
from sipproxy.modules.tm.states import CLIENT_INVITE, CLIENT_OTHER, SERVER_INVITE, SERVER_OTHER
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message

FAKED: Final = "faked"
"""Stands for the reply of a branch whose final status is our own: a time-out, a CANCEL."""
NO_BRANCH, OWN_REPLY = -1, -2
"""Who gave the last reply sent: no branch yet, or ourselves (relayed_reply_branch)."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Plan:
    """What the script asks for a transaction, before it is there and later.

    Routes are names, empty for none; times are seconds, 0 for what the cfg's parameters say.
    `take_reason`: whether the Reason of a received CANCEL goes into ours. `internal_reply`:
    whether a relay that fails is answered at once.
    """

    __slots__ = (
        "auto_inv_100",
        "disable_6xx",
        "disable_failover",
        "fr_inv_timer",
        "fr_timer",
        "internal_reply",
        "max_inv_lifetime",
        "max_noninv_lifetime",
        "noisy",
        "on_branch",
        "on_branch_failure",
        "on_failure",
        "on_reply",
        "retr_timer1",
        "retr_timer2",
        "take_reason",
    )

    def __init__(self) -> None:
        self.on_failure = ""
        self.on_branch_failure = ""
        self.on_reply = ""
        self.on_branch = ""
        self.fr_timer = 0.0
        self.fr_inv_timer = 0.0
        self.retr_timer1 = 0.0
        self.retr_timer2 = 0.0
        self.max_inv_lifetime = 0.0
        self.max_noninv_lifetime = 0.0
        self.auto_inv_100: bool | None = None
        self.disable_6xx: bool | None = None
        self.take_reason: bool | None = None
        self.disable_failover = False
        self.internal_reply = True
        self.noisy = False

    def copy_to(self, other: "Plan") -> None:
        """Give another plan the same wishes."""
        for name in Plan.__slots__:
            setattr(other, name, getattr(self, name))


class Branch:
    """One destination of a transaction: a client transaction of RFC 3261 section 17.1.

    `flow` is None for a branch that was never sent (t_suspend's). `reply` is the stored final
    reply, FAKED for one of our own. `cancel` is the CANCEL that was sent.
    """

    __slots__ = (
        "bflags",
        "cancel",
        "cancel_timer",
        "canceled",
        "first_of_step",
        "flow",
        "give_up",
        "index",
        "instance",
        "interval",
        "last_received",
        "on_branch_failure",
        "on_failure",
        "on_reply",
        "path",
        "places",
        "repeat",
        "replied",
        "reply",
        "reply_lumps",
        "ruid",
        "sent",
        "state",
        "timed_out",
        "uri",
    )

    def __init__(self, index: int, uri: str, invite: bool) -> None:
        self.index = index
        self.uri = uri
        self.state = "calling" if invite else "trying"
        self.flow: Flow | None = None
        self.sent = b""
        self.path = ""
        self.places: tuple[Place, ...] = ()
        """Where its target can be reached too, if this place fails."""
        self.ruid = ""
        self.instance = ""
        self.bflags = 0
        self.on_failure = ""
        self.on_branch_failure = ""
        self.on_reply = ""
        self.last_received = 0
        self.reply: Message | str | None = None
        self.reply_lumps: Lumps | None = None
        self.canceled = False
        self.cancel = b""
        self.timed_out = False
        self.replied = False
        self.first_of_step = False
        self.interval = 0.0
        self.repeat: Timer | None = None
        self.give_up: Timer | None = None
        self.cancel_timer: Timer | None = None

    @property
    def pending(self) -> bool:
        """Whether no final reply came yet and none was made up."""
        return self.last_received < 200


class Transaction(Plan):
    """A server transaction of RFC 3261 section 17.2 and what the proxy keeps beside it.

    `token` is what all our branches have in common, and replies are found by. `local` is a request
    of our own or a replica: its replies go nowhere. `status` is that of the last reply sent, 0 for
    none; `to_tag` the To tag of our own 2xx, by which its ACK is known; `reasons` the Reason rows
    of a received CANCEL. `error` is the core's error of the last relay that failed, `outcome` what
    the script made of it so far. From `lumps` to `force_socket` stands the request as the script
    left it when it was relayed first; `force_rport`: replies go to the port it came from, even if
    its Via does not ask for that. `adopted` are AVPs and their kin by the Context's name for
    them, shared by all routes. `busy`: a route of this transaction is at work, perhaps suspended;
    `inputs` wait for it. `watches` are told what becomes of it, `answers` are the To tags of its
    2xx that they were told of, `picked` is the branch whose failure counts.
    `key` and `call` are those it is known by. `held` is what t_suspend put aside. Most never ask
    for their `request` again once their first route is over.
    """

    __slots__ = (
        "_raw",
        "_request",
        "adopted",
        "answers",
        "bflags",
        "branches",
        "busy",
        "call",
        "canceled",
        "created",
        "done",
        "drop_replies",
        "dst_uri",
        "end_of_life",
        "error",
        "flags",
        "flow",
        "force_rport",
        "force_socket",
        "give_up",
        "hash_index",
        "held",
        "inputs",
        "interval",
        "invite",
        "key",
        "killed_6xx",
        "label",
        "local",
        "lumps",
        "method",
        "muted",
        "new_ruri",
        "outcome",
        "picked",
        "reasons",
        "relayed_branch",
        "repeat",
        "reply",
        "reply_flow",
        "state",
        "status",
        "suspended",
        "to_tag",
        "token",
        "wait",
        "watches",
    )

    def __init__(self, request: Message, flow: Flow, now: float, plan: Plan | None) -> None:
        super().__init__()
        if plan is not None:
            plan.copy_to(self)
        self._request: Message | None = request
        self._raw = b""
        self.flow = self.reply_flow = flow
        self.method = request.method
        self.invite = request.method == "INVITE"
        self.state = "proceeding" if self.invite else "trying"
        self.created = now
        self.branches: list[Branch] = []
        self.end_of_life = 0.0
        self.key: tuple[str, ...] | None = None
        self.call: tuple[str, ...] | None = None
        self.token = ""
        self.hash_index = 0
        self.label = 0
        self.local = False
        self.canceled = False
        self.killed_6xx = False
        self.muted = False
        """onsend_route dropped a reply: none is sent any more (t_reply.c relay_reply)."""
        self.suspended = False
        self.status = 0
        self.reply = b""
        self.to_tag: str | None = None
        self.relayed_branch = NO_BRANCH
        self.reasons = ""
        self.error = 0
        self.drop_replies = 0
        self.outcome = 0
        self.lumps: Lumps | None = None
        self.new_ruri: str | None = None
        self.dst_uri = ""
        self.flags = 0
        self.bflags = 0
        self.force_socket: tuple[str, str, int] | None = None
        self.force_rport = False
        self.adopted = _NOTHING
        self.interval = 0.0
        self.repeat: Timer | None = None
        self.give_up: Timer | None = None
        self.wait: Timer | None = None
        self.busy = False
        self.inputs: deque[Coroutine[Wait, object, None]] | None = None
        self.watches: tuple[Watch, ...] = ()
        self.answers: tuple[str, ...] = ()
        self.picked = NO_BRANCH
        self.held: Any = None
        self.done: Any = None

    @property
    def request(self) -> Message:
        """The request: if it rests it is read anew, and kept from then on."""
        if self._request is None:
            self._request = self.glance()
        return self._request

    @request.setter
    def request(self, request: Message) -> None:
        self._request = request

    def glance(self) -> Message:
        """The request for one look: if it rests it goes on resting."""
        if self._request is not None:
            return self._request
        proto, local, remote, *_ = self.flow
        return Message.parse(self._raw, source=remote, dest=local, proto=proto)

    @property
    def rests(self) -> bool:
        """Whether of the request there are its bytes only."""
        return self._request is None

    def rest(self) -> None:
        """Let go of all but the bytes of a request that came in: there may be 100,000 at once."""
        if self._request is not None and not self.local:
            self._raw, self._request = self._request.raw, None

    @property
    def table(self) -> Any:
        """The server's state table."""
        return SERVER_INVITE if self.invite else SERVER_OTHER

    @property
    def branch_table(self) -> Any:
        """The state table of the branches."""
        return CLIENT_INVITE if self.invite else CLIENT_OTHER

    @property
    def over(self) -> bool:
        """Whether it ended and is known no more."""
        return self.state == "terminated"
