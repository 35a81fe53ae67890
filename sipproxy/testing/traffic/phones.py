"""Phones: they register, answer challenges, call each other and answer calls."""

from collections.abc import Callable
from dataclasses import dataclass

from sipproxy.core.flow import Address
from sipproxy.testing.digest import Challenge
from sipproxy.testing.messages import request, response
from sipproxy.testing.traffic.world import World
from sipproxy.text import decode, encode

_SDP = (
    "v=0\r\no={user} 1 1 IN IP4 {host}\r\ns=call\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def status_of(data: bytes) -> int:
    """The status of a reply, 0 for a request."""
    return int(data[8:11]) if data.startswith(b"SIP/2.0 ") else 0


def header(data: bytes, name: str) -> str:
    """The first value of a header, empty for none."""
    return next(iter(headers(data, name)), "")


def headers(data: bytes, name: str) -> list[str]:
    """All values of a header, from the top."""
    rows = decode(data).partition("\r\n\r\n")[0].split("\r\n")[1:]
    found = (row.partition(":") for row in rows)
    return [value.strip() for key, _, value in found if key.strip().lower() == name]


def tag_of(value: str) -> str:
    """The tag of a From or To."""
    return value.partition(";tag=")[2].partition(";")[0]


@dataclass(frozen=True, slots=True)
class Model:
    """What a phone is."""

    agent: str
    expires: int


@dataclass(slots=True)
class Asked:
    """A request that waits for its final answer."""

    method: str
    uri: str
    call_id: str
    body: str
    tried: bool
    done: Callable[[bytes], None]
    sent: bytes


class Phone:
    """One phone of one user."""

    def __init__(
        self, world: World, user: str, password: str, address: Address, model: Model
    ) -> None:
        self.world = world
        self.user = user
        self.password = password
        self.address = address
        self.model = model
        self.powered = True
        self.registered = False
        """Whether the server knows where it is, as far as it knows itself."""
        self.typos = 0
        """How many times the password will be mistyped yet."""
        self._challenges: dict[bool, Challenge] = {}
        """The last one of a registrar, and the last one of a proxy."""
        self._counted: dict[bool, int] = {}
        self._cseq = world.luck.chance.below(5000) + 1
        self._tag = world.luck.chance.token(8)
        self._identity = world.luck.chance.token(24)
        self._waiting: dict[tuple[str, str], Asked] = {}
        world.seat(address, self)

    # -- registering

    def register(self) -> None:
        """Register now, and again before it expires."""
        if self.powered:
            self._ask("REGISTER", f"sip:{self.world.domain}", self._identity, done=self._registered)

    def _registered(self, reply: bytes) -> None:
        luck = self.world.luck
        self.registered = status_of(reply) == 200
        if self.registered:
            self.world.after(self.model.expires * luck.between(0.8, 0.95), self.register)
        else:
            self.world.after(luck.between(20, 40), self.register)

    def power_off(self) -> None:
        """Silent from now on; it forgets what it was told."""
        self.powered = False
        self._challenges.clear()
        self._waiting.clear()

    def power_on(self) -> None:
        """It boots, and registers as new."""
        self.powered = True
        self._identity = self.world.luck.chance.token(24)
        self.register()

    # -- calling

    def call(self, user: str, seconds: float) -> None:
        """Call another user, and hang up after that many seconds of talk."""
        if not self.powered:
            return
        host, port = self.address
        sdp = _SDP.format(user=self.user, host=host, port=10_000 + 2 * (port % 9000))
        call_id = self.world.luck.chance.token(24)
        uri = f"sip:{user}@{self.world.domain}"
        self._ask("INVITE", uri, call_id, body=sdp, done=lambda reply: self._talk(reply, seconds))

    def _talk(self, reply: bytes, seconds: float) -> None:
        if status_of(reply) >= 300:
            return
        self._in_dialog("ACK", reply, 0)
        self.world.after(seconds, lambda: self._in_dialog("BYE", reply, 1))

    def _in_dialog(self, method: str, reply: bytes, step: int) -> None:
        """A later request of a call that this phone began."""
        if not self.powered:
            return
        target = header(reply, "contact").partition("<")[2].partition(">")[0]
        routes = "\n".join(f"Route: {route}" for route in headers(reply, "record-route")[::-1])
        number = int(header(reply, "cseq").split()[0]) + step
        to, to_tag = header(reply, "to"), tag_of(header(reply, "to"))
        to_uri = to.partition("<")[2].partition(">")[0]
        call_id = header(reply, "call-id")
        self._send(method, target, call_id, number, to_uri=to_uri, to_tag=to_tag, more=routes)

    # -- messages

    def take(self, data: bytes, now: float) -> None:
        """A message arrived."""
        if not self.powered:
            return
        status = status_of(data)
        if not status:
            self._answer(data)
        elif status >= 200:
            self._finished(data, status)

    def _answer(self, data: bytes) -> None:
        """A request of somebody else."""
        method, luck = decode(data).partition(" ")[0], self.world.luck
        if method == "ACK":
            return
        if method != "INVITE":
            self._reply(data, 200, "OK")
            return
        host, port = self.address
        contact = f"Contact: <sip:{self.user}@{host}:{port}>"
        self.world.after(0.2, lambda: self._reply(data, 180, "Ringing", contact))
        if luck.often(0.12):
            self.world.after(luck.between(1, 6), lambda: self._reply(data, 486, "Busy Here"))
            return
        sdp = _SDP.format(user=self.user, host=host, port=20_000 + 2 * (port % 9000))
        rows = f"{contact}\nContent-Type: application/sdp"
        self.world.after(luck.between(2, 9), lambda: self._reply(data, 200, "OK", rows, sdp))

    def _reply(self, data: bytes, status: int, reason: str, rows: str = "", body: str = "") -> None:
        if self.powered:
            rows = f"User-Agent: {self.model.agent}\n{rows}"
            tag = self._tag_in(header(data, "call-id"))
            made = response(data, status, reason, tag=tag, headers=rows, body=body)
            self.world.send(self.address, made)

    def _finished(self, data: bytes, status: int) -> None:
        """A final answer to a request of ours."""
        number, _, method = header(data, "cseq").partition(" ")
        asked = self._waiting.pop((header(data, "call-id"), method), None)
        if asked is None:
            return
        if method == "INVITE" and status >= 300:
            tag = tag_of(header(data, "to"))
            branch = header(asked.sent, "via").partition("branch=z9hG4bK-")[2]
            self._send("ACK", asked.uri, asked.call_id, int(number), to_tag=tag, branch=branch)
        fresh = Challenge.of(data) if status in (401, 407) else None
        if fresh is not None and (not asked.tried or fresh.stale):
            self._challenges[fresh.proxy], self._counted[fresh.proxy] = fresh, 0
            self._again(asked)
        else:
            if fresh is not None:
                self._challenges.pop(fresh.proxy, None)
            asked.done(data)

    def _again(self, asked: Asked) -> None:
        """The same with credentials."""
        self._ask(asked.method, asked.uri, asked.call_id, body=asked.body, done=asked.done)

    def _ask(
        self, method: str, uri: str, call_id: str, *, done: Callable[[bytes], None], body: str = ""
    ) -> None:
        """Send a request, with credentials when a challenge is known."""
        rows = self._credentials(method, uri)
        tried = rows != ""
        self._cseq += 1
        if method == "REGISTER":
            host, port = self.address
            contact = f"Contact: <sip:{self.user}@{host}:{port}>"
            rows = f"{contact}\nExpires: {self.model.expires}\n{rows}"
        if body:
            host, port = self.address
            contact = f"Contact: <sip:{self.user}@{host}:{port}>"
            rows = f"{contact}\nContent-Type: application/sdp\n{rows}"
        own = f"sip:{self.user}@{self.world.domain}" if method == "REGISTER" else ""
        sent = self._send(method, uri, call_id, self._cseq, to_uri=own, more=rows, body=body)
        self._waiting[call_id, method] = Asked(method, uri, call_id, body, tried, done, sent)

    def _credentials(self, method: str, uri: str) -> str:
        proxy = method != "REGISTER"
        challenge = self._challenges.get(proxy)
        if challenge is None:
            return ""
        self._counted[proxy] += 1
        password = self.password
        if self.typos:
            self.typos -= 1
            password = f"{password}x"
        count = self._counted[proxy]
        return challenge.answer(self.user, password, method=method, uri=uri, count=count)

    def _tag_in(self, call_id: str) -> str:
        """Its tag in a dialog."""
        return f"{self._tag}{call_id[:6]}"

    def _send(
        self,
        method: str,
        uri: str,
        call_id: str,
        cseq: int,
        *,
        to_uri: str = "",
        to_tag: str = "",
        more: str = "",
        body: str = "",
        branch: str = "",
    ) -> bytes:
        host, port = self.address
        made = request(
            method,
            uri,
            user=self.user,
            domain=self.world.domain,
            source=f"{host}:{port}",
            to_uri=to_uri,
            to_tag=to_tag,
            call_id=call_id,
            cseq=cseq,
            headers=f"User-Agent: {self.model.agent}\n{more}",
            body=body,
        )
        branch = branch or self.world.luck.chance.token(16)
        data = made.replace(b"z9hG4bK-1", encode(f"z9hG4bK-{branch}"), 1)
        data = data.replace(b";tag=t1\r\n", encode(f";tag={self._tag_in(call_id)}\r\n"), 1)
        self.world.send(self.address, data)
        return data
