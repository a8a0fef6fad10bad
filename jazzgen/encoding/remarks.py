"""What is said about single pieces of a corpus, in few words however many pieces it has."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

SHOWN: Final = 20
"""Remarks and pieces about which something is said one by one; `pieces.jsonl` holds the rest."""


@dataclass(slots=True)
class Remarks:
    """Remarks on pieces.

    Attributes:
        common: how many pieces each of the remarks applies to that apply to more than `SHOWN`; of
            these, the `SHOWN` most frequent, sorted.
        single: the other remarks on the first `SHOWN` pieces that have any, by their keys.
        more: how many further pieces have others.
    """

    common: dict[str, int] = field(default_factory=dict)
    single: dict[str, list[str]] = field(default_factory=dict)
    more: int = 0


def summed_up(read: Callable[[], Iterable[tuple[str, list[str]]]]) -> Remarks:
    """Sums up the remarks on pieces.

    Args:
        read: goes through the pieces: key and remarks. It is called twice.
    """
    # Hashes in place of the remarks: there may be as many different ones as pieces.
    counts = Counter(hash(remark) for _, remarks in read() for remark in remarks)
    frequent = {remark for remark, count in counts.items() if count > SHOWN}
    said: dict[str, int] = {}
    out = Remarks()
    for key, remarks in read():
        own = []
        for remark in remarks:
            if (number := hash(remark)) in frequent:
                said[remark] = counts[number]
            else:
                own.append(remark)
        if own and len(out.single) < SHOWN:
            out.single[key] = own
        else:
            out.more += bool(own)
    most = sorted(said, key=lambda remark: (-said[remark], remark))[:SHOWN]
    out.common = {remark: said[remark] for remark in sorted(most)}
    return out
