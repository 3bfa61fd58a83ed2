"""LaTeX formulas as one line of Unicode, for a terminal: `\\frac{1}{2n}` becomes 1/(2n).

What a line cannot show by height it shows by parentheses: a denominator, a numerator or an
exponent of several factors or terms. A macro that is not known here is refused, by its name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from calcbench.errors import UnreadableFormula

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|\d+(?:\.\d+)?|=:|:=|.", re.DOTALL)


def _table(text: str) -> dict[str, str]:
    """Read `name symbol name symbol …` as macros."""
    words = text.split()
    return {f"\\{name}": symbol for name, symbol in zip(words[::2], words[1::2], strict=True)}


LETTERS = _table(
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι "
    "kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ "
    "omega ω Gamma Γ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω infty ∞ ell ℓ "
    "ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ top T prime ′ emptyset ∅"
)
PREFIXES = _table("partial ∂ Delta Δ nabla ∇")
"""Symbols that belong to what follows them."""

SUMS = _table("sum Σ prod Π int ∫ lim lim max max min min sup sup inf inf")
OPERATORS = {name: name for name in "+=<>"} | {"-": "−", "=:": "=:", ":=": ":="}
OPERATORS |= _table(
    "cdot · times × pm ± approx ≈ sim ∼ equiv ≡ propto ∝ neq ≠ ne ≠ le ≤ leq ≤ ge ≥ geq ≥ "
    "ll ≪ gg ≫ to → rightarrow → leftarrow ← Rightarrow ⇒ mapsto ↦ in ∈ circ ∘ mid |"
)
FUNCTIONS = _table(
    "sin sin cos cos tan tan arcsin arcsin arccos arccos arctan arctan sinh sinh cosh cosh "
    "tanh tanh exp exp log log ln ln det det"
)
BRACKETS = {"(": "(", "[": "[", "\\{": "{", "\\lvert": "|", "\\lVert": "‖", "\\langle": "⟨"}
CLOSING = {")": ")", "]": "]", "\\}": "}", "\\rvert": "|", "\\rVert": "‖", "\\rangle": "⟩"}
BARS = {"|": "|", "\\|": "‖", "\\vert": "|", "\\Vert": "‖"}
"""Brackets that open and close with the same sign."""

SPACES = {
    "\\qquad": "   ",
    "\\quad": "  ",
    "\\,": " ",
    "\\;": " ",
    "\\:": " ",
    "\\ ": " ",
    "~": " ",
}
UNSEEN = {f"\\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")}
UNSEEN |= {"\\left", "\\right", "\\!", "\\displaystyle"}
NAMES = {"\\operatorname", "\\mathrm", "\\text"}
ACCENTS = {
    "\\mathbf": "",
    "\\boldsymbol": "",
    "\\hat": "\u0302",
    "\\bar": "\u0304",
    "\\tilde": "\u0303",
    "\\vec": "\u20d7",
}
MATRICES = ("pmatrix", "bmatrix", "matrix", "vmatrix")

SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzT*′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ*′",
        strict=True,
    )
)
SUBSCRIPTS = dict(
    zip("0123456789+−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)


class Piece(NamedTuple):
    """A part of a line, and what it is to its neighbours."""

    text: str
    kind: str
    """atom, fraction, derivative (a fraction that is one), differentiation (d/dx, which waits for
    its function), prefix, sum, function, operator, sign, open, close, comma or space."""


START = Piece("", "open")
"""What is to the left of a line."""

QUOTIENTS = ("fraction", "derivative")


def as_unicode(latex: str) -> str:
    """Write a formula in LaTeX as one line of Unicode. Raises `UnreadableFormula`."""
    reader = _Reader(TOKEN.findall(latex))
    pieces = reader.sequence()
    if reader.tokens:
        raise UnreadableFormula(f"{reader.tokens[0]} closes nothing in the formula {latex!r}")
    return unicodedata.normalize("NFC", _join(pieces))


class _Reader:
    """The tokens of a formula, read from the left."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)

    def sequence(self, *ends: str) -> list[Piece]:
        """Read pieces up to one of `ends`, or to whatever closes a group."""
        pieces: list[Piece] = []
        while self.tokens and self.tokens[0] not in ("}", "&", "\\\\", "\\end", *ends):
            pieces += self.piece(pieces)
        return pieces

    def piece(self, before: list[Piece]) -> list[Piece]:
        """Read one piece with its sub- and superscripts; `before` has those to its left."""
        token = self.tokens.pop(0)
        if token in UNSEEN:
            if self.tokens[:1] == ["."]:  # \right. closes with nothing
                self.tokens.pop(0)
            return []
        if token in ("^", "_"):
            return self.scripts(token, before)
        if token == "{":
            inner = self.sequence()
            self.expect("}")
            return _grouped(inner) if self.tokens[:1] in (["^"], ["_"]) else inner
        return [self.simple(token, before)]

    def simple(self, token: str, before: list[Piece]) -> Piece:
        """Read what is one piece."""
        if token == "\\frac":
            return _fraction(self.argument(), self.argument())
        if token == "\\begin":
            return self.matrix()
        if token == "\\sqrt":
            return self.root()
        if token in NAMES:
            return Piece(self.word(), "function" if token == "\\operatorname" else "atom")
        if token in ACCENTS:
            return Piece(_join(self.argument()) + ACCENTS[token], "atom")
        if token in BARS:
            opened = sum(piece.text == BARS[token] for piece in before) % 2
            return Piece(BARS[token], "close" if opened else "open")
        return _symbol(token)

    def argument(self) -> list[Piece]:
        """Read what a macro applies to: a group, or the next token."""
        while self.tokens and self.tokens[0].isspace():
            self.tokens.pop(0)
        if not self.tokens:
            raise UnreadableFormula("a formula ends where something must follow")
        token = self.tokens.pop(0)
        if token != "{":
            if token.isdigit():  # \\frac12 is a half
                token, self.tokens[:0] = token[0], [token[1:]] if token[1:] else []
            return [self.simple(token, [])]
        inner = self.sequence()
        self.expect("}")
        return inner

    def word(self) -> str:
        """Read a group as it stands, spaces included."""
        self.expect("{")
        end = self.tokens.index("}") if "}" in self.tokens else len(self.tokens)
        text, self.tokens = "".join(self.tokens[:end]), self.tokens[end:]
        self.expect("}")
        return text

    def expect(self, token: str) -> None:
        """Read a token that must come now."""
        if self.tokens[:1] != [token]:
            raise UnreadableFormula(f"a formula lacks {token}")
        self.tokens.pop(0)

    def scripts(self, sign: str, before: list[Piece]) -> list[Piece]:
        """Hang a sub- or superscript on the piece before it."""
        while before and before[-1].text == " ":
            before.pop()
        text = _join(self.argument())
        base = before.pop() if before else Piece("", "atom")
        return [Piece(base.text + _script(sign, text), base.kind)]

    def root(self) -> Piece:
        """Read a root: √x, ³√(x + 1)."""
        index = ""
        if self.tokens[:1] == ["["]:
            self.tokens.pop(0)
            index = _script("^", _join(self.sequence("]")))
            self.expect("]")
        return Piece(f"{index}√{_wrap(self.argument(), _is_atomic)}", "atom")

    def matrix(self) -> Piece:
        """Read a matrix, row by row: [a, b; c, d]. What is left empty is 0."""
        name = self.word()
        if name not in MATRICES:
            raise UnreadableFormula(f"\\begin{{{name}}} is not known to the reader of formulas")
        rows: list[list[str]] = [[]]
        while True:
            rows[-1].append(_join(self.sequence()) or "0")
            end = self.tokens.pop(0) if self.tokens else ""
            if end == "\\\\":
                rows.append([])
            elif end != "&":
                break
        self.word()
        return Piece(f"[{'; '.join(', '.join(row) for row in rows)}]", "atom")


