"""regex: Perl-compatible regular expressions (Kamailio modules/regex)."""

import re

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, INFO, NOTICE, report
from sipproxy.core.module import Module, function, modparam, rpc
from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.regex import groups, pcre
from sipproxy.text import encode

_ROUTES = ("REQUEST", "FAILURE", "ONREPLY", "BRANCH", "LOCAL")
_DIGITS = re.compile(r"[0-9]{1,9}")
_DISABLED, _FAILED = -2, -4


class Regex(Module, name="regex"):
    """Texts against patterns of the cfg, or of a file that can be read again."""

    file = modparam("", "File of pattern groups; without it there are none.", kind=str)
    max_groups = modparam(20, "How many groups the file may have.", at_least=1)
    group_max_size = modparam(8192, "Bytes that the patterns of one group may have.", at_least=5)
    pcre_caseless = modparam(0, "Non-zero, with `file`: case does not matter.")
    pcre_multiline = modparam(0, "Non-zero, with `file`: `^` and `$` match at line ends.")
    pcre_dotall = modparam(0, "Non-zero, with `file`: `.` matches a line end.")
    pcre_extended = modparam(0, "Non-zero, with `file`: blanks and comments in patterns.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._groups: list[pcre.Pcre] = []
        self._flags = 0

    def start(self) -> None:
        if not self.file:
            report(self.host.log, NOTICE, "regex", "file is not set: there are no groups")
            return
        # Kamailio reads these only where there is a file, and then uses them in pcre_match too.
        self._flags = (
            pcre.CASELESS * bool(self.pcre_caseless)
            | pcre.MULTILINE * bool(self.pcre_multiline)
            | pcre.DOTALL * bool(self.pcre_dotall)
            | pcre.EXTENDED * bool(self.pcre_extended)
        )
        self._groups = self._read()

    def _read(self) -> list[pcre.Pcre]:
        """The groups in the file; raises ModuleError."""
        try:
            with open(self.file, "rb") as lines:
                patterns = groups.read(lines, self.max_groups, self.group_max_size)
            return [pcre.Pcre(pattern, self._flags) for pattern in patterns]
        except OSError as error:
            raise ModuleError(f"could not open file '{self.file}': {error.strerror}") from None
        except (groups.GroupsError, pcre.PatternError) as error:
            raise ModuleError(f"{self.file}: {error}") from None

    @function(*_ROUTES)
    def pcre_match(self, ctx: Context, text: str, pattern: str) -> int:
        """1 when a pattern is found in a text, -1 when not, -4 for a bad pattern."""
        try:
            found = pcre.compiled(encode(pattern.partition("\0")[0]), self._flags)
        except pcre.PatternError as error:
            report(self.host.log, ERROR, "regex", str(error))
            return _FAILED
        return self._search(found, text)

    @function(*_ROUTES)
    def pcre_match_group(self, ctx: Context, text: str, group: str = "0") -> int:
        """1 when a pattern of a group is found in a text, -1 when not, -4 without such a group."""
        if not self.file:
            report(self.host.log, ERROR, "regex", "group matching is disabled")
            return _DISABLED
        digits = _DIGITS.match(group)
        number = int(digits[0]) if digits else 0
        if number >= len(self._groups):
            text = f"invalid pcre index '{number}', there are {len(self._groups)} pcres"
            report(self.host.log, ERROR, "regex", text)
            return _FAILED
        return self._search(self._groups[number], text)

    def _search(self, pattern: pcre.Pcre, text: str) -> int:
        try:
            return 1 if pattern.search(encode(text)) else -1
        except pcre.TooCostly as error:
            report(self.host.log, ERROR, "regex", f"matching given up: {error}")
            return -1

    @rpc("regex.reload")
    def reload(self) -> None:
        """Read the file of pattern groups again; a bad one leaves the old groups."""
        if not self.file:
            raise RpcError(500, "Group matching not enabled")
        try:
            self._groups = self._read()
        except ModuleError as error:
            report(self.host.log, ERROR, "regex", str(error))
            raise RpcError(500, "Failed to reload") from None
        report(self.host.log, INFO, "regex", "reload success")
