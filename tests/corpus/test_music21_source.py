"""The collections of the music21 package."""

import time
import warnings
from fractions import Fraction
from pathlib import Path

import pytest

from jazzgen.corpus import music21_source
from jazzgen.corpus.music21_abc import _midi_pitch, read_tune, split_tunes
from jazzgen.corpus.music21_source import Music21Source, music21_collections
from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.errors import CorpusError

TUNE = """X:1
T:The Trial -- Reel
R:reel
M:2/4
L:1/16
Q:1/4=96
K:G
"^Segno"d2|"G"{ga}~B2^cd c2 (3ABc|"4"!trill!f>g "Am"[Ace]2- e4:|
[M:3/8]z2 ue2 .e2|]
"""


def test_a_tune_by_hand() -> None:
    tune = read_tune(TUNE)
    bars = tune.bars
    assert [str(bar.metre) for bar in bars[:4]] == ["2", "2", "2", "3/2"]
    assert [bar.length for bar in bars[:4]] == [Fraction(1, 2), 2, 2, Fraction(3, 2)]
    assert [note.pitch for note in bars[0].notes] == [74]
    # The sharp holds until the bar line; the triplet takes the time of two.
    assert [note.pitch for note in bars[1].notes] == [71, 73, 74, 73, 69, 71, 73]
    assert [note.length * 24 for note in bars[1].notes] == [12, 6, 6, 12, 4, 4, 4]
    # F sharp from the key, a dotted pair, the top of a chord, tied over.
    assert [(n.pitch, n.length * 24, n.tied) for n in bars[2].notes] == [
        (78, 9, False),
        (79, 3, False),
        (76, 12, False),
        (76, 24, True),
    ]
    assert [note.offset * 24 for note in bars[3].notes] == [12, 24]
    assert [chord.symbol for bar in bars for _, chord in bar.chords] == ["G", "Am"]
    assert tune.grace_notes == 2
    assert tune.tempo_bpm == 96
    assert tune.fields["T"] == "The Trial -- Reel"


def test_tunes_of_one_file() -> None:
    text = "M:3/4\nL:1/8\n%%x\nX:1\nT:a\nK:C\nc2\nX:2\nT:b\nK:C\nd2\n"
    tunes = list(split_tunes(text))
    assert [number for number, _ in tunes] == ["1", "2"]
    assert read_tune(tunes[1][1]).bars[0].metre == 3
    assert read_tune(tunes[1][1]).bars[0].length == 1


def test_the_same_pitches_as_music21s_own_stream() -> None:
    converter = pytest.importorskip("music21.converter")
    source = Music21Source("ryansMammoth")
    for name in ("AcaciaReel.abc", "AdmiralsHornpipe.abc"):
        text = (source._folder / name).read_text(encoding="utf-8")
        ours = [note.pitch for bar in read_tune(text).bars for note in bar.notes]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stream = converter.parse("%abc-2.1\n" + text, format="abc", forceSource=True)
        theirs = [n.pitch.midi for n in stream.recurse().notes if not n.duration.isGrace]
        assert ours == theirs


def test_collections_are_named() -> None:
    known = music21_collections()
    assert {"ryansMammoth", "oneills1850", "bach", "leadSheet"} <= set(known)
    assert "__pycache__" not in known
    with pytest.raises(CorpusError, match=r"music21:nothing: .* ryansMammoth"):
        Music21Source("music21:nothing")


def test_nottingham_tunes_with_chords() -> None:
    source = Music21Source("nottingham-dataset")
    assert source.name == "music21:nottingham-dataset"
    pieces = list(source)
    assert len(pieces) == len(source) == 2
    first = pieces[0]
    assert isinstance(first, Piece)
    assert first.key == "reelsa-c.abc#80"
    assert (first.group, first.about["title"]) == ("cuckoos nest", "Cuckoo's Nest")
    # A pickup of a beat: the first bar line lies before it.
    assert first.notes.onset[:3].tolist() == [72, 96, 108]
    assert first.changes.at(96).symbol == "D"
    assert first.changes.bar_lines[:3].tolist() == [0, 96, 192]
    second = pieces[1]
    assert isinstance(second, Piece)
    assert {"G7/B", "D/F#"} <= {chord.symbol for chord in second.changes.chords}


