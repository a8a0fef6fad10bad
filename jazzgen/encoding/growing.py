"""A `.npy` file that grows by appending, so that memory stays flat however large it becomes."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt


class GrowingArray:
    """Appends rows to a `.npy` file; a context manager.

    NumPy reserves room in the header for the first axis to grow, so the header written at first
    is overwritten with the final shape on leaving.
    """

    def __init__(self, path: Path, dtype: npt.DTypeLike, row_shape: tuple[int, ...] = ()) -> None:
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._rows = 0
        self._file = path.open("wb")
        self._write_header()

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
