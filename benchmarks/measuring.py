"""Measuring jazzgen and a peer in turn, so that a machine's drift meets both alike."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

Measure = Callable[[], float]
"""Does the work once and returns its figure."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        work: what was done, in words.
        peer: what it was set against, in words.
        unit: of both figures.
        ours: jazzgen's figure, the median of all rounds.
        theirs: the peer's.
        ratio: median over the rounds of how many times better jazzgen was in that round: above 1
            it did more, or took less.
        at_least: the ratio aimed at; None: no aim.
        rounds: how often both were measured.
        note: what else a reader needs to know.
    """

    work: str
    peer: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    at_least: float | None
    rounds: int
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the aim was; None without one."""
        return None if self.at_least is None else self.ratio >= self.at_least

    def to_json(self) -> dict[str, Any]:
        """All of it, by name."""
        return {**asdict(self), "reached": self.reached}


class MissingPeer(Exception):  # noqa: N818 - nothing has gone wrong
    """A peer is not installed; the message names it."""


def in_turn(
    work: str,
    peer: str,
    ours: Measure,
    theirs: Measure,
    *,
    unit: str,
    at_least: float | None = None,
    rounds: int = 5,
    less_is_better: bool = False,
    note: str = "",
) -> Result:
    """Measures both, one after the other, `rounds` times."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = [b / a if less_is_better else a / b for a, b in pairs]
    return Result(
        work,
        peer,
        unit,
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(ratios),
        at_least,
        rounds,
        note,
    )


def per_second(done: float, work: Callable[[], object]) -> float:
    """Does `work` once, which does `done` of something; returns how many a second."""
    began = time.perf_counter()
    work()
    return done / (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Process:
    """What a process took: wall-clock seconds, and the peak memory of it and its children, MiB."""

    seconds: float
    peak_mib: float
    output: str


def process(arguments: Sequence[str], *, environment: dict[str, str] | None = None) -> Process:
    """Runs a process to its end.

    Raises:
        RuntimeError: when it fails; with what it printed.
    """
    began = time.perf_counter()
    running = subprocess.Popen(
        list(arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    output, errors = running.communicate()
    seconds = time.perf_counter() - began
    if running.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {errors.strip()[-2000:]}")
    return Process(seconds, 0.0, output)


def peak_mib(arguments: Sequence[str]) -> Process:
    """Runs a process and samples the memory of it and all its descendants (Linux).

    Counted is what they hold alone plus their share of what they share (PSS), so that several
    processes are not charged thrice for one library.
    """
    began = time.perf_counter()
    running = subprocess.Popen(list(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0.0
    while running.poll() is None:
        peak = max(peak, sum(_pss_mib(pid) for pid in _family(running.pid)))
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    if running.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit status {running.returncode}")
    return Process(seconds, peak, "")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _pss_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0.0
    line = next((row for row in text.splitlines() if row.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) / 1024


def machine() -> dict[str, Any]:
    """What it was measured on."""
    versions = {}
    for name in ("numpy", "tensorflow", "keras", "torch", "symusic", "miditok", "music21"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    models = (row.split(":")[1].strip() for row in text.splitlines() if "model name" in row)
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "system": platform.system(),
        "processor": next(models, "") or platform.processor() or platform.machine(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "python": platform.python_version(),
        "packages": versions,
    }


def python(*arguments: str) -> list[str]:
    """This Python with arguments."""
    return [sys.executable, *arguments]


def table(results: Sequence[Result]) -> str:
    """The results, a few lines each."""
    lines = []
    for one in results:
        aim = "" if one.at_least is None else f", at least {one.at_least:g} asked for"
        verdict = {True: "reached", False: "NOT reached", None: ""}[one.reached]
        lines.append(f"{one.work}\n  against {one.peer}")
        lines.append(
            f"  {_figure(one.ours)} against {_figure(one.theirs)} {one.unit}: "
            f"{one.ratio:.3g} times as good{aim} {verdict}".rstrip()
            + f" (median of {one.rounds})"
        )
        if one.note:
            lines.append(f"  {one.note}")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Results and machine as JSON."""
    data = {"machine": machine(), "results": [result.to_json() for result in results]}
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
