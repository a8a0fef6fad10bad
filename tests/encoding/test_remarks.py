"""What is said about many pieces in few words."""

from jazzgen.encoding.remarks import SHOWN, Remarks, summed_up


def test_what_many_have_in_common_is_said_once():
    pieces = [(f"p{i}", ["chords heard", f"{i} notes left out"]) for i in range(SHOWN + 5)]
    pieces.append(("last", []))
    remarks = summed_up(lambda: iter(pieces))
    assert remarks.common == {"chords heard": SHOWN + 5}
    assert remarks.single == {f"p{i}": [f"{i} notes left out"] for i in range(SHOWN)}
    assert remarks.more == 5


def test_of_many_common_remarks_the_most_frequent():
    pieces = [
        (f"p{i} {k}", [f"remark {k:02}"]) for k in range(SHOWN + 10) for i in range(SHOWN + 1 + k)
    ]
    remarks = summed_up(lambda: iter(pieces))
    assert list(remarks.common) == [f"remark {k:02}" for k in range(10, SHOWN + 10)]
    assert remarks.single == {}


def test_nothing_to_say():
    assert summed_up(lambda: [("p", [])]) == Remarks()