def _symbol(token: str) -> Piece:
    """Look a single token up. Raises `UnreadableFormula` for a macro that is not known."""
    for table, kind in (
        (LETTERS, "atom"),
        (PREFIXES, "prefix"),
        (SUMS, "sum"),
        (OPERATORS, "operator"),
        (BRACKETS, "open"),
        (CLOSING, "close"),
        (SPACES, "space"),
        (FUNCTIONS, "function"),
    ):
        if token in table:
            return Piece(table[token], kind)
    if token[0] == "\\":
        raise UnreadableFormula(f"{token} is not known to the reader of formulas")
    if token.isspace():
        return Piece(" ", "space")
    return Piece("′" if token == "'" else token, "comma" if token in ",;" else "atom")


def _script(sign: str, text: str) -> str:
    """Write a sub- or superscript in small letters where there are such, else behind _ or ^."""
    small = SUPERSCRIPTS if sign == "^" else SUBSCRIPTS
    dense = text.replace(" ", "")
    if len(dense) <= 4 and all(letter in small for letter in dense):
        return "".join(small[letter] for letter in dense)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def _fraction(above: list[Piece], below: list[Piece]) -> Piece:
    """Write a fraction with a slash: ∂z/∂x, (a + b)/c, 1/(2n)."""
    over, under = _bare(above), _bare(below)
    if over and under and over[0].text[:1] in "d∂" and under[0].text[:1] == over[0].text[:1]:
        kind = "differentiation" if len(over) == 1 else "derivative"
        below_text = "".join(piece.text for piece in under)
        return Piece(f"{over[0].text}{_join(over[1:])}/{below_text}", kind)
    return Piece(f"{_wrap(above, _is_product)}/{_wrap(below, _is_atomic)}", "fraction")


