"""Reading and encoding sources into a work folder, in one process or several."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from jazzgen import __version__
from jazzgen.corpus.piece import DivisibleSource, Source
from jazzgen.encoding.chunks import Chunk, Spelling, Task, encode, run
from jazzgen.encoding.dataset import FORMAT
from jazzgen.encoding.growing_dataset import GrowingDataset
from jazzgen.encoding.work_folder import WorkFolder
from jazzgen.encoding.workers import Workers, cores

Progress = Callable[[int, int], None]
"""Called with the number of items done and their total."""

_CHUNK: Final = 32
"""Items encoded together."""

_FEW: Final = 400
"""Files that one process has read by the time others have started."""

_SAVED_EVERY_S: Final = 2.0
"""Seconds of work that a run which is killed may lose."""


def read_sources(
    sources: Sequence[Source],
    folder: WorkFolder,
    min_rest: int | None,
    jobs: int | None,
    progress: Progress | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Reads and encodes all that an earlier run has not.

    Returns:
        With which a `GrowingDataset` can be opened that has everything.
    """
    of = _described(sources, min_rest)
    state = folder.state()
    growing = _begun(folder, of, state, say, grammar=min_rest is not None)
    total = sum(map(len, sources))
    left = total - growing.done
    if state is not None and growing.done:
        say(f"goes on from an earlier run: {growing.done:,} of {total:,} items are done")
    processes = jobs or cores()
    divisible = sum(len(source) for source in sources if isinstance(source, DivisibleSource))
    # A run that did not end may have crashed on a file; workers find out which.
    alone = (processes == 1 or min(divisible, left) < _FEW) and state is None
    with growing:
        if state is None:  # from here on a run that ends early is known to have been
            folder.save({"of": of, "growing": growing.state(sync=False)})
        saved_at = time.monotonic()
        with Workers(1 if alone else processes) as workers:
            for chunk in _chunks(sources, growing.done, min_rest, None if alone else workers):
                growing.append(chunk)
                if progress:
                    progress(growing.done, total)
                if time.monotonic() - saved_at > _SAVED_EVERY_S:
                    folder.save({"of": of, "growing": growing.state()})
                    saved_at = time.monotonic()
        return growing.state(sync=False)


def _described(sources: Sequence[Source], min_rest: int | None) -> dict[str, Any]:
    """What decides what is written while reading; equal only for equal files and settings."""
    return {
        "version": [__version__, FORMAT],
        "min_rest": min_rest,
        "sources": [
            [
                source.name,
                len(source),
                source.state() if isinstance(source, DivisibleSource) else source.sha256(),
            ]
            for source in sources
        ],
    }


def _begun(
    folder: WorkFolder,
    of: dict[str, Any],
    state: dict[str, Any] | None,
    say: Callable[[str], None],
    *,
    grammar: bool,
) -> GrowingDataset:
    """The files as an earlier run left them, or new ones."""
    if state is not None:
        before = state.get("of")
        if before == of:
            try:
                return GrowingDataset(folder.dataset, folder.path, grammar).open(state["growing"])
            except (OSError, ValueError, KeyError, TypeError):
                why = "what it left is damaged"
        elif not isinstance(before, dict) or before.get("version") != of["version"]:
            why = "another version of jazzgen made it"
        elif before.get("min_rest") != of["min_rest"]:
            why = "it had another encoding"
        else:
            why = "it had other sources or options, or files have changed since"
        if items_done(state):
            say(f"starts anew and not from an earlier run: {why}")
    folder.clear()
    return GrowingDataset(folder.dataset, folder.path, grammar).open(None)


def items_done(state: dict[str, Any] | None) -> int:
    """How many items a run had done that left this state."""
    try:
        return int(state["growing"]["done"]) if state else 0
    except (KeyError, TypeError, ValueError):
        return 0


def _chunks(
    sources: Sequence[Source], done: int, min_rest: int | None, workers: Workers | None
) -> Iterator[Chunk]:
    """All items from number `done` on, encoded, in order."""
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        first, size = min(done, len(source)), len(source)
        done -= first
        spelling = Spelling(min_rest, prefix)
        if first == size:
            continue
        if isinstance(source, DivisibleSource):
            tasks = _tasks(source, first, spelling)
            yield from workers.encode(tasks) if workers else map(run, tasks)
            continue
        items = islice(source, first, None)
        while (chunk := encode(islice(items, _CHUNK), spelling)).items:
            yield chunk


def _tasks(source: DivisibleSource, first: int, spelling: Spelling) -> Iterator[Task]:
    for start in range(first, len(source), _CHUNK):
        yield Task(source.part(start, min(start + _CHUNK, len(source))), spelling)


def _prefixes(sources: Sequence[Source]) -> list[str]:
    """What goes before the keys of each source, so that two sources never share one."""
    if len(sources) == 1:
        return [""]
    seen: Counter[str] = Counter()
    prefixes = []
    for source in sources:
        seen[source.name] += 1
        again = f" ({seen[source.name]})" if seen[source.name] > 1 else ""
        prefixes.append(f"{source.name}{again}/")
    return prefixes
