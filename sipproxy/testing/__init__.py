"""The project's own test tool, made for authors of cfgs: a proxy without sockets on a virtual
clock, with seeded ids; messages to feed it; a record of what it did. See docs/testing.md."""

from sipproxy.testing.captured import RIGHT, STALE, UNKNOWN_USER, WRONG, Captured
from sipproxy.testing.messages import Datagram, Messages, request, response
from sipproxy.testing.proxy import ProxyUnderTest, load_cfg, load_cfg_text
from sipproxy.testing.run import Log, Run, Sent

__all__ = [
    "RIGHT",
    "STALE",
    "UNKNOWN_USER",
    "WRONG",
    "Captured",
    "Datagram",
    "Log",
    "Messages",
    "ProxyUnderTest",
    "Run",
    "Sent",
    "load_cfg",
    "load_cfg_text",
    "request",
    "response",
]
