"""What the documentation says is what the program does: examples, command lines, numbers."""

import importlib
import re
import shlex
import sys
import tomllib
from dataclasses import fields
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import numpy as np
import pytest
from modes import installed, name_of, require

import calcbench as cb
from calcbench.backends.finite_difference.derivatives import ENCLOSED, ENCLOSING_SECONDS
from calcbench.backends.finite_difference.schemes import SCHEMES, arms
from calcbench.catalogue.cards import entry_point_card, read_card
from calcbench.catalogue.door import default_backends
from calcbench.catalogue.files import load_file
from calcbench.catalogue.selection import select_backends, select_problems
from calcbench.certified import additions, budget, certificate, reference, rounding
from calcbench.certified.difference_bounds import ROUNDINGS, SAFETY, remainder
from calcbench.cli import cli
from calcbench.cli.values import parse_values
from calcbench.harness.compare_each import compare_each
from calcbench.harness.request import Request
from calcbench.problem import rows
from calcbench.problem.flat import flatten
from calcbench.record.record import Disagreement, Record, Status
from calcbench.show.steps import curve

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
] + sorted((ROOT / "docs").glob("*.md"))

LESSON = ROOT / "docs" / "walkthrough.md"
VERDICTS = ROOT / "docs" / "verdicts.md"
SLOW_TO_PREPARE = "torch[mode=compile]"

MAGNIFIED = 1e-14
"""Rounding in a difference of costs of magnitude 10; a quotient divides it by its step."""


def blocks(page, *languages):
    """The contents of a page's fenced blocks in these languages."""
    fences = re.findall(r"^```(\S+)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return [body for language, body in fences if language in languages]


def containing(page, text):
    (found,) = (body for body in blocks(page, "python") if text in body)
    return found


def commands(block):
    """The calcbench command lines of a shell or console block, as lists of words."""
    lines = block.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r"&&|\|(?!\|)", line.removeprefix("$ "))]
    return [words[1:] for words in map(split, parts) if words[:1] == ["calcbench"]]


def split(line):
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # a line of a table
        return []
    return words[: words.index(">")] if ">" in words else words


def documented_commands():
    for page in PAGES:
        if page.exists():
            for block in blocks(page, "sh", "shell", "bash", "console"):
                for words in commands(block):
                    yield pytest.param(words, id=f"{page.stem}: calcbench {' '.join(words)}")


@pytest.fixture
def in_my_directory(tmp_path, monkeypatch):
    """A directory with the my_cost.py of the lesson."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_cost.py").write_text(containing(LESSON, "def bowl"), "utf-8")


# --- command lines -------------------------------------------------------------------------


@pytest.mark.parametrize("words", list(documented_commands()))
def test_command_line_is_valid(words, in_my_directory):
    command = cli.commands[words[0]]
    try:
        given = command.make_context(words[0], words[1:]).params
    except click.ClickException as error:
        pytest.fail(error.format_message())
    problems = [*given.get("names", ()), *given.get("problems", ())]
    if "problem" in given:
        problems.append(given["problem"])
    chosen = select_problems(problems)
    backends = given.get("backends", ())
    assert [name_of(b.selector) for b in select_backends(backends)] == [*map(name_of, backends)]
    if given.get("at"):
        (problem,) = chosen
        assert set(parse_values(given["at"])) <= set(problem.parameters)


def test_index_names_every_page():
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index


@pytest.mark.parametrize("page", [p for p in PAGES if p.exists()], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.M)
            slugs = [re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings]
            assert anchor in slugs, target


@pytest.mark.parametrize("page", [p for p in PAGES if p.exists()], ids=lambda page: page.name)
def test_the_tests_that_are_named_are_there(page):
    for path in re.findall(r"\btests/[\w/]+\.py\b", page.read_text("utf-8")):
        assert (ROOT / path).exists(), path


# --- a page whose examples print what stands below them -----------------------------------------


CHECK = ROOT / "docs" / "check.md"


SECTIONS = {
    "torch": ("torch",),
    "jax": ("jax",),
    "tensorflow": ("tensorflow",),
    "the same model in two frameworks": ("torch", "jax"),
}
"""The title of a section, in small letters → the frameworks that it needs."""


def sections_of(wanted):
    """The section of a title; without one, what is in none that needs a framework."""
    sections = re.split(r"^(?=## )", CHECK.read_text("utf-8"), flags=re.M)
    own = [s.partition("\n")[0].removeprefix("## ").lower() for s in sections]
    return "".join(
        section
        for section, title in zip(sections, own, strict=True)
        if (title if title in SECTIONS else "") == wanted
    )


@pytest.fixture
def switches_put_back():
    """JAX's switch for float64 is of the whole process."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)


