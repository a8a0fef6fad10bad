"""From a corpus to a dataset folder, and from it to X and Y."""

import json
import shutil
import weakref

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.encoding.context import N_SLOTS, ContextMaker
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.grammar import spell
from jazzgen.encoding.interval import END, IntervalDecoder, encode_notes
from jazzgen.encoding.preprocess import preprocess
from jazzgen.encoding.tensors import write_tensors
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.errors import CorpusError, DatasetError, OutputError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes


class ListSource:
    """A corpus of what it is given; counts how often it is read."""

    name = "list"
    licence = ""

    def __init__(self, *items):
        self.items = items
        self.read = 0

    def sha256(self):
        return "00"

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        self.read += 1
        yield from self.items


def piece(key, notes=40, seed=0, group=None, **more):
    rng = np.random.default_rng([seed, notes])
    gaps = rng.choice([6, 8, 12, 24, 100], notes)
    onsets = np.cumsum(gaps) - gaps[0]
    pitches = 60 + np.cumsum(rng.integers(-4, 5, notes)) % 24
    lengths = np.append(np.where(rng.random(notes - 1) < 0.5, gaps[1:], 6), 12)
    line = Notes.of(map(tuple, np.stack([onsets, lengths, pitches], axis=1).tolist()))
    bars = line.end // 96 + 1
    chords = [(96 * bar, parse_chord(["Dm7", "G7", "Cmaj7"][bar % 3])) for bar in range(bars)]
    changes = Changes.build(chords, range(0, (bars + 1) * 96, 96))
    return Piece(key, group or key, line, changes, **more)


def corpus():
    return ListSource(
        *(piece(f"p{i}", notes=20 + 7 * i, seed=i, group=f"tune {i // 2}") for i in range(12)),
        Skipped("broken.mid", "truncated MIDI"),
        piece("short", notes=2),
    )


@pytest.fixture
def dataset(tmp_path):
    return preprocess([corpus()], tmp_path / "data", tx=16, validation=0.25)[0]


