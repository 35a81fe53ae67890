"""The project's own test tool, made for authors of cfgs: a proxy without sockets on a virtual
clock, with seeded ids; messages to feed it; a record of what it did."""

from sipproxy.testing.messages import request, response
from sipproxy.testing.proxy import ProxyUnderTest, Run, load_cfg, load_cfg_text

__all__ = ["ProxyUnderTest", "Run", "load_cfg", "load_cfg_text", "request", "response"]
