"""Tables as LaTeX, for its package booktabs, and text that cannot break it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from calcbench.report.tables.table import LEFT, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # BibTeX would count the brace of \{
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': "''",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # after \\, a bare one would begin a length
    "]": "{]}",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "∞": r"$\infty$",
    "∂": r"$\partial$",
    "∇": r"$\nabla$",
    "Σ": r"$\Sigma$",
    "√": r"$\surd$",
    "°": r"$^\circ$",
    "®": r"\textregistered{}",
    "™": r"\texttrademark{}",
    "©": r"\textcopyright{}",
    "ᵏ": r"\textsuperscript{k}",
    **{
        letter: rf"$\{name}$"
        for letter, name in {
            "α": "alpha",
            "β": "beta",
            "γ": "gamma",
            "δ": "delta",
            "ε": "varepsilon",
            "κ": "kappa",
            "λ": "lambda",
            "π": "pi",
            "σ": "sigma",
            "Δ": "Delta",
        }.items()
    },
    "′": "$'$",
    "⁻": r"\textsuperscript{$-$}",
    **{digit: rf"\textsubscript{{{n}}}" for n, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{digit: rf"\textsuperscript{{{n}}}" for n, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}
"""Characters that mean something to LaTeX, or that its standard fonts lack."""

LONGEST = 40
"""Rows of one tabular: more do not fit a page, and booktabs alone cannot break one."""

PENDING = 10
"""Tables in a row; more floats than a page can take up are an error of LaTeX (18 at worst)."""


def write_latex(tables: Iterable[Table], footer: str) -> str:
    r"""Write tables and a footer for `\input` into a document with `\usepackage{booktabs}`."""
    floats = [environment for table in tables for environment in _environments(table)]
    parts = [floats[start : start + PENDING] for start in range(0, len(floats), PENDING)]
    body = "\n\n\\clearpage\n\n".join("\n\n".join(part) for part in parts)
    end = f"\\noindent{{\\footnotesize {escape(footer)}\\par}}"
    return "\n\n".join(["% \\usepackage{booktabs}", body, end]) + "\n"


def escape(text: str) -> str:
    """Write text in ASCII for LaTeX: `by_hand` → `by\\_hand`, `3 µs` → `3 $\\mu$s`.

    Letters with accents lose them; what has no equivalent becomes `?`.
    """
    return "".join(_escape_character(character) for character in " ".join(text.split()))


def _environments(table: Table) -> list[str]:
    """Write one environment for each part of the table; the notes stand below the last."""
    notes = "".join(f"\n\\par\\smallskip {escape(note)}" for note in table.notes)
    *parts, last = _parts(table)
    return [*(_environment(table, part, "") for part in parts), _environment(table, last, notes)]


def _escape_character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character.isascii():
        return character if character.isprintable() else " "
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return "".join(SPECIAL.get(letter, letter) for letter in plain) or "?"


def _parts(table: Table) -> Iterator[tuple[str, list[list[str]]]]:
    """Cut the table into titles with rows, at most `LONGEST` rows each."""
    rows = [[escape(entry.text) for entry in row] for row in table.rows]
    for start in range(0, max(len(rows), 1), LONGEST):
        more = " (continued)" if start else ""
        yield escape(table.title) + more, rows[start : start + LONGEST]


def _environment(table: Table, part: tuple[str, list[list[str]]], notes: str) -> str:
    title, rows = part
    columns = "".join("l" if name in (*LEFT, "growth of") else "r" for name in table.columns)
    head = " & ".join(escape(name) for name in table.columns)
    body = "".join(f"{' & '.join(row)} \\\\\n" for row in rows)
    return (
        "\\begin{table}[htbp]\n\\centering\n"
        f"\\caption{{{title}}}\n"
        "\\footnotesize\n"
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}"
        f"\\bottomrule\n\\end{{tabular}}{notes}\n"
        "\\end{table}"
    )
