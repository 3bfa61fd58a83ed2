"""Commands about time: bench, merge, report, compare-runs, cite."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calcbench.cli.selection import backends_option, operator_option, seed_option
from calcbench.cli.terminal import console, print_json
from calcbench.errors import SelectorError

if TYPE_CHECKING:
    from calcbench.bench.session import Session
    from calcbench.record.record import Record
    from calcbench.record.run import SavedRun

RUNS = Path("runs")
"""Where runs are saved if `--output` says nothing, and where `report` looks for the latest."""

FORMATS = ("table", "html", "markdown", "latex", "csv", "json", "pyperf")


class Duration(click.ParamType):
    """Seconds, also written 90s, 10m or 1h."""

    name = "TIME"
    units = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Turn the text into seconds, or fail with a message."""
        found = re.fullmatch(r"([0-9.]+) *([smh]?)", str(value))
        with contextlib.suppress(ValueError):
            if found and float(found[1]) > 0:
                return float(found[1]) * self.units[found[2]]
        self.fail(f"{value!r} is no time such as 60, 90s, 10m or 1h", param, ctx)


class Bytes(click.ParamType):
    """A number of bytes, written 800M, 4G or 4GiB."""

    name = "BYTES"
    units = {"K": 2**10, "M": 2**20, "G": 2**30}

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Turn the text into bytes, or fail with a message."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9.]+) *([KMG])(?:i?B)?", str(value))
        with contextlib.suppress(ValueError):
            if found and float(found[1]) * self.units[found[2]] >= 2**20:
                return int(float(found[1]) * self.units[found[2]])
        self.fail(
            f"{value!r} is no amount of memory such as 800M or 4G, of at least 1M", param, ctx
        )


