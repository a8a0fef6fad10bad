"""Writing X and Y as one `.npz` file, a slice at a time."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from jazzgen.encoding.dataset import Dataset, OneHot
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.files import atomic_write

_WINDOWS_AT_ONCE = 4096


def write_tensors(dataset: Dataset, path: Path) -> dict[str, tuple[int, ...]]:
    """Writes `X`, `Y` (training) and `X_validation`, `Y_validation`, all uint8.

    Only a few thousand windows are in memory at a time.

    Returns:
        The shape of each array.

    Raises:
        OutputError: when `path` cannot be written.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    rows = np.eye(N_VALUES, dtype=np.uint8)
    with (
        atomic_write(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for side, suffix in (("train", ""), ("validation", "_validation")):
            starts, last = dataset.window_starts(side)
            m, tx = len(starts), dataset.tx
            blocks = [slice(b, b + _WINDOWS_AT_ONCE) for b in range(0, m, _WINDOWS_AT_ONCE)]
            x = (
                rows[dataset.values[dataset.windows_at(starts[b], last[b])[:, :-1]]] for b in blocks
            )
            y = (
                rows[dataset.values[np.minimum(starts[b] + t, last[b])]]
                for t in range(1, tx + 1)
                for b in blocks
            )
            for name, shape, parts in (
                (f"X{suffix}", (m, tx, N_VALUES), x),
                (f"Y{suffix}", (tx, m, N_VALUES), y),
            ):
                _write_array(archive, name, shape, parts)
                shapes[name] = shape
    return shapes


def _write_array(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], parts: Iterable[OneHot]
) -> None:
    # A fixed date: the same tensors are the same bytes.
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(part.tobytes())
