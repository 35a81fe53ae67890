"""Every id that `sipproxy check` can show, and what it says of each."""

from sipproxy.lint import RULES
from sipproxy.lint.rule import Rule
from sipproxy.lint.told import BAD_IGNORE, TOLD, Told


def every() -> list[Told | Rule]:
    """What explains each id, in the order of the ids."""
    both: tuple[Told | Rule, ...] = (*TOLD, BAD_IGNORE, *RULES)
    return sorted(both, key=lambda one: one.id)


def ids() -> dict[str, str]:
    """All ids with their titles, in order."""
    return {one.id: one.title for one in every()}


def severities() -> dict[str, str]:
    """The severity of each id."""
    return {one.id: one.severity for one in every()}


def suppressible() -> frozenset[str]:
    """The ids that a comment in the cfg may name."""
    return frozenset(id for id, severity in severities().items() if severity != "error")


def explanation(id: str) -> str:
    """What an id means, with examples where it is a rule's; raises KeyError."""
    one = {one.id: one for one in every()}[id]
    text = f"{one.id}: {one.title}\n\n{one.explanation}\n"
    if isinstance(one, Rule):
        text += f"\nWrong:\n\n{_indented(one.wrong)}\nRight:\n\n{_indented(one.right)}"
    return text


def _indented(text: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in text.splitlines())
