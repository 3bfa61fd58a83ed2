"""What users' code prints stands on lines of its own, over what a terminal says of progress."""

import io
import sys

import pytest
from screen import visible

from calcbench.workers.printing import WholeLines, end_line, over_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_stand_over_the_progress():
    shown = Terminal()
    shown.write("problem · backend")
    printed = WholeLines(shown)
    print("first", "line", file=printed)
    print("second", end=" ", file=printed)
    print("line\n\nfourth", end="", file=printed)
    shown.write("\r\x1b[2Kproblem · backend")
    end_line(printed)
    end_line(printed)
    assert visible(shown.getvalue()) == ["first line", "second line", "", "fourth", ""]


def test_what_is_not_ended_is_kept():
    shown = Terminal()
    printed = WholeLines(shown)
    for k in range(3):
        assert printed.write(f"{k} ") == 2
        printed.flush()
    assert shown.getvalue() == ""
    printed.writelines(["\n", "more"])
    assert visible(shown.getvalue()) == ["0 1 2", ""]
    assert printed.isatty()


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO(), "xterm"), (Terminal(), "dumb")])
def test_what_erases_no_line_stays_as_it_is(monkeypatch, stream, term):
    monkeypatch.setenv("TERM", term)
    assert over_progress(stream) is stream
    assert over_progress(None) is None
    end_line(stream)
    end_line(sys.stdout)
