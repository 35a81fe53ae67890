"""The scanner: cfg text to tokens, with directives, defines and includes in the same pass.

Kamailio's scanner does all of it at once, and so must this one: a directive inside a comment or a
string is text, `MOD_x` exists only behind its loadmodule, and a define is pushed back as *text*
that may hold half a string or half a statement. An include is another buffer on a stack.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from sipproxy.errors import Problem, Span
from sipproxy.script import lexemes
from sipproxy.script.buffer import Buffer
from sipproxy.script.defines import Defines, DirectiveError
from sipproxy.script.keywords import INCLUDES, KEYWORDS, WORD_NUMBERS
from sipproxy.script.preprocess import Preprocessor
from sipproxy.script.tokens import Source, Token

MAX_INCLUDES = 10
MAX_INCLUDE_NAME = 127

_INCLUDE = re.compile(r"[ \t\r\n]*([^ \t\r\n]+)")
_BRACKETS = re.compile(r"[()\n]")
_ROUGH_NAME = re.compile(r"[ \t\b\r\n]*(\[?[^\]\n{;]*\]?)")
_NULL = ("null", "NULL")
"""Words for `$null`, up to Kamailio 3.0."""
_AFTER_STRING = frozenset({"LOADMODULE", "SUBST"})

Read = Callable[[str], str]
"""How the text of a file is had: (path) -> surrogateescaped UTF-8; raises OSError."""


class Scanner:
    """The tokens of a cfg and of what it includes; iterate over it once.

    `problems` holds the errors and warnings met so far; after an error the scanner goes on.
    """

    def __init__(
        self,
        source: Source,
        defines: Defines,
        environ: Mapping[str, str],
        read: Read,
        compat: str = "",
    ) -> None:
        self.sources = {source.name: source}
        self.problems: list[Problem] = []
        self.preprocessor = Preprocessor(defines, environ, self.problems)
        self.cut_short = False  # something unclosed swallowed the rest
        self._read = read
        self._compat = compat  # what the caller says goes before what the cfg says
        self._after: Callable[[Token], None] | None = None  # what the next string is for
        self._comments: list[Span] = []  # nested comments still open, kept when a file ends in one
        self._outer: list[Buffer] = []
        self._buffer = Buffer(source)
        self._handlers = {
            name: getattr(self, f"_{name}")
            for name in lexemes.TOKEN.groupindex
            if name not in ("word", "op", "end")
        }

    def __iter__(self) -> Iterator[Token]:
        match = lexemes.TOKEN.match
        operators = lexemes.OPERATORS
        while True:
            if self._comments:
                self._skip_comment()
            buffer = self._buffer
            found = match(buffer.text, buffer.at)
            assert found is not None
            kind = found.lastgroup
            assert kind is not None
            start, end = found.span(kind)
            buffer.at = end
            if kind == "op":
                yield self._token(operators[buffer.text[start:end]], start, end)
            elif kind == "word":
                token = self._word(buffer.text[start:end], start, end)
                if token is not None:
                    yield token
                    if token.type == "EVENT_ROUTE":
                        yield self._event_name()
            elif kind != "end":
                token = self._handlers[kind](start, end)
                if token is not None:
                    yield token
                    if self._after is not None and token.type == "STRING":
                        self._after(token)
                        self._after = None
            elif not self._leave_source():
                break

    def _token(
        self, terminal: str, start: int, end: int, text: str | None = None, number: int = 0
    ) -> Token:
        buffer = self._buffer
        if text is None:
            text = buffer.text[start:end]
        first, last, origin = buffer.place(start, end)
        return Token(terminal, text, buffer.source, first, last, origin, number)

    def end_token(self) -> Token:
        """The token behind the last, once all have been read."""
        end = len(self._buffer.source.text.rstrip())
        return Token("$END", "", self._buffer.source, end, end)

    def _problem(
        self, start: int, end: int, message: str, hint: str = "", severity: str = "error"
    ) -> None:
        self.problems.append(self._buffer.problem(start, end, message, hint, severity))

    # --- words and numbers ----------

    def _word(self, word: str, start: int, end: int) -> Token | None:
        terminal = KEYWORDS.get(word)
        if terminal is not None:
            if terminal in _AFTER_STRING:
                self._after = self.preprocessor.after_string(word)
            return self._token(terminal, start, end, word, WORD_NUMBERS.get(word, 0))
        if word in INCLUDES:
            self._include(word, start)
            return None
        defines = self.preprocessor.defines
        if word in defines.values:
            place = defines.places.get(word)
            if self._buffer.splice(word, defines.values[word], place, start, end):
                return None
            self._problem(start, end, f"the define {word} expands to itself")
        if word in _NULL and (self._compat or self.preprocessor.compat) == "3.0":
            return self._token("PV", start, end, "$null")
        return self._token("ID", start, end, word)

    def _event_name(self) -> Token:
        buffer = self._buffer
        found = lexemes.EVENT_NAME.match(buffer.text, buffer.at)
        if found is not None:
            _, before, name, after = found.groups()
            if stray := (before + after).strip():
                message = f"{stray} is passed over: the event is {name}"
                self._problem(*found.span(1), message, "", "warning")
            buffer.at = found.end()
            return self._token("EVENT_NAME", *found.span(1), name)
        rough = _ROUGH_NAME.match(buffer.text, buffer.at)
        assert rough is not None
        self._problem(
            *rough.span(1),
            "an event route is named [module:event]",
            "parts of letters, digits and '-', joined by ':'",
        )
        buffer.at = rough.end()
        return self._token("EVENT_NAME", *rough.span(1))

    def _ipv6(self, start: int, end: int) -> Token:
        return self._token("IPV6", start, end)

    def _number(self, start: int, end: int) -> Token:
        text = self._buffer.text[start:end]
        value = lexemes.integer(text)
        if value is None:
            return self._token("NUM_ID", start, end, text)
        return self._token("NUMBER", start, end, text, value)

    def _cast(self, start: int, end: int) -> Token:
        return self._token("UNOP", start, end, self._buffer.text[start + 1 : end - 1])

    # --- strings and pseudo-variables ----------

    def _dq(self, start: int, end: int) -> Token:
        buffer = self._buffer
        value = lexemes.unescape(buffer.text[start + 1 : end - 1])
        further = lexemes.JOIN.match(buffer.text, end)
        while further is not None:
            end = buffer.at = further.end()
            value += lexemes.unescape(further[1][1:-1])
            further = lexemes.JOIN.match(buffer.text, end)
        return self._token("STRING", start, end, self.preprocessor.substituted(value))

    def _sq(self, start: int, end: int) -> Token:
        value = self._buffer.text[start + 1 : end - 1]
        return self._token("STRING", start, end, self.preprocessor.substituted(value))

    def _pv(self, start: int, end: int) -> Token:
        value = self.preprocessor.substituted(self._buffer.text[start:end])
        return self._token("PV", start, end, value)

    def _return_code(self, start: int, end: int) -> Token:
        return self._token("PV", start, end)

    def _dollar(self, start: int, end: int) -> Token:
        """A `$` that the quick expressions did not take: plain names, deep or broken ones."""
        buffer = self._buffer
        name = lexemes.NAME.match(buffer.text, end)
        flavour = self.preprocessor.flavour
        if flavour in ("SER", "MAXCOMPAT"):
            attr = lexemes.ATTR_PREFIX.match(buffer.text, end)
            if (
                attr is None
                and name
                and (flavour == "SER" or buffer.text.startswith("[", name.end()))
            ):
                attr = name
            if attr is not None:
                buffer.at = attr.end()
                return self._token("ATTR", start, buffer.at)
        after = name.end() if name else end
        if buffer.text.startswith("(", after):
            return self._nested_pv(start, after)
        if name is None:
            self._problem(start, end, "a $ is followed by the name of a pseudo-variable")
        buffer.at = after
        return self._pv(start, after)

    def _nested_pv(self, start: int, opening: int) -> Token:
        buffer = self._buffer
        depth = 0
        for found in _BRACKETS.finditer(buffer.text, opening):
            if found[0] == "\n":
                break
            depth += 1 if found[0] == "(" else -1
            if not depth:
                buffer.at = found.end()
                return self._pv(start, buffer.at)
        buffer.at = buffer.end_of_line(start)
        self._problem(
            start,
            opening + 1,
            f"the ( of {buffer.text[start : opening + 1]} is not closed on its line",
        )
        return self._token("PV", start, buffer.at)

    def _attr(self, start: int, end: int) -> Token:
        return self._token("ATTR", start, end)

    def _select(self, start: int, end: int) -> Token:
        found = lexemes.SELECT.match(self._buffer.text, end)
        if found is None:
            self._problem(start, end, "a select has a name after the @", "as in @from.uri.user")
            return self._token("SELECT", start, end, "")
        self._buffer.at = found.end()
        return self._token("SELECT", start, found.end(), found[0])

    # --- what is not a token ----------

    def _directive(self, start: int, end: int) -> Token | None:
        word = self._buffer.text[start + 2 : end].strip()
        self._after = self.preprocessor.after_string(word)
        if self._after is not None:
            return self._token("SUBST", start, end, word)
        if word in INCLUDES:
            self._include(word, start)
        else:
            self.preprocessor.directive(word, self._buffer, start)
        return None

    def _bang(self, start: int, end: int) -> None:
        self.preprocessor.comment(self._buffer, start, end)

    def _header(self, start: int, end: int) -> None:
        self.preprocessor.header(self._buffer.text[start:end].partition("!")[2].rstrip())

    def _block(self, start: int, end: int) -> None:
        self._comments.append(self._buffer.span(start, end))

    def _skip_comment(self) -> None:
        buffer = self._buffer
        for found in lexemes.NESTED.finditer(buffer.text, buffer.at):
            if found[0] == "/*":
                self._comments.append(buffer.span(*found.span()))
                continue
            self._comments.pop()
            if not self._comments:
                buffer.at = found.end()
                return
        buffer.at = len(buffer.text)
        if not self._outer:
            message = "this comment is not closed; all that follows belongs to it"
            self.problems.append(Problem(self._comments[0], message, "", "warning"))
            self._comments.clear()

    def _junk(self, start: int, end: int) -> Token | None:
        character = self._buffer.text[start]
        if character in "\"'":
            self._problem(start, end, f"the string that begins with this {character} is not closed")
            self._buffer.at = len(self._buffer.text)
            self.cut_short = True
            return self._token("STRING", start, end, "")
        if character == "%":
            self._problem(start, end, "a % is followed by the name of an attribute")
            return self._token("ATTR", start, end)
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        self._problem(start, end, f"stray character {shown} is skipped", severity="warning")
        return None

    # --- sources ----------

    def _include(self, word: str, start: int) -> None:
        buffer = self._buffer
        found = _INCLUDE.match(buffer.text, buffer.at)
        name = found[1] if found else ""
        if found:
            buffer.at = found.end()
        try:
            self._enter_source(word, self.preprocessor.substituted(name), start)
        except DirectiveError as error:
            self.problems.append(buffer.problem(start, buffer.at, error.message, error.hint))

    def _enter_source(self, word: str, quoted: str, start: int) -> None:
        if len(quoted) < 3 or quoted[0] != '"' or quoted[-1] != '"':
            raise DirectiveError(
                f"{word} needs a file name in double quotes", "no blanks in it, no semicolon behind"
            )
        if len(quoted) > MAX_INCLUDE_NAME:
            raise DirectiveError(f"this file name has more than {MAX_INCLUDE_NAME - 2} characters")
        if len(self._outer) >= MAX_INCLUDES:
            raise DirectiveError(f"more than {MAX_INCLUDES} files include one another")
        opened = self._open(re.sub(r"\\(.)", _include_escape, quoted[1:-1]))
        if opened is None:
            if word == "include_file":
                raise DirectiveError(
                    f"cannot open {quoted}", "import_file passes over a missing file"
                )
            return
        path, text = opened
        source = Source(path, text, self._buffer.span(start, self._buffer.at))
        self.sources.setdefault(path, source)
        self._outer.append(self._buffer)
        self._buffer = Buffer(source)

    def _open(self, name: str) -> tuple[str, str] | None:
        """The file as named, or beside the file that includes it."""
        folder, slash, _ = self._buffer.source.name.rpartition("/")
        paths = [name] if name.startswith("/") or not slash else [name, f"{folder}/{name}"]
        for path in paths:
            try:
                return path, self._read(path)
            except OSError:
                continue
        return None

    def _leave_source(self) -> bool:
        """At the end of a file: go on in the one that included it; False at the end of all."""
        if not self._outer:
            self.preprocessor.report_conditions()
            return False
        self._buffer = self._outer.pop()
        self.preprocessor.skip_inactive(self._buffer)
        return True


def _include_escape(match: re.Match[str]) -> str:
    return {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1])
