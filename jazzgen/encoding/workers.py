"""Encoding in several processes.

A worker is this Python anew, told its tasks through a pipe. It imports what reading MIDI files
takes and nothing of the caller's program, ends when the pipe does (however its parent ended), and
hears no Ctrl-C. One that dies over a task is replaced, and the task is done again file by file;
a file over which a worker dies once more is left out.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from jazzgen.encoding.chunks import Chunk, Task, left_out

CRASHED: Final = "the reader crashed on it"
"""Why a file was left out over which a worker died."""

_START: Final = "from jazzgen.encoding.workers import work; work()"
_READY: Final = "ready"

_TASKS: Final = 200
"""Tasks after which a worker is replaced, lest what its memory loses in fragments adds up."""

_ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class WorkerError(RuntimeError):
    """A worker cannot be started, or found a bug; with its traceback."""


class _DeadError(Exception):
    """A worker ended before it answered."""


class _Worker:
    def __init__(self) -> None:
        self.tasks = 0
        environment = dict.fromkeys(_ONE_THREAD, "1")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is the parent's
        )
        try:
            self._receive()
        except _DeadError:
            raise WorkerError(f"`{sys.executable}` cannot be started as a worker") from None

    def encode(self, task: Task) -> Chunk:
        """Has a task done.

        Raises:
            _DeadError: when the worker dies over it.
            WorkerError: when it raises.
        """
        assert self._process.stdin is not None
        self.tasks += 1
        try:
            pickle.dump(task, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except OSError as error:
            raise _DeadError from error
        answer = self._receive()
        if not isinstance(answer, Chunk):
            raise WorkerError(answer)
        return answer

    def _receive(self) -> object:
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)  # what `work` wrote, nobody else
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise _DeadError from error

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Frees what it held, once it is killed."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what it never read
                pipe.close()


class Workers:
    """A number of workers; a context manager, at whose end they are gone."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._threads = ThreadPoolExecutor(jobs)
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        for _ in range(jobs):
            self._idle.put(None)  # started when it is needed
        self._lock = threading.Lock()
        self._alive: list[_Worker] = []
        self._closed = False

    def encode(self, tasks: Iterator[Task]) -> Iterator[Chunk]:
        """The chunks of all tasks in their order, few of them held at a time."""
        running: deque[Future[list[Chunk]]] = deque()
        for task in tasks:
            running.append(self._threads.submit(self._run, task))
            if len(running) > 2 * self._jobs:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()

    def _run(self, task: Task) -> list[Chunk]:
        worker = self._idle.get()
        try:
            if worker is not None and worker.tasks >= _TASKS:
                worker = self._replaced(worker)
            worker = worker or self._start()
            return [worker.encode(task)]
        except _DeadError:
            worker = self._replaced(worker)
            chunks = []
            for number in range(len(task.source)):
                one = Task(task.source.part(number, number + 1), task.spelling)
                try:
                    chunks.append(worker.encode(one))
                except _DeadError:
                    chunks.append(left_out(one, CRASHED))
                    worker = self._replaced(worker)
            return chunks
        finally:
            self._idle.put(worker)

    def _start(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerError("closed")
            worker = _Worker()
            self._alive.append(worker)
        return worker

    def _replaced(self, dead: _Worker | None) -> _Worker:
        if dead is not None:
            dead.kill()
            dead.close()
            with self._lock:
                self._alive.remove(dead)
        return self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for worker in self._alive:
                worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._alive:
            worker.close()


def work() -> None:
    """What a worker does: answers each task on its input with a chunk on its output."""
    import traceback

    from jazzgen.encoding.chunks import run

    tasks = sys.stdin.buffer
    # A library that prints must not get between the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        answer: object = _READY
        while True:
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
            try:
                answer = run(pickle.load(tasks))
            except EOFError:
                return
            except Exception:
                answer = traceback.format_exc()