def _wrap(pieces: list[Piece], stands: Callable[[list[Piece]], bool]) -> str:
    """Write pieces, in parentheses unless they stand without."""
    text = _join(pieces)
    return text if stands(_bare(pieces)) else f"({text})"


def _grouped(inner: list[Piece]) -> list[Piece]:
    """Make what braces hold one piece, for a script to hang on."""
    return [Piece(_wrap(inner, _is_atomic), inner[0].kind if len(inner) == 1 else "atom")]


def _bare(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.kind != "space"]


def _is_atomic(pieces: list[Piece]) -> bool:
    """Tell whether pieces are read as one thing: x, 2, Δx, sin(x), (a + b)²."""
    if len(pieces) == 2 and pieces[0].kind == "prefix":
        return pieces[1].kind == "atom"
    if len(pieces) == 1:
        return pieces[0].kind in ("atom", "prefix")
    start = 1 if pieces and pieces[0].kind == "function" else 0
    return bool(pieces[start:]) and _closing(pieces, start) == len(pieces) - 1


def _closing(pieces: list[Piece], start: int) -> int:
    """Find the bracket that closes the one at `start`; −1 if there is none."""
    depth = 0
    for place in range(start, len(pieces)):
        depth += (pieces[place].kind == "open") - (pieces[place].kind == "close")
        if depth == 0:
            return place if place > start else -1
    return -1


def _is_product(pieces: list[Piece]) -> bool:
    """Tell whether pieces are a product, perhaps with a sign, which a slash divides as a whole."""
    depth = 0
    for place, piece in enumerate(pieces):
        depth += (piece.kind == "open") - (piece.kind == "close")
        sign = place == 0 and piece.kind == "operator"
        ends = pieces[place + 1 :]
        applied = piece.kind == "function" and (not ends or ends[0].kind != "open")
        divided = piece.kind in (*QUOTIENTS, "differentiation", "sum")
        if depth == 0 and not sign and (piece.kind == "operator" or applied or divided):
            return False
    return bool(pieces)


def _join(pieces: list[Piece]) -> str:
    """Write pieces next to each other, with the spaces and dots that they need."""
    line, before, gap = "", START, ""
    for piece in pieces:
        if piece.kind == "space":
            gap = max(gap, piece.text, key=len)
            continue
        if piece.kind == "operator" and before.kind in ("operator", "open", "comma"):
            piece = piece._replace(kind="sign")
        line += _between(before, piece, gap)
        bound = before.kind in ("function", "prefix", "differentiation")
        line += f"({piece.text})" if bound and piece.kind in QUOTIENTS else piece.text
        before, gap = piece, ""
    return line.strip()


def _between(left: Piece, right: Piece, gap: str) -> str:
    """Say what separates two pieces; `gap` is the space that the formula itself has there."""
    kinds = (left.kind, right.kind)
    if left.kind in ("open", "sign") or right.kind in ("close", "comma"):
        return ""
    if left.kind == "comma" or "sum" in kinds:
        return gap or " "
    if "operator" in kinds or left.kind == "differentiation":
        return " "
    if left.kind == "function":
        return "" if right.kind in ("open", *QUOTIENTS) else " "
    if left.kind == "prefix":
        return gap if right.kind == "open" else ""
    if left.kind == "derivative" and right.kind == "open" and not gap:
        return ""  # its value at a point
    if any(kind in QUOTIENTS for kind in kinds):
        return " · "
    return gap or (" " if right.kind == "function" else "")
