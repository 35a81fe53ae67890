"""Make the questions that `record.py` puts to a real Kamailio; print them as JSON.

    python tests/fidelity/generate.py [SEED] | python tests/fidelity/record.py

The same seed makes the same questions. Expressions are drawn over every operator, precedence level
and kind of operand; some are broken on purpose. Regular expressions come with texts to try.
"""

import json
import sys
from itertools import pairwise

from sipproxy.clock import Chance

SEED = 563

MESSAGE = (
    "OPTIONS sip:bob@example.org:5062;x=1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bKfid\r\n"
    'From: "Al" <sip:alice@example.com>;tag=f1\r\n'
    "To: <sip:10@example.net>\r\n"
    "Call-ID: fidelity@example.com\r\n"
    "CSeq: 17 OPTIONS\r\n"
    "Max-Forwards: 70\r\n"
    "X-Num: 42\r\n"
    "X-Str: abc\r\n"
    "X-Utf: z\u00e9\r\n"
    "X-Empty:\r\n"
    "Content-Length: 0\r\n\r\n"
)

PRELUDE = """\
    setflag(3);
    $var(i) = 3; $var(z) = 0; $var(n) = -4; $var(big) = 2147483647; $var(w33) = 33;
    $var(s) = "abc"; $var(d) = "10"; $var(e) = ""; $var(hex) = "0x1F"; $var(sp) = " 5";
    $var(plus) = "+5"; $var(minus) = "-5"; $var(over) = "99999999999"; $var(oct) = "017";
    $var(junk) = "12abc"; $var(edge) = "-2147483648"; $var(re) = "^a.c$"; $var(bad) = "a[";
    $avp(i) = 7; $avp(s) = "abc"; $avp(d) = "5"; $avp(neg) = -2; $avp(e) = ""; $avp(o) = 0;
    $avp(cap) = "ABC";
    xlog("L_ERR", "ready\\n");
"""

PARTS = """\
route[R5] { return 5; }
route[R1] { $var(t) = 1; }
route[RN] { return -1; }
"""

# How one expression is asked: as a value with its type, as a condition, as a loop's condition.
VALUE = """\
    $(avp(r)[*]) = $null; $avp(r) = "~";
    $avp(r) = {expression};
    $var(one) = $avp(r) + 1; xlog("L_ERR", "@{number}v $avp(r)|$var(one)\\n");
"""
IF = """\
    if ({expression}) { xlog("L_ERR", "@{number}i 1\\n"); }
    else { xlog("L_ERR", "@{number}i 0\\n"); }
"""
WHILE = """\
    $var(w) = 0; while ({expression}) { $var(w) = 1; break; }
    xlog("L_ERR", "@{number}w $var(w)\\n");
"""

