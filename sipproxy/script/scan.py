"""The scanner: cfg text to tokens, with directives, defines and includes in the same pass.

Kamailio's scanner does all of it at once, and so must this one: a directive inside a comment or a
string is text, `MOD_x` exists only behind its loadmodule, and a define is pushed back as *text*
that may hold half a string or half a statement. A define's value is spliced in place of its name;
tokens from it stand where the name stood. An include is another source on a stack.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from sipproxy.errors import Problem, Span
from sipproxy.script import lexemes
from sipproxy.script.defines import Conditions, Defines, DirectiveError
from sipproxy.script.keywords import INCLUDES, KEYWORDS, WORD_NUMBERS
from sipproxy.script.substitution import Substitution, evaluate
from sipproxy.script.tokens import Source, Token

MAX_INCLUDES = 10
MAX_INCLUDE_NAME = 127

_FLAVOURS = {"ALL": "MAXCOMPAT"}
_DEFINE = re.compile(r"[^A-Za-z_]*([A-Za-z_]\w*)(-?)", re.ASCII)
_VALUE = re.compile(r"[ \t\b\r]*(?:\n|([^\n](?:\\\n|[^\n])*)(\n|\Z))")
_ENVIRONMENT = re.compile(r"[ \t\n]*([^ \t\r\n]+)")
_INCLUDE = re.compile(r"[ \t\r\n]*([^ \t\r\n]+)")
_COMPAT = re.compile(r"#!sipproxy[ \t]+compat[ \t]*=[ \t]*(\d+\.\d+)[ \t\r]*$")


class Reader:
    """How the scanner reads an included file: `(path) -> text`, raising OSError."""

    def __call__(self, path: str) -> str:
        """The text of the file, as surrogateescaped UTF-8."""
        from sipproxy.text import decode

        with open(path, "rb") as file:
            return decode(file.read())


class Scanner:
    """The tokens of a cfg and of what it includes; iterate over it once.

    `problems` holds the errors and warnings met so far; after an error the scanner goes on.
    """

    def __init__(
        self,
        source: Source,
        defines: Defines,
        environ: Mapping[str, str],
        read: Callable[[str], str],
    ) -> None:
        self.sources = {source.name: source}
        self.problems: list[Problem] = []
        self.defines = defines
        self.flavour = "MAXCOMPAT"
        self.compat = ""
        self._environ = environ
        self._read = read
        self._conditions = Conditions()
        self._substitutions: list[Substitution] = []
        self._after: Callable[[Token], None] | None = None  # what the next string is for
        self._comments = 0  # depth of nested comments, kept when a file ends in one
        self._stack: list[tuple[Source, str, int, int, int]] = []
        self._source = source
        self._text = source.text
        self._at = 0
        # the offset in the file is the offset in the text minus `_shift`, except inside an
        # expansion, which ends at `_expanded` and stands at `_use` of the file
        self._shift = 0
        self._expanded = 0
        self._use = (0, 0)
        self._active: list[tuple[int, str]] = []  # defines being expanded: how much text is left

    # --- places --------------------------------------------------------------------------

    def _place(self, start: int, end: int) -> tuple[int, int, Span | None]:
        """Offsets in the file, and the define it came from, of a stretch of the text."""
        if start >= self._expanded:
            return start - self._shift, end - self._shift, None
        last = self._use[1] if end <= self._expanded else end - self._shift
        left = len(self._text) - start
        name = next((name for rest, name in reversed(self._active) if left > rest), "")
        return self._use[0], last, self.defines.places.get(name)

    def _span(self, start: int, end: int) -> Span:
        return self._source.span(*self._place(start, end))

    def _problem(
        self, start: int, end: int, message: str, hint: str = "", severity: str = "error"
    ) -> None:
        self.problems.append(Problem(self._span(start, end), message, hint, severity))

    # --- tokens --------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Token]:
        match = lexemes.TOKEN.match
        words = KEYWORDS
        operators = lexemes.OPERATORS
        values = self.defines.values
        while True:
            if self._comments:
                self._skip_comment()
            found = match(self._text, self._at)
            assert found is not None
            kind = found.lastgroup
            assert kind is not None
            start, end = found.span(kind)
            self._at = end
            if kind == "op":
                yield self._token(operators[self._text[start:end]], start, end)
            elif kind == "word":
                word = self._text[start:end]
                terminal = words.get(word)
                if terminal is None:
                    if word in values and self._expand(word, start, end):
                        continue
                    if word in INCLUDES:
                        self._include(word, start)
                        continue
                    yield self._token("ID", start, end)
                else:
                    yield self._keyword(terminal, word, start, end)
                    if terminal == "EVENT_ROUTE":
                        yield self._event_name()
            elif kind == "end":
                if not self._leave_source(start):
                    break
            else:
                token: Token | None = getattr(self, f"_{kind}")(start, end)
                if token is not None:
                    yield token
                    if self._after is not None and token.type == "STRING":
                        after, self._after = self._after, None
                        after(token)

    def _token(
        self, terminal: str, start: int, end: int, text: str | None = None, number: int = 0
    ) -> Token:
        if text is None:
            text = self._text[start:end]
        if start >= self._expanded:
            shift = self._shift
            return Token(terminal, text, self._source, start - shift, end - shift, None, number)
        first, last, origin = self._place(start, end)
        return Token(terminal, text, self._source, first, last, origin, number)

    def _keyword(self, terminal: str, word: str, start: int, end: int) -> Token:
        if terminal == "LOADMODULE":
            self._after = self._module_evaluated if word == "loadmodulex" else self._module
        return self._token(terminal, start, end, word, WORD_NUMBERS.get(word, 0))

    def _event_name(self) -> Token:
        found = lexemes.EVENT_NAME.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return self._token("EVENT_NAME", *found.span(1), found[2])
        rough = re.compile(r"\s*(\[?[^\]\n{;]*\]?)").match(self._text, self._at)
        assert rough is not None
        self._problem(
            *rough.span(1),
            "an event route is named [module:event]",
            "parts of letters, digits and '-', joined by ':'",
        )
        self._at = rough.end()
        return self._token("EVENT_NAME", *rough.span(1))

    def _ipv6(self, start: int, end: int) -> Token:
        return self._token("IPV6", start, end)

    def _number(self, start: int, end: int) -> Token:
        text = self._text[start:end]
        value = lexemes.integer(text)
        if value is None:
            return self._token("NUM_ID", start, end, text)
        return self._token("NUMBER", start, end, text, value)

    def _cast(self, start: int, end: int) -> Token:
        return self._token("UNOP", start, end, self._text[start + 1 : end - 1])

    # --- strings and pseudo-variables ----------------------------------------------------

    def _dq(self, start: int, end: int) -> Token:
        body = self._text[start + 1 : end - 1]
        value = lexemes.unescape(body) if "\\" in body else body
        further = lexemes.JOIN.match(self._text, end)
        while further is not None:
            end = self._at = further.end()
            value += lexemes.unescape(further[1][1:-1])
            further = lexemes.JOIN.match(self._text, end)
        return self._token("STRING", start, end, self._substituted(value))

    def _sq(self, start: int, end: int) -> Token:
        return self._token("STRING", start, end, self._substituted(self._text[start + 1 : end - 1]))

    def _substituted(self, text: str) -> str:
        for rule in self._substitutions:
            text = rule.apply(text)
        return text

    def _pv(self, start: int, end: int) -> Token:
        return self._token("PV", start, end, self._substituted(self._text[start:end]))

    def _return_code(self, start: int, end: int) -> Token:
        return self._token("PV", start, end)

    def _dollar(self, start: int, end: int) -> Token | None:
        """A `$` that the quick expressions did not take: plain names, deep or broken ones."""
        text = self._text
        name = lexemes.NAME.match(text, end)
        if self.flavour != "KAMAILIO":
            attr = lexemes.ATTR_PREFIX.match(text, end)
            if attr or (name and text.startswith("[", name.end())) or self.flavour == "SER":
                found = attr or name
                if found is not None:
                    self._at = found.end()
                    return self._token("ATTR", start, self._at)
        after = name.end() if name else end
        if text.startswith("(", after):
            return self._nested_pv(start, after)
        if name is None:
            self._problem(start, end, "a pseudo-variable has a name after the $")
            return self._token("PV", start, end)
        self._at = after
        return self._token("PV", start, after, self._substituted(text[start:after]))

    def _nested_pv(self, start: int, opening: int) -> Token:
        depth = 0
        for found in re.compile(r"[()\n]").finditer(self._text, opening):
            bracket = found[0]
            if bracket == "\n":
                break
            depth += 1 if bracket == "(" else -1
            if not depth:
                self._at = found.end()
                return self._pv(start, self._at)
        line_end = self._text.find("\n", start)
        self._at = line_end if line_end >= 0 else len(self._text)
        self._problem(
            start,
            opening + 1,
            f'the "(" of the pseudo-variable {self._text[start:opening]}( is not closed on its line',
        )
        return self._token("PV", start, self._at)

    def _attr(self, start: int, end: int) -> Token:
        return self._token("ATTR", start, end)

    def _select(self, start: int, end: int) -> Token:
        found = lexemes.SELECT.match(self._text, end)
        if found is None:
            self._problem(start, end, "a select has a name after the @", "such as @from.uri.user")
            return self._token("SELECT", start, end, "")
        self._at = found.end()
        return self._token("SELECT", start, self._at, found[0])

    # --- what is not a token ---------------------------------------------------------------

    def _bang(self, start: int, end: int) -> None:
        """A comment that begins `#!`: unknown directives are nothing to Kamailio."""
        line = self._text[start:end]
        compat = _COMPAT.match(line)
        if compat:
            self.compat = compat[1]
        elif re.match(r"#!(?:else|endif)\b", line):
            self._problem(
                start,
                end,
                f"{line.split()[0][:7]} is ignored: only blanks may follow it on its line",
                severity="warning",
            )
        elif re.match(r"#!(?:ifexp|defexps?)\b", line):
            self._problem(
                start,
                end,
                f"{line.split()[0]} belongs to Kamailio 5.7; it is a comment here",
                severity="warning",
            )

    def _header(self, start: int, end: int) -> None:
        name = self._text[start:end].partition("!")[2].rstrip()
        self.flavour = _FLAVOURS.get(name, name)

    def _block(self, start: int, end: int) -> None:
        self._comments = 1
        self._comment_start = (start, end)

    def _skip_comment(self) -> None:
        for found in lexemes.NESTED.finditer(self._text, self._at):
            self._comments += 1 if found[0] == "/*" else -1
            if not self._comments:
                self._at = found.end()
                return
        self._at = len(self._text)
        if not self._stack:
            self._problem(*self._comment_start, "this comment is not closed", severity="warning")
            self._comments = 0

    def _junk(self, start: int, end: int) -> Token | None:
        character = self._text[start]
        if character in "\"'":
            self._problem(start, end, f"the string that begins with this {character} is not closed")
            self._at = len(self._text)
            return self._token("STRING", start, end, "")
        if character == "%":
            return self._token("ATTR", start, end)
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        self._problem(start, end, f"stray character {shown} is skipped", severity="warning")
        return None

    # --- defines -----------------------------------------------------------------------------

    def _expand(self, name: str, start: int, end: int) -> bool:
        """Splice the value of a define in place of its name; False when it holds itself."""
        left = len(self._text) - start
        if start >= self._expanded:
            self._active.clear()
            self._use = (start - self._shift, end - self._shift)
            self._expanded = end
        else:
            while self._active and left <= self._active[-1][0]:
                self._active.pop()
            if any(name == active for _, active in self._active):
                self._problem(start, end, f"the define {name} expands to itself")
                return False
        value = self.defines.values[name]
        self._active.append((len(self._text) - end, name))
        added = len(value) - end
        self._text = value + self._text[end:]
        self._at = 0
        self._shift += added
        self._expanded += added
        return True

    # --- directives --------------------------------------------------------------------------

    def _directive(self, start: int, end: int) -> None:
        word = self._text[start + 2 : end].strip()
        if word in INCLUDES:
            self._include(word, start)
            return
        try:
            _DIRECTIVES[word](self, word, start)
        except DirectiveError as error:
            self._problem(start, self._end_of_line(start), error.message, error.hint)

    def _end_of_line(self, start: int) -> int:
        end = self._text.find("\n", start)
        return len(self._text) if end < 0 else end

    def _name(self) -> str:
        found = _DEFINE.match(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            raise DirectiveError("a directive lacks its name")
        self._at = found.end(1)
        if found[2]:
            raise DirectiveError("a define's name has no '-'", "letters, digits and _ only")
        return found[1]

    def _define(self, word: str, start: int) -> None:
        name = self._name()
        first = self._at - len(name)
        found = _VALUE.match(self._text, self._at)
        value, last = "", self._at
        if found is not None:
            self._at = found.end()
            if found[1] is not None and found[2]:  # a last line without its end sets no value
                value = found[1][0] + found[1][1:].replace("\\\n", "")
                last = found.end(1)
        place = self._span(first, last)
        if word.startswith("redef"):
            self.defines.redefine(name, value, place)
        elif word.startswith("def") or name not in self.defines.values:
            self.defines.define(name, value, place)

    def _define_from_environment(self, word: str, start: int) -> None:
        found = _ENVIRONMENT.match(self._text, self._at)
        if found is None:
            return
        self._at = found.end()
        name, _, variable = found[1].partition("=")
        if "=" in found[1] and not variable:
            raise DirectiveError(f"#!{word} {name}= lacks the name of a variable")
        value = self._environ.get(variable or name)
        if value is None:
            if word.startswith("def"):
                raise DirectiveError(
                    f"the environment has no variable {variable or name}",
                    f"#!try{word} passes over it",
                )
            return
        if word.endswith("s"):
            value = f'"{value}"'
        self.defines.define(name, value, self._span(start, self._at))

    def _substitute(self, word: str, start: int) -> None:
        def after(token: Token) -> None:
            try:
                rule = Substitution(token.text, self._evaluated)
                self._substitutions.append(rule)
                if word != "subst":
                    value = self._evaluated(rule.replacement)
                    if word == "substdefs":
                        value = f'"{value}"'
                    self.defines.define(rule.pattern, value, token.span)
            except DirectiveError as error:
                self.problems.append(Problem(token.span, error.message, error.hint))

        found = lexemes.TOKEN.match(self._text, self._at)
        assert found is not None
        if found.lastgroup not in ("dq", "sq"):
            raise DirectiveError(f"#!{word} needs a string", "such as /regex/text/g")
        self._at = found.end()
        after(getattr(self, f"_{found.lastgroup}")(*found.span(found.lastgroup)))

    def _evaluated(self, text: str) -> str:
        return evaluate(text, self.defines.values, self._environ)

    def _module(self, token: Token) -> None:
        name = module_name(token.text)
        try:
            self.defines.module_loaded(name, token.span)
        except DirectiveError as error:
            self.problems.append(Problem(token.span, error.message, error.hint))

    def _module_evaluated(self, token: Token) -> None:
        self.defines.module_loaded(module_name(self._evaluated(token.text)), token.span)

    # --- conditions --------------------------------------------------------------------------

    def _condition(self, word: str, start: int) -> None:
        name = self._name()
        end = self._text.find("\n", self._at)
        place = self._span(start, self._at)
        self._at = len(self._text) if end < 0 else end + 1
        self._conditions.open((name in self.defines.values) == (word == "ifdef"), place)
        self._skip_inactive()

    def _else(self, word: str, start: int) -> None:
        if not self._conditions.flip():
            self._problem(start, self._at, "#!else without #!ifdef", severity="warning")
        self._skip_inactive()

    def _endif(self, word: str, start: int) -> None:
        self._conditions.close(self._span(start, start + 7))
        self._skip_inactive()

    def _skip_inactive(self) -> None:
        """Pass over text switched off; it is not scanned, only the four directives are seen."""
        while not self._conditions.active:
            found = lexemes.SKIPPED.search(self._text, self._at)
            if found is None:
                self._at = len(self._text)
                return
            self._at = found.end()
            if found[1]:
                name = self._name()
                end = self._end_of_line(self._at)
                self._conditions.open(
                    (name in self.defines.values) == (found[1] == "ifdef"),
                    self._span(found.start(), self._at),
                )
                self._at = end + 1 if end < len(self._text) else end
            elif found[2] == "else":
                self._conditions.flip()
            else:
                self._conditions.close(self._span(found.start(), found.start() + 7))

    # --- sources -----------------------------------------------------------------------------

    def _include(self, word: str, start: int) -> None:
        found = _INCLUDE.match(self._text, self._at)
        name = found[1] if found else ""
        if found:
            self._at = found.end()
        try:
            self._enter_source(word, self._substituted(name), start)
        except DirectiveError as error:
            self._problem(start, self._at, error.message, error.hint)

    def _enter_source(self, word: str, quoted: str, start: int) -> None:
        if len(quoted) < 3 or quoted[0] != '"' or quoted[-1] != '"':
            raise DirectiveError(
                f"{word} needs a file name in double quotes, without blanks or a semicolon"
            )
        if len(quoted) > MAX_INCLUDE_NAME:
            raise DirectiveError(f"the name of an included file has more than {MAX_INCLUDE_NAME}")
        if len(self._stack) >= MAX_INCLUDES:
            raise DirectiveError(f"more than {MAX_INCLUDES} files include one another")
        opened = self._open(re.sub(r"\\(.)", _include_escape, quoted[1:-1]))
        if opened is None:
            if word == "include_file":
                raise DirectiveError(f"cannot open the file {quoted}")
            return
        path, text = opened
        place = self._span(start, self._at)
        self._stack.append((self._source, self._text, self._at, self._shift, self._expanded))
        self._source = Source(path, text, place)
        self.sources.setdefault(path, self._source)
        self._text, self._at, self._shift, self._expanded = text, 0, 0, 0
        self._skip_inactive()

    def _open(self, name: str) -> tuple[str, str] | None:
        folder, slash, _ = self._source.name.rpartition("/")
        paths = [name] if name.startswith("/") or not slash else [name, f"{folder}/{name}"]
        for path in paths:
            try:
                return path, self._read(path)
            except OSError:
                continue
        return None

    def _leave_source(self, end: int) -> bool:
        """At the end of a file: go on in the one that included it; False at the end of all."""
        if not self._stack:
            self._report_conditions()
            return False
        self._source, self._text, self._at, self._shift, self._expanded = self._stack.pop()
        self._skip_inactive()
        return True

    def _report_conditions(self) -> None:
        unclosed = list(self._conditions.unclosed())
        extra = self._conditions.extra
        if len(unclosed) == len(extra):  # Kamailio only counts them
            return
        for place in unclosed:
            self.problems.append(Problem(place, "this #!ifdef has no #!endif"))
        for place in extra:
            self.problems.append(Problem(place, "this #!endif has no #!ifdef"))


def module_name(path: str) -> str:
    """`tm` for `tm`, `tm.so` and `/usr/lib/kamailio/modules/tm.so`."""
    return path.rpartition("/")[2].removesuffix(".so")


def _include_escape(match: re.Match[str]) -> str:
    return {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1])


_DIRECTIVES: Mapping[str, Callable[[Scanner, str, int], None]] = {
    **dict.fromkeys(("def", "define", "trydef", "trydefine", "redef", "redefine"), Scanner._define),
    **dict.fromkeys(
        ("defenv", "defenvs", "trydefenv", "trydefenvs"), Scanner._define_from_environment
    ),
    **dict.fromkeys(("subst", "substdef", "substdefs"), Scanner._substitute),
    **dict.fromkeys(("ifdef", "ifndef"), Scanner._condition),
    "else": Scanner._else,
    "endif": Scanner._endif,
}
