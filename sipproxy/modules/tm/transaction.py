"""A transaction and its branches: what is remembered of a request that is answered with state."""

from collections import deque
from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

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


class _Sparse:
    """Slots that cost nothing until they are set: an unset one reads as its default.

    There may be a hundred thousand of these at once, and most never leave their defaults.
    """

    __slots__ = ()
    _defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._defaults[name]
        except KeyError:
            raise AttributeError(name) from None


_PLAN = {
    "on_failure": "",
    "on_branch_failure": "",
    "on_reply": "",
    "on_branch": "",
    "fr_timer": 0.0,
    "fr_inv_timer": 0.0,
    "retr_timer1": 0.0,
    "retr_timer2": 0.0,
    "max_inv_lifetime": 0.0,
    "max_noninv_lifetime": 0.0,
    "auto_inv_100": None,
    "disable_6xx": None,
    "take_reason": None,
    "disable_failover": False,
    "internal_reply": True,
    "noisy": False,
}


class Plan(_Sparse):
    """What the script asks for a transaction, before it is there and later.

    Routes are names, empty for none; times are seconds, 0 for what the cfg's parameters say.
    `take_reason`: whether the Reason of a received CANCEL goes into ours. `internal_reply`:
    whether a relay that fails is answered at once.
    """

    __slots__ = tuple(_PLAN)
    _defaults = MappingProxyType(_PLAN)

    on_failure: str
    on_branch_failure: str
    on_reply: str
    on_branch: str
    fr_timer: float
    fr_inv_timer: float
    retr_timer1: float
    retr_timer2: float
    max_inv_lifetime: float
    max_noninv_lifetime: float
    auto_inv_100: bool | None
    disable_6xx: bool | None
    take_reason: bool | None
    disable_failover: bool
    internal_reply: bool
    noisy: bool

    def copy_to(self, other: "Plan") -> None:
        """Give another plan the same wishes."""
        for name in _PLAN:
            value = getattr(self, name)
            if value != _PLAN[name]:
                setattr(other, name, value)


_BRANCH = {
    "flow": None,
    "sent": b"",
    "path": "",
    "places": (),
    "ruid": "",
    "instance": "",
    "bflags": 0,
    "on_failure": "",
    "on_branch_failure": "",
    "on_reply": "",
    "last_received": 0,
    "reply": None,
    "reply_lumps": None,
    "canceled": False,
    "cancel": b"",
    "timed_out": False,
    "replied": False,
    "first_of_step": False,
    "interval": 0.0,
    "repeat": None,
    "give_up": None,
    "cancel_timer": None,
}


class Branch(_Sparse):
    """One destination of a transaction: a client transaction of RFC 3261 section 17.1.

    `flow` is None for a branch that was never sent (t_suspend's). `reply` is the stored final
    reply, FAKED for one of our own. `cancel` is the CANCEL that was sent.
    """

    __slots__ = ("index", "state", "uri", *_BRANCH)
    _defaults = MappingProxyType(_BRANCH)

    index: int
    uri: str
    state: str
    flow: Flow | None
    sent: bytes
    path: str
    places: "tuple[Place, ...]"
    """Where its target can be reached too, if this place fails."""
    ruid: str
    instance: str
    bflags: int
    on_failure: str
    on_branch_failure: str
    on_reply: str
    last_received: int
    reply: Message | str | None
    reply_lumps: Lumps | None
    canceled: bool
    cancel: bytes
    timed_out: bool
    replied: bool
    first_of_step: bool
    interval: float
    repeat: Timer | None
    give_up: Timer | None
    cancel_timer: Timer | None

    def __init__(self, index: int, uri: str, invite: bool) -> None:
        self.index = index
        self.uri = uri
        self.state = "calling" if invite else "trying"

    @property
    def pending(self) -> bool:
        """Whether no final reply came yet and none was made up."""
        return self.last_received < 200


_TRANSACTION: dict[str, Any] = {
    "end_of_life": 0.0,
    "key": None,
    "token": "",
    "hash_index": 0,
    "label": 0,
    "local": False,
    "canceled": False,
    "killed_6xx": False,
    "muted": False,
    "suspended": False,
    "status": 0,
    "reply": b"",
    "to_tag": None,
    "relayed_branch": NO_BRANCH,
    "reasons": "",
    "error": 0,
    "drop_replies": 0,
    "outcome": 0,
    "lumps": None,
    "new_ruri": None,
    "dst_uri": "",
    "flags": 0,
    "bflags": 0,
    "force_socket": None,
    "force_rport": False,
    "adopted": MappingProxyType({}),
    "interval": 0.0,
    "repeat": None,
    "give_up": None,
    "wait": None,
    "busy": False,
    "inputs": None,
    "watches": (),
    "answers": (),
    "picked": NO_BRANCH,
    "held": None,
    "done": None,
}


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
    `held` is what t_suspend put aside.
    """

    __slots__ = (
        "branches",
        "created",
        "flow",
        "invite",
        "reply_flow",
        "request",
        "state",
        *_TRANSACTION,
    )
    _defaults = MappingProxyType(_PLAN | _TRANSACTION)

    request: Message
    flow: Flow
    reply_flow: Flow
    invite: bool
    state: str
    created: float
    branches: list[Branch]
    end_of_life: float
    key: tuple[str, ...] | None
    token: str
    hash_index: int
    label: int
    local: bool
    canceled: bool
    killed_6xx: bool
    muted: bool
    """onsend_route dropped a reply: none is sent any more (t_reply.c relay_reply)."""
    suspended: bool
    status: int
    reply: bytes
    to_tag: str | None
    relayed_branch: int
    reasons: str
    error: int
    drop_replies: int
    outcome: int
    lumps: Lumps | None
    new_ruri: str | None
    dst_uri: str
    flags: int
    bflags: int
    force_socket: tuple[str, str, int] | None
    force_rport: bool
    adopted: Mapping[str, Any]
    interval: float
    repeat: Timer | None
    give_up: Timer | None
    wait: Timer | None
    busy: bool
    inputs: deque[Coroutine[Wait, object, None]] | None
    watches: tuple[Watch, ...]
    answers: tuple[str, ...]
    picked: int
    held: Any
    done: Any

    def __init__(self, request: Message, flow: Flow, now: float, plan: Plan | None) -> None:
        if plan is not None:
            plan.copy_to(self)
        self.request = request
        self.flow = self.reply_flow = flow
        self.invite = request.method == "INVITE"
        self.state = "proceeding" if self.invite else "trying"
        self.created = now
        self.branches = []

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
