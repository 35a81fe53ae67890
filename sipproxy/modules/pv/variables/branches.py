"""`$br $bR $ds $branch(...) $sbranch(...)`: further destinations."""

from collections.abc import Callable

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Branch, Context
from sipproxy.core.module import Module, function, pvar, setter
from sipproxy.core.pvspec import parse_pv
from sipproxy.core.values import EvalError, Value, to_int, to_str, wrap
from sipproxy.modules.pv.variables.sockets import bracketed, find_socket

_PARTS = (
    *("uri", "dst_uri", "path", "q", "send_socket", "count", "flags"),
    *("ruid", "location_ua"),
)
_KEPT = ("ruid", "location_ua")
"""Parts that only a lookup gives; assigning to them does nothing."""
_Q_UNSET = -1


def _q(q: int) -> str:
    """A quality of 0 to 1000 as text: 1, 0.5 (core/qvalue.h)."""
    if q >= 1000:
        return "1"
    return f"0.{q:03d}".rstrip("0").rstrip(".") if q > 0 else "0"


class BranchVariables(Module):
    """Branches made by append_branch, and the static branch."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.static = Branch("")
        """The static branch: it belongs to the worker."""

    @pvar("br")
    def br(self, ctx: Context) -> Value:
        """URI of the first further branch."""
        branches = _branches(ctx)
        return branches[0].uri if branches else None

    @setter(br)
    def set_br(self, ctx: Context, value: Value) -> None:
        """Add a branch."""
        if not value:
            raise EvalError("a branch has a URI")
        branch = Branch(to_str(value))
        branch.force_socket = ctx.force_socket
        ctx.branches.append(branch)

    @pvar("bR")
    def branch_uris(self, ctx: Context) -> Value:
        """URIs of all further branches."""
        branches = _branches(ctx)
        return ", ".join(map(_with_q, branches)) if branches else None

    @pvar("ds")
    def ds(self, ctx: Context) -> Value:
        """A Contact header with the changed request URI and all further branches."""
        places = [] if ctx.new_ruri is None else [(ctx.new_ruri, ctx.ruri_q)]
        places += [(branch.uri, branch.q) for branch in _branches(ctx)]
        found = [f"<{uri}>" if q == _Q_UNSET else f"<{uri}>;q={_q(q)}" for uri, q in places]
        return f"Contact: {', '.join(found)}" if found else None

    @pvar("branch", bind=True)
    def branch(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of a further branch: `uri dst_uri path q send_socket flags`, or their `count`.

        `ruid` and `location_ua` are of the location record it goes to. The count is undefined
        where there are none.
        """
        at: Callable[[Context], int] = lambda ctx: 0  # noqa: E731 - one of two functions
        if index is not None and index.startswith("$"):
            access: PvAccess = self.host.access(parse_pv(index))
            at = lambda ctx: to_int(access.read(ctx))  # noqa: E731
        elif index is not None:
            fixed = int(index)
            at = lambda ctx: fixed  # noqa: E731
        if inner == "count":
            return PvAccess(lambda ctx: len(_branches(ctx)) or None, _ignore)
        part = _part(inner)

        def read(ctx: Context) -> Value:
            branches, place = _branches(ctx), at(ctx)
            found = -len(branches) <= place < len(branches)
            return _get(branches[place], part) if found else None

        def write(ctx: Context, value: Value) -> None:
            branches, place = ctx.branches, at(ctx)
            if not -len(branches) <= place < len(branches):
                raise EvalError(f"there is no branch {place}")
            if part == "uri" and not value:
                del branches[place]
            else:
                self._set(branches[place], part, value)

        return PvAccess(read, write)

    @pvar("ruid")
    def ruid(self, ctx: Context) -> Value:
        """Identifier of the location record that lookup() found."""
        return ctx.ruid or None

    @pvar("location_ua")
    def location_ua(self, ctx: Context) -> Value:
        """User-Agent of the phone that lookup() found."""
        return ctx.location_ua or None

    @pvar("sbranch", bind=True)
    def sbranch(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the static branch."""
        if inner == "count":
            return PvAccess(lambda ctx: len(_branches(ctx)), _ignore, type="int")
        part = _part(inner)

        def read(ctx: Context) -> Value:
            return _get(self.static, part) if self.static.uri else None

        def write(ctx: Context, value: Value) -> None:
            if part == "uri" and not value:
                self.static = Branch("")
            else:
                self._set(self.static, part, value)

        return PvAccess(read, write)

    def _set(self, branch: Branch, part: str, value: Value) -> None:
        if part in _KEPT:
            return
        if part == "send_socket":
            socket = find_socket(self.host.own.sockets, to_str(value)) if value else None
            branch.force_socket = (socket.proto, socket.address, socket.port) if socket else None
        elif part in ("q", "flags"):
            if isinstance(value, str):
                raise EvalError(f"{part} of a branch is a number")
            default = _Q_UNSET if part == "q" else 0
            setattr(branch, "q" if part == "q" else "bflags", default if value is None else value)
        else:
            setattr(branch, part, to_str(value))

    @function()
    def sbranch_set_ruri(self, ctx: Context) -> bool:
        """Make the static branch the request URI and next hop."""
        if not self.static.uri:
            return False
        ctx.new_ruri = self.static.uri
        ctx.dst_uri = self.static.dst_uri
        ctx.ruri_q = self.static.q
        ctx.bflags |= self.static.bflags
        if self.static.force_socket is not None:
            ctx.force_socket = self.static.force_socket
        return True

    @function()
    def sbranch_append(self, ctx: Context) -> bool:
        """Add the static branch to the further branches."""
        static = self.static
        if not static.uri:
            return False
        branch = Branch(static.uri, static.dst_uri, static.q, static.bflags)
        branch.path, branch.force_socket = static.path, static.force_socket
        ctx.branches.append(branch)
        return True

    @function()
    def sbranch_reset(self, ctx: Context) -> bool:
        """Empty the static branch."""
        self.static = Branch("")
        return True


def _branches(ctx: Context) -> list[Branch]:
    return ctx.branches if ctx.touched("branches") else []


def _with_q(branch: Branch) -> str:
    return branch.uri if branch.q == _Q_UNSET else f"<{branch.uri}>;q={_q(branch.q)}"


def _part(inner: str | None) -> str:
    if inner == "Q":
        return "q"
    if inner not in _PARTS:
        raise ValueError(f"{', '.join(_PARTS)} exist")
    return inner


def _get(branch: Branch, part: str) -> Value:
    match part:
        case "q":
            return None if branch.q == _Q_UNSET else branch.q
        case "flags":
            return wrap(branch.bflags)
        case "send_socket":
            if branch.force_socket is None:
                return None
            proto, address, port = branch.force_socket
            return f"{proto}:{bracketed(address)}:{port}"
        case _:
            value: str = getattr(branch, part)
            return value or None


def _ignore(ctx: Context, value: Value) -> None:
    """The number of branches cannot be set; Kamailio does not mind."""
