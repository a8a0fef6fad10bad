"""What all commands share: `--json`, `--quiet`, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def output_options(command: _Command) -> _Command:
    """Adds `--json` (as `as_json`) and `--quiet` to a command."""
    command = click.option(
        "--quiet", "-q", is_flag=True, help="Say nothing but errors (and the --json object)."
    )(command)
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON object on stdout; everything else goes to stderr.",
    )(command)


def counted(number: int, thing: str) -> str:
    """`1 piece`, `2 pieces`."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


class Reporter:
    """Where a command's words go.

    People read sentences on stdout; with `--json` stdout belongs to the object alone and the
    sentences move to stderr.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._json = as_json
        self.quiet = quiet

    def say(self, text: str) -> None:
        """A sentence for the person at the terminal."""
        if not self.quiet:
            click.echo(_printable(text), err=self._json)

    def note(self, text: str) -> None:
        """A sentence on how things went, on stderr."""
        if not self.quiet:
            click.echo(_printable(text), err=True)

    def result(self, data: Mapping[str, Any]) -> None:
        """The object for `--json`."""
        if self._json:
            click.echo(_printable(json.dumps(data, ensure_ascii=False)))

    @contextmanager
    def progress(self, task: str) -> Iterator[Callable[[int, int], None]]:
        """A progress bar on stderr, there while the block runs; call it with done and total."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda done, total: None  # noqa: ARG005 - there is nobody to see it
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        with RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            number = bar.add_task(task, total=None)
            yield lambda done, total: bar.update(number, completed=done, total=total)


def _printable(text: str) -> str:
    """The text with escapes (those of JSON too) for the bytes of file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
