"""Contacts that say where they came from, in their user part or in a parameter (Kamailio
siputils/contact_ops.c)."""

import base64
import re
from collections.abc import Callable, Iterator

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam
from sipproxy.core.params import Plain
from sipproxy.errors import MessageError
from sipproxy.modules.siputils import uris
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.scan import Header
from sipproxy.sip.uri import Uri

_LONGEST_URI = 1024
_NO_CONTACT, _BAD_CONTACT = -1, -4
_FIELDS = 6
"""Prefix, user, password, host, port, protocol."""
_BASE64 = re.compile(r"[A-Za-z0-9_-]*\Z")


class CodingError(ValueError):
    """A URI cannot be encoded or decoded; `code` is what the function returns."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class ContactFunctions(Module):
    """Encoding and decoding of Contacts, and of the R-URI that comes of them."""

    contact_flds_separator = modparam("*", "Character between the parts of an encoded Contact.")

    @property
    def _separator(self) -> str:
        text: str = self.contact_flds_separator
        return text[:1] or "*"

    @function("REQUEST", "ONREPLY")
    def encode_contact(self, ctx: Context, prefix: Plain, address: Plain) -> int:
        """Make each URI of the first Contact `prefix*user*password*host*port*protocol@address`."""
        return self._each_of_first(
            ctx, lambda uri: encoded(uri, prefix, address, self._separator), _NO_CONTACT
        )

    @function("REQUEST")
    def decode_contact(self, ctx: Context) -> int:
        """Make the R-URI what it was before encode_contact."""
        try:
            ctx.new_ruri = decoded(ctx.ruri, self._separator)
        except CodingError as error:
            self._complain(f"failed decoding contact [{ctx.ruri}]: {error}")
            return error.code
        return 1

    @function("REQUEST", "FAILURE", "ONREPLY")
    def decode_contact_header(self, ctx: Context) -> int:
        """Make each URI of the first Contact what it was before encode_contact."""
        return self._each_of_first(ctx, lambda uri: decoded(uri, self._separator), _NO_CONTACT)

    @function("REQUEST", "ONREPLY")
    def contact_param_encode(self, ctx: Context, name: str, uri: str) -> int:
        """Put `uri` in the place of each URI of the first Contact, with the old one in a parameter.

        1 without a Contact.
        """

        def encode(old: str) -> str:
            if wire.byte_length(old) <= 4:
                return old
            value = base64.urlsafe_b64encode(wire.encode(old)).decode().rstrip("=")
            new = f"{uri};{name}={value}"
            if wire.byte_length(new) >= _LONGEST_URI - 2:
                raise CodingError(-2, "failed to build the new contact")
            return new

        return self._each_of_first(ctx, encode, 1, brackets=True)

    @function("REQUEST", "ONREPLY")
    def contact_param_decode(self, ctx: Context, name: str) -> int:
        """Put in the place of each Contact the URI that its parameter holds."""
        return self._each(ctx, lambda old, uri: _decoded_param(old, uri, name))

    @function("REQUEST")
    def contact_param_decode_ruri(self, ctx: Context, name: str) -> int:
        """Put in the place of the R-URI the URI that its parameter holds."""
        try:
            found = _decoded_param(ctx.ruri, ctx.ruri_parsed, name)
        except (MessageError, CodingError) as error:
            self._complain(f"failed to decode uri [{ctx.ruri}]: {error}")
            return -1
        if found is not None:
            ctx.new_ruri = found
        return 1

    @function("REQUEST", "ONREPLY")
    def contact_param_rm(self, ctx: Context, name: str) -> int:
        """Remove a parameter from the URI of each Contact."""
        return self._each(ctx, lambda old, uri: uris.without_param(old, uri, name))

    def _each_of_first(
        self, ctx: Context, change: Callable[[str], str], absent: int, *, brackets: bool = False
    ) -> int:
        """Change each URI of the first Contact header; with `brackets` write them around it."""
        rows = ctx.msg.rows("contact")
        if not rows:
            return absent
        try:
            placed = NameAddr.placed_list(rows[0].value)
        except MessageError:
            self._complain("contact parsing failed")
            return _BAD_CONTACT
        for address, at in placed:
            if address.uri == "*":
                continue
            try:
                new = change(address.uri)
            except CodingError as error:
                self._complain(f"failed coding contact [{address.uri}]: {error}")
                return error.code
            if new != address.uri:
                bare = brackets and address.bare
                _replace(ctx, rows[0], at, address.uri, f"<{new}>" if bare else new)
        return 1

    def _each(self, ctx: Context, change: Callable[[str, Uri], str | None]) -> int:
        """Change the URI of every Contact; -1 when one cannot be read."""
        try:
            for row, address, at in _contacts(ctx):
                if address.uri == "*" or wire.byte_length(address.uri) < 4:
                    continue
                new = change(address.uri, Uri.parse(address.uri))
                if new is not None:
                    _replace(ctx, row, at, address.uri, new)
        except (MessageError, CodingError) as error:
            self._complain(f"failed to parse or decode a contact: {error}")
            return -1
        return 1

    def _complain(self, text: str, level: int = ERROR) -> None:
        report(self.host.log, level, "siputils", text)


def _contacts(ctx: Context) -> Iterator[tuple[Header, NameAddr, int]]:
    """Each address of all Contact headers; nothing where one of them cannot be read."""
    rows = ctx.msg.rows("contact")
    try:
        placed = [(row, NameAddr.placed_list(row.value)) for row in rows]
    except MessageError:
        return
    for row, addresses in placed:
        for address, at in addresses:
            yield row, address, at


def _replace(ctx: Context, row: Header, at: int, old: str, new: str) -> None:
    start = row.value_at + at
    ctx.lumps.replace(start, start + len(old), new)


def encoded(text: str, prefix: str, address: str, separator: str) -> str:
    """`sip:prefix*user*password*host*port*protocol@address` for a URI; raises CodingError."""
    scheme, colon, rest = text.partition(":")
    if wire.byte_length(text) <= 1:
        raise CodingError(-1, "no URI")
    if not colon or len(scheme) < 3:
        raise CodingError(-26 if colon else -25, "no scheme")
    try:
        # As in Kamailio only three letters are taken for the scheme.
        uri = Uri.parse(f"{scheme[-3:]}:{rest}")
    except MessageError as error:
        raise CodingError(-509, str(error)) from None
    transport = uri.param("transport") or ""
    port = "" if uri.port is None else str(uri.port)
    fields = (prefix, uri.user or "", uri.password or "", uri.host, port, transport)
    return f"{scheme}:{separator.join(fields)}@{address}"


def decoded(text: str, separator: str) -> str:
    """The URI that :func:`encoded` was given; raises CodingError."""
    scheme, colon, rest = text.partition(":")
    inside, at, outside = rest.partition("@")
    if not colon or not at:
        raise CodingError(-23 if colon else -22, "no encoded URI")
    fields = inside.split(separator)
    if len(fields) != _FIELDS:
        raise CodingError(-26 if len(fields) < _FIELDS else -24, "parts are missing or too many")
    _, user, password, host, port, transport = fields
    if not host:
        raise CodingError(-2, "unable to decode host address")
    if password and not user:
        raise CodingError(-3, "password decoded but no username available")
    tail = re.search("[;>]", outside)
    who = f"{user}{f':{password}' if password else ''}@" if user else ""
    where = f"{host}{f':{port}' if port else ''}{f';transport={transport}' if transport else ''}"
    return f"{scheme}:{who}{where}{outside[tail.start() :] if tail else ''}"


def _decoded_param(text: str, uri: Uri, name: str) -> str | None:
    """The text in a parameter of a URI, None where it has none; raises CodingError."""
    value = uris.param(uri, name, any_case=True)
    if not value:
        return None
    digits = value.rstrip("=")
    if not _BASE64.match(digits) or len(digits) < 2:
        raise CodingError(-1, f"bad value {value!r}")
    whole = digits[:-1] if len(digits) % 4 == 1 else digits
    return wire.decode(base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)))
