"""auth: digest authentication: challenges, nonces, credentials (Kamailio modules/auth)."""

from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.errors import MessageError
from sipproxy.modules.auth.authenticate import Authentication
from sipproxy.modules.auth.codes import AS_IT_IS
from sipproxy.modules.auth.found import find, remove_marked


class Auth(Authentication, name="auth"):
    """Asks for credentials and checks them; the passwords come from the cfg or other modules."""

    @function("REQUEST")
    def consume_credentials(self, ctx: Context) -> int:
        """Take the header with the credentials that were looked at away; -1 without any."""
        if ctx.msg.method in AS_IT_IS:
            return -1
        if remove_marked(ctx):
            return 1
        self.error("consume_credentials(): No authorized credentials found (error in scripts)")
        return -1

    @function("REQUEST")
    def has_credentials(self, ctx: Context, realm: str) -> bool:
        """Whether there are credentials of a realm, of either kind."""
        for kind in ("proxy", "www"):
            try:
                if find(ctx.msg, realm, kind) is not None:
                    return True
            except MessageError:
                self.error("has_credentials(): error while parsing credentials")
        return False
