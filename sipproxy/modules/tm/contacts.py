"""Serial forking by q: destinations kept in an XAVP, tried group by group (modules/tm/t_serial.c).

`contacts_avp` holds a record for each contact, that of the highest q first; `q_flag` marks the
last one of a group. Contacts that share their instance with an earlier one of the group wait in
`contact_flows_avp`.
"""

from sipproxy.core.context import Branch as Destination
from sipproxy.core.context import Context, XavpValue
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.modules.tm.commands import Commands

Record = list[tuple[str, int | str | None]]

_BOTH = ("REQUEST", "FAILURE")
_PROPORTIONAL = 1
_LAST = 4
"""What `q_flag` is for the last of its group (Q_FLAG)."""


class Contacts(Commands):
    """t_load_contacts and what gives the contacts out again."""

    @function(*_BOTH)
    def t_load_contacts(self, ctx: Context, mode: int = 0) -> int:
        """Put the request URI and the branches into `contacts_avp`, by q; mode 1: by chance."""
        if not self._enabled(self.contacts_avp, "contacts_avp"):
            return -1
        count = len(ctx.branches) if ctx.touched("branches") else 0
        if count == 0 or (count == 1 and ctx.consumed):
            return 1
        given = ([] if ctx.consumed else [_of_uri(ctx)]) + ctx.branches
        records = self._by_chance(given) if mode == _PROPORTIONAL else _by_q(given)
        ctx.xavps[self.contacts_avp] = [*records, *ctx.xavps.get(self.contacts_avp, [])]
        ctx.branches.clear()
        return 1

    def _by_chance(self, given: list[Destination]) -> list[XavpValue]:
        """Contacts drawn with their q for a weight, those of none behind, each a group."""
        weighed = [one for one in sorted(given, key=lambda one: one.q) if one.q > 0]
        drawn = []
        while weighed:
            mark = self.host.chance.below(sum(one.q for one in weighed))
            for one in weighed:
                mark -= one.q
                if mark < 0:
                    break
            weighed.remove(one)
            drawn.append(one)
        drawn += [one for one in given if one.q <= 0]
        return [_record(one, True) for one in drawn]

    @function(*_BOTH)
    def t_next_contacts(self, ctx: Context) -> int:
        """Make the next group's contacts the request URI and branches: 1, -2 for no more."""
        if not self._enabled(self.contacts_avp, "contacts_avp"):
            return -1
        records = ctx.xavps.get(self.contacts_avp)
        if not records:
            return -2
        flows: list[XavpValue] = []
        seen: set[str] = set()
        first = True
        while records:
            record = _read(records.pop(0))
            instance = str(record.get("instance") or "")
            last = bool(record.get("q_flag"))
            if not first and instance and instance in seen:
                flows.append([(name, value) for name, value in record.items() if name != "q_flag"])
            elif first:
                _become(ctx, _destination(record))
            else:
                ctx.branches.append(_destination(record))
            if instance and not last:
                seen.add(instance)
            first = False
            if last:
                break
        if not records:
            del ctx.xavps[self.contacts_avp]
        if self.contact_flows_avp:
            ctx.xavps[self.contact_flows_avp] = flows[::-1]
        return 1

    @function("REQUEST")
    def t_next_contact_flow(self, ctx: Context) -> int:
        """Add another flow to the failed branch's instance as a branch: 1, -1 none, -2 nowhere."""
        if not self._enabled(self.contact_flows_avp, "contact_flows_avp"):
            return -1
        flows = ctx.xavps.get(self.contact_flows_avp)
        t = ctx.transaction
        if not flows or t is None or not 0 <= ctx.branch_index < len(t.branches):
            return -2
        wanted = t.branches[ctx.branch_index].instance
        for flow in flows:
            record = _read(flow)
            if record.get("instance") == wanted:
                ctx.branches.append(_destination(record))
                flows.remove(flow)
                return 1
        return -1

    def _enabled(self, avp: str, name: str) -> bool:
        if not avp:
            text = f"feature has been disabled - to enable define {name} module parameter"
            report(self.host.log, ERROR, "tm", text)
        return bool(avp)


def _by_q(given: list[Destination]) -> list[XavpValue]:
    """Contacts by falling q, the latest of equal ones first; the last of each q is marked."""
    ordered = sorted(reversed(given), key=lambda one: -one.q)
    behind = [*ordered[1:], None]
    return [
        _record(one, after is not None and after.q < one.q)
        for one, after in zip(ordered, behind, strict=True)
    ]


def _of_uri(ctx: Context) -> Destination:
    """The request's own destination as a branch."""
    one = Destination(ctx.ruri, ctx.dst_uri, ctx.ruri_q, ctx.bflags)
    one.path, one.force_socket = ctx.path, ctx.force_socket
    one.ruid, one.instance, one.location_ua = ctx.ruid, ctx.instance, ctx.location_ua
    return one


def _become(ctx: Context, one: Destination) -> None:
    """Make a branch the request's own destination."""
    ctx.new_ruri = one.uri
    ctx.dst_uri = one.dst_uri
    ctx.path, ctx.bflags, ctx.force_socket = one.path, one.bflags, one.force_socket
    ctx.ruid, ctx.instance, ctx.location_ua = one.ruid, one.instance, one.location_ua


def _record(one: Destination, last: bool) -> Record:
    """What an XAVP keeps of a contact: its parts, the newest first."""
    socket = "{}:{}:{}".format(*one.force_socket) if one.force_socket is not None else ""
    parts: Record = [
        ("uri", str(one.uri)),
        ("dst_uri", str(one.dst_uri)),
        ("path", one.path),
        ("sock", socket),
        ("flags", one.bflags),
        ("q_flag", _LAST * last),
        ("instance", one.instance),
        ("ruid", one.ruid),
        ("ua", one.location_ua),
    ]
    return [(name, value) for name, value in reversed(parts) if value != ""]


def _read(value: XavpValue) -> dict[str, int | str | None]:
    """The parts of a record by name; none for a plain value that the cfg put there."""
    return dict(reversed(value)) if isinstance(value, list) else {}


def _destination(record: dict[str, int | str | None]) -> Destination:
    """The branch that a record is about."""
    flags = record.get("flags")
    one = Destination(
        str(record.get("uri") or ""),
        str(record.get("dst_uri") or ""),
        bflags=flags if isinstance(flags, int) else 0,
    )
    one.path = str(record.get("path") or "")
    proto, _, rest = str(record.get("sock") or "").partition(":")
    address, _, port = rest.rpartition(":")
    if port.isdecimal():
        one.force_socket = (proto, address, int(port))
    one.instance, one.ruid = str(record.get("instance") or ""), str(record.get("ruid") or "")
    one.location_ua = str(record.get("ua") or "")
    return one
