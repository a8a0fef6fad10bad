"""Preprocessing in several processes, and going on with a run that did not end."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from jazzgen.corpus.midi_source import MidiSource
from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.encoding import reading
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.preprocess import InterruptedRunError, preprocess
from jazzgen.encoding.workers import CRASHED, WorkerError
from jazzgen.errors import DatasetError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

CHANGES = Changes.build(
    [(96 * bar, parse_chord(["Dm7", "G7", "C6"][bar % 3])) for bar in range(8)], range(0, 800, 96)
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A hundred files, of which three are broken."""
    folder = tmp_path_factory.mktemp("files") / "corpus"
    folder.mkdir()
    for number in range(100):
        rng = np.random.default_rng(number)
        pitch = 60 + rng.integers(0, 12 + number % 7, 60)
        line = Notes.of((t * 12, 10, int(p)) for t, p in enumerate(pitch))
        path = folder / f"tune {number:03}.mid"
        write_midi(path, [Track("Solo", 66, 0, line)], tempo_bpm=100 + number, changes=CHANGES)
    for number in (7, 50, 99):
        path = folder / f"tune {number:03}.mid"
        path.write_bytes(path.read_bytes()[:-9])
    return folder


@pytest.fixture
def few(monkeypatch):
    """Makes hundreds of files out of a hundred."""
    monkeypatch.setattr(reading, "_FEW", 10)
    monkeypatch.setattr(reading, "_CHUNK", 8)


@pytest.fixture
def save_always(monkeypatch):
    monkeypatch.setattr(reading, "_SAVED_EVERY_S", -1)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def break_off(corpus, out, items, error=KeyboardInterrupt, **settings):
    """A run that ends before it is done, as if it was killed: nothing is tidied up."""

    def stop(done, _):
        if done >= items:
            # What was saved stays as it is, however the run ends.
            shutil.copytree(out.parent / f".{out.name}.jazzgen", out.parent / "kept")
            raise error

    with pytest.raises(BaseException):  # noqa: B017, PT011
        preprocess([MidiSource([corpus])], out, progress=stop, **settings)
    shutil.rmtree(out.parent / f".{out.name}.jazzgen", ignore_errors=True)
    (out.parent / "kept").rename(out.parent / f".{out.name}.jazzgen")


@pytest.mark.parametrize("encoding", ["interval", "grammar"])
@pytest.mark.parametrize("jobs", [2, 4])
def test_the_same_bytes_with_any_number_of_processes(
    corpus, tmp_path, few, encoding, jobs, monkeypatch
):
    for name, number in (("one", 1), ("many", jobs)):
        monkeypatch.setattr("jazzgen.encoding.workers._TASKS", 3)
        sources = [MidiSource([corpus]), MidiSource([corpus])]
        made, report = preprocess(sources, tmp_path / name, encoding=encoding, jobs=number)
        assert (report.pieces, len(report.skipped)) == (194, 6)
    assert contents(tmp_path / "one") == contents(tmp_path / "many")
    assert made.info["sources"][1]["sha256"] == MidiSource([corpus]).sha256()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "one"]


class TestGoingOn:
    @pytest.mark.parametrize("encoding", ["interval", "grammar"])
    @pytest.mark.parametrize(("items", "jobs"), [(8, 1), (56, 2), (100, 1)])
    def test_ends_in_the_same_bytes(
        self, corpus, tmp_path, few, save_always, encoding, jobs, items
    ):
        preprocess([MidiSource([corpus])], tmp_path / "whole", encoding=encoding)
        break_off(corpus, tmp_path / "data", items, encoding=encoding)
        said = []
        _, report = preprocess(
            [MidiSource([corpus])],
            tmp_path / "data",
            encoding=encoding,
            jobs=jobs,
            say=said.append,
        )
        # The last chunk was encoded and not saved.
        saved = -8 if items == 8 else items - 8 if items < 100 else 96
        assert said == (
            [f"goes on from an earlier run: {saved} of 100 items are done"] if saved > 0 else []
        )
        assert report.pieces == 97
        assert [one.source for one in report.skipped] == [
            f"tune {number:03}.mid" for number in (7, 50, 99)
        ]
        assert contents(tmp_path / "data") == contents(tmp_path / "whole")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "whole"]

    def test_what_was_written_after_the_last_state_is_cut_off(
        self, corpus, tmp_path, few, save_always
    ):
        preprocess([MidiSource([corpus])], tmp_path / "whole")
        break_off(corpus, tmp_path / "data", 56)
        for path in (tmp_path / ".data.jazzgen").rglob("*.*"):
            if path.name != "state.json":
                with path.open("ab") as file:
                    file.write(b"half a chunk")
        preprocess([MidiSource([corpus])], tmp_path / "data")
        assert contents(tmp_path / "data") == contents(tmp_path / "whole")

    def test_settings_of_the_windows_may_change(self, corpus, tmp_path, few, save_always):
        settings = {"tx": 8, "hop": 3, "validation": 0.3, "seed": 4}
        preprocess([MidiSource([corpus])], tmp_path / "whole", **settings)
        break_off(corpus, tmp_path / "data", 56)
        said = []
        preprocess([MidiSource([corpus])], tmp_path / "data", say=said.append, **settings)
        assert said[0].startswith("goes on")
        assert contents(tmp_path / "data") == contents(tmp_path / "whole")


