"""Text of a term and back.

`dumps` writes one line for each node that is no leaf, arguments before their users, the root last:

    %0 = affine -1/2 1 x1 3 x2
    %1 = ite %0 %0 #0
    %1

Leaves are written in place: `#q` a constant, `x1` a variable, `@0` a bound variable. `infix` is for reading only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from attrtheory.errors import BadInput
from attrtheory.expr import term as t
from attrtheory.expr.algebra import Free, fold
from attrtheory.expr.term import Term

MAX_CHARACTERS = 64 * 2**20
MAX_DIGITS = 4_000
_LEAVES = ("const", "var", "bound")
_Q = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


def dumps(root: Term) -> str:
    """The text of a term: the same in every process, for equal terms only."""
    lines: list[str] = []
    names: dict[Term, str] = {}
    for node in postorder(root):
        args = [names[a] for a in node.args]
        match node.op:
            case "const":
                names[node] = f"#{node.payload}"
            case "var":
                names[node] = node.payload
            case "bound":
                names[node] = f"@{node.payload}"
            case "affine":
                constant, coefficients = node.payload
                pairs = " ".join(f"{q} {a}" for q, a in zip(coefficients, args, strict=True))
                names[node] = _line(lines, f"affine {constant} {pairs}")
            case "mean01":
                names[node] = _line(lines, f"mean01 {node.payload} {args[0]}")
            case "call":
                name, orders = node.payload
                names[node] = _line(lines, f"call {name} [{','.join(map(str, orders))}] {' '.join(args)}")
            case op:
                names[node] = _line(lines, f"{op} {' '.join(args)}")
    return "\n".join([*lines, names[root]])


def _line(lines: list[str], text: str) -> str:
    lines.append(f"%{len(lines)} = {text}")
    return f"%{len(lines) - 1}"


def postorder(root: Term) -> list[Term]:
    """Every subterm once, arguments before their users."""
    seen: dict[Term, None] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        todo = [a for a in node.args if a not in seen]
        if node in seen or not todo:
            seen.setdefault(node)
            stack.pop()
        else:
            stack.extend(reversed(todo))
    return list(seen)


def loads(text: str) -> Term:
    """The term that `dumps` wrote; anything else is refused.

    Raises:
        BadInput: not the text of a term, or not in the form that `dumps` writes.
    """
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"the text of a term may have {MAX_CHARACTERS} characters; got {len(text)}")
    *lines, last = text.split("\n")
    known: list[Term] = []
    try:
        for k, line in enumerate(lines):
            left, equals, op, *rest = line.split(" ")
            if (left, equals) != (f"%{k}", "="):
                raise BadInput(f"line {k + 1} should start with '%{k} = '")
            known.append(_node(op, rest, known))
        root = _leaf(last, known)
    except (ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
        raise BadInput(f"not the text of a term: {error}") from error
    if root.levels or dumps(root) != text:
        raise BadInput("not the text of a term in normal form; write it with dumps(term)")
    return root


def _node(op: str, rest: Sequence[str], known: list[Term]) -> Term:
    match op:
        case "affine":
            payload = (read_rational(rest[0]), tuple(map(read_rational, rest[1::2])))
            args = [_leaf(a, known) for a in rest[2::2]]
            return Free().affine(*payload, args)
        case "mean01":
            return Free().mean01(_index(rest[0]), _leaf(rest[1], known))
        case "call":
            orders = tuple(int(k) for k in rest[1][1:-1].split(",") if k)
            return t.call(rest[0], orders, tuple(_leaf(a, known) for a in rest[2:]))
        case "mul" | "div" | "ite":
            args = [_leaf(a, known) for a in rest]
            if len(args) != (3 if op == "ite" else 2):
                raise BadInput(f"{op} with {len(args)} arguments")
            return getattr(Free(), op)(*args)
        case _:
            raise BadInput(f"no such node: {op!r}")


def _leaf(text: str, known: list[Term]) -> Term:
    match text[:1]:
        case "%":
            return known[_index(text[1:])]
        case "#":
            return t.const(read_rational(text[1:]))
        case "@":
            return t.bound(_index(text[1:]))
        case _:
            return t.var(text)


def _index(text: str) -> int:
    if not text.isdecimal():
        raise BadInput(f"{text!r} is not a number")
    return int(text)


def read_rational(text: str) -> Fraction:
    """A rational number in the form that `str(Fraction)` writes; its length is bounded."""
    if not isinstance(text, str) or len(text) > MAX_DIGITS or not _Q.fullmatch(text):  # pyright: ignore[reportUnnecessaryIsInstance] (from a file)
        raise BadInput(f"{str(text)[:40]!r} is not a rational number such as -3/4 of at most {MAX_DIGITS} characters")
    return Fraction(text)


class _Infix:
    """Ordinary notation; (text, binding strength)."""

    def const(self, q: Fraction) -> tuple[str, int]:
        return str(q), 9 if q >= 0 and q.denominator == 1 else 1

    def var(self, name: str) -> tuple[str, int]:
        return name, 9

    def bound(self, level: int) -> tuple[str, int]:
        return ("a" if level == 0 else f"a{level}") if level >= 0 else "a?", 9

    def affine(
        self, constant: Fraction, coefficients: Sequence[Fraction], values: Sequence[tuple[str, int]]
    ) -> tuple[str, int]:
        parts = [
            ("-" if q < 0 else "+", _factor(abs(q)) + _wrap(v, 2)) for q, v in zip(coefficients, values, strict=True)
        ]
        parts.sort(key=lambda p: (p[1].lstrip("0123456789/*"), p[1]))
        parts += [("-" if constant < 0 else "+", str(abs(constant)))] * bool(constant)
        text = " ".join(f"{s} {v}" for s, v in parts)
        return text.removeprefix("+ ").replace("- ", "-", 1) if text[0] == "-" else text[2:], 1

    def mul(self, a: tuple[str, int], b: tuple[str, int]) -> tuple[str, int]:
        return f"{_wrap(a, 2)}*{_wrap(b, 2)}", 2

    def div(self, a: tuple[str, int], b: tuple[str, int]) -> tuple[str, int]:
        return f"{_wrap(a, 2)}/{_wrap(b, 3)}", 2

    def ite(self, g: tuple[str, int], a: tuple[str, int], b: tuple[str, int]) -> tuple[str, int]:
        named = {("1", "0"): f"1[{g[0]} > 0]", ("0", "1"): f"1[{g[0]} <= 0]", (g[0], "0"): f"relu({g[0]})"}
        return named.get((a[0], b[0]), f"ite({g[0]}, {a[0]}, {b[0]})"), 9

    def mean01(self, level: int, body: tuple[str, int]) -> tuple[str, int]:
        return f"mean({body[0]} for {self.bound(level)[0]} in [0, 1])", 9

    def call(self, name: str, orders: tuple[int, ...], args: Sequence[tuple[str, int]]) -> tuple[str, int]:
        head = name + "".join(f".d{k + 1}" for k in orders)
        return f"{head}({', '.join(a[0] for a in args)})", 9


def _factor(q: Fraction) -> str:
    return "" if q == 1 else f"{q}*"


def _wrap(value: tuple[str, int], strength: int) -> str:
    return value[0] if value[1] >= strength else f"({value[0]})"


def infix(root: Term, limit: int = 4000) -> str:
    """Ordinary notation where it fits `limit` characters, else a summary."""
    sizes: dict[Term, int] = {}
    for node in postorder(root):
        sizes[node] = min(limit + 1, 8 + sum(sizes[a] for a in node.args))
    if sizes[root] > limit:
        return f"<term {root.digest.hex()[:12]}: {root.op}, {len(sizes)} nodes>"
    return fold(root, _Infix())[0]
