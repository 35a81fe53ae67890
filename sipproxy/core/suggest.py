"""The "did you mean" of every message about an unknown name."""

from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for the nearest known name, or an empty text."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, 0.7)
    return f'did you mean "{near[0]}"?' if near else ""
