"""Making ready in the background what the next step needs, while the step before it runs."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

_END: Final = object()


def prefetched(items: Iterable[T], ahead: int = 2) -> Generator[T]:
    """The items in their order, made by a thread of its own.

    Whatever goes wrong in making an item is raised where it is due. Left before its end, it stops
    with what it has begun.

    Args:
        items: what makes them as it is gone through.
        ahead: how many are made before they are asked for; no more are ever held.
    """
    source = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="jazzgen-feed") as worker:
        coming = deque(worker.submit(next, source, _END) for _ in range(ahead))
        while (item := coming.popleft().result()) is not _END:
            coming.append(worker.submit(next, source, _END))
            yield item  # type: ignore[misc]
