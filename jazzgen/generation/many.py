"""Many solos of one recipe on all cores: each process draws its own, side by side.

Seeds are handed out one by one as there is room, so no process waits for another's. What becomes of
a solo happens where it was drawn, so that files are written while others are played on.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, Final, Protocol, TypeVar

from jazzgen.errors import JazzgenError, ProcessError
from jazzgen.generation.improvise import improvise_all
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.solo import Request, Solo
from jazzgen.network.engine import Engine
from jazzgen.network.model_folder import StoredModel

Made = TypeVar("Made")
Keep = Callable[[Recipe, Solo], Made]
"""What becomes of a solo and its own recipe; runs where the solo was drawn, so it can be pickled,
and what it returns, too."""

WORTH_A_PROCESS: Final = 24
"""Solos below which another process would take longer to start than it saves."""


def improvise_many(
    recipe: Recipe,
    model: StoredModel,
    seeds: Sequence[int],
    keep: Keep[Made],
    *,
    jobs: int = 1,
    engine: Engine | None = None,
) -> Iterator[tuple[int, Made]]:
    """Draws solos that differ in their seed alone.

    Each is, to the last bit, what its own recipe makes.

    Args:
        recipe: of all but the seed.
        model: the trained network.
        seeds: of the solos.
        keep: what becomes of each.
        jobs: processes; 1 stays in this one.
        engine: what steps the network in this process; made from the model unless given.

    Yields:
        The seed and what `keep` returned, in the order in which solos come to their end.

    Raises:
        JazzgenError: as `improvise_all` and `keep` do.
        ProcessError: when a process is lost.
    """
    if jobs == 1:
        yield from _drawn(recipe, model, iter(seeds), keep, engine)
    else:
        yield from _in_processes(recipe, model, seeds, keep, jobs)


def _drawn(
    recipe: Recipe,
    model: StoredModel,
    seeds: Iterator[int],
    keep: Keep[Made],
    engine: Engine | None,
) -> Iterator[tuple[int, Made]]:
    taken: list[int] = []
    first = recipe.request()

    def requests() -> Iterator[Request]:
        for seed in seeds:
            taken.append(seed)
            yield replace(first, seed=seed)

    solos = improvise_all(
        model, requests(), sampling=recipe.sampling, controls=recipe.controls, engine=engine
    )
    for number, solo in solos:
        own = replace(recipe, seed=taken[number])
        yield own.seed, keep(own, own.finished(solo))


class _Counter(Protocol):
    """A number that processes share."""

    value: int

    def get_lock(self) -> Any: ...


def _shared(seeds: Sequence[int], next_one: _Counter) -> Iterator[int]:
    """Seeds that no other process has taken."""
    while True:
        with next_one.get_lock():
            at = next_one.value
            next_one.value += 1
        if at >= len(seeds):
            return
        yield seeds[at]


def _in_processes(
    recipe: Recipe, model: StoredModel, seeds: Sequence[int], keep: Keep[Made], jobs: int
) -> Iterator[tuple[int, Made]]:
    import multiprocessing
    import queue

    # Started afresh: a copy of a process with threads may hang. One BLAS thread for each: together
    # they have all cores.
    context = multiprocessing.get_context("spawn")
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    next_one: Any = context.Value("q", 0)
    results: Any = context.Queue()
    arguments = (recipe, model, seeds, keep, next_one, results)
    processes = [context.Process(target=_work, args=arguments, daemon=True) for _ in range(jobs)]
    try:
        for process in processes:
            process.start()
        left = len(seeds)
        while left:
            try:
                found = results.get(timeout=_LISTEN_S)
            except queue.Empty:
                dead = [p for p in processes if p.exitcode not in (None, 0)]
                if dead:
                    raise ProcessError(
                        f"a process that draws solos was lost (exit status {dead[0].exitcode}), "
                        "perhaps for want of memory; fewer --jobs take less"
                    ) from None
                continue
            if isinstance(found, Exception):
                raise found
            left -= 1
            yield found
    finally:
        # Interrupted, too: whoever writes a file just now takes away what is not whole.
        for process in processes:
            if process.is_alive():
                process.terminate()
        for process in processes:
            if process.pid is not None:
                process.join()
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before


_LISTEN_S: Final = 1.0


def _work(
    recipe: Recipe,
    model: StoredModel,
    seeds: Sequence[int],
    keep: Keep[Made],
    next_one: _Counter,
    results: Any,
) -> None:
    """What each process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when it is over
    keeping = over = False

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals call it
        nonlocal over
        over = True
        if not keeping:
            results.cancel_join_thread()  # nobody listens any more
            sys.exit(0)

    def whole(recipe: Recipe, solo: Solo) -> Made:
        """Keeps a solo; asked to leave meanwhile, leaves once it is kept."""
        nonlocal keeping
        keeping = True
        made = keep(recipe, solo)
        keeping = False
        if over:
            leave(signal.SIGTERM, None)
        return made

    signal.signal(signal.SIGTERM, leave)
    try:
        for made in _drawn(recipe, model, _shared(seeds, next_one), whole, None):
            results.put(made)
    except (JazzgenError, ValueError) as error:
        results.put(error)