INTS = ["0", "1", "2", "3", "5", "7", "10", "31", "100", "2147483647", "0x1F", "017", "101b"]
INTS += ["4294967295", "2147483648", "yes", "off"]
STRINGS = ["", "abc", "ABC", "5", "10", "007", "0x1F", "0X1f", " 5", "5 ", "+5", "-5", "-0", "a5"]
STRINGS += ["017", "0x", "-", "+", "2147483647", "2147483648", "-2147483648", "-2147483649"]
STRINGS += ["12345678901", "0xFFFFFFFF", "0x1FFFFFFFF", "00000000000012", "1 2", "z\u00e9"]
VARIABLES = [f"$var({name})" for name in ("i", "z", "n", "s", "d", "e", "hex", "sp", "plus")]
VARIABLES += [f"$var({name})" for name in ("minus", "over", "oct", "junk", "edge", "unset")]
VARIABLES += [f"$var({name})" for name in ("w33", "big", "i", "s", "z")]
AVPS = [f"$avp({name})" for name in ("i", "s", "d", "neg", "e", "o", "unset", "unset", "cap")]
MESSAGE_PVS = ["$rU", "$fU", "$tU", "$rd", "$rp", "$rm", "$cs", "$mf", "$rc", "$hdr(X-Num)"]
MESSAGE_PVS += ["$hdr(X-Str)", "$hdr(X-None)", "$hdr(X-Empty)", "$hdr(X-Utf)", "$du"]
TRANSFORMED = ["$(hdr(X-Num){s.int})", "$(avp(s){s.len})", "$(avp(unset){s.len})"]
TRANSFORMED += ["$(rU{s.substr,1,1})", "$(hdr(X-None){s.int})", "$(var(d){s.int})"]
CALLS = ["route(R5)", "route(R1)", "route(RN)", "isflagset(3)", "isflagset(5)"]
CALLS += ['is_method("OPTIONS")', 'is_method("INVITE")', 'is_present_hf("X-Num")']
CALLS += ["{ $var(t) = 2; }", "($var(t) = 4)", "{ route(RN); }"]
CONDITIONS = ["method==OPTIONS", "method==INVITE", 'method=="OPTIONS"', 'method!="OPTIONS"']
CONDITIONS += ['method=~"^opt"', 'uri=~"^sip:bob@"', 'uri=="sip:bob@example.org"', "proto==UDP"]
CONDITIONS += ['from_uri=~"alice"', 'to_uri=~"alice"', "af==INET", "proto==TCP"]
PATTERNS = ["^a", "c$", "^abc$", "B", "^$", ".", "[0-9]+", "^-?[0-9]+$", "a|5", "(ab|b)c", "x*"]
ARITHMETIC = ["+", "+", "+", "-", "*", "/", "mod"]
BITS = ["|", "&", "^", "<<", ">>"]
COMPARE = ["==", "==", "!=", "<", ">", "<=", ">=", "eq", "ne", "ieq", "ine"]
LOGIC = ["&&", "||", "and", "or"]
UNARY = ["!", "not ", "~", "-", "defined ", "(int)", "(str)"]
JUNK = ["++", "!~", "?", ":", "===", "<>", ")", "(", "==", "mod", "not", ",", "=", "defined", "bob"]


class Expressions:
    """Draws one expression after another; constant strings are rare, as most places refuse them."""

    def __init__(self, chance: Chance) -> None:
        self.below = chance.below

    def pick(self, choices: list[str]) -> str:
        return choices[self.below(len(choices))]

    def operand(self) -> str:
        """A value without operators."""
        kind = self.below(100)
        if kind < 25:
            return self.pick(INTS)
        if kind < 30:
            return json.dumps(self.pick(STRINGS), ensure_ascii=False)
        if kind < 58:
            return self.pick(VARIABLES)
        if kind < 74:
            return self.pick(AVPS)
        if kind < 84:
            return self.pick(MESSAGE_PVS)
        if kind < 88:
            return self.pick(TRANSFORMED)
        if kind < 95:
            return self.pick(CALLS)
        return self.pick(CONDITIONS) if kind < 98 else "$null"

    def operator(self) -> str:
        kind = self.below(10)
        if kind < 4:
            return self.pick(ARITHMETIC)
        if kind < 5:
            return self.pick(BITS)
        return self.pick(COMPARE) if kind < 8 else self.pick(LOGIC)

    def term(self, depth: int) -> str:
        """An operand, perhaps with a prefix, a function around it, or a bracketed expression."""
        kind = self.below(100)
        if kind < 12:
            return self.pick(UNARY) + self.term(depth)
        if kind < 16:
            return f"{self.pick(['strlen', 'strempty'])}({self.expression(depth + 1)})"
        if kind < 18 and depth < 2:
            parts = [self.expression(depth + 1) for _ in range(3)]
            return f"selval({', '.join(parts)})"
        if kind < 30 and depth < 2:
            return f"({self.expression(depth + 1)})"
        return self.operand()

    def expression(self, depth: int = 0) -> str:
        """One to four terms with operators between them."""
        parts = [self.term(depth)]
        for _ in range(self.below(4) if depth == 0 else self.below(3)):
            if self.below(12) == 0:
                pattern = json.dumps(self.pick(PATTERNS))
                parts += ["=~", self.pick([pattern, pattern, "$var(re)", "$avp(s)", "$var(bad)"])]
            else:
                parts += [self.operator(), self.term(depth)]
        return " ".join(parts)

    def broken(self) -> str:
        """An expression with one of its words lost, doubled, or replaced by junk."""
        words = self.expression().split(" ")
        at = self.below(len(words))
        kind = self.below(4)
        if kind == 0 and len(words) > 1:
            del words[at]
        elif kind == 1:
            words.insert(at, words[at])
        elif kind == 2:
            words[at] = self.pick(JUNK)
        else:
            words.insert(at, self.pick(JUNK))
        return " ".join(words)


