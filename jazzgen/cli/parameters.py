"""Kinds of option values that several commands take."""

import math
import re
from typing import Any

import click


class Number(click.FloatRange):
    """A number within bounds; unlike `click.FloatRange`, neither `nan` nor `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or a usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class _Parts(click.ParamType[tuple[int, ...]]):
    """Part numbers, as `3` or `0,1,6`."""

    name = "N[,N]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d+(,\d+)*", value):
            self.fail(f"{value!r} is not a list of part numbers such as 0,1,6", param, ctx)
        return tuple(int(number) for number in value.split(","))


class _Beats(click.ParamType[tuple[float, float]]):
    """An excerpt in beats, as `476-548`."""

    name = "FROM-TO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", value)
        if not found or float(found[1]) >= float(found[2]):
            self.fail(f"{value!r} is not an excerpt in beats such as 476-548", param, ctx)
        return float(found[1]), float(found[2])


PARTS = _Parts()
BEATS = _Beats()


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether a parameter comes from the command line (or the environment), not from a default."""
    source = ctx.get_parameter_source(name)
    return source is not None and source is not click.core.ParameterSource.DEFAULT
