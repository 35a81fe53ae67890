"""The timers of transactions, and the actions of the state tables that start and stop them."""

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial

from sipproxy.core.timers import Timer
from sipproxy.core.waiting import Wait
from sipproxy.modules.tm.matching import Known
from sipproxy.modules.tm.params import Params
from sipproxy.modules.tm.states import step
from sipproxy.modules.tm.tallies import Tallies
from sipproxy.modules.tm.transaction import Branch, Transaction
from sipproxy.sip.message import Message


class Timing(Params):
    """Moves the state machines on and does what their tables say."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.known = Known()
        # Bound once, so that a pending timer has no method of its own.
        self._server_due, self._branch_due = self._server_timer, self._branch_timer
        self.tallies = Tallies()

    # -- one input at a time: a route of a transaction runs alone

    def enqueue(self, t: Transaction, work: Coroutine[Wait, object, None]) -> None:
        """Do this when no route of the transaction is at work; mostly at once."""
        if t.busy:
            if t.inputs is None:
                t.inputs = deque()
            t.inputs.append(work)
        else:
            t.busy = True
            self.host.begin(work, partial(self.release, t))

    def release(self, t: Transaction) -> None:
        """A route of the transaction is over: what came in meanwhile is next."""
        t.busy = False
        while t.inputs and not t.busy:
            t.busy = True
            self.host.begin(t.inputs.popleft(), partial(self.release, t))

    # -- the server's side

    def drive(self, t: Transaction, event: str, data: bytes = b"") -> None:
        """An input to the server's machine; `data` is the reply if it is one."""
        for action in step(t, t.table, event):
            getattr(self, action)(t, data)

    def send_reply(self, t: Transaction, data: bytes) -> None:
        """Keep a reply for retransmissions and send it."""
        t.reply = data
        self._answer(t, data)

    def _answer(self, t: Transaction, data: bytes) -> None:
        if not t.muted:
            self.host.send(data, t.reply_flow)

    def pass_reply(self, t: Transaction, data: bytes) -> None:
        """Send a further 2xx."""
        self._answer(t, data)

    def repeat_reply(self, t: Transaction, data: bytes = b"") -> None:
        """Send the last reply again."""
        if t.reply:
            self._answer(t, t.reply)

    def start_g(self, t: Transaction, data: bytes = b"") -> None:
        """Timer G: repeat a final reply over UDP until the ACK comes."""
        if t.flow.proto == "udp":
            t.interval = (t.retr_timer1 or self.retr_timer1 / 1000) / 2
            self.slow_g(t)

    def slow_g(self, t: Transaction, data: bytes = b"") -> None:
        """Wait twice as long for the next repetition, T2 at most."""
        t.interval = min(2 * t.interval, t.retr_timer2 or self.retr_timer2 / 1000)
        t.repeat = self._timer(t.interval, self._server_due, t, "timer G")

    def stop_g(self, t: Transaction, data: bytes = b"") -> None:
        """No more repetitions."""
        self.stop(t.repeat)
        t.repeat = None

    def start_h(self, t: Transaction, data: bytes = b"") -> None:
        """Timer H: give up on the ACK."""
        wait = t.fr_timer or self.fr_timer / 1000
        t.give_up = self._timer(wait, self._server_due, t, "timer H")

    def stop_h(self, t: Transaction, data: bytes = b"") -> None:
        """The ACK is there."""
        self.stop(t.give_up)
        t.give_up = None

    def start_wait(self, t: Transaction, data: bytes = b"") -> None:
        """wt_timer, once in the life of a transaction."""
        if t.wait is None:
            t.wait = self._timer(self.wt_timer / 1000, self._server_due, t, "wait over")

    def forget(self, t: Transaction, data: bytes = b"") -> None:
        """The end: nothing refers to the transaction any more."""
        self.known.forget(t)
        for b in t.branches:
            self.stop_a(t, b)
            self.stop_b(t, b)
            self.stop_cancel(b)
        self.stop(t.wait)
        t.wait = None
        self.ended(t)

    def ended(self, t: Transaction) -> None:
        """Told of each transaction that ends."""

    def _server_timer(self, t: Transaction, event: str, due: float) -> None:
        if event == "timer G":
            t.repeat = None
        elif event == "timer H":
            t.give_up = None
        else:
            t.wait = None
        self.drive(t, event)

    # -- a branch's side

    def drive_branch(
        self, t: Transaction, b: Branch, event: str, msg: Message | None = None
    ) -> bool:
        """An input to a branch's machine, with the reply if it is one; whether to look at it."""
        up = False
        for action in step(b, t.branch_table, event):
            if action == "pass_up":
                up = True
            else:
                getattr(self, action)(t, b, msg)
        return up

    def start_branch(self, t: Transaction, b: Branch) -> None:
        """Timers A and B, or E and F, of a request that was just sent."""
        if b.flow is not None and b.flow.proto == "udp":
            b.interval = (t.retr_timer1 or self.retr_timer1 / 1000) / 2
            self.slow_a(t, b)
        self.start_b(t, b, t.fr_timer or self.fr_timer / 1000)

    def start_b(self, t: Transaction, b: Branch, wait: float) -> None:
        """Give up after `wait`, and not after the transaction's life."""
        self.stop(b.give_up)
        b.give_up = None
        wait = max(0.0, min(wait, t.end_of_life - self.host.now()))
        b.give_up = self._timer(wait, self._branch_due, t, b, "timer B" if t.invite else "timer F")

    def slow_a(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """Wait twice as long for the next retransmission, T2 at most."""
        b.interval = min(2 * b.interval, t.retr_timer2 or self.retr_timer2 / 1000)
        event = "timer A" if t.invite else "timer E"
        b.repeat = self._timer(b.interval, self._branch_due, t, b, event)

    def slowest_a(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """From now on retransmissions are T2 apart, the next one T2 from now."""
        b.interval = t.retr_timer2 or self.retr_timer2 / 1000
        self.stop_a(t, b)
        if b.flow is not None and b.flow.proto == "udp":
            self.slow_a(t, b)

    def repeat_request(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """Send the branch's request again."""
        if b.flow is not None:
            self.host.send(b.sent, b.flow)

    def stop_a(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """No more retransmissions."""
        self.stop(b.repeat)
        b.repeat = None

    def stop_b(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """The final reply is there."""
        self.stop(b.give_up)
        b.give_up = None

    def stop_cancel(self, b: Branch) -> None:
        """Our CANCEL is answered, or nobody waits for its answer."""
        self.stop(b.cancel_timer)
        b.cancel_timer = None

    @abstractmethod
    def time_out(self, t: Transaction, b: Branch, msg: Message | None = None) -> None:
        """The branch gave no final reply in time."""

    def _branch_timer(self, t: Transaction, b: Branch, event: str, due: float) -> None:
        if event in ("timer A", "timer E"):
            b.repeat = None
        else:
            b.give_up = None
        self.drive_branch(t, b, event)

    # -- the queue

    def _timer(self, wait: float, action: Callable[..., None], *args: object) -> Timer:
        timer: Timer = self.host.timers.after(self.host.now(), wait, action, *args)
        return timer

    def stop(self, timer: Timer | None) -> None:
        """Take a timer out, if it is there."""
        if timer is not None:
            self.host.timers.cancel(timer)
