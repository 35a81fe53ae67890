"""What a rule is: an id, words for people, an example of each kind, and how it finds its cases."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sipproxy.errors import Problem, Span
from sipproxy.lint.cfg import Cfg

Found = Iterator[tuple[Span, str, str]]
"""Where, what, and what to do about it (or an empty text)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake in a cfg that Kamailio accepts.

    `title` is one line; `explanation` some paragraphs. `wrong` is a whole cfg in which the rule
    finds something, `right` one in which no rule does: tests hold them to it.
    """

    id: str
    title: str
    explanation: str
    wrong: str
    right: str
    find: Callable[[Cfg], Found]
    severity: str = "warning"

    def problems(self, cfg: Cfg) -> Iterator[Problem]:
        """What the rule finds in a cfg."""
        for span, message, hint in self.find(cfg):
            yield Problem(span, message, hint, self.severity, self.id)


def rule(
    id: str, title: str, *, wrong: str, right: str, severity: str = "warning"
) -> Callable[[Callable[[Cfg], Found]], Rule]:
    """Make a rule of the function that finds its cases; its docstring is the explanation."""

    def make(find: Callable[[Cfg], Found]) -> Rule:
        explanation = inspect.cleandoc(find.__doc__ or "")
        return Rule(id, title, explanation, _cfg(wrong), _cfg(right), find, severity)

    return make


def _cfg(text: str) -> str:
    """An example without the indentation it has in the source; its first part may have none."""
    lines = text.split("\n")
    if any(line[:1].strip() for line in lines):
        text = "\n".join(line.removeprefix("    ") for line in lines)
    return textwrap.dedent(text).strip("\n ") + "\n"
