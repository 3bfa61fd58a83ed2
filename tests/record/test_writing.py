"""Files that are whole or not there, locks, and names that no file can have."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from calcbench.errors import SelectorError
from calcbench.record.record import Record, Status
from calcbench.record.run import Environment, RunWriter, load
from calcbench.record.writing import replacing, size_of, write_json

ENVIRONMENT = Environment("aa11", "2026-11-22T16:09:24Z", "0.1.0")
RECORD = Record("square", "torch", "gradient", "float64", Status.OK, run="aa11")

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Unix alone has these locks")


# --- JSON -----------------------------------------------------------------------------------------


def test_json_is_readable_and_any_file_can_hold_it():
    data = {"∂C/∂m": ["漢\x1b[2J\u202e\x9b\ud800\x00", 1.5], "\r\n": None}
    for indent in (None, 2):
        text = write_json(data, indent)
        assert json.loads(text) == data
        assert "∂C/∂m" in text
        assert all(c.isprintable() or c == "\n" for c in text)
        text.encode("utf-8")


# --- whole files ----------------------------------------------------------------------------------


def write_half(path):
    """Write until the disk is full."""
    with replacing(path) as part:
        part.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "report.svg"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as part:
        part.write_text("new")
        assert part.suffix == ".svg"
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", ["old", None])
def test_what_fails_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "report.txt"
    if before:
        path.write_text(before)
    with pytest.raises(SelectorError, match=r"cannot write to '.*report\.txt': No space left"):
        write_half(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ([before] if before else [])


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there.txt").write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to("there.txt")
    with replacing(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "there.txt").read_text() == "new"


@POSIX
def test_what_is_no_file_is_written_to(tmp_path):
    for stream in (Path(os.devnull), Path("/dev/stdout")):
        with replacing(stream) as part:
            assert part == stream
    with pytest.raises(SelectorError, match="Is a directory"), replacing(tmp_path) as part:
        part.write_text("x")


@pytest.mark.parametrize("name", ["x" * 300, "nul\0", "half\ud800"])
def test_names_that_no_file_can_have(tmp_path, name):
    path = tmp_path / f"{name}.jsonl"
    for use in (size_of, load, RunWriter, lambda path: replacing(path).__enter__()):
        with pytest.raises(SelectorError) as caught:
            use(path)
        assert "\n" not in str(caught.value)


def test_a_name_of_200_letters_is_one(tmp_path):
    path = tmp_path / f"{'x' * 240}.jsonl"
    with replacing(path) as part:
        part.write_text("x")
    assert size_of(path) == 1
    assert size_of(tmp_path / "missing" / "x") is None


# --- one writer at a time -------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from calcbench.record.run import RunWriter
writer = RunWriter(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


@POSIX
def test_a_file_has_one_writer(tmp_path):
    path = tmp_path / "run.jsonl"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(SelectorError, match=r"another calcbench writes to '.*run\.jsonl'"):
            RunWriter(path)
        holder.kill()  # the lock of a process that was killed is gone with it
    writer = RunWriter(path)
    writer.write(ENVIRONMENT)
    with pytest.raises(SelectorError, match="another calcbench writes"):
        RunWriter(path)
    writer.close()
    RunWriter(path).close()


def test_a_file_that_was_written_since_it_was_looked_at(tmp_path):
    path = tmp_path / "run.jsonl"
    one, other = size_of(path) or 0, size_of(path) or 0
    writer = RunWriter(path, one)
    for entry in (ENVIRONMENT, RECORD):
        writer.write(entry)
    writer.close()
    with pytest.raises(SelectorError, match="another calcbench writes"):
        RunWriter(path, other)
    assert len(load(path).records) == 1
    RunWriter(path, size_of(path)).close()
