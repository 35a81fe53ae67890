"""A transaction and its branches: what is remembered of a request that is answered with state."""

from collections import deque
from collections.abc import Coroutine
from typing import Any, Final

from sipproxy.core.flow import Flow
from sipproxy.core.timers import Timer
from sipproxy.core.waiting import Wait
from sipproxy.modules.tm.states import CLIENT_INVITE, CLIENT_OTHER, SERVER_INVITE, SERVER_OTHER
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message

FAKED: Final = "faked"
"""Stands for the reply of a branch whose final status is our own: a time-out, a CANCEL."""
NO_BRANCH, OWN_REPLY = -1, -2
"""Who gave the last reply sent: no branch yet, or ourselves (relayed_reply_branch)."""


class Plan:
    """What the script asks for a transaction, before it is there and later.

    Routes are names, empty for none; times are seconds, 0 for what the cfg's parameters say.
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
        self.on_failure = self.on_branch_failure = self.on_reply = self.on_branch = ""
        self.fr_timer = self.fr_inv_timer = self.retr_timer1 = self.retr_timer2 = 0.0
        self.max_inv_lifetime = self.max_noninv_lifetime = 0.0
        self.auto_inv_100: bool | None = None
        self.disable_6xx: bool | None = None
        self.take_reason: bool | None = None
        """Whether the Reason of a received CANCEL goes into ours."""
        self.disable_failover = False
        self.internal_reply = True
        """Whether a relay that fails is answered at once (t_set_disable_internal_reply)."""
        self.noisy = False

    def copy_to(self, other: "Plan") -> None:
        """Give another plan the same wishes."""
        for name in Plan.__slots__:
            setattr(other, name, getattr(self, name))


class Branch:
    """One destination of a transaction: a client transaction of RFC 3261 section 17.1."""

    __slots__ = (
        "bflags",
        "cancel",
        "cancel_timers",
        "canceled",
        "first_of_step",
        "flow",
        "give_up",
        "index",
        "interval",
        "last_received",
        "on_branch_failure",
        "on_failure",
        "on_reply",
        "path",
        "relaying",
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
        """None for a branch that was never sent (t_suspend's)."""
        self.sent = b""
        self.path = self.ruid = ""
        self.bflags = 0
        self.on_failure = self.on_branch_failure = self.on_reply = ""
        self.last_received = 0
        self.reply: Message | str | None = None
        """The stored final reply, FAKED for one of our own, None for none."""
        self.reply_lumps: Lumps | None = None
        self.canceled = False
        self.relaying = False
        """A faked final reply of this branch is being worked on."""
        self.cancel = b""
        """The CANCEL that was sent."""
        self.timed_out = self.replied = self.first_of_step = False
        self.interval = 0.0
        self.repeat: Timer | None = None
        self.give_up: Timer | None = None
        self.cancel_timers: list[Timer] = []

    @property
    def pending(self) -> bool:
        """Whether no final reply came yet and none was made up."""
        return self.last_received < 200


class Transaction(Plan):
    """A server transaction of RFC 3261 section 17.2 and what the proxy keeps beside it."""

    __slots__ = (
        "adopted",
        "bflags",
        "branches",
        "busy",
        "canceled",
        "created",
        "drop_replies",
        "dst_uri",
        "end_of_life",
        "error",
        "flags",
        "flow",
        "force_socket",
        "give_up",
        "hash_index",
        "inputs",
        "interval",
        "invite",
        "keys",
        "killed_6xx",
        "label",
        "local",
        "lumps",
        "new_ruri",
        "outcome",
        "path",
        "reasons",
        "relayed_branch",
        "repeat",
        "reply",
        "reply_flow",
        "request",
        "saved",
        "state",
        "status",
        "suspended",
        "to_tag",
        "token",
        "wait",
    )

    def __init__(self, request: Message, flow: Flow, now: float, plan: Plan | None) -> None:
        super().__init__()
        if plan is not None:
            plan.copy_to(self)
        self.request = request
        self.flow = flow
        self.invite = request.method == "INVITE"
        self.state = "proceeding" if self.invite else "trying"
        self.created = now
        self.end_of_life = 0.0
        self.keys: list[tuple[str, ...]] = []
        self.token = ""
        """What all our branches have in common, and replies are found by."""
        self.hash_index = self.label = 0
        self.branches: list[Branch] = []
        self.local = False
        """A request of our own (t_uac) or a replica: its replies go nowhere."""
        self.canceled = False
        self.killed_6xx = False
        self.suspended = False
        self.status = 0
        """Status of the last reply sent, 0 for none."""
        self.reply = b""
        self.reply_flow = flow
        self.to_tag: str | None = None
        """To tag of our own 2xx, by which its ACK is known."""
        self.relayed_branch = NO_BRANCH
        self.reasons = ""
        """Reason header lines of a received CANCEL."""
        self.error = 0
        """The core's error of the last relay that failed (Kamailio core/error.h)."""
        self.drop_replies = 0
        """failure_reply_mode, or what t_drop_replies said, while a failure route runs."""
        self.outcome = 0
        """What the script made of it so far: RELAYED, REPLIED, RELEASED, or a delayed error."""
        # The request as the script left it when it was relayed first.
        self.lumps: Lumps | None = None
        self.saved = False
        self.new_ruri: str | None = None
        self.dst_uri = self.path = ""
        self.flags = self.bflags = 0
        self.force_socket: tuple[str, str, int] | None = None
        self.adopted: dict[str, Any] = {}
        """AVPs and their kin by the Context's name for them, shared by all routes."""
        self.interval = 0.0
        self.repeat: Timer | None = None
        self.give_up: Timer | None = None
        self.wait: Timer | None = None
        self.busy = False
        """A route of this transaction is at work, perhaps suspended."""
        self.inputs: deque[Coroutine[Wait, object, None]] = deque()

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
