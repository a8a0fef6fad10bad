"""Files that grow by appending, so that memory stays flat however large they become.

A later process can go on with them where they were whole (`kept`); what stands behind is cut off.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt


class GrowingFile:
    """Appends bytes to a file; a context manager. Its length is in bytes."""

    def __init__(self, path: Path, kept: int | None = None) -> None:
        """Opens it.

        Args:
            path: the file.
            kept: the length up to which it is to be kept; a new file unless given.

        Raises:
            OSError: when it cannot be opened.
            ValueError: when it is shorter than what is to be kept.
        """
        self._file = path.open("wb" if kept is None else "r+b")
        self._length = kept or 0
        if kept is not None:
            _cut(self._file, kept)

    def append(self, data: bytes) -> None:
        """Adds bytes."""
        self._file.write(data)
        self._length += len(data)

    def sync(self) -> None:
        """Has all that was appended written to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __len__(self) -> int:
        return self._length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class GrowingArray:
    """Appends rows to a `.npy` file; a context manager. Its length is in rows.

    NumPy reserves room in the header for the first axis to grow, so the header written at first
    is overwritten with the final shape on leaving.
    """

    def __init__(
        self,
        path: Path,
        dtype: npt.DTypeLike,
        row_shape: tuple[int, ...] = (),
        kept: int | None = None,
    ) -> None:
        """Opens it.

        Args:
            path: the file.
            dtype: of its rows.
            row_shape: shape of one row.
            kept: the number of rows up to which it is to be kept; a new file unless given.

        Raises:
            OSError: when it cannot be opened.
            ValueError: when it is shorter than what is to be kept.
        """
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._rows = kept or 0
        self._file = path.open("wb" if kept is None else "r+b")
        self._write_header()
        if kept is not None:
            row = self._dtype.itemsize * int(np.prod(row_shape))
            _cut(self._file, self._file.tell() + kept * row)

    def _write_header(self) -> None:
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self._rows, *self._row_shape),
            },
        )

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Adds rows `(n, *row_shape)`; they are cast to the file's dtype."""
        block = np.ascontiguousarray(rows, dtype=self._dtype)
        if block.shape[1:] != self._row_shape:
            raise ValueError(f"rows of shape {block.shape[1:]}, not {self._row_shape}")
        self._file.write(block.tobytes())
        self._rows += len(block)

    def sync(self) -> None:
        """Has all that was appended written to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __len__(self) -> int:
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.seek(0)
            self._write_header()
        finally:
            self._file.close()


def _cut(file: IO[bytes], length: int) -> None:
    if file.seek(0, os.SEEK_END) < length:
        file.close()
        raise ValueError(f"{file.name} is shorter than {length} bytes")
    file.truncate(length)
    file.seek(length)
