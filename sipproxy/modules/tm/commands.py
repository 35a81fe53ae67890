"""The RPC commands of tm that act on transactions (Kamailio modules/tm/rpc_uac.c, t_reply.c)."""

from collections.abc import Mapping
from typing import TypeVar, cast

from sipproxy import text as wire
from sipproxy.core.module import rpc
from sipproxy.core.params import LooseStr
from sipproxy.core.waiting import Wait
from sipproxy.errors import RpcError
from sipproxy.modules.tm.local import Done, Local
from sipproxy.modules.tm.reasons import reason_of
from sipproxy.modules.tm.request import BadRequest, OwnRequest
from sipproxy.modules.tm.transaction import Transaction
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message

_NO_WAIT = "Reply wait/async mode not supported by this rpc transport"


class Commands(Local):
    """What an operator sees of transactions, and does to them."""

    @rpc("tm.list", array=True)
    def rpc_list(self) -> list[Mapping[str, int | str]]:
        """List transactions: identity, headers, flags, and how long they may live (ms)."""
        return [self._row(t) for t in self.known.all()]

    def _row(self, t: Transaction) -> Mapping[str, int | str]:
        request, left = t.glance(), t.end_of_life - self.host.now()
        head = request.head
        lines = {
            name: "".join(head[row.start : row.end] for row in request.rows(name)[:1])
            for name in ("from", "to", "call-id")
        }
        return {
            "cell": hex(id(t)),
            "tindex": t.hash_index,
            "tlabel": t.label,
            "method": t.method,
            "from": lines["from"],
            "to": lines["to"],
            "callid": lines["call-id"],
            "cseq": f"CSeq: {request.cseq.number}",
            "uas_request": "no" if t.local else "yes",
            "tflags": _flags(t),
            "outgoings": len(t.branches),
            "ref_count": 1 + t.busy,
            "lifetime": max(0, int(left * 1000)),
        }

    @rpc("tm.clean")
    def rpc_clean(self) -> None:
        """Remove transactions that are stuck: none ever is, each has its timers."""

    @rpc("tm.hash_stats")
    def rpc_hash_stats(self) -> None:
        """Print hash table statistics, which neither Kamailio's package keeps."""
        raise RpcError(500, "Hash statistics not supported (tryrecompiling with -DTM_HASH_STATS)")

    @rpc("tm.cancel")
    def rpc_cancel(
        self, call_id: LooseStr | None = None, cseq: str | None = None
    ) -> tuple[int, str]:
        """Cancel a pending transaction by its Call-ID and CSeq number."""
        if call_id is None or cseq is None:
            raise RpcError(400, "Callid and CSeq expected as parameters")
        t = self.known.of_call(call_id, cseq)
        if t is None:
            raise RpcError(400, "Transaction not found")
        branches = self.to_cancel(t)
        self.cancel_branches(t, branches, "", 1)
        return len(branches), "branches remaining (waiting for timeout)"

    @rpc("tm.reply")
    def rpc_reply(
        self,
        code: int | None = None,
        reason: LooseStr | None = None,
        identity: LooseStr | None = None,
        to_tag: LooseStr | None = None,
        headers: LooseStr = "",
        body: LooseStr = "",
    ) -> None:
        """Answer a transaction, `INDEX:LABEL`: with a To tag, header lines and a body."""
        status = _need(code, "Reply code")
        phrase, name = _need(reason, "Reason phrase"), _need(identity, "Transaction ID")
        tag = _need(to_tag, "To tag")
        index, _, label = name.partition(":")
        if not (index.isdecimal() and label.isdecimal()):
            raise RpcError(400, "Invalid transaction ID")
        wanted = int(index), int(label)
        for t in self.known.all():
            if (t.hash_index, t.label) == wanted:
                self._answer_with(t, status, phrase, tag, headers, body)
                return
        raise RpcError(481, "No such transaction")

    @rpc("tm.reply_callid")
    def rpc_reply_callid(
        self,
        code: int | None = None,
        reason: LooseStr | None = None,
        call_id: LooseStr | None = None,
        cseq: LooseStr | None = None,
        to_tag: LooseStr | None = None,
        headers: LooseStr = "",
        body: LooseStr = "",
    ) -> None:
        """Answer a transaction by its Call-ID and CSeq number."""
        status, phrase = _need(code, "Reply code"), _need(reason, "Reason phrase")
        call, number = _need(call_id, "Call-ID"), _need(cseq, "CSeq")
        tag = _need(to_tag, "To tag")
        t = self.known.of_call(call, number)
        if t is None:
            raise RpcError(404, "Transaction not found")
        self._answer_with(t, status, phrase, tag, headers, body)

    def _answer_with(
        self, t: Transaction, code: int, reason: str, tag: str, headers: str, body: str
    ) -> None:
        lumps = Lumps(t.request)
        if headers:
            end = "" if headers.endswith("\n") else "\r\n"
            lumps.append_to_reply(headers + end)
        if self.answer(t, code, reason, body=wire.encode(body), lumps=lumps, tag=tag) < 0:
            raise RpcError(500, "Reply failed")

    @rpc("tm.t_uac_start")
    def rpc_uac_start(
        self,
        method: LooseStr = "",
        uri: LooseStr | None = None,
        next_hop: LooseStr | None = None,
        socket: LooseStr | None = None,
        headers: LooseStr | None = None,
        body: LooseStr = "",
    ) -> None:
        """Send a request: method, request URI, next hop (`.`: none), socket, header lines, body."""
        self._start(_nobody, method, uri, next_hop, socket, headers, body)

    @rpc("tm.t_uac_wait_block")
    async def rpc_uac_wait_block(
        self,
        method: LooseStr = "",
        uri: LooseStr | None = None,
        next_hop: LooseStr | None = None,
        socket: LooseStr | None = None,
        headers: LooseStr | None = None,
        body: LooseStr = "",
    ) -> Mapping[str, int | str]:
        """Send a request as tm.t_uac_start and wait for its reply's status and reason."""
        wait = Wait()

        def done(status: int, msg: Message | None) -> None:
            wait.finish((status, reason_of(status) if msg is None else msg.reason))

        self._start(done, method, uri, next_hop, socket, headers, body)
        code, text = cast("tuple[int, str]", await wait)
        return {"code": code, "text": text}

    def _start(self, done: Done, method: str, *given: str | None) -> None:
        """Send a request of a command's arguments; raises RpcError."""
        uri, next_hop, socket, headers, body = given
        if uri is None or next_hop is None or socket is None or headers is None:
            count = 1 + sum(one is not None for one in given[:-1])
            raise RpcError(400, f"too few parameters ({-count}/5)")
        try:
            request = OwnRequest.of_text(method, uri, next_hop, headers, body or "")
            by = self.socket_named(socket)
        except BadRequest as error:
            raise RpcError(400, str(error)) from None
        failed: list[int] = []

        def ended(status: int, msg: Message | None) -> None:
            failed.append(status)
            done(status, msg)

        self.send_own(request, by, ended)
        if failed == [478]:
            raise RpcError(478, "Unresolvable destination (478/RPC/UAC)")
        if failed:
            raise RpcError(500, "No error (0/RPC/UAC)")

    @rpc("tm.t_uac_wait", array=True)
    def rpc_uac_wait(self) -> None:
        """Send a request and wait for its reply: no transport of ours can wait."""
        raise RpcError(600, _NO_WAIT)


_Argument = TypeVar("_Argument", int, str)


def _need(value: _Argument | None, name: str) -> _Argument:
    """An argument that must be there; raises RpcError."""
    if value is None:
        raise RpcError(400, f"{name} expected")
    return value


def _nobody(status: int, msg: Message | None) -> None:
    """Nobody wants to know."""


def _flags(t: Transaction) -> int:
    """The flags of a transaction as Kamailio numbers them (h_table.h)."""
    bits = ((t.invite, 0), (t.local, 1), (t.canceled, 3), (t.killed_6xx, 4), (t.suspended, 15))
    return sum(bool(value) << bit for value, bit in bits)
