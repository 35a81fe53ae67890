"""What a cfg logs while captures are played."""

from dataclasses import dataclass

from sipproxy.core.log import DEBUG, ERROR


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the cfg wrote to its log, after the frame that caused it."""

    packet: int
    level: int
    origin: str
    text: str


class ReplayLog:
    """The log sink of a replay: keeps each line with the frame it belongs to, if it is wanted."""

    def __init__(self, threshold: int = DEBUG, *, keeps: bool = True) -> None:
        self.threshold = threshold
        self.packet = 0
        self.lines: list[Line] = []
        self.complaints = 0
        """Lines of modules and of the core at ERROR or worse."""
        self.complaint = ""
        """The first of them."""
        self._keeps = keeps

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        if level <= ERROR and origin != "<script>":
            self.complaints += 1
            self.complaint = self.complaint or f"{origin}: {text.strip()}"
        if self._keeps:
            self.lines.append(Line(self.packet, level, origin, text))
