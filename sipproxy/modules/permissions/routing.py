"""allow_routing, allow_register and allow_uri: what files of rules say."""

from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import INFO, report
from sipproxy.core.module import function, rpc
from sipproxy.core.params import Parsed
from sipproxy.core.regex import RegexError
from sipproxy.errors import MessageError
from sipproxy.modules.permissions.base import ALLOW_FILE, DENY_FILE, PermissionsBase
from sipproxy.modules.permissions.rules import RuleFile, read_rules
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri
from sipproxy.text import byte_length, decode

_LONGEST = 256
"""Bytes of a URI that is compared with rules."""


class Pair:
    """An allow file and its deny file."""

    __slots__ = ("allow", "deny")

    def __init__(self, allow: RuleFile, deny: RuleFile) -> None:
        self.allow = allow
        self.deny = deny

    @property
    def empty(self) -> bool:
        """Whether neither has a rule: then all is allowed."""
        return not self.allow and not self.deny


class _Named(Parsed):
    """A name in a call, and where it leads once the cfg is loaded."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "_Named":
        return cls(text)

    def bind(self, host: Any) -> None:
        module = host.modules["permissions"]
        assert isinstance(module, Routing)
        self.find(module)

    def find(self, module: "Routing") -> None:
        """Have the files read."""


class Basename(_Named):
    """`allow_routing("name")`: the files name.allow and name.deny."""

    pair: Pair

    def find(self, module: "Routing") -> None:
        allow, deny = self.text + module.allow_suffix, self.text + module.deny_suffix
        self.pair = module.pair(module.rule_file(allow), module.rule_file(deny))


class RuleFileName(_Named):
    """One file of `allow_routing("allow file", "deny file")`."""

    file: RuleFile

    def find(self, module: "Routing") -> None:
        self.file = module.file_of_call(self.text)


class Routing(PermissionsBase):
    """The functions that look into files."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._files: dict[str, RuleFile] = {}
        self._first: RuleFile | None = None
        self._pairs: dict[str, Pair] = {}
        """Each pair by the path of its allow file, for RPC; the first of two counts."""

    def start(self) -> None:
        super().start()
        backends = self.load_backends
        self._default = self.pair(
            self._default_file(self.default_allow_file, backends & ALLOW_FILE),
            self._default_file(self.default_deny_file, backends & DENY_FILE),
        )

    def _default_file(self, name: str, wanted: int) -> RuleFile:
        return self.rule_file(name) if wanted else RuleFile("")

    def rule_file(self, name: str) -> RuleFile:
        """The rules of a file, read once; a missing file has none."""
        path = self.beside_cfg(name)
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = RuleFile(path, read_rules(self._text(path), self.error))
        return known

    def _text(self, path: str) -> str:
        try:
            with open(path, "rb") as file:
                return decode(file.read())
        except OSError as error:
            text = f"file {path} is not read ({error.strerror}): empty rule set"
            report(self.host.log, INFO, "permissions", text)
            return ""

    def pair(self, allow: RuleFile, deny: RuleFile) -> Pair:
        """Both files of a call, known to RPC from now on."""
        found = Pair(allow, deny)
        return self._pairs.setdefault(allow.path, found) and found

    def file_of_call(self, name: str) -> RuleFile:
        """The file of a call with two of them; they come in turn, and the second makes a pair."""
        file = self.rule_file(name)
        if self._first is None:
            self._first = file
        else:
            self.pair(self._first, file)
            self._first = None
        return file

    # -- functions

    @function(name="allow_routing")
    def _allow_routing(self, ctx: Context) -> bool:
        """Whether the default files let this From call the request URI and all branches."""
        return self._check_routing(ctx, self._default)

    @function(name="allow_routing")
    def _allow_routing_by(self, ctx: Context, basename: Basename) -> bool:
        """The same by the files basename.allow and basename.deny."""
        return self._check_routing(ctx, basename.pair)

    @function(name="allow_routing")
    def _allow_routing_by_files(
        self, ctx: Context, allow_file: RuleFileName, deny_file: RuleFileName
    ) -> bool:
        """The same by two files."""
        return self._check_routing(ctx, Pair(allow_file.file, deny_file.file))

    @function("REQUEST", "FAILURE", name="allow_register")
    def _allow_register(self, ctx: Context, basename: Basename) -> bool:
        """Whether the files let this To register each of the Contacts."""
        return self._check_register(ctx, basename.pair)

    @function("REQUEST", "FAILURE", name="allow_register")
    def _allow_register_by_files(
        self, ctx: Context, allow_file: RuleFileName, deny_file: RuleFileName
    ) -> bool:
        """The same by two files."""
        return self._check_register(ctx, Pair(allow_file.file, deny_file.file))

    @function("REQUEST", "FAILURE")
    def allow_uri(self, ctx: Context, basename: Basename, uri: PvAccess) -> bool:
        """Whether the files let this From call the URI in a pseudo-variable."""
        if basename.pair.empty:
            return True
        value = uri.read(ctx)
        if value is None:
            self.error("pseudo variable value is not string")
            return False
        try:
            caller = self._bounded("From header field", ctx.msg.from_uri)
            called = self._bounded("pseudo variable value", str(value))
            return self._allows(basename.pair, caller, called)
        except MessageError as error:
            self.error(error.reason)
            return False

    @rpc("permissions.allowUri", missing="Not enough parameters (basename, URI and contact)")
    @rpc("permissions.testUri", missing="Not enough parameters (basename, URI and contact)")
    def _test_uri(self, basename: str, uri: str, contact: str) -> str:
        """Tests if (URI, Contact) pair is allowed according to allow/deny files"""
        path = self.beside_cfg(basename + self.allow_suffix)
        pair = self._pairs.get(path)
        if pair is None:
            self.error(f"File <{path}> has not been loaded")
            return "Denied"
        return "Allowed" if pair.empty or self._allows(pair, uri, contact) else "Denied"

    # -- decisions

    def _check_routing(self, ctx: Context, pair: Pair) -> bool:
        if pair.empty:
            return True
        try:
            caller = self._bounded("From header field", ctx.msg.from_uri)
            uri = ctx.ruri_parsed
            called = self._bounded("Request URI", f"sip:{uri.user or ''}@{uri.host}")
            if not self._allows(pair, caller, called):
                return False
            if not self.check_all_branches or not ctx.touched("branches"):
                return True
            uris = [self._plain(branch.uri) for branch in ctx.branches]
        except MessageError as error:
            self.error(error.reason)
            return False
        return all(self._allows(pair, caller, uri) for uri in uris)

    def _check_register(self, ctx: Context, pair: Pair) -> bool:
        if pair.empty:
            return True
        msg = ctx.msg
        try:
            rows = [NameAddr.parse_list(value) for value in msg.values("Contact")]
            # A REGISTER without Contacts, or one that removes them all, binds nothing.
            if not rows or rows[0][0].uri == "*":
                return True
            owner = self._bounded("To header field", msg.to_uri)
            contacts = [self._plain(contact.uri) for row in rows for contact in row]
        except MessageError as error:
            self.error(error.reason)
            return False
        decide = self._allows if self.check_all_branches else self._not_denied
        return all(decide(pair, owner, contact) for contact in contacts)

    def _allows(self, pair: Pair, left: str, right: str) -> bool:
        """Allowed, or at least not denied."""
        try:
            return pair.allow.matches(left, right) or not pair.deny.matches(left, right)
        except RegexError as error:
            self.error(str(error))
            return False

    def _not_denied(self, pair: Pair, left: str, right: str) -> bool:
        """Not denied: without `check_all_branches` Kamailio's allow_register allows no Contact."""
        return self._allows(Pair(RuleFile(""), pair.deny), left, right)

    def _plain(self, uri: str) -> str:
        """`sip:user@host` of a URI; raises MessageError."""
        parsed = Uri.parse(uri)
        user = f"{parsed.user}@" if parsed.user else ""
        return self._bounded("Request-URI", f"sip:{user}{parsed.host}")

    def _bounded(self, what: str, text: str) -> str:
        """The text; raises MessageError when it is longer than rules are made for."""
        length = byte_length(text)
        if length > _LONGEST:
            raise MessageError(f"{what} is too long: {length} chars")
        return text
