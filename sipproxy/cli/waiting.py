"""`--wait-db` and `--wait-db=SECONDS`."""

from collections.abc import Sequence

DEFAULT_SECONDS = 60


def with_wait_db(words: Sequence[str]) -> list[str]:
    """The words with a value for the option: alone it takes none of those that follow."""
    return [f"{word}={DEFAULT_SECONDS}" if word == "--wait-db" else word for word in words]