@pytest.mark.usefixtures("switches_put_back")
@pytest.mark.parametrize(
    "section",
    [
        "",
        *(pytest.param(s, marks=pytest.mark.full) if "jax" in SECTIONS[s] else s for s in SECTIONS),
    ],
)
def test_examples_of_checks_print_what_the_page_says(section, capsys):
    for framework in SECTIONS.get(section, ()):
        pytest.importorskip(framework)
    fences = re.findall(r"^```(python|text)\n(.*?)^```$", sections_of(section), re.M | re.S)
    names, printed = {"cb": cb}, ""
    for language, body in fences:
        if language == "python":
            assert not printed, printed  # what is printed stands below
            exec(compile(body, str(CHECK), "exec"), names)
            printed = capsys.readouterr().out
        else:
            assert_same_text(printed, body)
            printed = ""


def assert_same_text(printed, expected):
    """The same words; numbers as near as machines are, digits to one, and times as they come."""
    number = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
    assert re.split(number, printed) == re.split(number, expected)
    found, wanted = (
        re.findall(rf"({number})( s\)| digits?| needed)?", t) for t in (printed, expected)
    )
    for (one, unit), (other, _) in zip(found, wanted, strict=True):
        tolerance = {" s)": 1e9, "": 1e-6 * abs(float(other))}.get(unit, 1.5)
        assert float(one) == pytest.approx(float(other), abs=tolerance)


# --- pasted output -------------------------------------------------------------------------


def pasted_tables():
    """Every console block that shows a command with its table."""
    for page in PAGES:
        if page.exists():
            for block in blocks(page, "console"):
                if "\nbackend" in block:
                    (words,) = commands(block)
                    yield pytest.param(block, id=f"{page.stem}: calcbench {' '.join(words)}")


def read_table(block):
    """A pasted table: row name → column → text. The row of the reference is left out."""
    head, rule, *lines = block[block.index("\nbackend") + 1 :].splitlines()
    assert set(rule) == {"─"}
    columns = re.split(r"\s{2,}", head)
    table = {}
    for row in unbroken(lines):
        cells = re.split(r"\s{2,}", row)
        if cells[0] == "reference":
            assert cells[-1] == "certified"
            continue
        if len(cells) != len(columns):  # notes follow
            break
        table[cells[0]] = dict(zip(columns, cells, strict=True))
    return table


def unbroken(lines):
    """Rows whose first cell was broken within a selector, in one line each."""
    rows = []
    for line in lines:
        name, *cells = re.split(r"\s{2,}", rows[-1]) if rows else ("",)
        if name.endswith("_") or name.count("[") > name.count("]"):
            rows[-1] = "  ".join((name + line.strip(), *cells))
        else:
            rows.append(line.strip())
    return rows


@pytest.mark.parametrize("block", list(pasted_tables()))
def test_pasted_table_is_what_the_program_gives(block, in_my_directory):
    (words,) = commands(block)
    given = cli.commands[words[0]].make_context(words[0], words[1:]).params
    wanted = [b for b in given["backends"] if b != SLOW_TO_PREPARE] or default_backends()
    options = {} if given["dtype"] is None else {"dtype": given["dtype"]}
    there = [b for b in select_backends(wanted, **options) if not b.missing()]
    at = parse_values(given["at"]) if given["at"] else None
    request = Request(
        given["names"], there, at, operator=given["operator"], size=given["size"], timed=False
    )
    (records,) = compare_each(request)

    table = read_table(block)
    assert len(table) == len(given["backends"] or default_backends())
    assert ("\nreference" in block) == (records[0].reference is not None)
    for record in records:
        row = table[record.backend]
        assert row["verdict"].split(",")[0] == record.status.value
        if record.value is None:
            continue
        # Rounding differs from one machine to another, and a small delta magnifies it.
        delta = step(record.backend)
        if delta >= 1e-8:
            assert float(row["digits"]) == pytest.approx(record.digits, abs=1.0)
            if "median" in row:
                assert float(row["median"]) == pytest.approx(record.digits_median, abs=1.0)
        exact = 1e-6 if record.dtype == "float32" else 1e-8
        shown = [name for name in record.labels if name in row]
        assert shown
        for name, number in zip(record.labels, flatten(record.value.values()), strict=False):
            if name in shown:
                pasted = float(row[name])
                allowed = max(exact * abs(pasted), MAGNIFIED / delta)
                assert pasted == pytest.approx(number, abs=allowed), name


