import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.errors import ChartError
from jazzgen.music.charts import parse_chart


def spelled(chart):
    """The chart's bars as `Dm7@0 G7@48`, for reading."""
    return [" ".join(f"{chord.symbol}@{tick}" for tick, chord in bar) for bar in chart.bars]


def bars_of(text):
    return [" ".join(chord.symbol for _, chord in bar) for bar in parse_chart(text).bars]


@pytest.mark.parametrize(
    ("time", "bar", "expected"),
    [
        ("4/4", "Cmaj7", "Cmaj7@0"),
        ("4/4", "Dm7 G7", "Dm7@0 G7@48"),
        ("4/4", "Dm7 G7 C6", "Dm7@0 G7@48 C6@72"),
        ("4/4", "C A7 Dm7 G7", "C@0 A7@24 Dm7@48 G7@72"),
        ("4/4", "Dm7 / G7 /", "Dm7@0 G7@48"),
        ("4/4", "Dm7 / / G7", "Dm7@0 G7@72"),
        ("4/4", "Dm7 // G7", "Dm7@0 G7@72"),
        ("4/4", "C ///", "C@0"),
        ("4/4", "C C / /", "C@0 C@24"),
        ("4/4", "N.C. / C /", "N.C.@0 C@48"),
        ("4/4", "NC", "N.C.@0"),
        ("4/4", "C/E G7/B", "C/E@0 G7/B@48"),
        ("4/4", "C6/9 Cm/maj7", "C6/9@0 Cm/maj7@48"),
        ("4/4", "Dm7(Fm6) (G7)", "Dm7@0 G7@48"),
        ("4/4", "C7(b9)", "C7(b9)@0"),
        ("2/4", "C G7", "C@0 G7@24"),
        ("3/4", "C G7", "C@0 G7@48"),
        ("3/4", "C Am7 G7", "C@0 Am7@24 G7@48"),
        ("5/4", "Gm7 C7", "Gm7@0 C7@72"),
        ("5/4", "Gm7 C7 D7", "Gm7@0 C7@72 D7@96"),
        ("6/4", "C F G7", "C@0 F@48 G7@96"),
        ("6/8", "C", "C@0"),
        ("6/8", "C G7", "C@0 G7@36"),
        ("6/8", "C F G7", "C@0 F@24 G7@48"),
        ("6/8", "C / / G7 / /", "C@0 G7@36"),
        ("7/8", "C G7", "C@0 G7@48"),
        ("12/8", "C A7 Dm7 G7", "C@0 A7@36 Dm7@72 G7@108"),
    ],
)
def test_chords_share_a_bar(time, bar, expected):
    assert spelled(parse_chart(f"time: {time}\n| {bar} |")) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "| C | F | G7 | C |",
        "C | F | G7 | C",
        "C | F |\nG7 | C",
        "| C | F |\n\n# a comment\n| G7 | C |",
        "|| C | F || G7 | C |]",
        "  | C|F  |G7|C|  \r\n",
    ],
)
def test_bar_lines(text):
    assert bars_of(text) == ["C", "F", "G7", "C"]


def test_percent_repeats_the_bar():
    assert bars_of("| Dm7 G7 | % | % |") == ["Dm7 G7"] * 3


