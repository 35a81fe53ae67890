"""auth_db: digest authentication of users in a database (Kamailio modules/auth_db)."""

from collections.abc import Iterable
from typing import Any

from sipproxy.core.bindings import Authenticator, AuthKind
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR
from sipproxy.core.module import Constant, Module, Remark, function, modparam
from sipproxy.core.params import Parsed, VarOrText
from sipproxy.db.statement import Row
from sipproxy.db.version import check_version
from sipproxy.errors import DatabaseError, MessageError, ModuleError, Span
from sipproxy.modules.auth_db.columns import Loaded, read_columns
from sipproxy.modules.auth_db.users import Users
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.uri import Uri

ACCEPTED, FAILED, WRONG_PASSWORD, UNKNOWN_USER = 1, -1, -2, -3
"""Return codes; those of a refused nonce (-4, -5, -6) and of another user (-8) come from auth."""

TABLE_VERSION = 7
OLD_TABLE = "subscriber"
"""The table that functions without one mean under compat 3.0."""

_CHECK_IDENTITY = 1
_WITH_DOMAIN, _WITHOUT_CREDENTIALS = 1, 2


class Table(Parsed):
    """A table that the cfg names; its version is checked when the server starts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = ""

    @classmethod
    def parse(cls, text: str) -> "Table":
        """Raises ValueError for an empty name."""
        if not text:
            raise ValueError("an empty table is not allowed")
        return cls(text)

    def stands_at(self, place: Span) -> None:
        """Remember it for the check."""
        self.place = str(place)

    def bind(self, host: Any) -> None:
        """Let the module know."""
        host.modules["auth_db"].tables.setdefault(self.name, self.place)


class AuthDb(Module, name="auth_db"):
    """Checks credentials against the passwords, or the hashes of them, in a table of users."""

    db_url = modparam(
        "mysql://kamailioro:kamailioro@localhost/kamailio", "the database with the users"
    )
    user_column = modparam("username", "the user's name")
    domain_column = modparam("domain", "the user's domain")
    password_column = modparam("ha1", "H(A1), or the password itself with calculate_ha1")
    password_column_2 = modparam("ha1b", "H(A1) of a phone that says user@domain as its name")
    calculate_ha1 = modparam(0, "1: the column holds passwords in plain text")
    use_domain = modparam(0, "1: the user's domain counts too, else the name alone")
    load_credentials = modparam("", "what else to load: `$avp(x)=column;column`")
    version_table = modparam(1, "0: do not check the version of the tables at start")
    force_generate_avps = modparam(0, "1: load also where the password is wrong")

    users: Users
    auth: Authenticator

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.tables: dict[str, str] = {}
        """The tables that the cfg names, each with the place that names it first."""
        self._loaded: tuple[Loaded, ...] = ()
        self._more: tuple[str, ...] = ()
        # What each request asks for, taken out of the parameters once.
        self._columns: tuple[str, ...] = ()
        self._columns_2: tuple[str, ...] = ()
        self._by_domain = self._hashes = self._forced = False

    def start(self) -> None:
        self.auth = self.host.bind("auth")
        self._loaded = read_columns(self.load_credentials, self.host.pv)
        self._more = tuple(loaded.column for loaded in self._loaded)
        self._by_domain = bool(self.use_domain)
        self._hashes = not self.calculate_ha1
        self._forced = bool(self.force_generate_avps)
        self._columns = (self.password_column, *self._more)
        self._columns_2 = (self.password_column_2, *self._more) if self._hashes else self._columns

    def ready(self) -> None:
        database = self.host.database(self.db_url)
        self.users = Users(database, self.user_column, self.domain_column)

    def open(self) -> None:
        """Connect, and check the versions of the tables that the cfg names."""
        self.users.open()
        if self.version_table:
            for table, place in self.tables.items():
                try:
                    check_version(self.users.database, table, TABLE_VERSION)
                except ModuleError as error:
                    raise ModuleError(f"{place}: {error}") from None

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterable[Remark]:
        """Without a table there is no such function since Kamailio 3.1."""
        if len(arguments) == 1 and self.host.compat != "3.0":
            message = f"{function}() takes 2 parameters, the realm and the table: 1 given"
            hint = f"#!sipproxy compat=3.0 takes the table {OLD_TABLE}"
            yield Remark(message, hint, "error")

    # -- functions of the cfg

    @function("REQUEST", name="www_authorize")
    @function("REQUEST")
    async def www_authenticate(self, ctx: Context, realm: VarOrText | None, table: Table) -> int:
        """Check Authorization against the table: 1 right, -2 wrong password, -3 unknown user.

        -1 malformed or the database failed, -4 stale nonce, -5 no credentials for the realm, -6
        nonce used before. ACK, CANCEL and PRACK pass.
        """
        return (await self._checked(ctx, realm, table.name, "www", ctx.msg.method))[0]

    @function("REQUEST", name="www_authenticate")
    async def www_authenticate_method(
        self, ctx: Context, realm: VarOrText | None, table: Table, method: VarOrText | None
    ) -> int:
        """The same with a method of one's own in the response."""
        if not method:
            self._error("invalid method parameter - empty value")
            return FAILED
        return (await self._checked(ctx, realm, table.name, "www", method))[0]

    @function("REQUEST", name="www_authorize")
    async def www_authorize_default(self, ctx: Context, realm: VarOrText | None) -> int:
        """Under compat 3.0: the table is `subscriber`; an empty realm is To's or From's domain."""
        return (await self._checked(ctx, realm, OLD_TABLE, "www", ctx.msg.method))[0]

    @function("REQUEST", name="proxy_authorize")
    @function("REQUEST")
    async def proxy_authenticate(self, ctx: Context, realm: VarOrText | None, table: Table) -> int:
        """Check Proxy-Authorization; all else as www_authenticate."""
        return (await self._checked(ctx, realm, table.name, "proxy", ctx.msg.method))[0]

    @function("REQUEST", name="proxy_authorize")
    async def proxy_authorize_default(self, ctx: Context, realm: VarOrText | None) -> int:
        """Under compat 3.0: the table is `subscriber`; an empty realm is To's or From's domain."""
        return (await self._checked(ctx, realm, OLD_TABLE, "proxy", ctx.msg.method))[0]

    @function("REQUEST")
    async def auth_check(
        self, ctx: Context, realm: VarOrText | None, table: VarOrText | None, flags: int | None
    ) -> int:
        """Authorization of a REGISTER, Proxy-Authorization of all else; ACK and CANCEL pass.

        Codes of www_authenticate; with flag 1 also -8: the user is not who From, To and, of a
        PUBLISH, the R-URI name. Flag 2 leaves From's user out for calls and messages.
        """
        method = ctx.msg.method
        if method in ("ACK", "CANCEL"):
            return ACCEPTED
        if not table:
            self._error("invalid table parameter - empty value")
            return FAILED
        if flags is None:
            self._error("invalid flags parameter")
            return FAILED
        kind: AuthKind = "www" if method == "REGISTER" else "proxy"
        code, found = await self._checked(ctx, realm, table, kind, method)
        if code != ACCEPTED or found is None or not flags & _CHECK_IDENTITY:
            return code
        domains = self._by_domain
        return self.auth.check_identity(ctx, found.user, use_domain=domains, flags=flags)

    @function()
    async def is_subscriber(
        self, ctx: Context, uri: VarOrText | None, table: VarOrText | None, flags: int | None
    ) -> int:
        """Whether the user of a URI stands in the table; loads the columns of load_credentials.

        1 yes, -2 no, -1 the database failed or the URI is none. Flag 1: the domain counts. Flag 2:
        nothing is loaded; without it and without load_credentials the answer is -1.
        """
        if not table or flags is None:
            self._error("invalid table or flags parameter")
            return FAILED
        try:
            parsed = Uri.parse(uri or "")
        except MessageError:
            self._error("invalid uri parameter format")
            return FAILED
        loads = not flags & _WITHOUT_CREDENTIALS
        if loads and not self._more:
            self._error("nothing to load: set load_credentials, or use flag 2")
            return FAILED
        columns = self._more if loads else (self.user_column,)
        domain = parsed.host if flags & _WITH_DOMAIN and parsed.host else None
        try:
            row = await self.users.find(table, columns, parsed.user or "", domain)
        except DatabaseError as error:
            self._failed(error)
            return FAILED
        if row is None:
            return -2
        if loads:
            self._load(ctx, row)
        return ACCEPTED

    # -- how it goes

    async def _checked(
        self, ctx: Context, realm: str | None, table: str, kind: AuthKind, method: str
    ) -> tuple[int, Credentials | None]:
        """The return code, and the credentials that were accepted."""
        auth = self.auth
        text = auth.realm_of(ctx, realm or "")
        if not text:
            self._error("invalid realm parameter - empty value")
            return FAILED, None
        text = auth.strip_realm(text)
        code, found = auth.pre_auth(ctx, text, kind)
        if found is None:
            return code, None
        judged = auth.judged(ctx, found, text, method)
        if judged is not None:
            return judged, found
        named = found.domain
        columns = self._columns_2 if named else self._columns
        domain = (named or text) if self._by_domain else None
        try:
            row = await self.users.find(table, columns, found.user, domain)
        except DatabaseError as error:
            self._failed(error)
            return FAILED, None
        if row is None:
            return UNKNOWN_USER, None
        if self._forced:
            self._load(ctx, row[1:])
        return self._compared(ctx, found, text, method, row), found

    def _compared(self, ctx: Context, found: Credentials, realm: str, method: str, row: Row) -> int:
        """The code for a user whose row was found."""
        stored = row[0]
        if not isinstance(stored, str | int) or stored == "":
            # Whoever knows that nothing is stored could make the response to it.
            self._error(f"no password is stored for {found.user}", "no password")
            return WRONG_PASSWORD
        auth = self.auth
        ha1 = str(stored)
        if not self._hashes:
            ha1 = auth.ha1(found.username or "", realm, ha1)
        code = auth.check_response(found, ha1, method, ctx.msg.body)
        if code != ACCEPTED:
            return code
        code = auth.post_auth(ctx, found, ha1)
        if code == ACCEPTED and self._loaded and not self._forced:
            self._load(ctx, row[1:])
        return code

    def _load(self, ctx: Context, values: Row) -> None:
        for loaded, value in zip(self._loaded, values, strict=True):
            loaded.write(ctx, value)

    def _failed(self, error: DatabaseError) -> None:
        self._error(f"failed to query database: {error}", "query")

    def _error(self, text: str, kind: str = "") -> None:
        self.host.report_limited(ERROR, "auth_db", text, kind)