def step(selector):
    """The delta of a finite difference, or 1."""
    found = re.search(r"delta=([^,\]]+)", selector)
    return float(found[1]) if found else 1.0


def pasted_curves():
    return [
        pytest.param(block, id=f"{page.stem}: {block.splitlines()[0]}")
        for page in PAGES
        if page.exists()
        for block in blocks(page, "console")
        if "against the step" in block
    ]


@pytest.mark.parametrize("block", pasted_curves())
def test_pasted_curve_is_what_the_program_gives(block):
    """Bounds as they are; errors below them, and alike where truncation prevails."""
    (words,) = commands(block)
    given = cli.commands["steps"].make_context("steps", words[1:]).params
    schemes = [f"finite_difference[scheme={s}]" for s in ("forward", "central", "richardson")]
    backends = select_backends(given["backends"] or schemes)
    (problem,) = select_problems([given["problem"]])
    drawn = curve(problem, given["partial"], backends)
    rows = re.findall(r"^\s*(\d\.\de[+-]\d\d) (.*)$", block, re.M)
    assert len(rows) >= 10
    for pasted_step, entries in rows:
        here = [s for s in drawn.steps if f"{s.step:.1e}" == pasted_step]
        pasted = re.findall(r"(\S+) \(≤ (\S+)\)( ←)?", entries)
        assert len(pasted) == len(here) == len(backends)
        for (error, bound, best), found in zip(pasted, here, strict=True):
            # One digit, rounded up: at most twice the bound.
            assert 0.99 * found.bound <= float(bound) <= 2.01 * found.bound
            assert float(error) <= float(bound)
            assert bool(best) == (drawn.optimum[found.backend] == found.step)
            if found.step >= 0.1:
                assert float(error) == pytest.approx(found.error, rel=0.06)


def test_delta_method_of_the_lesson():
    """The first table, against the algebra that stands above it: 2x + 2 + Δ."""
    table = read_table(blocks(LESSON, "console")[0])
    assert float(table.pop("by_hand")["∂y/∂x"]) == 6.0
    deltas = [step(backend) for backend in table]
    assert deltas == [1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6]
    for delta, (selector, row) in zip(deltas, table.items(), strict=True):
        slope = cb.gradient("delta_method", selector)["x"]
        assert float(slope) == pytest.approx(6.0 + delta, abs=MAGNIFIED / delta)
        assert float(slope) == pytest.approx(float(row["∂y/∂x"]), abs=5e-9 + MAGNIFIED / delta)


def test_gradient_descent_of_the_lesson(capsys):
    source = containing(LESSON, "range(600)")
    exec(source, {})
    assert capsys.readouterr().out.strip() in source
    m, b = np.polyfit(range(8), [1.86, 1.31, 0.62, 0.33, 0.09, -0.67, -1.23, -1.37], 1)
    assert f"m = {m:.4f}, b = {b:.4f}" in source