def test_slash_goes_on_with_the_chord_of_the_bar_before():
    chart = parse_chart("| Dm7 G7 | / / C / |")
    assert spelled(chart)[1] == "G7@0 C@48"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|: A7 | B7 :|", "A7 B7 A7 B7"),
        ("A7 | B7 :| C7", "A7 B7 A7 B7 C7"),
        ("A7 |: B7 :|: C7 :| D7", "A7 B7 B7 C7 C7 D7"),
        ("|: A7 :||: B7 :|", "A7 A7 B7 B7"),
        ("A7 | |: B7 :| | C7", "A7 B7 B7 C7"),
        ("A7 |:\nB7 :|", "A7 B7 B7"),
        ("|: A7 |1. B7 :|2. C7 | D7", "A7 B7 A7 C7 D7"),
        ("|: A7 |1 B7 :|2 C7 |", "A7 B7 A7 C7"),
        ("|: A7 |[1 B7 :|[2 C7 |", "A7 B7 A7 C7"),
        ("|: A7 | 1. B7 | C7 :| 2. D7 | E7 ||", "A7 B7 C7 A7 D7 E7"),
        ("|: A7 |1. B7 :|2. C7 :|3. D7 |", "A7 B7 A7 C7 A7 D7"),
        ("|: A7 |1.2. B7 :|3. C7 |", "A7 B7 A7 B7 A7 C7"),
        ("|: A7 |1,2. B7 :|3. C7 |", "A7 B7 A7 B7 A7 C7"),
        ("|: A7 |1. B7 :|2. C7 |: D7 |1. E7 :|2. F7", "A7 B7 A7 C7 D7 E7 D7 F7"),
        ("|: A7 | % |1. B7 :|2. % | C7", "A7 A7 B7 A7 A7 A7 C7"),
    ],
)
def test_repeats_and_endings(text, expected):
    assert bars_of(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("| C | F | Hm7 |", "changes, bar 3: cannot read chord 'Hm7': 'H' is no root"),
        ("| C |\n| F | G7x |", "changes, bar 3: cannot read chord 'G7x': 'x' is no quality"),
        ("| Dm7/ G7 |", "changes, bar 1: cannot read chord 'Dm7/'"),
        ("| C | Dm7 / G7 |", "bar 2: 'Dm7 / G7' holds 3 tokens; a bar takes 4"),
        ("| C / |", "bar 1: 'C /' holds 2 tokens; a bar takes 4"),
        ("| C D E F G |", "bar 1: 'C D E F G' holds 5 tokens"),
        ("time: 5/4\n| C D E F |", "'C D E F' holds 4 tokens; a bar takes 5"),
        ("time: 3/4\n| C / / / |", "'C / / /' holds 4 tokens; a bar takes 3"),
        ("| C % |", "cannot read chord '%'"),
        ("| % |", "bar 1: '%' has no bar before it"),
        ("| / / C / |", "bar 1: '/' in '/ / C /' has no chord before it"),
        ("| C | | F |", "bar 2: the bar is empty"),
        ("| C |1. |", "bar 2: '' holds 0 tokens"),
        ("|: C | F |", "bar 1: '|:' is never closed"),
        ("|: C |: F :|", "bar 1: '|:' is never closed"),
        (":| C |", "':|' has no bar before it"),
        ("|: C |1. F :|3. G |", "bar 2: no ending 2. follows"),
        ("|: C |1. F |2. G :|", "bar 3: no ending 1. follows"),
        ("", "changes: there are no bars"),
        ("title: x\n# | C |", "changes: there are no bars"),
        ("||", "changes: there are no bars"),
        ("composer: me\n| C |", "header 'composer: me' is not known; title, key, time"),
        ("| C |\nkey: F", "header 'key: F' stands behind the first bar"),
        ("time: 4/5\n| C |", "time '4/5' is no metre"),
        ("time: 99/4\n| C |", "time '99/4' is no metre"),
        ("tempo: fast\n| C |", "tempo 'fast' is no number of beats a minute"),
        ("tempo: 0\n| C |", "tempo '0' is no number"),
        ("tempo: nan\n| C |", "tempo 'nan' is no number"),
        ("key: H\n| C |", "key 'H' is no key"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_bar(text, message):
    with pytest.raises(ChartError) as caught:
        parse_chart(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("changes")


def test_messages_name_the_source():
    with pytest.raises(ChartError, match=r"^my\.txt, bar 1: "):
        parse_chart("| X |", source="my.txt")


@given(st.text(alphabet="ABCDm7/%:|.12[] \n#b(NC)", max_size=40))
def test_any_text_is_a_chart_or_a_chart_error(text):
    try:
        chart = parse_chart(text)
    except ChartError:
        return
    assert chart.bars
