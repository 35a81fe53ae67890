"""Selects of what is around a message: addresses, branches, the cfg, the machine."""

import os
import time
from collections.abc import Callable

from sipproxy.core.context import Branch, Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.redirection import q_text
from sipproxy.core.select_parts import address_of, params_of, uri_of
from sipproxy.core.selects import Maker, Path, Read, plain


def _peer(of: Callable[[Context], tuple[str, int]]) -> dict[str, Maker]:
    return {
        "ip": plain(lambda ctx: of(ctx)[0]),
        "port": plain(lambda ctx: of(ctx)[1]),
        "ip_port": plain(lambda ctx: "{}:{}".format(*of(ctx))),
    }


def _branches(ctx: Context) -> list[Branch]:
    return ctx.branches if ctx.touched("branches") else []


def _of_branches(show: Callable[[Branch], str]) -> Callable[[Path], Read]:
    """One branch, counted from 0; all with commas where there are several and no number is."""

    def make(path: Path) -> Read:
        number = path.number()
        goes_on = bool(path)

        def read(ctx: Context) -> str | None:
            branches = _branches(ctx)
            if number is None and goes_on:
                return None
            if number is None and len(branches) > 1:
                return ",".join(map(show, branches))
            at = number or 0
            return (show(branches[at]) or None) if 0 <= at < len(branches) else None

        return read

    return make


def _uri_and_q(branch: Branch) -> str:
    return branch.uri if branch.q < 0 else f"<{branch.uri}>;q={q_text(branch.q)}"


def _q(branch: Branch) -> str:
    return "" if branch.q < 0 else q_text(branch.q)


def _branch_uri(show: Callable[[Branch], str]) -> Maker:
    def make(path: Path) -> Read:
        read = _of_branches(show)(path)
        return uri_of(path, read)

    return make


def _branch_uriq(path: Path) -> Read:
    read = _of_branches(_uri_and_q)(path)
    return address_of(path, read) if path else read


def _branch_q(path: Path) -> Read:
    read = _of_branches(_q)(path)
    return plain(read)(path)


_BRANCH: dict[str, Maker] = {
    "count": plain(lambda ctx: len(_branches(ctx))),
    "uri": _branch_uri(lambda branch: branch.uri),
    "dst_uri": _branch_uri(lambda branch: branch.dst_uri),
    "uriq": _branch_uriq,
    "q": _branch_q,
}


class SurroundingSelects(Module):
    """`@src`, `@dst`, `@received`, `@branch`, `@sys`, `@cfg_get`."""

    unique_start = ""
    unique_count = 0
    """What @sys.unique is made of: a fixed part, and a number that grows."""

    @select_root("src")
    def select_src(self, path: Path) -> Read:
        """Where the message came from: `ip port ip_port`."""
        return path.choose(_peer(lambda ctx: ctx.msg.source))

    @select_root("dst")
    def select_dst(self, path: Path) -> Read:
        """Where the message came to: `ip port ip_port`."""
        return path.choose(_peer(lambda ctx: ctx.msg.dest))

    @select_root("received")
    def select_received(self, path: Path) -> Read:
        """The socket that it came to: `proto ip port ip_port proto_ip_port`."""
        return path.choose(
            _peer(lambda ctx: ctx.msg.dest)
            | {
                "proto": plain(lambda ctx: ctx.msg.proto),
                "proto_ip_port": plain(lambda ctx: "{}:{}:{}".format(ctx.msg.proto, *ctx.msg.dest)),
            }
        )

    @select_root("branch")
    def select_branch(self, path: Path) -> Read:
        """The further branches: `count`; `uri dst_uri q uriq`, each with a number from 0."""
        return path.choose(_BRANCH)

    # -- the machine

    @select_root("sys")
    def select_sys(self, path: Path) -> Read:
        """`pid`, `server_id`, `unique` (another text each time), `now`, `now.local`, `now.gmt`;
        `now.utc["%Y-%m-%d"]` is in a form of one's own.
        """
        return path.choose(
            {
                "pid": plain(lambda ctx: os.getpid()),
                "server_id": plain(lambda ctx: getattr(ctx.host.settings, "server_id", 0) or 0),
                "unique": plain(self._unique),
                "now": self._now,
            }
        )

    def _unique(self, ctx: Context) -> str:
        if not self.unique_start:
            self.unique_start = f"{os.getpid():04x}"[:4] + f"-{int(self.host.now()):08x}-"
            self.unique_count = int(self.host.chance.token(), 16) & 0xFFFF_FFFF
        self.unique_count = self.unique_count + 1 & 0xFFFF_FFFF
        return f"{self.unique_start}{self.unique_count:08x}"

    def _now(self, path: Path) -> Read:
        def in_zone(zone: Callable[[float], time.struct_time]) -> Maker:
            def make(path: Path) -> Read:
                if not path:
                    return lambda ctx: time.asctime(zone(self.host.now()))
                form = path.name()
                return plain(lambda ctx: time.strftime(form, zone(self.host.now())))(path)

            return make

        if not path:
            return lambda ctx: int(self.host.now())
        gmt = in_zone(time.gmtime)
        return path.choose({"local": in_zone(time.localtime), "gmt": gmt, "utc": gmt})

    # -- the cfg

    @select_root("cfg_get")
    def select_cfg_get(self, path: Path) -> Read:
        """`cfg_get.group.name`: a parameter of the core, or one that the cfg defines; of a text
        also `uri.part`, `nameaddr.part` and `params.x`.
        """
        read = self._setting(path.name("the name of a group"), path.name("the name of a parameter"))
        if not path:
            return read
        below = str(path.peek()).lower()
        if below == "params":
            return params_of(path, read)
        path.name()
        if below not in ("uri", "nameaddr") or not path:
            raise ValueError(f"{path}: expected uri.part, nameaddr.part or params.name")
        return uri_of(path, read) if below == "uri" else address_of(path, read)

    def _setting(self, group: str, name: str) -> Read:
        settings = self.host.settings
        if group == "core":
            if not hasattr(settings, name):
                raise ValueError(f"there is no core parameter {name}")
            return lambda ctx: getattr(settings, name)
        if (group, name) not in settings.custom:
            raise ValueError(f"the cfg has no parameter {group}.{name}")
        return lambda ctx: settings.custom.get((group, name))

    @select_root("cfg_selected")
    def select_cfg_selected(self, path: Path) -> Read:
        """The instance of a group of parameters that is selected: there are none, it is empty."""
        group = path.name("the name of a group")
        known = {"core", *(group for group, _ in self.host.settings.custom)}
        if group not in known:
            raise ValueError(f"there is no group {group}")
        return plain(lambda ctx: "")(path)
