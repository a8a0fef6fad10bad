import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.errors import ChartError
from jazzgen.music.charts import Chart, chart_from, parse_chart, read_chart
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.resources import bundled_charts, bundled_models

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"

CHORUS_LENGTHS = {8, 12, 16, 24, 32, 48}


# Headers.


def test_headers():
    chart = parse_chart("Title: My: tune\nkey:Bb\nTIME : 3/4\ntempo: 92.5\nfeel: ballad\n| C |")
    assert chart.title == "My: tune"
    assert chart.key == "Bb"
    assert chart.time == (3, 4)
    assert chart.tempo_bpm == 92.5
    assert chart.feel == "ballad"
    assert chart.ticks_per_bar == 72


def test_headers_are_optional():
    chart = parse_chart("| C |")
    assert (chart.title, chart.key, chart.time) == ("", "", (4, 4))
    assert (chart.tempo_bpm, chart.feel) == (120.0, "swing")


@pytest.mark.parametrize(
    "key", ["C", "Bb", "F#", "Dm", "D-", "C#m", "D minor", "Eb major", "D dorian", "G blues"]
)
def test_keys(key):
    assert parse_chart(f"key: {key}\n| C |").key == key


# From chart to changes.


def test_one_chorus_by_default():
    changes = parse_chart("| Dm7 G7 | C |").changes()
    assert changes.bars == 2
    assert changes.bar_lines.tolist() == [0, 96, 192]
    assert changes.starts.tolist() == [0, 48, 96]
    assert [chord.symbol for chord in changes.chords] == ["Dm7", "G7", "C"]


@pytest.mark.parametrize(
    ("layout", "bars"),
    [({"bars": 1}, 1), ({"bars": 7}, 7), ({"choruses": 1}, 3), ({"choruses": 4}, 12)],
)
def test_exactly_so_many_bars(layout, bars):
    chart = parse_chart("time: 6/8\n| Dm7 | G7 | C |")
    changes = chart.changes(**layout)
    assert changes.bars == bars
    assert changes.end == bars * 72
    for bar in range(bars):
        assert changes.at(bar * 72) == chart.bars[bar % 3][0][1]


@pytest.mark.parametrize("layout", [{"bars": 0}, {"choruses": 0}, {"bars": 1, "choruses": 1}])
def test_impossible_layouts(layout):
    with pytest.raises(ValueError, match="bar"):
        parse_chart("| C |").changes(**layout)


# Transposition.


@pytest.mark.parametrize(
    ("key", "semitones", "expected_key", "expected"),
    [
        ("C", 4, "E", "F#m7 B7 E C#m7"),
        ("C", 3, "Eb", "Fm7 Bb7 Eb Cm7"),
        ("C", -1, "B", "C#m7 F#7 B G#m7"),
        ("C", 1, "Db", "Ebm7 Ab7 Db Bbm7"),
        ("Am", 4, "C#m", "F#m7 B7 E C#m7"),
        ("C minor", 4, "E minor", "F#m7 B7 E C#m7"),
        ("", 4, "", "F#m7 B7 E Dbm7"),
    ],
)
def test_transposed(key, semitones, expected_key, expected):
    chart = parse_chart(f"title: t\nkey: {key}\ntempo: 99\n| Dm7 G7 | C Am7 |")
    moved = chart.transposed(semitones)
    assert moved.key == expected_key
    assert " ".join(chord.symbol for bar in moved.bars for _, chord in bar) == expected
    assert (moved.title, moved.tempo_bpm) == ("t", 99.0)


# Round trips.


def test_to_text():
    text = "title: t\nkey: C\ntime: 4/4\ntempo: 99\nfeel: bossa\n\n| Dm7 G7 | C | % | C A7 G |\n"
    assert parse_chart(text).to_text() == text
    written = parse_chart("|: C | C / / G7 | F | % |\n| / / G7 / :|").to_text()
    assert written.splitlines()[-3:] == [
        "| C | C / / G7 | F | % |",
        "| F G7 | C | C / / G7 | F |",
        "| F | F G7 |",
    ]


SYMBOLS = ["C", "Dm7", "G79b13b", "FΔ7", "Bb6/9", "Am/maj7", "Eb7/Db", "F#ø", "C7(b9)", "B♭-7"]
chords = st.sampled_from([NO_CHORD, *map(parse_chord, SYMBOLS)])


@st.composite
def charts(draw):
    counts, unit = draw(st.sampled_from([(4, 4), (3, 4), (5, 4), (2, 2), (6, 8), (7, 8), (12, 8)]))
    tick = 96 // unit
    later = st.sets(st.integers(1, counts - 1), max_size=counts - 1)
    bar = st.builds(
        lambda counts, names: tuple(
            (count * tick, names[at % len(names)]) for at, count in enumerate([0, *sorted(counts)])
        ),
        later,
        st.lists(chords, min_size=1, max_size=4),
    )
    words = st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12
    ).map(str.strip)
    return Chart(
        title=draw(words),
        key=draw(st.sampled_from(["", "C", "Bb", "F#m", "D dorian"])),
        time=(counts, unit),
        tempo_bpm=draw(st.floats(20, 500)),
        feel=draw(words.filter(bool)),
        bars=tuple(draw(st.lists(bar, min_size=1, max_size=6))),
    )


@settings(max_examples=60)
@given(charts())
def test_text_and_back(chart):
    assert parse_chart(chart.to_text()) == chart


