"""Who knows the passwords in a replay: the capture, a file of users, or nobody."""

import re
from collections.abc import Mapping
from typing import Any

from sipproxy.core.bindings import Authenticator
from sipproxy.core.context import Context
from sipproxy.errors import SipproxyError
from sipproxy.replay.survey import Outcome
from sipproxy.sip.credentials import Credentials
from sipproxy.text import decode, lower

ACCEPTED, WRONG_PASSWORD, UNKNOWN_USER, STALE = 1, -2, -3, -4
_REFUSED = frozenset({401, 403, 407})
_HA1 = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{64}")


class UsersError(SipproxyError):
    """A file of users cannot be read; the text is one sentence."""


class Always:
    """One answer for all credentials: `--auth accept` and `--auth reject`."""

    reads_nonces = False

    def __init__(self, code: int) -> None:
        self._code = code

    def judge(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int:
        """The same for all."""
        return self._code


class ByCapture:
    """What the old server made of the request that is in hand: `--auth capture`.

    Refused with 401, 403 or 407: wrong, unless the challenge said that the nonce was stale. Any
    other final answer, or the request sent on: right. No answer in the capture: wrong.
    """

    reads_nonces = False

    def __init__(self) -> None:
        self.outcome = Outcome()
        """Of the request in hand; set by the player."""
        self.unknown = 0
        """Credentials of which the capture does not tell what became."""

    def judge(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int:
        """As the old server's answer says."""
        outcome = self.outcome
        if outcome.status in _REFUSED:
            return STALE if outcome.stale else WRONG_PASSWORD
        if outcome.status >= 200 or outcome.relayed:
            return ACCEPTED
        self.unknown += 1
        return WRONG_PASSWORD


class ByFile:
    """Users of a file; nonces count."""

    reads_nonces = True

    def __init__(self, users: "Users", authenticator: Authenticator) -> None:
        self._users = users
        self._authenticator = authenticator

    def judge(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int:
        """By the password or H(A1) of the file."""
        auth, name = self._authenticator, credentials.username or ""
        stored = self._users.find(credentials.user, realm)
        if stored is None:
            return UNKNOWN_USER
        secret, hashed = stored
        ha1 = secret if hashed else auth.ha1(name, realm, secret)
        code = auth.check_response(credentials, ha1, method, ctx.msg.body)
        return auth.post_auth(ctx, credentials, ha1) if code == ACCEPTED else code


def install_judge(
    auth: Any, source: str, users: "Users | None"
) -> Always | ByCapture | ByFile | None:
    """Tell the module auth, if there is one, who knows the passwords (`--auth`, or `file`)."""
    if auth is None:
        return None
    auth.nonces.trust_earlier()
    judge: Always | ByCapture | ByFile | None = None
    if source == "file" and users is not None:
        judge = ByFile(users, auth)
    elif source == "capture":
        judge = ByCapture()
    elif source != "db":
        judge = Always(ACCEPTED if source == "accept" else WRONG_PASSWORD)
    auth.judge = judge
    return judge


class Users:
    """Passwords by user, and by user and realm."""

    def __init__(self, rows: Mapping[tuple[str, str], tuple[str, bool]]) -> None:
        """Keys are (user, realm in lower case or empty), values (secret, whether it is H(A1))."""
        self._rows = dict(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, user: str, realm: str) -> tuple[str, bool] | None:
        """The secret of a user in a realm, and whether it is H(A1); None for an unknown user."""
        return self._rows.get((user, lower(realm))) or self._rows.get((user, ""))

    @classmethod
    def read(cls, path: str) -> "Users":
        """A file with a user a line: `user:password`, `user@realm:password` or, as htdigest writes
        it, `user:realm:H(A1)`. Lines with # are comments. Raises UsersError.
        """
        rows: dict[tuple[str, str], tuple[str, bool]] = {}
        try:
            with open(path, "rb") as stream:
                lines = stream.read().splitlines()
        except OSError as error:
            raise UsersError(f"cannot read {path}: {error.strerror}") from None
        for number, raw in enumerate(lines, 1):
            line = decode(raw).strip()
            if not line or line.startswith("#"):
                continue
            name, colon, rest = line.partition(":")
            if not colon or not name or not rest:
                raise UsersError(f"{path}:{number}: a line is user:password or user:realm:H(A1)")
            realm, _, ha1 = rest.rpartition(":")
            if realm and _HA1.fullmatch(ha1):
                rows[name, lower(realm)] = (lower(ha1), True)
            else:
                user, _, domain = name.partition("@")
                rows[user, lower(domain)] = (rest, False)
        return cls(rows)