def test_a_lead_sheet_and_its_chord_symbols() -> None:
    piece = next(iter(Music21Source("leadSheet")))
    assert isinstance(piece, Piece)
    assert piece.about["title"] == "Alexanders Ragtime Band"
    assert [c.symbol for c in piece.changes.chords][1:6] == ["F", "C7", "F", "Bb", "F"]
    assert piece.remarks == ("chords from the chord symbols",)


def test_chords_of_other_parts() -> None:
    piece = next(iter(Music21Source("schubert")))
    assert isinstance(piece, Piece)
    assert piece.notes.is_monophonic
    assert piece.changes.at(int(piece.notes.onset[0])).tones
    assert "chords from the other parts" in piece.remarks


def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Music21Source:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    monkeypatch.setattr(music21_source, "_root", lambda: tmp_path)
    return Music21Source("mine")


def test_what_cannot_be_read_is_skipped_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source = collection(
        tmp_path,
        monkeypatch,
        a_abc="no tune at all",
        b_abc="X:1\nT:silent\nM:4/4\nL:1/8\nK:C\nz8|]\n",
        c_abc="X:1\nT:two\nK:C\nM:4/4\nL:1/4\ncdef|\n\nX:1\nT:two\nK:C\nM:4/4\nL:1/4\nfedc|\n",
        d_xml="<score",
        e_rntxt="m1 C: I",
    )
    items = list(source)
    assert len(items) == len(source) == 6
    skipped = {item.source: item.reason for item in items if isinstance(item, Skipped)}
    assert skipped["a.abc"] == "it has no tune (no `X:` field)"
    assert skipped["b.abc"] == "it has no notes"
    assert skipped["d.xml"].startswith("music21 cannot read it (")
    assert "Roman" in skipped["e.rntxt"]
    assert [i.key for i in items if isinstance(i, Piece)] == ["c.abc#1", "c.abc#1.2"]
    assert len({i.group for i in items if isinstance(i, Piece)}) == 1
    assert capfd.readouterr() == ("", "")


def test_a_fingerprint_follows_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = collection(tmp_path, monkeypatch, a_abc=TUNE)
    before = source.sha256()
    assert source.sha256() == before
    (tmp_path / "mine" / "a.abc").write_text(TUNE + "%", encoding="utf-8")
    assert source.sha256() != before


@pytest.mark.slow
def test_the_whole_of_ryans_mammoth_collection() -> None:
    source = Music21Source("ryansMammoth")
    start = time.perf_counter()
    items = list(source)
    assert time.perf_counter() - start < 60
    assert len(items) == len(source) > 1000
    pieces = [item for item in items if isinstance(item, Piece)]
    assert len(pieces) == len(items)
    assert len({piece.key for piece in pieces}) == len(pieces)
    for piece in pieces:
        assert piece.notes.is_monophonic
        assert piece.notes.onset[0] < piece.changes.bar_lines[1]
        assert piece.changes.end >= piece.notes.end
    metres = {int(lines[2] - lines[1]) for p in pieces if len(lines := p.changes.bar_lines) > 2}
    assert {48, 72, 96, 108} <= metres  # 2/4, 3/4 and 6/8, 4/4, 9/8


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("C4", 60), ("B-4", 70), ("F#5", 78), ("E--4", 62), ("Cn5", 72), ("C-1", 23)],
)
def test_names_of_music21_become_midi_pitches(name, pitch):
    """`B-4` is B flat in octave 4, not B in octave -4."""
    assert _midi_pitch(name) == pitch