def test_preparing_and_running_of_the_concepts(capsys):
    require("jax")
    exec(containing(ROOT / "docs" / "concepts.md", "backend.prepare"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "{'m': array(36.305), 'b': array(6.265)}"
    assert second != first


def test_a_cost_in_a_frameworks_own_code(capsys):
    require("torch")
    exec(containing(ROOT / "docs" / "concepts.md", "cost_numpy"), {})
    printed = capsys.readouterr().out
    assert "dual: the cost is in the code of numpy and torch alone" in printed
    assert len(re.findall(r"^(finite_difference|torch) .* ok$", printed, re.M)) == 2


def test_examples_in_python(capsys):
    for source in blocks(ROOT / "docs" / "python.md", "python"):
        if "to_pandas" in source:
            pytest.importorskip("pandas")
            pytest.importorskip("polars")
        exec(source, {})
        printed = capsys.readouterr().out.splitlines()
        assert [f"# {line}" for line in printed] == re.findall(r"^# .*", source, re.M)


def test_reference_of_the_verdicts(capsys):
    source = containing(VERDICTS, "cb.reference")
    exec(source, {})
    printed = capsys.readouterr().out.splitlines()
    assert [f"# {line}" for line in printed] == re.findall(r"^# .*∂.*|^# v = .*", source, re.M)


def test_verdicts_state_the_constants():
    text = " ".join(VERDICTS.read_text("utf-8").split())
    *precisions, last = reference.PRECISIONS
    assert f"{precisions[0]} bits at first" in text
    assert ", ".join(map(str, precisions[1:])) + f" and {last}" in text
    assert f"{reference.TARGET:.0e}" in text
    assert f"bound = {rounding.ALLOWANCE:.0f} · min(A, MC)" in text
    assert rounding.SHARP == 2.0**13
    assert f"{rounding.ALLOWANCE:.0f}·A > 2¹³·u·|g|" in text
    assert (rounding.SWEEPS, rounding.PROBES, rounding.AMPLIFIED) == (16, 2, 8)
    assert f"a bound smaller by {rounding.GAIN:.0f} (in the median" in text
    assert rounding.PROPORTIONAL == 0.01
    assert "a hundredth of Σ|terms|" in text
    assert f"take more than {rounding.SIMULATING_SECONDS:.0f} seconds, by their numbers" in text
    assert f"{rounding.chance_of_error(1):.0e} for r = 1".replace("e-0", "e-") in text
    assert f"up to {additions.FEW} terms only" in text
    assert f"more than {additions.MEASURED:.0e} terms".replace("e+0", "e") in text
    assert f"up to {rounding.ALLOWANCE:.0f}·(radius + u·|g|)" in text
    assert f"a sweep more than {certificate.SECONDS:.0f} seconds" in text
    assert f"Up to {certificate.FULL_SECONDS:.0f} seconds a point" in text
    assert f"more than {certificate.FREE_ROWS:,} `rows`" in text
    assert f"more than {certificate.FREE_NUMBERS:,} numbers" in text
    assert f"More than {budget.LARGEST_INPUTS:,} numbers of inputs" in text
    assert budget.LARGEST == 10**9
    assert "a gigabyte of numbers, data included" in text
    assert f"first axis of {rows.LONG} or more" in text
    assert f"selections of {rows.FEW} rows" in text
    few, more = certificate.TRIAL_ROWS
    assert f"certified on {few} and on {more} of them first" in text
    assert f"about {certificate.SAMPLED_ROWS:,} evenly spaced rows" in text
    assert ENCLOSED == 4
    assert "four components" in text
    assert ENCLOSING_SECONDS == 0.25
    assert "a quarter of a second" in text
    assert f"{SAFETY:.0f}·|D(2h) − D(h)| / (2ᵖ − 1)" in text
    assert f"{ROUNDINGS:.0f}·ε·(|C| + |slope|)" in text
    for scheme, (wanted, noise) in SCHEMES.items():
        exact = arms("central" if scheme == "complex" else scheme, np.float64(0), np.float64(1))
        truncation = remainder(exact, wanted + 1)
        order, a, b = re.findall(rf"\| `{scheme}`[^|]*\| (\d) \| ([^|]*) \| ([^|]*) \|", text)[0]
        assert int(order) == wanted
        assert float(a.split()[-1]) == pytest.approx(truncation, rel=2e-3)
        assert float(b.split()[-1]) == pytest.approx(noise, rel=2e-3)


def test_table_of_faults_in_the_verdicts():
    """The pasted table adds up; tests/judge/test_evidence.py makes it anew."""
    (table,) = [block for block in blocks(VERDICTS, "text") if block.lstrip().startswith("fault ")]
    head, *rows, total = table.strip().splitlines()
    missed = re.split(r"\s{2,}", head).index("missed") if "missed" in head else None
    kinds, caught, lost = [], 0, 0
    for row in rows:
        kind, *counts = re.split(r"\s{2,}", row)
        counts = [0 if count == "–" else int(count) for count in counts]
        kinds.append(kind)
        lost += counts[missed - 1] if missed else 0
        caught += sum(counts)
    assert total == f"{caught - lost} of {caught} faults caught"
    assert len(set(kinds)) == len(kinds) > 20


def test_concepts_name_every_field_and_status():
    text = (ROOT / "docs" / "concepts.md").read_text("utf-8")
    for name in [f.name for f in (*fields(Record), *fields(Disagreement))] + list(Status):
        assert f"`{name}`" in text, name


def test_the_means_of_the_races_are_those_of_their_tables(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks" / "gradbench")
    means = importlib.import_module("means")
    page = (ROOT / "docs" / "gradbench.md").read_text("utf-8")
    assert means.write_into(page) == page
    races = means.read_races(page)
    assert len(races) > 20
    assert "| GradBench's JAX (ode in its float32) | 1 | 4.00 | none |" in means.write_means(
        {"hello 1": {"GradBench jax": 900.0}, "lse 7": {"GradBench jax": 4.0}}
    )


# --- examples of CONTRIBUTING --------------------------------------------------------------

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PROBLEM = "class ExponentialDecay(Problem)"
BACKEND = "class ForwardMode(Backend)"


def test_problem_example(tmp_path):
    path = tmp_path / "my_cost.py"
    path.write_text(containing(CONTRIBUTING, PROBLEM), "utf-8")
    (problem,) = load_file(path)
    assert problem.name == "exponential_decay"
    assert len(problem.derivation) >= 3
    for size in problem.sizes:
        found = cb.compare(
            problem,
            installed(["by_hand", "sympy", "finite_difference", "jax"]),
            size=size,
            timed=False,
        )
        assert [r.status for r in found.records] == ["ok"] * len(found.records), str(found)
        assert found.records[0].proof == "proved"


def test_function_examples(tmp_path):
    for page in (CONTRIBUTING, ROOT / "README.md", LESSON):
        for number, source in enumerate(blocks(page, "python")):
            if "@calcbench.problem" not in source:
                continue
            path = tmp_path / f"{page.stem}_{number}.py"
            path.write_text(source, "utf-8")
            (problem,) = load_file(path)
            found = cb.verify(problem, installed(["sympy", "finite_difference", "jax"]))
            assert found.ok
            assert all(r.value for r in found.records)


def test_backend_example(tmp_path, monkeypatch, capsys):
    path = tmp_path / "forward_mode.py"
    path.write_text(containing(CONTRIBUTING, BACKEND), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    exec(containing(CONTRIBUTING, "import ForwardMode"), {})
    assert "forward_mode" in capsys.readouterr().out

    from forward_mode import ForwardMode

    example = [ForwardMode(), ForwardMode(dtype="float32")]
    for name in ("batch_regression", "quotient_rule", "cone_volume", "several_inner_variables"):
        found = cb.verify(name, ["by_hand", "finite_difference", *example])
        assert [r.status for r in found.records] == ["ok"] * 4, str(found)
    found = cb.verify("deep_composition", ["by_hand", *example])
    assert [r.status for r in found.records] == ["ok", "skipped", "skipped"], str(found)
    assert "tanh" in found.records[1].reason

    card = read_card("forward_mode", "backends", path, load=lambda: ForwardMode)
    assert not card.missing
    assert card.summary.startswith("Forward mode")


def test_module_example():
    names = {}
    exec(containing(CONTRIBUTING, "calcbench.backends.by_hand"), names)
    assert names["ByHand"] is cb.backends()["by_hand"]
    assert names["ByHand"].__module__.startswith("calcbench.backends.by_hand")


def test_entry_points_example(tmp_path, monkeypatch):
    package = tmp_path / "my_plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in {"exponential_decay": PROBLEM, "forward_mode": BACKEND}.items():
        (package / f"{name}.py").write_text(containing(CONTRIBUTING, text), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    (source,) = blocks(CONTRIBUTING, "toml")
    groups = tomllib.loads(source)["project"]["entry-points"]
    assert set(groups) == {"calcbench.problems", "calcbench.backends"}
    for group, entries in groups.items():
        noun = group.removeprefix("calcbench.")
        for name, target in entries.items():
            entry = EntryPoint(name, target, group)
            card = entry_point_card(entry)
            assert card.missing is None
            loaded = entry.load()
            made = loaded() if noun == "problems" else loaded
            assert made.name == name


# --- citation and changelog ----------------------------------------------------------------


def test_citation_and_changelog_state_this_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    stated = dict(re.findall(r"^([a-z-]+):[ ]*(.*)$", citation, re.M))
    assert set(stated) == {
        "abstract",
        "authors",
        "cff-version",
        "date-released",
        "keywords",
        "license",
        "message",
        "title",
        "type",
        "version",
    }
    assert stated["cff-version"] == "1.2.0"
    assert stated["type"] == "software"
    assert stated["version"] == cb.__version__
    assert "\t" not in citation
    for line in citation.splitlines():
        assert re.fullmatch(r"[a-z-]+:.*|  - .*|  \S.*", line), line

    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## \[(\d[^\]]*)\] - (\S+)$", changelog, re.M)
    assert releases[0] == (cb.__version__, stated["date-released"])


def test_dependencies_states_the_reference_environment():
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
    rows = re.findall(
        r"^\|(?: `\w+` \|)? ([\w-]+) \| (\d\S+) \|",
        (ROOT / "docs" / "dependencies.md").read_text("utf-8"),
        re.M,
    )
    assert {name: pins[name] for name, _ in rows} == dict(rows)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        re.split(r"[><=\[]", requirement)[0]
        for group in (declared["dependencies"], *declared["optional-dependencies"].values())
        for requirement in group
    ]
    assert {name for name, _ in rows} == set(wanted) - {"calcbench"}
