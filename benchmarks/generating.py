"""How fast solos are drawn value by value: one stream, and hundreds side by side.

The peers' loops (`benchmarks.peers.loops`) have two LSTM layers of 256 units over 78 values and no
context; jazzgen's have the same weights for one stream, and the shipped `standard`, context and
experts included, for many. Drawing is part of every loop. Each runs in processes of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.measuring import MissingPeer, Result, in_turn, python
from benchmarks.peers.loops import PROBE

ROWS: Final = 176
"""Streams of each of jazzgen's processes."""

_ALONE: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(*, quick: bool) -> Iterator[Result]:
    from jazzgen.encoding.workers import cores
    from jazzgen.network.config import NetworkConfig
    from jazzgen.network.weights import weight_shapes

    if find_spec("torch") is None:
        raise MissingPeer("torch")
    processes = cores()
    seconds, rounds = (1.0, 3) if quick else (4.0, 5)
    config = NetworkConfig(units=(256, 256), context=False)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        arrays = Path(folder) / "weights.npz"
        weights = {
            name: (rng.standard_normal(shape) * 0.06).astype(np.float32)
            for name, shape in weight_shapes(config).items()
        }
        np.savez(arrays, **weights)

        def start(module: str, *arguments: str, alone: bool = True) -> "_Loop":
            command = python("-m", f"benchmarks.{module}", *arguments)
            return stack.enter_context(_loop(command, alone=alone))

        ours = start("generating", "one", str(arrays))
        peers = {
            "Keras, one `model.predict` a value": (("keras",), 500.0),
            "PyTorch, a cell by hand under `no_grad`": (("torch-cell",), 2.0),
        }
        for words, (arguments, at_least) in peers.items():
            theirs = start("peers.loops", *arguments, str(arrays), alone=arguments != ("keras",))
            _check_equal(ours.said, theirs.said, words)
            yield in_turn(
                "one stream, two layers of 256 without context",
                words,
                lambda: ours.measure(seconds),
                lambda theirs=theirs: theirs.measure(seconds),
                unit="values/s",
                at_least=at_least,
                rounds=rounds,
            )
        lstm = start(
            *("peers.loops", "torch-lstm", str(arrays)),
            *("--streams", "256", "--threads", str(processes)),
            alone=False,
        )
        _check_equal(ours.said, lstm.said, "torch-lstm")
        many = [start("generating", "many") for _ in range(processes)]
        yield in_turn(
            f"{ROWS * processes} streams of `standard`, context and experts included, "
            f"{processes} processes",
            f"PyTorch `nn.LSTM`, 256 streams without context, {processes} threads",
            lambda: _together(many, seconds),
            lambda: lstm.measure(seconds),
            unit="values/s",
            at_least=1.2,
            rounds=rounds,
        )
        bound = [start("generating", "products") for _ in range(processes)]
        yield in_turn(
            f"{ROWS * processes} streams of `standard`, context and experts included",
            "the matrix products of its network alone",
            lambda: _together(many, seconds),
            lambda: _together(bound, seconds),
            unit="values/s",
            at_least=0.5,
            rounds=rounds,
        )
        whole = [start("generating", "solos") for _ in range(processes)]
        yield in_turn(
            f"{ROWS * processes} solos by `standard`, memory and calibration included",
            "the matrix products of its network alone",
            lambda: _together(whole, 2 * seconds),
            lambda: _together(bound, seconds),
            unit="values/s",
            rounds=rounds,
        )