@click.command()
@click.argument("names", metavar="[PROBLEM]...", nargs=-1)
@click.option(
    "-p", "--problem", "problems", multiple=True, help="A name, a theme, or a path to a .py file."
)
@backends_option
@operator_option
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="N[,N…]",
    help="Sizes: 1e6, a list 8,1000 or a range 10:1e7:log. [those that each problem declares]",
)
@click.option("--dtype", "dtypes", metavar="DTYPE[,…]", help="float64, float32 or both. [float64]")
@click.option("--threads", metavar="N[,N…]", default="1", help="Threads of each process. [1]")
@seed_option
@click.option("--quick", is_flag=True, help="A first look: a tenth of the time, wider intervals.")
@click.option("--budget", type=Duration(), help="Rounds of one problem and size. [20s; quick 2s]")
@click.option("--timeout", type=Duration(), help="Any single step of a cell. [120s; quick 60s]")
@click.option("--memory", type=Bytes(), help="What one process may take. [3/4 of what is free]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file. [runs/<time>.jsonl]"
)
@click.option("--resume", is_flag=True, help="Go on with --output, or with the latest in runs/.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; see calcbench merge.")
@click.option("--dry-run", is_flag=True, help="List the cells and estimate the time; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="The records instead of the report.")
def bench(
    names: tuple[str, ...],
    problems: tuple[str, ...],
    backends: tuple[str, ...],
    operator: str,
    sizes: tuple[str, ...],
    dtypes: str | None,
    threads: str,
    seed: int,
    shard: str | None,
    output: Path | None,
    resume: bool,
    dry_run: bool,
    as_json: bool,
    **effort: Any,
) -> None:
    """Time gradients, or another operator, so that the numbers repeat, and save them as a run.

    Every backend gets a process of its own; all are visited in shuffled rounds, a short burst
    each, until the times are known to 2 % (quick: 5 %) or the budget is spent. A crash, a hang
    or a lack of memory is a record, and the rest goes on. What is measured is on the disk at
    once: after Ctrl-C, --resume goes on.

    Exit status: 0 if no cell failed, 1 if one did, 2 for bad input, 130 after Ctrl-C.

    \b
    Examples:
      calcbench bench --quick
      calcbench bench batch_regression -b by_hand -b torch -b jax
      calcbench bench straight_line_at_scale --size 10:1e7:log --threads 1,2
      calcbench bench my_cost.py -b torch[mode=compile] --output mine.jsonl
      calcbench bench extended_rosenbrock --operator hvp -b torch -b jax
      calcbench bench --dry-run
      calcbench bench --resume --output runs/all.jsonl
      calcbench bench --shard 1/4 --output part1.jsonl
    """
    from calcbench.api import session
    from calcbench.bench.cells import parse_sizes
    from calcbench.catalogue.selection import ALL
    from calcbench.record.record import Status

    if output is None:
        output = latest() if resume else _fresh()
    session = session(
        [*names, *problems] or None,
        backends or None,
        [size for text in sizes for size in parse_sizes(text)] or None,
        operator=operator,
        dtypes=_dtypes(dtypes),
        threads=_threads(threads),
        seed=seed,
        shard=shard,
        settings=_settings(**effort),
        output=output if resume or not dry_run or output.exists() else None,
        resume=resume,
    )
    if dry_run:
        _plan(session)
        return
    kept = session.asked - session.cells
    if resume:
        click.echo(f"{kept} of {session.asked} cells are there already", err=True)
    try:
        with _bar(session.cells) as (tell, advance):
            for record in session.records(tell):
                advance(record)
    except KeyboardInterrupt:
        _interrupted(session, output)
        raise
    run = session.run()
    if as_json:
        print_json([record.as_json() for record in run.records])
    else:
        _draw(run) if run.records else click.echo("no cell is due")
    if session.cells:
        click.echo(f"saved as {output}; calcbench report {shlex.quote(str(output))}", err=True)
    # What was asked for by name, and breaks when it is imported, is no success.
    asked = [record for record in run.records if record.key in session.keys]
    missing = (
        backends and ALL not in backends and any(r.status is Status.NOT_INSTALLED for r in asked)
    )
    sys.exit(0 if session.ok and not missing else 1)


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The merged run."
)
def merge(runs: tuple[Path, ...], output: Path) -> None:
    """Merge runs, such as the shards of one matrix, into one file.

    A cell that several runs hold is taken from the last of them.

    \b
    Examples:
      calcbench merge part1.jsonl part2.jsonl --output all.jsonl
    """
    from calcbench.record.run import Writer, load, merged

    if output.exists():
        raise SelectorError(f"{str(output)!r} exists: choose another output")
    merged = merged([load(path) for path in runs])
    part = output.with_name(output.name + ".part")  # what fails leaves no half of a run
    writer = Writer(part)
    try:
        for environment in merged.environments:
            writer.write(environment)
        for record in merged.records:
            writer.write(record)
        writer.close()
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    cells, files = _count(len(merged.records), "cell"), _count(len(runs), "run")
    click.echo(f"{cells} of {files} merged into {output}")


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", help="[table]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
def report(run: Path | None, form: str, output: Path | None) -> None:
    """Report a run: per problem time, ratio to the fastest, to the cost, and digits.

    Below each table stand the break-even points and the growth with size. Without RUN, the
    latest in runs/. The format pyperf is for `python -m pyperf compare_to` and its like.

    \b
    Examples:
      calcbench report
      calcbench report runs/all.jsonl --format markdown
      calcbench report runs/all.jsonl --format latex --output table.tex
      calcbench report runs/all.jsonl --format pyperf --output run.json
    """
    found = _load(run)
    if form == "table" and output is None:
        _draw(found)
        return
    text = _formatted(found, form)
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(output), error.strerror or str(error)) from error
    click.echo(f"written to {output}")


@click.command("compare-runs")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Compare although machines or libraries differ.")
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def compare_runs(first: Path, second: Path, force: bool, as_json: bool) -> None:
    """Say which cells got faster or slower from FIRST to SECOND, beyond noise.

    Runs of different machines are refused; a cell whose source or libraries differ is left out,
    with the reason.

    Exit status: 0 if nothing got slower or newly fails, 1 if something did, 2 for bad input.

    \b
    Examples:
      calcbench compare-runs before.jsonl after.jsonl
      calcbench compare-runs laptop.jsonl server.jsonl --force
    """
    from calcbench.report.differences import Verdict, differences
    from calcbench.report.tables import draw

    found = differences(_load(first), _load(second), force)
    if as_json:
        print_json(found.as_json())
    else:
        draw(found.table(), console())
    worse = found.count(Verdict.SLOWER) + found.count(Verdict.FAILED_SECOND)
    sys.exit(1 if worse else 0)


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
def cite(run: Path | None) -> None:
    """Print BibTeX and a sentence that cite a run: machine, versions, date, what was timed.

    Without RUN, the latest in runs/.

    \b
    Examples:
      calcbench cite
      calcbench cite runs/all.jsonl > run.bib
    """
    from calcbench.report import citation

    found = _load(run)
    if not found.records:
        raise SelectorError("there is nothing to cite: no cell of this run was measured")
    click.echo(citation.cite(found).rstrip("\n"))


