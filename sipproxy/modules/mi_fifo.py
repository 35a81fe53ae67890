"""mi_fifo: commands by a FIFO as Kamailio 3 and 4 take them (modules/mi_fifo there).

Kamailio 5 has neither the module nor its commands any more; it is there under compat 3.0.
"""

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.core.log import WARN, report
from sipproxy.core.module import Module, modparam
from sipproxy.errors import ModuleError


class MiFifo(Module, name="mi_fifo", until="3.0"):
    """Declares the FIFO; the server serves it."""

    fifo_name = modparam("", "Path of the FIFO; there is no default.")
    fifo_mode = modparam(0o660, "Permissions of the FIFO.")
    fifo_user = modparam("", "User name or number that owns the FIFO.", takes_numbers=True)
    fifo_group = modparam("", "Group name or number that owns the FIFO.", takes_numbers=True)
    reply_dir = modparam("/tmp/", "Directory of the FIFOs that answers are written to.")
    reply_indent = modparam("\t", "What each level of an answer is indented by.")

    def start(self) -> None:
        """Raises ModuleError where a parameter is missing."""
        if not self.fifo_name:
            raise ModuleError('the parameter "fifo_name" is not set')
        if not self.reply_dir:
            raise ModuleError("reply_dir is empty")
        if not self.fifo_mode:
            report(self.host.log, WARN, self.name, "fifo_mode=0 is taken for 0600")

    def rpc_endpoints(self) -> list[RpcEndpoint]:
        """The FIFO to serve."""
        return [
            RpcEndpoint(
                "mi",
                "fifo",
                self.fifo_name,
                self.fifo_mode or 0o600,
                self.fifo_user,
                self.fifo_group,
                reply_dir=self.reply_dir,
                indent=self.reply_indent,
            )
        ]
