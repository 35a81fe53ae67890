"""The parser's tables: made by Lark from `grammar.lark`, kept in a file beside it.

`python -m sipproxy.script.tables` writes the file; building the package does so too. Without the
file, or with one made from another grammar or by another Lark, the tables are built in memory.
"""

import io
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import lark
from lark.lexer import Lexer

from sipproxy.script.tokens import Token
from sipproxy.script.transform import TreeMaker

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.bin")


class CfgLexer(Lexer):
    """Hands Lark the tokens of a :class:`sipproxy.script.scan.Scanner`."""

    def __init__(self, conf: object) -> None:
        """Nothing of Lark's configuration is needed: the terminals are declared."""

    def lex(self, scanner: Iterable[Token]) -> Iterator[Token]:  # type: ignore[override]
        """The scanner's tokens."""
        return iter(scanner)


def build() -> lark.Lark:
    """The parser, built from the grammar (0.1 to 0.3 s)."""
    return lark.Lark(
        GRAMMAR.read_text("utf-8"),
        parser="lalr",
        lexer=CfgLexer,
        transformer=TreeMaker(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def key() -> bytes:
    """What the tables depend on, as one line."""
    digest = sha256(GRAMMAR.read_bytes()).hexdigest()
    return f"lark {lark.__version__} grammar {digest}\n".encode()


def dump(path: Path = TABLES) -> None:
    """Write the tables to a file."""
    buffer = io.BytesIO()
    build().save(buffer)
    path.write_bytes(key() + buffer.getvalue())


def load(path: Path = TABLES) -> lark.Lark | None:
    """The parser from its file; None when there is none that fits."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    expected = key()
    if not data.startswith(expected):
        return None
    return lark.Lark.load(io.BytesIO(data[len(expected) :]))


@cache
def parser() -> lark.Lark:
    """The parser of the language, made once per process."""
    return load() or build()


if __name__ == "__main__":
    from sipproxy.script import tables  # the file names classes by this module's real name

    tables.dump()
