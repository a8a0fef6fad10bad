"""Writing files whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jazzgen.errors import OutputError


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Lends a temporary file beside `path` and moves it there when the block ends well.

    Until then nothing at `path` changes, and when the block raises, the temporary file is gone
    and `path` is as it was. Only the writing belongs inside the block: an `OSError` raised there
    counts as a failure to write.

    Args:
        path: the file to write; it may exist. A symbolic link is followed.

    Yields:
        An empty file in the same folder, with the same suffix, to be written to.

    Raises:
        OutputError: when `path` cannot be written, with the reason.
    """
    try:
        target = Path(path).resolve()
        # Replacing a device such as /dev/stdout would remove it for everybody.
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "not a regular file"
            raise OutputError(f"cannot write {path}: it is {kind}")
        if not target.parent.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {Path(path).parent}")
        temporary = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
        # Mode 666 less the umask, as for any new file; the tempfile module would make it private.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Finds out before long work whether a file can be written; what is there stays.

    Raises:
        OutputError: when `path` cannot be written, with the reason.
    """
    with suppress(_NothingToWriteError), atomic_write(path):
        raise _NothingToWriteError


class _NothingToWriteError(Exception):
    """Leaves `atomic_write` without writing."""


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]