def latest() -> Path:
    """The run in runs/ that was written to last. Raises `SelectorError` where there is none."""
    found = sorted(RUNS.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SelectorError(f"there is no run in {RUNS}/: name a file, or make one with bench")
    return found[-1]


def _fresh() -> Path:
    """A name for a new run: the time."""
    now = datetime.datetime.now(datetime.UTC)
    return RUNS / f"{now:%Y%m%d-%H%M%S}.jsonl"


def _load(path: Path | None) -> SavedRun:
    """A run, with a warning where it is not whole."""
    from calcbench.record.run import load

    path = path or latest()
    run = load(path)
    if run.cut:
        plural = "lines were" if run.cut > 1 else "line was"
        click.echo(f"{path}: {run.cut} {plural} cut short, and left out", err=True)
    return run


def _formatted(run: SavedRun, form: str) -> str:
    from calcbench.report import exported, formats

    if form == "pyperf":
        text = io.StringIO()
        exported.pyperf_suite(run).dump(text)
        return text.getvalue()
    written: dict[str, Callable[[SavedRun], str]] = {
        "table": formats.text,
        "html": formats.html,
        "markdown": formats.markdown,
        "latex": formats.latex,
        "csv": formats.csv_text,
        "json": formats.json_text,
    }
    return written[form](run)


def _draw(run: SavedRun) -> None:
    from calcbench.report import formats, provenance
    from calcbench.report.tables import draw

    output = console()
    for table in formats.tables(run, output.width):
        draw(table, output)
    click.echo(textwrap.fill(provenance.line(run), output.width))


def _settings(quick: bool, **given: Any) -> Any:
    """The settings, with what was given on the command line."""
    from calcbench.bench.rounds import QUICK, Settings

    changed = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(QUICK if quick else Settings(), **changed)


def _threads(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise SelectorError(f"threads {text!r} is no number and no list such as 1,2") from None


def _dtypes(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _plan(session: Session) -> None:
    """Print the cells that are due, and about how long they will take."""
    from calcbench.bench.planning import estimate
    from calcbench.report.tables import duration

    for group in session.groups:
        backends = ", ".join(backend.selector for backend in group.backends)
        threads = f", {group.threads} threads" if group.threads > 1 else ""
        click.echo(f"{group.title} ({group.dtype}{threads}): {backends}")
    low, high = estimate(session.groups, session.settings)
    click.echo(
        f"{_count(session.cells, 'cell')} in {_count(len(session.groups), 'group')}: "
        f"about {duration(low)} to "
        f"{duration(high)}, and what compiling takes"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _interrupted(session: Session, output: Path) -> None:
    done = sum(record.key in session.keys for record in session.run().records)
    click.echo(f"{done} of {session.asked} cells are saved in {output}; --resume goes on", err=True)


@contextlib.contextmanager
def _bar(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[Record], None]]]:
    """The current cell, how many are done, and the time left; silent where there is no terminal."""
    if not sys.stderr.isatty() or not total:
        yield (lambda text: None), (lambda record: None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Twice a second: what the display burns, the rounds must not notice.
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as bar:
        task = bar.add_task("starting", total=total)

        def advance(record: Record) -> None:
            if record.status.failed:
                what = f"{record.problem}[{record.size}] {record.backend}: {record.reason}"
                bar.console.print(what, style="red", markup=False)
            bar.advance(task)

        yield (lambda text: bar.update(task, description=text)), advance


COMMANDS = (bench, merge, report, compare_runs, cite)
