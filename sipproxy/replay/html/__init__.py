"""The report of a replay as one HTML file: it loads nothing, runs no script, escapes any text."""

from sipproxy.replay.html.page import MOST_BYTES, render, write

__all__ = ["MOST_BYTES", "render", "write"]
