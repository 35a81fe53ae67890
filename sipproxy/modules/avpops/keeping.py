"""avp_db_load, avp_db_store, avp_db_delete: AVPs kept in a table of preferences (avpops_impl.c)."""

from collections.abc import Iterator
from typing import Any, Self

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR
from sipproxy.core.module import function, modparam, modparam_method
from sipproxy.core.params import Parsed
from sipproxy.core.stored import AvpValue, Stored, stored
from sipproxy.core.values import to_str
from sipproxy.db.statement import Row, SqlValue
from sipproxy.errors import DatabaseError, MessageError, ModuleError
from sipproxy.modules.avpops import values
from sipproxy.modules.avpops.arguments import Name, Operand, avp_of, variable_of
from sipproxy.modules.avpops.changes import ROUTES
from sipproxy.modules.avpops.database import DatabaseFunctions, need_database
from sipproxy.modules.avpops.preferences import (
    NUMBER_NAME,
    NUMBER_VALUE,
    Owner,
    Preferences,
)
from sipproxy.modules.avpops.schemes import Columns, Scheme, read_scheme
from sipproxy.sip.uri import Uri
from sipproxy.text import byte_length, decode, lower

_KINDS = ("uri", "username", "domain", "uuid")
_URIS = frozenset({"ru", "ruri", "fu", "from", "tu", "to", "ou", "ouri"})
"""Variables that are a URI without a flag."""
_LONGEST_NAME = 63
_NO_NAME = {"*": "", "a": "", "s": "s", "i": "i"}


class Source(Parsed):
    """Whose preferences: `$fu/username`, `$var(id)/uuid`, a text; flags `uri username domain uuid`.

    Without a flag `$ru`, `$fu`, `$tu` and `$ou` are URIs and all else is a uuid.
    """

    __slots__ = ("_text", "kind", "operand")

    operand: Operand

    def __init__(self, text: str, kind: str) -> None:
        self._text = text
        self.kind = kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the flag; the variable is looked up by :meth:`bind`."""
        what, slash, flag = text.partition("/")
        kind = lower(flag)
        if slash and kind not in _KINDS:
            raise ValueError(f"unknown flag <{flag}>: expected {', '.join(_KINDS)}")
        return cls(what, kind)

    def bind(self, host: Any) -> None:
        """Look the variable up; raises ValueError, ResolveError."""
        need_database(host, "avp_db_load, avp_db_store and avp_db_delete")
        if self._text.startswith("$"):
            self.operand = Operand(self._text, host)
            is_uri = variable_of(self._text).name in _URIS
            self.kind = self.kind or ("uri" if is_uri else "uuid")
        else:
            self.operand = Operand(f"s:{self._text}", host)
            self.kind = self.kind or "uuid"

    def value(self, ctx: Context) -> str:
        """The text now; raises ValueError where there is none."""
        access = self.operand.access
        found = self.operand.constant if access is None else access.read(ctx)
        if found is None:
            raise ValueError("no value for the first parameter")
        return to_str(found)


class Kept(Parsed):
    """Which AVPs: `$avp(x)`, or `*`, `s`, `i` for all, those with a text or a number for a name;
    `/table` names another table.
    """

    __slots__ = ("_text", "dynamic", "kind", "name", "table")

    name: Name | None

    def __init__(self, text: str, kind: str, table: str) -> None:
        self._text = text
        self.kind = kind
        self.table = table
        self.dynamic = False
        self.name = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take name and table apart; they are looked up by :meth:`bind`."""
        what, slash, table = text.partition("/")
        if slash and not table.removeprefix("$"):
            raise ValueError("empty scheme or table name")
        if what.startswith("$"):
            return cls(what, "", table)
        kind = _NO_NAME.get(lower(what[:1]))
        number = what[1:]
        if kind is None or (number and not (number.isascii() and number.isdigit())):
            raise ValueError(f"{what!r} is not what is kept: expected $avp(name), *, s or i")
        if table.startswith("$"):
            raise ValueError("a scheme needs the name of an AVP")
        return cls("", kind, table)

    def bind(self, host: Any) -> None:
        """Look the name up; raises ValueError for what is no AVP, and for a scheme."""
        self._bind_table(host)
        if self._text:
            self.name, _ = avp_of(host, self._text)
            self.dynamic = (variable_of(self._text).inner or "").startswith("$")

    def _bind_table(self, host: Any) -> None:
        if self.table.startswith("$"):
            raise ValueError("this function takes no scheme")

    def wants(self, attribute: int | str) -> bool:
        """Whether AVPs with names of this type are meant."""
        return not self.kind or isinstance(attribute, str) == (self.kind == "s")