def snapshot(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestTensors:
    @pytest.mark.parametrize("side", ["train", "validation"])
    def test_shapes_and_one_hot_rows(self, dataset, side):
        x, y = dataset.tensors(side)
        m = len(dataset.windows(side))
        assert m > 3
        assert x.shape == (m, 16, N_VALUES)
        assert y.shape == (16, m, N_VALUES)
        for tensor in (x, y):
            assert tensor.dtype == np.uint8
            assert set(np.unique(tensor)) == {0, 1}
            assert np.all(tensor.sum(axis=-1) == 1)

    @pytest.mark.parametrize("side", ["train", "validation"])
    def test_y_is_the_value_after_x(self, dataset, side):
        x, y = dataset.tensors(side)
        assert np.array_equal(y[:-1], x[:, 1:].swapaxes(0, 1))
        index = dataset.windows(side)
        assert np.array_equal(y[-1].argmax(axis=-1), dataset.values[index[:, -1]])
        assert np.array_equal(x[:, 0].argmax(axis=-1), dataset.values[index[:, 0]])

    def test_windows_cover_every_value_and_stay_in_their_piece(self, dataset):
        covered = set()
        for side in ("train", "validation", "other"):
            for window in dataset.windows(side).tolist():
                owner = np.searchsorted(dataset.offsets, window, side="right") - 1
                assert len(set(owner.tolist())) == 1
                assert dataset.split[owner[0]] == ["train", "validation", "other"].index(side)
                covered.update(window)
        assert covered == set(range(len(dataset.values)))

    def test_a_short_piece_is_continued_with_end(self, tmp_path):
        source = ListSource(piece("short", notes=2))
        dataset, report = preprocess([source], tmp_path / "data", tx=30)
        x, y = dataset.tensors()
        assert x.shape == (1, 30, N_VALUES)
        values = encode_notes(source.items[0].notes).values.tolist()
        told = [END, *values]
        assert x[0].argmax(axis=-1).tolist() == told + [END] * (30 - len(told))
        assert y[:, 0].argmax(axis=-1).tolist() == values + [END] * (30 - len(values))
        assert report.values == len(values) + 1

    @pytest.mark.parametrize(("tx", "hop"), [(10, 3), (30, 30), (16, 100), (200, 1)])
    def test_windows_can_be_counted_and_cut_in_parts(self, tmp_path, tx, hop):
        dataset, _ = preprocess([corpus()], tmp_path / "data", tx=tx, hop=hop)
        for side in ("train", "validation", "other"):
            windows = []
            for number in dataset.pieces(side).tolist():
                begin, end = dataset.offsets[number : number + 2].tolist()
                final = max(begin, end - tx - 1)
                for start in sorted({*range(begin, final + 1, hop), final}):
                    windows.append([min(start + t, end - 1) for t in range(tx + 1)])
            assert dataset.windows(side).tolist() == windows
            assert dataset.window_count(side) == len(windows)
            starts, last = dataset.window_starts(side)
            assert dataset.windows_at(starts[1:3], last[1:3]).tolist() == windows[1:3]

    def test_hop(self, tmp_path):
        source = ListSource(piece("p", notes=60))
        dataset, _ = preprocess([source], tmp_path / "data", tx=10, hop=3)
        starts = dataset.windows()[:, 0].tolist()
        final = len(dataset.values) - 11
        assert starts == sorted({*range(0, final + 1, 3), final})

    def test_npz_holds_the_same(self, dataset, tmp_path, monkeypatch):
        monkeypatch.setattr("jazzgen.encoding.tensors._WINDOWS_AT_ONCE", 5)
        shapes = write_tensors(dataset, tmp_path / "t.npz")
        first = (tmp_path / "t.npz").read_bytes()
        with np.load(tmp_path / "t.npz") as arrays:
            assert sorted(arrays) == ["X", "X_validation", "Y", "Y_validation"]
            for side, suffix in (("train", ""), ("validation", "_validation")):
                for name, tensor in zip("XY", dataset.tensors(side), strict=True):
                    stored = arrays[name + suffix]
                    assert stored.dtype == np.uint8
                    assert np.array_equal(stored, tensor)
                    assert shapes[name + suffix] == tensor.shape
        write_tensors(dataset, tmp_path / "t.npz")
        assert (tmp_path / "t.npz").read_bytes() == first

    def test_npz_without_validation(self, tmp_path):
        dataset, _ = preprocess([ListSource(piece("p"))], tmp_path / "data", tx=10)
        write_tensors(dataset, tmp_path / "t.npz")
        with np.load(tmp_path / "t.npz") as arrays:
            assert arrays["X_validation"].shape == (0, 10, N_VALUES)
            assert arrays["Y_validation"].shape == (10, 0, N_VALUES)

    def test_npz_that_cannot_be_written(self, dataset, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError):
            write_tensors(dataset, tmp_path / "file" / "t.npz")


class TestSequences:
    def test_values_context_and_what_they_mean(self, dataset):
        originals = [item for item in corpus().items if isinstance(item, Piece)]
        assert len(dataset) == len(originals) == 13
        for number, original in enumerate(originals):
            values, context = dataset.sequence(number)
            encoded = encode_notes(original.notes)
            assert values.tolist() == [END, *encoded.values.tolist(), END]
            assert dataset.notes[number] == len(original.notes)
            assert context.shape == (len(values), N_SLOTS)
            # row k is what is known when value k is due: follow a decoder through the piece
            decoder, maker = IntervalDecoder(), ContextMaker(original.changes, original.tempo_bpm)
            for k, value in enumerate(values[1:].tolist(), start=1):
                state = (decoder.tick, decoder.reference, decoder.phase)
                wanted = maker.rows(*(np.array([number]) for number in state))
                assert context[k].tolist() == wanted[0].tolist()
                decoder.push(value)
        assert decoder.ended

    def test_arrays_are_memory_mapped(self, dataset):
        assert isinstance(dataset.values, np.memmap)
        assert isinstance(dataset.context, np.memmap)

    def test_about(self, tmp_path):
        source = ListSource(piece("p", tempo_bpm=140.0, about={"title": "Ä"}, remarks=("hm",)))
        dataset, report = preprocess([source], tmp_path / "data")
        (row,) = dataset.about()
        bars = source.items[0].changes.bars
        assert row == {
            "key": "p",
            "group": "p",
            "notes": 40,
            "bars": bars,
            "tempo_bpm": 140.0,
            "changes": source.items[0].changes.to_json(),
            "about": {"title": "Ä"},
            "remarks": ["hm"],
        }
        assert report.remarks.single == {"p": ["hm"]}

    def test_solos_are_read_back(self, tmp_path):
        sources = [piece(f"p{i}", tempo_bpm=100.0 + i, about={"title": "T"}) for i in range(3)]
        dataset, _ = preprocess([ListSource(*sources)], tmp_path / "data")
        for read, wanted in zip(dataset.solos([2, 0]), (sources[2], sources[0]), strict=True):
            assert (read.key, read.group, read.tempo_bpm) == (
                wanted.key,
                wanted.group,
                wanted.tempo_bpm,
            )
            assert read.changes == wanted.changes
            assert read.about == wanted.about
            assert np.array_equal(read.notes.onset, wanted.notes.onset)
            assert np.array_equal(read.notes.pitch, wanted.notes.pitch)

    def test_solos_of_a_damaged_piece_are_one_error(self, tmp_path):
        dataset, _ = preprocess([ListSource(piece("p"))], tmp_path / "data")
        (dataset.path / "pieces.jsonl").write_text("{}\n", encoding="utf-8")
        with pytest.raises(DatasetError, match="piece 0 is damaged"):
            list(Dataset(dataset.path).solos([0]))


class TestSplit:
    def test_by_piece_and_group(self, dataset):
        groups = [row["group"] for row in dataset.about()]
        sides = {}
        for group, side in zip(groups, dataset.split.tolist(), strict=True):
            assert sides.setdefault(group, side) == side
        assert set(sides.values()) == {0, 1}
        assert [*dataset.pieces("train"), *dataset.pieces("validation")] != list(range(13))
        assert dataset.pieces(None).tolist() == list(range(13))
        assert len(dataset.pieces("other")) == 0

    def test_by_table(self, tmp_path):
        table = {"p0": 0, "p1": 1, "p2": 0}
        dataset, _ = preprocess([corpus()], tmp_path / "data", split_table=table)
        assert dataset.pieces("train").tolist() == [0, 2]
        assert dataset.pieces("validation").tolist() == [1]
        assert len(dataset.pieces("other")) == 10
        assert dataset.info["split"] == {"train": 2, "validation": 1, "other": 10}


class TestRecord:
    def test_dataset_json(self, dataset):
        info = json.loads((dataset.path / "dataset.json").read_text("utf-8"))
        notes = sum(len(item.notes) for item in corpus().items if isinstance(item, Piece))
        assert info["skipped"] == [{"source": "broken.mid", "reason": "truncated MIDI"}]
        assert info["sources"] == [{"name": "list", "items": 14, "sha256": "00", "licence": ""}]
        assert (info["encoding"], info["Tx"], info["n_values"]) == ("interval", 16, 78)
        assert (info["pieces"], info["notes"]) == (13, notes)
        assert info["values"] == len(dataset.values) - 13
        assert info["vocabulary"]["sha256"] == dataset.vocabulary.sha256
        assert sum(info["split"].values()) == 13

    def test_report_and_progress(self, tmp_path):
        seen = []
        _, report = preprocess(
            [corpus(), ListSource(piece("more"))],
            tmp_path / "data",
            progress=lambda done, total: seen.append((done, total)),
        )
        assert seen == sorted(seen)
        assert seen[-1] == (15, 15)
        assert report.skipped == [Skipped("list/broken.mid", "truncated MIDI")]
        assert report.pieces == 14

    def test_the_same_corpus_gives_the_same_bytes(self, dataset, tmp_path):
        again, _ = preprocess([corpus()], tmp_path / "again", tx=16, validation=0.25)
        assert snapshot(again.path) == snapshot(dataset.path)


class TestMemory:
    @pytest.mark.parametrize("encoding", ["interval", "grammar"])
    def test_one_piece_at_a_time(self, tmp_path, encoding):
        alive = _Alive()
        most = 0

        class Many(ListSource):
            def __iter__(self):
                nonlocal most
                for i in self.items:
                    made = piece(f"p{i}", seed=i)
                    alive.add(made.notes.onset)
                    most = max(most, len(alive))
                    yield made
                    del made

        dataset, _ = preprocess([Many(*range(50))], tmp_path / "data", encoding=encoding)
        assert len(dataset) == 50
        assert most <= 3


class _Alive:
    """Counts objects that still live."""

    def __init__(self):
        self._count = 0

    def add(self, thing):
        self._count += 1
        weakref.finalize(thing, self._gone)

    def _gone(self):
        self._count -= 1

    def __len__(self):
        return self._count


class TestReplacing:
    def test_replaced_as_a_whole(self, dataset):
        preprocess([ListSource(piece("other"))], dataset.path, tx=5, overwrite=True)
        after = Dataset(dataset.path)
        assert (len(after), after.tx) == (1, 5)
        assert [path.name for path in dataset.path.parent.iterdir()] == ["data"]

    def test_kept_when_nothing_can_be_used(self, dataset):
        before = snapshot(dataset.path)
        source = ListSource(Skipped("a", "bad"), Skipped("b", "bad"), Skipped("c", "worse"))
        with pytest.raises(CorpusError, match=r"none of 3 items.*bad \(2\); worse \(1\)"):
            preprocess([source], dataset.path, overwrite=True)
        with pytest.raises(CorpusError, match="list: nothing to read"):
            preprocess([ListSource()], dataset.path, overwrite=True)
        assert snapshot(dataset.path) == before
        assert [path.name for path in dataset.path.parent.iterdir()] == ["data"]

    @pytest.mark.parametrize("encoding", ["interval", "grammar"])
    def test_kept_when_reading_breaks_off(self, dataset, encoding):
        class Failing(ListSource):
            def __iter__(self):
                yield piece("p")
                raise KeyboardInterrupt

        before = snapshot(dataset.path)
        with pytest.raises(KeyboardInterrupt):
            preprocess([Failing(1, 2)], dataset.path, encoding=encoding, overwrite=True)
        assert snapshot(dataset.path) == before
        assert [path.name for path in dataset.path.parent.iterdir()] == ["data"]

    def test_kept_when_the_split_names_none_of_it(self, dataset):
        before = snapshot(dataset.path)
        with pytest.raises(CorpusError):
            preprocess([corpus()], dataset.path, split_table={"zz": 0}, overwrite=True)
        assert snapshot(dataset.path) == before

    def test_refused_unless_asked_for(self, dataset):
        before = snapshot(dataset.path)
        source = corpus()
        with pytest.raises(DatasetError, match="holds a dataset already; --overwrite"):
            preprocess([source], dataset.path)
        assert source.read == 0
        assert snapshot(dataset.path) == before

    @pytest.mark.parametrize(
        "setting",
        [{"encoding": "foo"}, {"tx": 1}, {"hop": 0}, {"validation": 1.0}, {"validation": -0.1}],
        ids=str,
    )
    def test_settings_that_make_no_sense(self, tmp_path, setting):
        with pytest.raises(ValueError, match=r"encoding|window|share"):
            preprocess([corpus()], tmp_path / "data", **setting)
        assert not (tmp_path / "data").exists()

    def test_a_folder_of_other_things_is_refused(self, tmp_path):
        (tmp_path / "letter.txt").write_text("dear")
        source = corpus()
        with pytest.raises(DatasetError, match="something other than a dataset"):
            preprocess([source], tmp_path)
        assert source.read == 0
        assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]

    def test_a_file_is_refused(self, tmp_path):
        (tmp_path / "file").write_text("dear")
        with pytest.raises(DatasetError, match="is a file"):
            preprocess([corpus()], tmp_path / "file")
        with pytest.raises(OutputError, match="cannot write the dataset"):
            preprocess([corpus()], tmp_path / "file" / "data")
        assert (tmp_path / "file").read_text() == "dear"

    def test_an_empty_folder_is_taken(self, tmp_path):
        (tmp_path / "data").mkdir()
        preprocess([corpus()], tmp_path / "data")
        assert len(Dataset(tmp_path / "data")) == 13

    def test_parents_are_made(self, tmp_path):
        preprocess([corpus()], tmp_path / "a" / "b" / "data")
        assert len(Dataset(tmp_path / "a" / "b" / "data")) == 13