class TestStartingAnew:
    def run(self, tmp_path, source, **settings):
        said = []
        preprocess([source], tmp_path / "whole", **settings)
        preprocess([source], tmp_path / "data", say=said.append, **settings)
        assert contents(tmp_path / "data") == contents(tmp_path / "whole")
        assert sorted(path.name for path in tmp_path.iterdir() if path.name != "corpus") == [
            "data",
            "whole",
        ]
        (line,) = said
        assert line.startswith("starts anew and not from an earlier run: ")
        return line

    def test_another_encoding(self, corpus, tmp_path, few, save_always):
        break_off(corpus, tmp_path / "data", 56)
        assert "another encoding" in self.run(tmp_path, MidiSource([corpus]), encoding="grammar")

    def test_other_options(self, corpus, tmp_path, few, save_always):
        break_off(corpus, tmp_path / "data", 56)
        line = self.run(tmp_path, MidiSource([corpus], beats=(0, 16)))
        assert "other sources or options" in line

    def test_a_file_that_has_changed(self, corpus, tmp_path, few, save_always):
        shutil.copytree(corpus, tmp_path / "corpus")
        break_off(tmp_path / "corpus", tmp_path / "data", 56)
        changed = tmp_path / "corpus" / "tune 003.mid"
        changed.write_bytes((corpus / "tune 004.mid").read_bytes())
        os.utime(changed, ns=(0, 0))
        assert "files have changed" in self.run(tmp_path, MidiSource([tmp_path / "corpus"]))

    @pytest.mark.parametrize("damage", ["dataset/values.npy", "index.jsonl", "state.json"])
    def test_damage(self, corpus, tmp_path, few, save_always, damage):
        break_off(corpus, tmp_path / "data", 56)
        if damage == "state.json":
            state = json.loads((tmp_path / ".data.jazzgen" / damage).read_text())
            del state["growing"]["lengths"]
            (tmp_path / ".data.jazzgen" / damage).write_text(json.dumps(state))
        else:
            os.truncate(tmp_path / ".data.jazzgen" / damage, 100)
        assert "damaged" in self.run(tmp_path, MidiSource([corpus]))