def systematic() -> list[str]:
    """Each operator on each pair of kinds, and each conversion, without chance."""
    kinds = ["3", '"abc"', '"5"', "$var(i)", "$var(s)", "$avp(d)", "$avp(unset)", "$avp(e)"]
    binary = ["+", "-", "*", "/", "mod", "|", "&", "^", "<<", ">>", "==", "!=", "<", ">", "<="]
    binary += [">=", "eq", "ne", "ieq", "ine", "&&", "||", "=~"]
    asked = [f"{a} {op} {b}" for op in binary for a in kinds for b in kinds if a != b]
    asked += [f"{op}{kind}" for op in UNARY for kind in [*kinds, "$null", "$var(unset)"]]
    for text in STRINGS:
        quoted = json.dumps(text, ensure_ascii=False)
        asked += [f"(int){quoted}", f'{quoted} == ""', f"$var(i) + (int){quoted}"]
    ladder = ["||", "&&", "|", "&", "^", "<<", ">>", "==", ">", "+", "*"]
    for low, high in pairwise(ladder):
        asked += [f"$var(i) {low} 2 {high} $var(z)", f"2 {high} $var(i) {low} 1"]
    for neutral in ("0", "1", "-1", '""'):
        for op in ("||", "&&", "+", "-", "*", "/", "|", "&", "==", "!=", "mod"):
            for other in ("$var(n)", "route(RN)", "$var(z)", "$avp(s)", "$avp(unset)"):
                asked += [f"{other} {op} {neutral}", f"{neutral} {op} {other}"]
    for other in ("$avp(d) + 1", "selval($var(i), $avp(d), 2)", "route(RN)", "($avp(unset) + 3)"):
        for shape in ("{} > 5", "{} == 6", '{} == "51"', "1 + {}", "{} + 1", "-({})", "({}) - 0"):
            asked.append(shape.format(other))
        for shape in ("!({})", "(str)({}) + 1", "strlen({})", "({}) && 1", '{} =~ "^5"', "{}"):
            asked.append(shape.format(other))
    return asked


def regexes(chance: Chance, count: int) -> list[list[str]]:
    """Pairs of a pattern and a text it may match."""
    atoms = ["a", "b", "B", "Z", "_", ".", "\\.", "\\$", "[a-c]", "[^a]", "[A-_]", "[[:alpha:]]"]
    atoms += ["[^[:digit:]b]", "[]x]", "[^]x]", "(a|b)", "(ab|a)", "(.*)", "(a)", "1", "@", "[a-]"]
    atoms += [
        "(^a)",
        "(a|^b)",
        "(b$)?",
        "\\w",
        "\\d",
        "-",
        "\u00e9",
        "(x?|b)",
        "[[:upper:]]",
        "\\1",
    ]
    atoms += ["[[:space:]]", "\\|", "^", "$", "(", ")", "[", "]", "{", "}", "()", "|", "[[:foo:]]"]
    atoms += ["[_-a]", "[z-a]", "\\", "\\b", "\\<a", "(?:a)", "sip:", "[0-9]", "[0-9]+\\.", "\\W"]
    marks = ["", "", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "{,2}", "{0}"]
    marks += ["{2,1}", "{x}", "{1"]
    letters = "aabbABZZ_^.$1@-]x \n\t\u00e9|"
    pick = chance.below
    pairs = []
    for _ in range(count):
        parts = [atoms[pick(len(atoms))] + marks[pick(len(marks))] for _ in range(1 + pick(3))]
        pattern = ("^" if pick(5) == 0 else "") + "".join(parts) + ("$" if pick(5) == 0 else "")
        text = "".join(letters[pick(len(letters))] for _ in range(pick(7)))
        pairs.append([pattern, text])
    return pairs


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    chance = Chance(seed)
    draw = Expressions(chance)
    asked = systematic()
    asked += [draw.expression() for _ in range(2000)]
    asked += [draw.broken() for _ in range(260)]
    questions = {
        "seed": seed,
        "message": MESSAGE,
        "prelude": PRELUDE,
        "parts": PARTS,
        "probes": {"v": VALUE, "i": IF, "w": WHILE},
        "expressions": list(dict.fromkeys(asked)),
        "regexes": regexes(chance, 1500),
    }
    json.dump(questions, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