class TestGrammar:
    def test_two_passes_over_one_reading(self, tmp_path):
        source = corpus()
        dataset, report = preprocess([source], tmp_path / "data", encoding="grammar", tx=10)
        assert source.read == 1
        originals = [item for item in source.items if isinstance(item, Piece)]
        assert len(dataset) == len(originals)
        symbols = dataset.vocabulary.symbols
        for number, original in enumerate(originals):
            values, context = dataset.sequence(number)
            told = [symbols[value] for value in values]
            spelled = [s.symbol for s in spell(original.notes, original.changes)]
            assert [told[0], told[-1]] == ["<END>", "<END>"]
            expected = [s if s in symbols else "<UNK>" for s in spelled]
            assert told[1:-1] == expected
            assert len(context) == len(values)
        unknown = sum(int(value == dataset.vocabulary.unknown) for value in dataset.values)
        assert report.unknown == unknown > 0
        assert dataset.info["min_rest"] == 96
        x, y = dataset.tensors()
        assert x.shape[2] == y.shape[2] == N_VALUES
        assert np.all(x.sum(axis=-1) == 1)

    def test_shorter_rests(self, tmp_path):
        dataset, _ = preprocess([corpus()], tmp_path / "data", encoding="grammar", min_rest=12)
        assert dataset.info["min_rest"] == 12
        assert any(symbol.startswith("R") for symbol in dataset.vocabulary.symbols)

    def test_exactly_78_symbols_leave_no_room_for_an_end(self, tmp_path):
        """Then nothing can be padded, and what is shorter than a window is left out, by name."""
        whole = piece("long", notes=900, seed=5)
        count = 0
        seen = set()
        for spelled in spell(whole.notes, whole.changes, 10_000):
            if len(seen | {spelled.symbol}) > N_VALUES:
                break
            seen.add(spelled.symbol)
            count += 1
        assert len(seen) == N_VALUES
        long = Piece("long", "long", whole.notes[:count], whole.changes)
        short = Piece("short", "short", whole.notes[:10], whole.changes)
        dataset, report = preprocess(
            [ListSource(short, long)], tmp_path / "data", encoding="grammar", min_rest=10_000
        )
        assert dataset.vocabulary.end is None
        assert [row["key"] for row in dataset.about()] == ["long"]
        assert report.skipped == [Skipped("short", "only 10 values, a window needs 31 (see --tx)")]
        values, context = dataset.sequence(0)
        assert len(values) == len(context) == count
        assert dataset.info["skipped"][0]["source"] == "short"


