"""Commands by named pipes: JSON-RPC as jsonrpcs serves it, and Kamailio 3's text protocol.

A request names the client's own pipe, in a directory that the server knows, for the answer.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.net.fifo import Fifo, ReplyPipes, Tell, Writer
from sipproxy.rpc import jsonrpc
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.jsonstream import MOST_DOCUMENT, Documents
from sipproxy.rpc.mi import BadRequest, MiReader, MiRequest, begin_mi
from sipproxy.rpc.serve import begin_json_call

Reader = TypeVar("Reader", Documents, MiReader)

_HALF = 5.0
"""Seconds after which what came half is given up, lest it spoil the next request."""


class _FifoServer(ABC, Generic[Reader]):
    """What both protocols have in common; `after` is called when a command ran."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: RpcEndpoint,
        registry: Registry,
        tell: Tell,
        after: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._endpoint = endpoint
        self._registry = registry
        self._tell = tell
        self._after = after
        self._reader: Reader = self._make_reader()
        self._timer: asyncio.TimerHandle | None = None
        self._replies = ReplyPipes(loop, endpoint.reply_dir, tell)
        self._fifo: Fifo | None = None

    @abstractmethod
    def _make_reader(self) -> Reader:
        """What finds the requests in what comes."""

    def open(self, path: Path, mode: int, owner: tuple[int, int]) -> None:
        """Make the pipe and serve it; raises OSError."""
        self._fifo = Fifo(self._loop, path, mode, owner, self._take)

    def close(self) -> None:
        """Remove the pipe; answers that no client took are lost."""
        self._stop_timer()
        if self._fifo is not None:
            self._fifo.close()
        self._replies.close()

    def _take(self, data: bytes) -> None:
        self._stop_timer()
        self._feed(data)
        if self._reader.half:
            self._timer = self._loop.call_later(_HALF, self._give_up)
        self._after()

    @abstractmethod
    def _feed(self, data: bytes) -> None:
        """Read on; what is whole is run."""

    def _give_up(self) -> None:
        self._reader.forget()
        self._tell("half a request came by the FIFO and not the rest: it is given up")
        self._after()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class JsonFifo(_FifoServer[Documents]):
    """One JSON document after the other; the member `reply_name` names the client's pipe."""

    def _make_reader(self) -> Documents:
        return Documents()

    def _feed(self, data: bytes) -> None:
        for document in self._reader.feed(data):
            if document:
                self._run(document)
            else:
                self._tell(f"a JSON document of more than {MOST_DOCUMENT} bytes came by the FIFO")

    def _run(self, document: bytes) -> None:
        """Run the command of a document; one without `reply_name` is not run."""
        call = jsonrpc.decode_call(document)
        if call is None or call.reply_name is None:
            reason = "is no JSON" if call is None else "has no reply_name"
            self._tell(f"a document that came by the FIFO {reason}")
            return

        def done(reply: jsonrpc.JsonReply | None) -> None:
            if reply is not None and call.reply_name:
                self._replies.open(call.reply_name, lambda pipe: _write(pipe, reply.body))
            self._after()

        begin_json_call(self._registry, call, self._endpoint.pretty, done)


class MiFifo(_FifoServer[MiReader]):
    """Kamailio 3's requests; without a pipe for the answer no command is run."""

    def _make_reader(self) -> MiReader:
        return MiReader()

    def _feed(self, data: bytes) -> None:
        for request in self._reader.feed(data):
            if isinstance(request, BadRequest):
                self._tell(f"a bad request came by the FIFO: {request}")
            else:
                self._run(request)

    def _run(self, request: MiRequest) -> None:
        def opened(pipe: Writer | None) -> None:
            if pipe is None:
                return

            def done(answer: bytes) -> None:
                pipe.write(answer)
                self._after()

            begin_mi(self._registry, request, self._endpoint.indent, done)

        self._replies.open(request.reply_name, opened)


def _write(pipe: Writer | None, data: bytes) -> None:
    if pipe is not None:
        pipe.write(data)