@settings(max_examples=40)
@given(charts(), st.integers(-12, 12))
def test_transposed_text_and_back(chart, semitones):
    moved = chart.transposed(semitones)
    assert parse_chart(moved.to_text()) == moved
    for bar, moved_bar in zip(chart.bars, moved.bars, strict=True):
        for (tick, chord), (moved_tick, moved_chord) in zip(bar, moved_bar, strict=True):
            assert tick == moved_tick
            assert moved_chord.tones == chord.transposed(semitones).tones


# A chart holds what it says it holds.

C = parse_chord("C")


@pytest.mark.parametrize(
    "wrong",
    [
        {"bars": ()},
        {"bars": ((),)},
        {"bars": (((24, C),),)},
        {"bars": (((0, C), (25, C)),)},
        {"bars": (((0, C), (96, C)),)},
        {"bars": (((0, C), (0, C)),)},
        {"time": (4, 3)},
        {"time": (0, 4)},
        {"tempo_bpm": 0.0},
        {"key": "H"},
        {"title": "two\nlines"},
        {"title": " t"},
        {"feel": ""},
    ],
)
def test_wrong_charts_are_refused(wrong):
    with pytest.raises(ValueError, match=r"is|begin|at least"):
        Chart(**{"bars": (((0, C),),), **wrong})


# Files, names and the bundled charts.


def test_read_chart(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\ufefftitle: Mine\n| C♯ø |", encoding="utf-8")
    assert read_chart(path).title == "Mine"
    assert chart_from(str(path)) == read_chart(str(path))


def test_unreadable_files(tmp_path):
    with pytest.raises(ChartError, match="cannot open chart"):
        read_chart(tmp_path / "none.txt")
    with pytest.raises(ChartError, match="cannot open chart"):
        read_chart(tmp_path)
    path = tmp_path / "song.mid"
    path.write_bytes(b"MThd\xff\xfe")
    with pytest.raises(ChartError, match="it is not UTF-8 text"):
        read_chart(path)
    path = tmp_path / "mine.txt"
    path.write_text("| X |")
    with pytest.raises(ChartError, match=r"mine\.txt, bar 1: "):
        read_chart(path)


def test_chart_from_text_and_name():
    assert chart_from("| Dm7 G7 | C |") == parse_chart("| Dm7 G7 | C |")
    assert chart_from("blues-f").title == "Jazz blues in F"


def test_chart_from_an_unknown_name_lists_the_bundled_ones():
    with pytest.raises(ChartError) as caught:
        chart_from("blues-g")
    assert "no chart 'blues-g': did you mean " in str(caught.value)
    for name in bundled_charts():
        assert name in str(caught.value)


@pytest.mark.parametrize("argument", ["", "no/such/file.txt", "a" * 5000, "a\0b"])
def test_chart_from_what_can_be_neither(argument):
    with pytest.raises(ChartError, match="no chart"):
        chart_from(argument)


def test_there_are_bundled_charts():
    assert len(bundled_charts()) >= 14


@pytest.mark.parametrize("name", bundled_charts())
def test_bundled_charts(name):
    path = bundled_charts()[name]
    chart = read_chart(path)
    assert name == name.lower()
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert chart.title
    assert len(chart.bars) in CHORUS_LENGTHS
    assert chart.feel in {"swing", "bossa", "ballad", "even"}
    assert parse_chart(chart.to_text()) == chart
    assert chart.changes(choruses=2).bars == 2 * len(chart.bars)


@pytest.mark.parametrize("name", ["ii-v-i-major", "ii-v-i-minor", "cycle-of-fourths"])
def test_drills_visit_every_key(name):
    goals = read_chart(bundled_charts()[name]).bars
    step = 2 if name == "cycle-of-fourths" else 4
    assert {bar[0][1].root for bar in goals[step - 1 :: step]} == set(range(12))


def test_bundled_models_are_folders_with_a_config():
    for name, path in bundled_models().items():
        assert path.name == name
        assert (path / "config.json").is_file()


def test_resources_are_found_in_a_wheel(tmp_path, monkeypatch):
    package = tmp_path / "jazzgen"
    for name in ("charts/mine.txt", "models/small/config.json", "models/notes/README.md"):
        path = package / "_bundled" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr("jazzgen.resources.files", lambda _: package)
    assert bundled_charts() == {"mine": package / "_bundled" / "charts" / "mine.txt"}
    assert bundled_models() == {"small": package / "_bundled" / "models" / "small"}


# Charts as people publish them.


def chart_text(bars, time):
    """Bars as the published charts write them (`C7,,F7,G7`) in this package's format."""
    counts = int(time.partition("/")[0])
    cells = []
    for bar in bars.split("|"):
        tokens = [token.strip() or "/" for token in bar.split(",")]
        # Four slots are the beats of 4/4; in other metres the empty ones only fill the line.
        if len(tokens) != counts:
            tokens = [token for token in tokens if token != "/"]
        cells.append(" ".join(tokens) or ("%" if cells else "N.C."))
    return f"time: {time}\n| {' | '.join(cells)} |"


def test_published_charts():
    path = SHARED / "charts" / "JazzStandards.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    segments = read = 0
    for tune in json.loads(path.read_text(encoding="utf-8")):
        for section in tune["Sections"]:
            for segment in (section["MainSegment"], *section.get("Endings", ())):
                segments += 1
                try:
                    parse_chart(chart_text(segment["Chords"], tune.get("TimeSignature", "4/4")))
                except ChartError as error:
                    print(tune["Title"], segment["Chords"], error)
                else:
                    read += 1
    assert read >= 0.995 * segments
