"""What a REGISTER asks for, checked (Kamailio registrar/sip_msg.c, save.c, path.c)."""

from dataclasses import dataclass

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.log import WARN
from sipproxy.core.values import wrap
from sipproxy.errors import MessageError
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.contacts import Offer, number, rows_of
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.params import (
    OUTBOUND_NONE,
    OUTBOUND_REQUIRED,
    Params,
)
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import unescape

_BLANKS = " \t\r\n"
_LONGEST_RECEIVED = 255
_LONGEST_EXPIRES = 10
LONGEST_PATH = 256


@dataclass(slots=True)
class Request:
    """The contacts that a REGISTER names, or `star`; `expires` is its header, None for none."""

    offers: list[Offer]
    star: bool
    expires: int | None
    use_regid: bool = True


def read(module: Params, ctx: Context) -> Request:
    """The request in hand. Raises Refused."""
    msg = ctx.msg
    expires = _expires(msg)
    try:
        rows = rows_of(msg)
    except MessageError as error:
        raise Refused(errors.PARSE_CONT, f"failed to parse Contact body: {error}") from None
    request = Request([offer for row in rows for offer in row or ()], None in rows, expires)
    if request.star:
        _check_star(rows, expires)
    else:
        _check_lengths(request.offers, module.contact_max_size)
    if module.outbound_mode != OUTBOUND_NONE or "Require" in msg.table:
        _check_outbound(module, msg, request)
    return request


def _expires(msg: Message) -> int | None:
    """The seconds of the Expires row; None where it is absent or no number. Raises Refused."""
    row = msg.header("expires")
    if row is None:
        return None
    text = row.strip(_BLANKS)
    if not text:
        raise Refused(errors.PARSE_EXP, "failed to parse expires body")
    digits = text.split(None, 1)[0]
    if len(text) > _LONGEST_EXPIRES or not (digits.isascii() and digits.isdigit()):
        return None
    seconds = wrap(int(digits))
    return seconds if seconds >= 0 else None


def _check_star(rows: list[tuple[Offer, ...] | None], expires: int | None) -> None:
    if rows[0] is None and expires != 0:
        raise Refused(errors.STAR_EXP, "expires must be 0 for star contact", WARN)
    if len(rows) > 1:
        text = "star contact cannot be mixed with other contacts"
        raise Refused(errors.STAR_CONT, text, WARN)


def _check_lengths(offers: list[Offer], most: int) -> None:
    for offer in offers:
        if len(offer.uri) * 4 > most and wire.byte_length(offer.uri) > most:
            raise Refused(errors.CONTACT_LEN, f"contact uri is too long: [{offer.uri}]", WARN)
        if offer.received is not None:
            # Kamailio counts the whole parameter, with its name and quotes.
            length = wire.byte_length(f'received="{offer.received}"')
            if length > _LONGEST_RECEIVED:
                text = "received attribute of contact is too long"
                raise Refused(errors.CONTACT_LEN, text, WARN)


def tags(msg: Message, name: str) -> set[str]:
    """The option tags of the rows of `Supported` or `Require`, in lower case."""
    return set(wire.lower(",".join(msg.values(name))).replace(",", " ").split())


def _check_outbound(module: Params, msg: Message, request: Request) -> None:
    """RFC 5626, as far as the server takes part in it. Raises Refused."""
    mode = module.outbound_mode
    supported = tags(msg, "supported")
    lacking = msg.header("supported") is not None and "outbound" not in supported
    if mode == OUTBOUND_REQUIRED and lacking:
        text = "Outbound required by server and not supported by UAC"
        raise Refused(errors.OB_UNSUP, text, WARN)
    if mode == OUTBOUND_NONE:
        if "outbound" in tags(msg, "require"):
            text = "Outbound required by UAC and not supported by server"
            raise Refused(errors.OB_REQD, text, WARN)
        return
    if not request.offers or len(msg.vias) < 2 or _edge_is_outbound(msg) or module.regid_mode:
        return
    if "outbound" in supported and request.offers[0].reg_id is not None:
        text = "Outbound used by UAC but not supported by edge proxy"
        raise Refused(errors.OB_UNSUP_EDGE, text, WARN)
    request.use_regid = False


def _edge_is_outbound(msg: Message) -> bool:
    """Whether the first proxy says in its Path that it keeps flows. Raises Refused."""
    paths = msg.values("path")
    if not paths:
        return False
    try:
        return NameAddr.parse_list(paths[0])[0].parsed.param("ob") is not None
    except MessageError as error:
        raise Refused(errors.FINE, f"Failed to parse Path: {error}") from None


def path_of(msg: Message, *, use_received: bool) -> tuple[str, str]:
    """The Path rows as one text, and the `received` of the first where it is asked for.

    Raises Refused.
    """
    values = msg.values("path")
    if not values:
        return "", ""
    path = ",".join(value.strip(_BLANKS) for value in values)
    if wire.byte_length(path) + 1 >= LONGEST_PATH:
        text = f"Overall Path body exceeds max. length of {LONGEST_PATH}"
        raise Refused(errors.PARSE_PATH, text)
    try:
        first = NameAddr.parse_list(path)[0]
        uri = first.parsed
        if first.bare or uri.param("lr") is None:
            raise MessageError("first Path URI is not a loose-router, not supported")
        received = uri.param("received") if use_received else None
        return path, unescape(received) if received else ""
    except MessageError as error:
        raise Refused(errors.PARSE_PATH, str(error)) from None


def grant(module: Params, ctx: Context, offer: Offer, header: int | None, *, vary: bool) -> int:
    """The instant at which a contact ends, 0 for none. Raises Refused."""
    asked = module.setting_int(ctx, "expires") if module.xavp_cfg else None
    spread = 0
    if asked is None or asked < 0:
        given = number(offer.expires) if offer.expires else header
        asked = module.default_expires if given is None else wrap(given)
        spread = module.default_expires_range if given is None else module.expires_range
    if asked == 0:
        return 0
    # As Kamailio compares them, numbers beyond 31 bits are large, not negative.
    least, most = module.min_expires, module.max_expires
    if asked & 0xFFFF_FFFF < least:
        if module.min_expires_mode:
            raise Refused(errors.LOW_EXP)
        asked = least
    if vary and spread:
        asked = max(_varied(asked, spread, ctx.host.chance.below(100)), least)
    if most and asked & 0xFFFF_FFFF > most:
        asked = most
    return wrap(asked + int(ctx.now))


def _varied(seconds: int, spread: int, chance: int) -> int:
    """Between `spread` percent less and all of the seconds, by `chance` of 0 to 99."""
    least = int(seconds - spread / 100 * seconds)
    return int(least + chance / 100 * (seconds - least))
