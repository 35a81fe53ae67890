"""Statements and blocks of the cfg to Python statements.

What a route answers is the code of the last action it ran, so each block is compiled for one of
three uses of that code: nobody wants it, it is the function's answer, or it is kept in the local
`r` because a loop or switch goes on around the block.
"""

import ast

from sipproxy.core import runtime
from sipproxy.core.context import DROP, EXIT
from sipproxy.core.values import EvalError
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.codes import Use
from sipproxy.script.expressions import Expressions
from sipproxy.script.fold import guess
from sipproxy.script.kept import Kept
from sipproxy.script.scope import Scope
from sipproxy.script.switches import switch


class Statements:
    """Compiles one function's statements at a time."""

    def __init__(self, scope: Scope, most_loops: int) -> None:
        self.scope = scope
        self.emit = scope.emit
        self.expressions = Expressions(scope)
        self.expressions.calls.make_block = self._hidden_block
        self.most_loops = most_loops
        self.loops = 0
        self._depth = 1

    def let_go(self) -> None:
        """The end: what compiles expressions refers to itself, and its memory shall come back."""
        vars(self.expressions).clear()

    def body(self, block: tree.Block) -> list[ast.stmt]:
        """The statements of a function whose answer is the block's code."""
        self.loops, self._depth = 0, 1
        variables = self.expressions.variables
        variables.kept = kept = Kept(block) if self.scope.keeps_message else None
        out = self._answering(block)
        variables.kept = None
        self.emit.span = block.span
        names = kept.names.values() if kept else ()
        return [self.emit.let(name, self.emit.const(None)) for name in names] + out

    def _answering(self, block: tree.Block) -> list[ast.stmt]:
        out = self._block(block, Use.ANSWER)
        if not out or not _leaves(out[-1]):
            self.emit.span = _end_of(block)
            out.append(self.emit.give(self.emit.const(1)))
        return out

    def _hidden_block(self, block: tree.Block) -> tuple[str, bool]:
        """A function for `{ actions }` inside an expression, and whether it may suspend."""
        variables = self.expressions.variables
        saved = self.loops, self._depth, self.expressions.fails, variables.kept
        self.loops, self._depth, variables.kept = 0, 1, None
        body = self._answering(block)
        self.loops, self._depth, self.expressions.fails, variables.kept = saved
        suspends = any(isinstance(n, ast.Await) for s in body for n in ast.walk(s))
        name = self.emit.reserve(f"block_{block.span.line}", None)
        self.emit.span = block.span
        self.scope.hidden.append(self.emit.function(name, body, is_async=suspends))
        return name, suspends

    # -- blocks

    def _block(self, block: tree.Block, use: Use) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        last = len(block.statements) - 1
        for number, statement in enumerate(block.statements):
            if out and _leaves(out[-1]):
                self._check_only(block.statements[number:])
                break
            out += self._statement(statement, use if number == last else Use.UNUSED)
        return out

    def _check_only(self, rest: tuple[tree.Statement, ...]) -> None:
        """Statements that are never reached: names are checked, no code is made."""
        for statement in rest:
            self._statement(statement, Use.UNUSED)

    def nested(self, block: tree.Block, use: Use) -> list[ast.stmt]:
        """A block one level deeper; beyond max_recursive_level it is given up at run time."""
        self._depth += 1
        emit = self.emit
        if self._depth > runtime.MAX_DEPTH:
            emit.span = block.span
            given_up = emit.call(emit.bind(runtime.too_deep, "too_deep"), emit.name("c"))
            out = self.finish(given_up, use)
        else:
            out = self._block(block, use)
        self._depth -= 1
        return out

    def finish(self, code: ast.expr | int, use: Use) -> list[ast.stmt]:
        """What a statement's code becomes; `code` is Python of it, or known."""
        emit = self.emit
        if isinstance(code, int):
            if use is Use.UNUSED:
                return []
            code = emit.const(code)
        if use is Use.ANSWER:
            return [emit.give(code)]
        if use is Use.KEPT:
            return [emit.let("r", code)]
        return [emit.do(code)]

    def end_test(self, code: ast.expr | None = None) -> list[ast.stmt]:
        """After a call that may have set the end flag: leave, with 0 or the given code."""
        emit = self.emit
        flag = emit.attribute(emit.name("c"), "end")
        return [emit.when(flag, [emit.give(code or emit.const(0))])]

    def where(self, span: Span) -> ast.expr:
        return self.emit.const(f"{span.file}:{span.line}")

    # -- one statement

    def _statement(self, statement: tree.Statement, use: Use) -> list[ast.stmt]:
        told = self.expressions.calls.traces.before(statement)
        return told + self._compiled(statement, use)

    def _compiled(self, statement: tree.Statement, use: Use) -> list[ast.stmt]:
        match statement:
            case tree.Evaluate():
                return self._evaluate(statement, use)
            case tree.Assign():
                return self._assign(statement, use)
            case tree.If():
                return self._if(statement, use)
            case tree.While():
                return self._while(statement, use)
            case tree.Switch():
                return switch(self, statement, use)
            case _:
                return self._leave(statement)

    def _guarded(self, body: list[ast.stmt], span: Span, use: Use) -> list[ast.stmt]:
        """The body; when an expression in it has no value, the statement fails."""
        if not self.expressions.fails:
            return body
        emit = self.emit
        emit.span = span
        error = emit.bind(EvalError, "EvalError")
        return [emit.attempt(body, error, self.finish(self.failed(span), use))]

    def failed(self, span: Span) -> ast.expr:
        """The code of a statement that failed, inside the handler of its EvalError `e`."""
        emit = self.emit
        helper = emit.bind(runtime.failed, "failed")
        return emit.call(helper, emit.name("c"), emit.name("e"), self.where(span))

    def _assign(self, statement: tree.Assign, use: Use) -> list[ast.stmt]:
        out = self.expressions.variables.assign(statement)
        ends = self.expressions.ends
        self.emit.span = statement.span
        told = self.expressions.calls.traces.after(statement)
        out = self._guarded([*out, *told, *self.finish(1, use)], statement.span, use)
        if ends and use is not Use.ANSWER:
            out += self.end_test(self.emit.const(1))
        return out

    def _evaluate(self, statement: tree.Evaluate, use: Use) -> list[ast.stmt]:
        """A call standing alone, the only expression that is a statement."""
        expr = self.expressions.whole(statement.expr)
        if isinstance(expr, tree.RouteCall):
            return self._route(expr, use)
        assert isinstance(expr, tree.Call)
        return self._call(expr, use)

    def _call(self, expr: tree.Call, use: Use) -> list[ast.stmt]:
        found = self.expressions.calls.function(expr)
        emit = self.emit
        if found is None:
            return []
        declared, node = found
        emit.span = expr.span
        keep_rc = declared.module != "core" and self.scope.uses_rc
        if declared.returns == "int" and declared.module != "core":
            return self._guarded(self._int_call(node, expr.span, use, keep_rc), expr.span, use)
        if declared.returns == "int":
            code = node
        elif declared.returns == "none":
            code = emit.const(1)
        else:
            code = emit.choose(node, emit.const(1), emit.const(-1))
        out: list[ast.stmt] = []
        if declared.returns == "none":
            out.append(emit.do(node))
            if keep_rc:
                out.append(emit.put(emit.name("c"), "rc", emit.const(1)))
            out += self.finish(1, use)
        elif keep_rc:
            out.append(emit.put(emit.name("c"), "rc", code))
            if use is not Use.UNUSED:
                out += self.finish(emit.attribute(emit.name("c"), "rc"), use)
        else:
            out += self.finish(node if use is Use.UNUSED else code, use)
        return self._guarded(out, expr.span, use)

    def _int_call(self, node: ast.expr, span: Span, use: Use, keep_rc: bool) -> list[ast.stmt]:
        emit = self.emit
        out = [emit.let("r", node)]
        if keep_rc:
            out.append(emit.put(emit.name("c"), "rc", emit.name("r")))
        c = emit.name("c")
        left = emit.put(c, "left_at", self.where(span))
        ended = emit.put(c, "end", emit.const(EXIT))
        out.append(emit.when(emit.invert(emit.name("r")), [left, ended, emit.give(emit.const(0))]))
        return out if use is not Use.ANSWER else [*out, emit.give(emit.name("r"))]

    def _route(self, expr: tree.RouteCall, use: Use) -> list[ast.stmt]:
        emit = self.emit
        target = self.expressions.calls.route(expr)
        emit.span = expr.span
        if target is None:
            return []
        name, keep_rc = target.name, self.scope.uses_rc
        if name is not None and name not in self.scope.recursive:
            node = emit.call(target.node, emit.name("c"))
        else:
            helper = "nested" if name is not None else "computed"
            keep_rc = keep_rc and name is not None  # `computed` keeps it
            if target.suspends:
                helper += "_async"
            function = emit.bind(getattr(runtime, helper), helper)
            node = emit.call(function, emit.name("c"), target.node, emit.const(self._depth))
        if target.suspends:
            node = emit.awaited(node)
        may_end = name is None or name in self.scope.ending
        if not may_end and not keep_rc:
            return self._guarded(self.finish(node, use), expr.span, use)
        out = [emit.let("r", node)]
        if keep_rc:
            out.append(emit.put(emit.name("c"), "rc", emit.name("r")))
        if may_end:
            out += self.end_test(emit.name("r"))
        if use is Use.ANSWER:
            out.append(emit.give(emit.name("r")))
        return self._guarded(out, expr.span, use)

    # -- if, while, switch

    def _test(
        self, expr: tree.Expr, span: Span, *, positive: bool
    ) -> tuple[list[ast.stmt], ast.expr, bool]:
        """Statements before a test, the test, and whether the end flag must be looked at."""
        folded = self.expressions.whole(expr)
        test = self.expressions.truth(folded, positive=positive)
        test = self.expressions.calls.traces.value("condition", span, test)
        ends, emit = self.expressions.ends, self.emit
        emit.span = span
        if not self.expressions.fails and not ends:
            return [], test, False
        kept = emit.temporary()
        out: list[ast.stmt] = [emit.let(kept, test)]
        if self.expressions.fails:
            error = emit.bind(EvalError, "EvalError")
            handler = [emit.do(self.failed(span)), emit.let(kept, emit.const(0))]
            out = [emit.attempt(out, error, handler)]
        return out, emit.name(kept), ends

    def _if(self, statement: tree.If, use: Use) -> list[ast.stmt]:
        out, test, ends = self._test(statement.condition, statement.span, positive=True)
        emit = self.emit
        if ends:
            out += self.end_test()
        if use is Use.KEPT:
            out.append(emit.let("r", emit.const(1)))
        then = self.nested(statement.then, use)
        otherwise = self.nested(statement.otherwise, use) if statement.otherwise else []
        emit.span = statement.span
        out.append(emit.when(test, then, otherwise))
        if use is Use.ANSWER and not (then and otherwise and _leaves(out[-1])):
            out.append(emit.give(emit.const(1)))
        return out

    def _while(self, statement: tree.While, use: Use) -> list[ast.stmt]:
        emit = self.emit
        keep = Use.UNUSED if use is Use.UNUSED else Use.KEPT
        if guess(self.expressions.whole(statement.condition)) == "str":
            self.scope.error(statement.condition.span, "a while loop cannot test a string")
        before, test, ends = self._test(statement.condition, statement.span, positive=False)
        emit.span = statement.span
        flagged = self.end_test() if ends else []
        leave = emit.when(emit.invert(test), [*flagged, emit.leave_loop()])
        self.loops += 1
        body = self.nested(statement.body, keep)
        emit.span = statement.span
        first = self._ended_body(statement) if ends else []
        self.loops -= 1
        turns = [*self.expressions.calls.traces.turn(statement), *before, leave, *first, *body]
        last = self._runaway(statement, keep)
        emit.span = statement.span
        out = [emit.let("r", emit.const(1))] if keep is Use.KEPT else []
        out.append(emit.repeat(self.most_loops, turns, last))
        if use is Use.ANSWER:
            out.append(emit.give(emit.name("r")))
        return out

    def _ended_body(self, statement: tree.While) -> list[ast.stmt]:
        """The end flag set by a while's condition is seen only after one statement of the body."""
        head = statement.body.statements[:1]
        first = self._statement(head[0], Use.UNUSED) if head else []
        emit = self.emit
        emit.span = statement.span
        flag = emit.attribute(emit.name("c"), "end")
        kept = emit.temporary()
        restore = emit.put(emit.name("c"), "end", emit.name(kept))
        if not first or not _leaves(first[-1]):
            first = [*first, restore, emit.give(emit.const(0))]
        return [emit.when(flag, [emit.let(kept, flag), *first])]

    def _runaway(self, statement: tree.While, use: Use) -> list[ast.stmt]:
        """After max_while_loops turns the condition is asked once more; if it holds, give up."""
        out = self.expressions.calls.traces.turn(statement)
        more, test, ends = self._test(statement.condition, statement.span, positive=False)
        out += more
        emit = self.emit
        emit.span = statement.span
        helper = emit.bind(runtime.runaway, "runaway")
        most = emit.const(self.most_loops)
        code = emit.call(helper, emit.name("c"), most, self.where(statement.span))
        out.append(emit.when(test, self.finish(code, use)))
        return out + (self.end_test() if ends else [])

    # -- return, exit, drop, break

    def _leave(self, statement: tree.Leave) -> list[ast.stmt]:
        emit = self.emit
        emit.span = statement.span
        if statement.kind == "break":
            if self.loops:
                return [emit.let("r", emit.const(0)), emit.leave_loop()]
            return [emit.give(emit.const(0))]
        code, before = self._leave_code(statement)
        c = emit.name("c")
        if statement.kind == "return":
            if isinstance(code, ast.Constant):
                flagged = [] if code.value else [emit.put(c, "end", emit.const(EXIT))]
                return [*before, *flagged, emit.give(code)]
            ended = emit.when(emit.invert(emit.name("r")), [emit.put(c, "end", emit.const(EXIT))])
            return [*before, emit.let("r", code), ended, emit.give(emit.name("r"))]
        flags = EXIT if statement.kind == "exit" else EXIT | DROP
        left = emit.put(c, "left_at", self.where(statement.span))
        ended = emit.put(c, "end", emit.const(flags))
        if isinstance(code, ast.Constant):
            return [*before, left, ended, emit.give(code)]
        return [*before, emit.let("r", code), left, ended, emit.give(emit.name("r"))]

    def _leave_code(self, statement: tree.Leave) -> tuple[ast.expr, list[ast.stmt]]:
        emit = self.emit
        if statement.value is None:
            # exit and drop answer 0 and 1 to an expression that calls their route
            return emit.const(0 if statement.kind == "drop" else 1), []
        expr = self.expressions.whole(statement.value)
        if guess(expr) == "str" or isinstance(expr, tree.Select):
            self.scope.error(expr.span, f"{statement.kind} takes a number, this is a string")
        if isinstance(expr, tree.Int):
            emit.span = statement.span
            return emit.const(expr.value), []
        node = self.expressions.integer(expr)
        ends, fails = self.expressions.ends, self.expressions.fails
        emit.span = statement.span
        if not ends and not fails:
            return node, []
        kept = emit.temporary()
        out: list[ast.stmt] = [emit.let(kept, node)]
        if fails:
            error = emit.bind(EvalError, "EvalError")
            bug = emit.const(runtime.BUG_CODE)
            handler = [emit.do(self.failed(statement.span)), emit.let(kept, bug)]
            out = [emit.attempt(out, error, handler)]
        return emit.name(kept), [*out, *(self.end_test(emit.name(kept)) if ends else [])]


def _leaves(statement: ast.stmt) -> bool:
    """Whether nothing after this statement can run."""
    if isinstance(statement, ast.Return | ast.Break):
        return True
    if isinstance(statement, ast.If) and statement.orelse:
        return _leaves(statement.body[-1]) and _leaves(statement.orelse[-1])
    return False


def _end_of(block: tree.Block) -> Span:
    last = block.statements[-1].span if block.statements else block.span
    return last