class _Loop:
    """A process that measures itself when asked."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self._running = running
        self.said = json.loads(self._line())

    def _line(self) -> str:
        assert self._running.stdout is not None
        line = self._running.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._running.args}: exit status {self._running.wait()}")
        return line

    def ask(self, seconds: float) -> None:
        assert self._running.stdin is not None
        self._running.stdin.write(f"{seconds}\n")
        self._running.stdin.flush()

    def answer(self) -> float:
        return float(self._line())

    def measure(self, seconds: float) -> float:
        self.ask(seconds)
        return self.answer()


@contextmanager
def _loop(command: list[str], *, alone: bool) -> Iterator[_Loop]:
    import os

    environment = {**os.environ, **(_ALONE if alone else {}), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as running:
        try:
            yield _Loop(running)
        finally:
            running.kill()


def _together(loops: list[_Loop], seconds: float) -> float:
    for loop in loops:
        loop.ask(seconds)
    return sum(loop.answer() for loop in loops)


def _check_equal(ours: list[float], theirs: list[float], who: str) -> None:
    # As near as rounding jazzgen's weights leaves them.
    if not np.allclose(ours, theirs, atol=1e-3):
        raise RuntimeError(f"{who} expects something else after the same values")


# jazzgen's own loops


def _one(arrays: str) -> tuple[list[float], Callable[[float], float]]:
    from jazzgen.generation.sampling import Chance, draw_each
    from jazzgen.network.config import NetworkConfig
    from jazzgen.network.engine import NumpyEngine

    with np.load(arrays) as file:
        engine = NumpyEngine(
            NetworkConfig(units=(256, 256), context=False), {n: file[n] for n in file.files}
        )
    context = np.zeros((1, 0), dtype=np.int16)
    state, chance = engine.start(), Chance(1)
    for value in PROBE:
        probabilities, state = engine.step(np.array([value]), context, state)

    def measure(seconds: float) -> float:
        nonlocal state, probabilities
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            values = draw_each(probabilities, chance.numbers())
            probabilities, state = engine.step(values, context, state)
            done += 1
        return done / took

    return probabilities[0].tolist(), measure


def _many() -> tuple[list[float], Callable[[float], float]]:
    """The network of `standard` along changes that go on, from values of its own."""
    from jazzgen.encoding.base import EVENT, LENGTH
    from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, REST
    from jazzgen.generation.forms import Forms
    from jazzgen.generation.sampling import Chance, draw_each, shape_distribution
    from jazzgen.music.charts import chart_from
    from jazzgen.network.engine import NumpyEngine
    from jazzgen.network.models import load_model

    model = load_model("standard")
    engine, forms = NumpyEngine(model.network, model.weights), Forms()
    changes = chart_from("rhythm-changes-bb").changes()
    forms.add(changes, changes, 200.0, None)
    chance = Chance(ROWS)
    allowed = np.zeros((2, ROWS, 78), dtype=np.bool_)
    allowed[EVENT, :, : REST + 1] = allowed[LENGTH, :, FIRST_LENGTH:-1] = True
    tick, pitch = np.zeros(ROWS, dtype=np.int64), np.full(ROWS, 60)
    values, state, phase = np.full(ROWS, 77), engine.start(ROWS), EVENT

    def measure(seconds: float) -> float:
        nonlocal tick, pitch, values, state, phase
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            context = forms.context(tick, pitch, phase)
            probabilities, state = engine.step(values, context, state)
            values = draw_each(shape_distribution(probabilities, allowed[phase]), chance.numbers())
            if phase == EVENT:
                pitch = np.clip(pitch + np.where(values < REST, values - 24, 0), 36, 96)
            else:
                tick = (tick + np.array(LENGTHS)[values - FIRST_LENGTH]) % changes.end
            phase = LENGTH - phase
            done += ROWS
        return done / took

    measure(1.0)
    return [], measure


def _products() -> tuple[list[float], Callable[[float], float]]:
    rng = np.random.default_rng(0)
    shapes = ((256, 1024), (512, 1024), (256, 113))
    pairs = [
        (rng.random((ROWS, k), dtype=np.float32), rng.random((k, n), dtype=np.float32))
        for k, n in shapes
    ]
    rooms = [np.empty((ROWS, n), dtype=np.float32) for _, n in shapes]

    def measure(seconds: float) -> float:
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            for (x, kernel), room in zip(pairs, rooms, strict=True):
                np.matmul(x, kernel, out=room)
            done += ROWS
        return done / took

    return [], measure


def _solos() -> tuple[list[float], Callable[[float], float]]:
    """Whole solos, one after the other as there is room, until the time is over."""
    from itertools import count

    from jazzgen.generation.ensemble import Ensemble
    from jazzgen.generation.improvise import Controls, Request, Sampling
    from jazzgen.music.charts import chart_from
    from jazzgen.network.engines import engine_of
    from jazzgen.network.models import load_model

    model = load_model("standard")
    changes = chart_from("rhythm-changes-bb").changes()
    ensemble = Ensemble(model, engine_of(model), Sampling(), Controls())
    done = 0

    def requests() -> Iterator[Request]:
        for seed in count():
            yield Request(changes, seed, 200.0)

    playing = ensemble.play(requests(), ROWS)
    for _, _ in zip(range(ROWS), playing, strict=False):
        pass  # from here on they end at different times

    def measure(seconds: float) -> float:
        nonlocal done
        done, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            _, solo = next(playing)
            done += len(solo.values)
        return done / took

    return [], measure


def main() -> None:
    parser = argparse.ArgumentParser(description="One of jazzgen's loops, measured when asked.")
    parser.add_argument("loop", choices=("one", "many", "products", "solos"))
    parser.add_argument("arrays", nargs="?", default="")
    arguments = parser.parse_args()
    loops = {"many": _many, "products": _products, "solos": _solos}
    said, measure = _one(arguments.arrays) if arguments.loop == "one" else loops[arguments.loop]()
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        print(measure(float(line)), flush=True)


if __name__ == "__main__":
    main()