class TestDamaged:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("dataset.json", b"{"),
            ("dataset.json", b"\xff\xfe"),
            ("dataset.json", b"[]"),
            ("dataset.json", b'{"name": "something else"}'),
            ("dataset.json", b'{"format": 1}'),
            ("dataset.json", b'{"format": 99}'),
            ("values.npy", b""),
            ("values.npy", b"no array"),
            ("context.npy", b""),
            ("offsets.npy", b""),
            ("split.npy", b"\x93NUMPY"),
        ],
    )
    def test_foreign_content(self, dataset, name, content):
        (dataset.path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=r"data: ") as caught:
            Dataset(dataset.path)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", ["values", "context", "offsets", "split", "notes"])
    @pytest.mark.parametrize(
        "damage",
        [
            lambda array: array[:-1],
            lambda array: array[:0],
            lambda array: array.astype(np.float64),
            lambda array: array[None],
        ],
    )
    def test_arrays_that_do_not_fit(self, dataset, name, damage):
        path = dataset.path / f"{name}.npy"
        np.save(path, damage(np.load(path)))
        with pytest.raises(DatasetError, match="damaged dataset"):
            Dataset(dataset.path)

    @pytest.mark.parametrize("cut", [10, 90, 200])
    def test_truncated(self, dataset, cut):
        path = dataset.path / "values.npy"
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(DatasetError):
            Dataset(dataset.path)

    def test_missing(self, dataset, tmp_path):
        with pytest.raises(DatasetError, match="no such folder"):
            Dataset(tmp_path / "none")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DatasetError, match="not a dataset folder"):
            Dataset(tmp_path / "empty")
        (tmp_path / "file").write_text("")
        with pytest.raises(DatasetError, match="not a dataset folder"):
            Dataset(tmp_path / "file")
        (dataset.path / "split.npy").unlink()
        with pytest.raises(DatasetError):
            Dataset(dataset.path)

    def test_vocabulary_that_was_tampered_with(self, dataset):
        path = dataset.path / "dataset.json"
        path.write_text(path.read_text("utf-8").replace('"+1"', '"+99"'), "utf-8")
        with pytest.raises(DatasetError, match="fingerprint"):
            Dataset(dataset.path)

    def test_a_whole_folder_can_be_moved(self, dataset, tmp_path):
        shutil.move(dataset.path, tmp_path / "moved")
        assert len(Dataset(tmp_path / "moved")) == 13


def test_sources_never_share_a_key(tmp_path):
    first, second = (ListSource(piece("a"), Skipped("b", "empty")) for _ in range(2))
    preprocess([first, second], tmp_path / "out")
    dataset = Dataset(tmp_path / "out")
    keys = [row["key"] for row in dataset.about()]
    assert len(set(keys)) == 2
    assert len({row["source"] for row in dataset.info["skipped"]}) == 2
