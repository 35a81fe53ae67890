"""Log levels by module, put in front of the log that all write to."""

from sipproxy.core.log import LogSink

_MODULES = {"<script>": "xlog", "<core>": "core"}
"""Which module stands behind an origin that is no module's name."""


class ModuleLevels:
    """A log in which modules may have levels of their own, while `enabled`.

    Its threshold is the highest level that anything may have, so that no line is held back before
    it comes here; setting it sets that of the log behind.
    """

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self.levels: dict[str, int] = {}
        self.enabled = True
        self.facilities: dict[str, str] = {}
        """Syslog facilities of modules that have one of their own."""

    @property
    def threshold(self) -> int:
        """The highest level of which a line may be written."""
        own = self._log.threshold
        return max(own, *self.levels.values()) if self.enabled and self.levels else own

    @threshold.setter
    def threshold(self, level: int) -> None:
        self._log.threshold = level

    def level_of(self, module: str) -> int:
        """The level that counts for a module."""
        own = self._log.threshold
        return self.levels.get(module, own) if self.enabled else own

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        """Pass a record on, if the level of its module allows it, for the module's facility."""
        module = _MODULES.get(origin, origin)
        if level <= self.level_of(module):
            facility = facility or self.facilities.get(module, "")
            self._log.write(level, origin, text, label, facility)