class Loaded(Kept):
    """Which AVPs avp_db_load makes; `/$scheme` says how their table looks."""

    __slots__ = ("scheme",)

    scheme: Scheme | None

    def _bind_table(self, host: Any) -> None:
        self.scheme = None
        if self.table.startswith("$"):
            wanted = self.table[1:]
            self.scheme = host.modules["avpops"].schemes.get(lower(wanted))
            self.table = ""
            if self.scheme is None:
                raise ValueError(f"scheme <{wanted}> not found: set the modparam db_scheme")


class Keeping(DatabaseFunctions):
    """Functions on tables of preferences."""

    use_domain = modparam(0, "Other than 0: the domain of a URI counts beside its user.")
    uuid_column = modparam("uuid", "Column of the owner's uuid.")
    attribute_column = modparam("attribute", "Column of the AVP's name.")
    value_column = modparam("value", "Column of its value.")
    type_column = modparam("type", "Column of its type: 1 the value is a number, 2 the name is.")
    username_column = modparam("username", "Column of the owner's name.")
    domain_column = modparam("domain", "Column of the owner's domain.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.schemes: dict[str, Scheme] = {}
        """By their names in lower case."""

    @modparam_method("db_scheme")
    def db_scheme(self, text: str) -> None:
        """Another table to load from: `name:table=t;uuid_col=c;username_col=c;domain_col=c;
        value_col=c;value_type=integer`.
        """
        try:
            scheme = read_scheme(text)
        except ValueError as error:
            raise ModuleError(f"db_scheme: {error}") from None
        if lower(scheme.name) in self.schemes:
            raise ModuleError(f"db_scheme: duplicated scheme name <{scheme.name}>")
        self.schemes[lower(scheme.name)] = scheme

    def start(self) -> None:
        """Know the columns."""
        super().start()
        self._columns = Columns(
            table=self.avp_table,
            uuid=self.uuid_column,
            username=self.username_column,
            domain=self.domain_column,
            value=self.value_column,
            attribute=self.attribute_column,
            type=self.type_column,
        )
        if self._database is not None:
            self._preferences = Preferences(self._database)

    @function(*ROUTES)
    async def avp_db_load(self, ctx: Context, source: Source, which: Loaded) -> bool:
        """Make AVPs of the rows of an owner; whether there was one."""
        try:
            owner = self._owner(ctx, source)
            attribute = _attribute(ctx, which)
            scheme = which.scheme
            columns = Columns(table=which.table) if scheme is None else scheme.columns
            rows = await self._preferences.load(
                columns.over(self._columns),
                owner,
                None if scheme is not None or attribute is None else to_str(attribute),
                typed=scheme is None,
            )
        except (ValueError, DatabaseError) as error:
            return self._refused(f"cannot load: {error}")
        made = 0
        for row in rows:
            try:
                found = _from_row(row, which, attribute)
            except ValueError as error:
                self._refused(str(error))
                continue
            if found is not None:
                ctx.avps.setdefault(found[0], []).insert(0, stored(found[1]))
                made += 1
        return made > 0

    @function(*ROUTES)
    async def avp_db_store(self, ctx: Context, source: Source, which: Kept) -> bool:
        """Write AVPs as rows of an owner, but for those that come from there; whether any was."""
        try:
            owner = self._owner(ctx, source)
            attribute = _attribute(ctx, which)
        except ValueError as error:
            return self._refused(f"cannot store: {error}")
        columns = Columns(table=which.table).over(self._columns)
        if not self._counts_domain(source):
            owner = owner._replace(domain=None)
        done = 0
        for name, place, value in list(_of(ctx, which, attribute)):
            try:
                await self._preferences.store(columns, owner, name, value)
            except DatabaseError as error:
                self._refused(f"cannot store: {error}")
                continue
            ctx.avps[name][place] = stored(value)
            done += 1
        return done > 0

    @function(*ROUTES)
    async def avp_db_delete(self, ctx: Context, source: Source, which: Kept) -> bool:
        """Delete rows of an owner: those of one AVP, or all with `*`, `s` and `i`."""
        try:
            owner = self._owner(ctx, source)
            attribute = _attribute(ctx, which)
        except ValueError as error:
            return self._refused(f"cannot delete: {error}")
        columns = Columns(table=which.table).over(self._columns)
        try:
            name = None if attribute is None else to_str(attribute)
            await self._preferences.delete(columns, owner, name)
        except DatabaseError as error:
            # Kamailio says 1 to the script all the same.
            self._refused(f"cannot delete: {error}")
        return True

    def _refused(self, text: str) -> bool:
        self.host.report_limited(ERROR, "avpops", text, "preferences")
        return False

    def _counts_domain(self, source: Source) -> bool:
        return bool(self.use_domain) or source.kind == "domain"

    def _owner(self, ctx: Context, source: Source) -> Owner:
        """Whom the source means; raises ValueError."""
        text = source.value(ctx)
        if source.kind == "uuid":
            return Owner(uuid=text)
        try:
            uri = Uri.parse(text)
        except MessageError:
            raise ValueError(f"{text!r} is no URI") from None
        if not uri.user or not uri.host:
            raise ValueError(f"incomplete uri <{text}>")
        by_name = source.kind in ("uri", "username")
        by_domain = source.kind in ("uri", "domain") and self._counts_domain(source)
        return Owner(None, uri.user if by_name else None, uri.host if by_domain else None)


def _attribute(ctx: Context, which: Kept) -> int | str | None:
    """The name of the AVP that is meant, None for all; raises ValueError."""
    if which.name is None:
        return None
    name = which.name(ctx)
    if name is None or (which.dynamic and byte_length(to_str(name)) > _LONGEST_NAME):
        raise ValueError("no value for the name of the AVP, or a long one")
    return name


def _of(
    ctx: Context, which: Kept, attribute: int | str | None
) -> Iterator[tuple[int | str, int, AvpValue]]:
    """(name, place, value) of the AVPs that are to be stored and do not come from there."""
    every = reversed(ctx.avps) if attribute is None else (attribute,)
    for name in every if ctx.touched("avps") else ():
        if not isinstance(name, int | str) or not which.wants(name):
            continue
        for place, value in enumerate(ctx.avps.get(name, ())):
            if not isinstance(value, Stored):
                yield name, place, value


def _from_row(
    row: Row, which: Loaded, attribute: int | str | None
) -> tuple[int | str, AvpValue] | None:
    """Name and value of the AVP of a row, None for one that is not meant; raises ValueError."""
    if which.scheme is not None:
        assert attribute is not None
        return attribute, _value(row[0], numeric=which.scheme.numeric)
    value, name, kind = row[0], _text(row[1]), row[2]
    if isinstance(value, int) or name is None or not isinstance(kind, int):
        raise ValueError("a row has NULL or a wrong type in it")
    made = _value(value, numeric=bool(kind & NUMBER_VALUE))
    numbered = bool(kind & NUMBER_NAME)
    if attribute is None:
        found = values.to_unsigned(name) if numbered else name
        return (found, made) if which.wants(found) else None
    if not which.dynamic and isinstance(attribute, int) != numbered:
        return None
    return attribute, made


def _text(column: SqlValue) -> str | None:
    if isinstance(column, bytes):
        return decode(column)
    return column if isinstance(column, str) else None


def _value(column: SqlValue, *, numeric: bool) -> AvpValue:
    """A column as a number or a text; raises ValueError."""
    if isinstance(column, bytes):
        column = decode(column)
    if column is None or isinstance(column, float):
        raise ValueError("the value is empty or of a wrong type")
    if not numeric:
        return values.as_text(column)
    if column == "":
        raise ValueError("the value is no number")
    return column if isinstance(column, int) else values.to_unsigned(column)
