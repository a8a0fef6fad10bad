"""The picture of a training run."""

from pathlib import Path

from jazzgen.files import atomic_write
from jazzgen.network.training import History


def draw_curves(history: History, path: Path, *, measured: bool) -> None:
    """Draws training loss and nats per note by epoch, the kept epoch marked.

    Args:
        history: the epochs; nothing is drawn when there are none.
        path: the PNG file.
        measured: whether the nats per note were measured on held-out pieces.
    """
    if not history.epochs:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.add_subplot()
    right = left.twinx()
    numbers = [epoch.number for epoch in history.epochs]
    side = "held-out pieces" if measured else "training pieces"
    left.plot(
        numbers, [e.nats_per_note for e in history.epochs], color="C0", label=side, marker="."
    )
    right.plot(
        numbers, [e.loss for e in history.epochs], color="C1", label="training loss", marker="."
    )
    best = history.best
    left.annotate(
        f"kept: epoch {best.number}, {best.nats_per_note:.3f}",
        (best.number, best.nats_per_note),
        xytext=(0, 24),
        textcoords="offset points",
        ha="right" if best.number > numbers[-1] / 2 else "left",
        color="C0",
        arrowprops={"arrowstyle": "->", "color": "C0"},
    )
    left.set_xlabel("epoch")
    left.set_ylabel("nats per note", color="C0")
    right.set_ylabel("training cross-entropy, nats per value", color="C1")
    left.grid(alpha=0.3)
    handles = left.get_lines() + right.get_lines()
    left.legend(handles, [str(line.get_label()) for line in handles], loc="upper right")
    with atomic_write(path) as file:
        figure.savefig(file, dpi=120, format="png", metadata={"Software": None})