class TestOneRunAtATime:
    def test_a_second_one_is_refused(self, corpus, tmp_path):
        (tmp_path / ".data.jazzgen").mkdir()
        with (tmp_path / ".data.jazzgen" / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(DatasetError, match="another jazzgen preprocess is writing it"):
                preprocess([MidiSource([corpus])], tmp_path / "data")
        preprocess([MidiSource([corpus])], tmp_path / "data")
        assert [path.name for path in tmp_path.iterdir()] == ["data"]

    def test_a_dataset_left_between_two_renames_is_put_back(self, corpus, tmp_path):
        preprocess([MidiSource([corpus])], tmp_path / "data")
        before = contents(tmp_path / "data")
        (tmp_path / ".data.jazzgen").mkdir()
        (tmp_path / "data").rename(tmp_path / ".data.jazzgen" / "before")
        with pytest.raises(DatasetError, match="holds a dataset already"):
            preprocess([MidiSource([corpus])], tmp_path / "data")
        assert contents(tmp_path / "data") == before
        assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_ctrl_c_says_how_to_go_on(corpus, tmp_path, few, save_always):
    def stop(done, _):
        if done > 50:
            raise KeyboardInterrupt

    for jobs in (1, 2):
        with pytest.raises(InterruptedRunError, match=r"goes on after \d+ of 100 items"):
            preprocess([MidiSource([corpus])], tmp_path / "data", jobs=jobs, progress=stop)
        assert [path.name for path in tmp_path.iterdir()] == [".data.jazzgen"]


SOURCES = """
import os
from itertools import islice
from jazzgen.corpus.midi_source import MidiSource

class Crashing(MidiSource):
    def __iter__(self):
        for item in super().__iter__():
            if getattr(item, "key", "") in ("tune 020.mid", "tune 021.mid", "tune 098.mid"):
                os.abort()
            yield item

class Wrong(MidiSource):
    def __iter__(self):
        raise ZeroDivisionError("in the worker")
        yield
"""


@pytest.fixture
def sources(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "crashing_sources.py").write_text(SOURCES)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    import crashing_sources

    yield crashing_sources
    del sys.modules["crashing_sources"]


def test_files_on_which_the_reader_crashes_are_left_out(corpus, tmp_path, few, sources):
    source = sources.Crashing([corpus])
    made, report = preprocess([source], tmp_path / "data", jobs=2)
    assert report.pieces == 94
    assert [one for one in report.skipped if one.reason == CRASHED] == [
        Skipped(f"tune 0{number}.mid", CRASHED) for number in (20, 21, 98)
    ]
    assert made.info["sources"][0]["sha256"] == MidiSource([corpus]).sha256()


def test_a_bug_in_a_worker_is_told(corpus, tmp_path, few, sources):
    with pytest.raises(WorkerError, match="ZeroDivisionError: in the worker"):
        preprocess([sources.Wrong([corpus])], tmp_path / "data", jobs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["lib"]


def test_parts_of_a_source_are_the_source(corpus, tmp_path):
    source = MidiSource([corpus, corpus / "tune 003.mid"])
    keys = list(source.item_keys())
    assert len(keys) == len(source) == 101
    parts = [source.part(first, first + 9) for first in range(0, 101, 9)]
    assert [key for part in parts for key in part.item_keys()] == keys
    items = [item for part in parts for item in part]
    names = [item.key if isinstance(item, Piece) else item.source for item in items]
    assert names == keys
    assert b"".join(part.digests() for part in parts) == source.digests()


OFTEN_SAVED = (
    sys.executable,
    "-c",
    "from jazzgen.encoding import reading; reading._SAVED_EVERY_S = 0.05; "
    "from jazzgen.cli.main import main; main()",
)
"""The command line, which says where it is so often that a quick machine is caught on its way."""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("encoding", ["interval", "grammar"])
def test_killed_and_run_again(corpus, tmp_path, jobs, encoding):
    """The command line, SIGKILL, and again: the same bytes, and nothing left running."""
    many = tmp_path / "many"
    for number in range(30):
        shutil.copytree(corpus, many / f"{number:02}")
    command = [*OFTEN_SAVED, "preprocess", str(many), "--encoding", encoding]
    command += ["--jobs", str(jobs), "--out"]
    subprocess.run([*command, str(tmp_path / "whole"), "-q"], check=True)
    first = subprocess.Popen([*command, str(tmp_path / "data"), "-q"])
    state = tmp_path / ".data.jazzgen" / "state.json"
    while first.poll() is None:
        if state.is_file() and json.loads(state.read_text())["growing"]["done"]:
            os.kill(first.pid, signal.SIGKILL)
        time.sleep(0.01)
    assert first.returncode == -signal.SIGKILL
    done = subprocess.run(
        [*command, str(tmp_path / "data")], check=True, capture_output=True, text=True
    )
    assert "goes on from an earlier run" in done.stderr
    assert contents(tmp_path / "data") == contents(tmp_path / "whole")
    assert len(Dataset(tmp_path / "data")) == 97 * 30


@pytest.mark.slow
def test_ctrl_c_on_the_command_line(corpus, tmp_path):
    many = tmp_path / "many"
    for number in range(50):
        shutil.copytree(corpus, many / f"{number:02}")
    command = [*OFTEN_SAVED, "preprocess", str(many), "--out"]
    running = subprocess.Popen(
        [*command, str(tmp_path / "data"), "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    state = tmp_path / ".data.jazzgen" / "state.json"
    while not (state.is_file() and json.loads(state.read_text())["growing"]["done"]):
        time.sleep(0.01)
        assert running.poll() is None
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate()
    assert time.monotonic() - began < 2
    assert running.returncode == 130
    (line,) = [line for line in errors.splitlines() if line]
    assert line.startswith("error: interrupted; the same command goes on after ")
    assert not (tmp_path / "data").exists()
