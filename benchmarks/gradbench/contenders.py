"""Contenders: what runs in the race, each in a process of its own on the same core."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import calls
import numpy as np
from races import Race

from calcbench.workers.isolation import Worker

BY_HAND = "C++ by hand"

TIMEOUT = 150.0
"""Seconds that setting a contender up, or one burst, may take; what takes longer is left out."""


class Contender(ABC):
    """A derivative and its cost, set up in a process."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def set_up(self, race: Race, file: Path, core: int) -> str:
        """Set up for a race, whose input is in a file.

        Returns "", or the reason why it does not take part.
        """

    @abstractmethod
    def result(self) -> np.ndarray:
        """Return the derivative, as one vector in the order of the protocol."""

    @abstractmethod
    def burst(self, what: str, count: int) -> float:
        """Call the `derivative` or the `cost` so often; return seconds of processor time."""

    def rest(self) -> None:
        """Leave the race; the process may stay, for the next one."""
        return

    @abstractmethod
    def close(self) -> None:
        """End the process."""


class InPython(Contender):
    """calcbench on a backend, or a Python tool of GradBench's."""

    def __init__(self, name: str, *arguments: Any, task: Any) -> None:
        super().__init__(name)
        self.arguments, self.task = arguments, task
        self.worker = Worker(threads=1, memory=None)
        self.keys: tuple[str, ...] = ()

    def set_up(self, race: Race, file: Path, core: int) -> str:
        self.keys = race.keys
        told: str = self.worker.ask(self.task, race, file, *self.arguments, core, timeout=TIMEOUT)
        return told

    def result(self) -> np.ndarray:
        found: np.ndarray = self.worker.ask(calls.result, self.keys, timeout=TIMEOUT)
        return found

    def burst(self, what: str, count: int) -> float:
        seconds: float = self.worker.ask(calls.burst, what, count, timeout=TIMEOUT)
        return seconds

    def close(self) -> None:
        self.worker.stop()


class Compiled(Contender):
    """GradBench's hand-written C++: its own source and flags, around a main of ours."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        super().__init__(BY_HAND)
        self.checkout, self.folder = checkout, folder
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.keys: tuple[str, ...] = ()

    def set_up(self, race: Race, file: Path, core: int) -> str:
        told = self._build(race.problem)
        if told:
            return told
        self.keys = race.keys
        for what, name in (("derivative", race.derivative), ("cost", race.cost)):
            command = [
                str(self.folder / "tools" / "manual" / "bin" / race.problem),
                str(file),
                name,
            ]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {core})
            self.processes[what] = process
        return ""

    def _build(self, name: str) -> str:
        """Compile by the peer's Makefile, in a copy of the sources that has our main.hpp."""
        source = self.folder / "tools" / "manual"
        if not source.exists():
            _copy_sources(self.checkout, self.folder)
        if not (source / f"{name}.cpp").exists():
            return f"there is no {name}.cpp"
        built = subprocess.run(["make", f"bin/{name}"], cwd=source, capture_output=True, text=True)
        return "" if built.returncode == 0 else f"it does not compile: {built.stderr[:300]}"

    def _ask(self, what: str, line: str) -> str:
        process = self.processes[what]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        return process.stdout.readline()

    def result(self) -> np.ndarray:
        return calls.flatten_answer(json.loads(self._ask("derivative", "result")), self.keys)

    def burst(self, what: str, count: int) -> float:
        return float(self._ask(what, str(count)))

    def rest(self) -> None:
        self.close()

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
            process.wait()
        self.processes.clear()


def _copy_sources(checkout: Path, folder: Path) -> None:
    """Copy the C++ without its programs, and put our header in the place of the peer's."""
    for part in ("cpp", "tools/manual"):
        shutil.copytree(checkout / part, folder / part, ignore=shutil.ignore_patterns("bin"))
    shutil.copy(Path(__file__).parent / "cpp" / "gradbench" / "main.hpp", folder / "cpp/gradbench")
