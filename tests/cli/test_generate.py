"""`jazzgen generate`, with a network that has learned nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import mido
import numpy as np
import pytest

from jazzgen.cli.generate import generate as generate_command
from jazzgen.cli.generate_options import SECTIONS
from jazzgen.encoding.manner import INSTRUMENTS
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, read_recipe, write_midi
from jazzgen.music.notes import Notes
from jazzgen.rendering.solo_file import PROGRAMS

CHANGES = "| Dm7 | G7 | Cmaj7 | % |"


@pytest.fixture
def generate(jazzgen_cli, model_folder):
    """Runs the command quietly; it must succeed."""

    def run(*arguments, model=model_folder):
        done = jazzgen_cli("generate", "--model", model, "--quiet", *arguments)
        assert (done.code, done.err) == (0, ""), done
        return done.out

    return run


@pytest.fixture
def solo(generate, tmp_path):
    """Generates one solo and returns its file."""
    count = 0

    def run(*arguments, changes=CHANGES, seed=7, **more):
        nonlocal count
        count += 1
        path = tmp_path / f"solo{count}.mid"
        generate("--changes", changes, "--seed", seed, "-o", path, *arguments, **more)
        return path

    return run


def notes_of(path, name="Solo"):
    """Onset, end and pitch of each note of a track, in MIDI ticks."""
    (track,) = (track for track in mido.MidiFile(path).tracks if track.name == name)
    now, sounding, rows = 0, {}, []
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = now
        elif message.type in ("note_on", "note_off"):
            rows.append((sounding.pop(message.note), now, message.note))
    assert not sounding
    return sorted(rows)


def markers(path):
    now, rows = 0, []
    for message in mido.MidiFile(path).tracks[0]:
        now += message.time
        if message.type == "marker":
            rows.append((now, message.text))
    return rows


def length(path):
    """The length of the file, the same for all its tracks."""
    (end,) = {sum(message.time for message in track) for track in mido.MidiFile(path).tracks}
    return end


class TestOutput:
    def test_json_is_one_object(self, jazzgen_cli, model_folder, tmp_path):
        path = tmp_path / "solo.mid"
        done = jazzgen_cli(
            *("generate", "--model", model_folder, "--changes", CHANGES),
            *("--seed", 3, "-o", path, "--json"),
        )
        assert done.code == 0
        assert done.out.count("\n") == 1
        answer = json.loads(done.out)
        assert answer["files"] == [str(path)]
        assert (answer["seed"], answer["model"], answer["bars"]) == (3, "tiny", 4)
        assert answer["notes"] == len(notes_of(path)) > 0
        assert "seed 3" in done.err  # what people read

    def test_words_for_people(self, jazzgen_cli, model_folder, tmp_path):
        path = tmp_path / "solo.mid"
        done = jazzgen_cli(
            "generate", "--model", model_folder, "--changes", CHANGES, "--seed", 3, "-o", path
        )
        count = len(notes_of(path))
        assert done == (0, f"4 bars, {count} notes, model tiny, seed 3 -> {path}\n", "")

    def test_quiet(self, generate, tmp_path):
        assert generate("-o", tmp_path / "a.mid") == ""
        assert json.loads(generate("-o", tmp_path / "a.mid", "--json"))["bars"] > 0

    def test_the_file(self, solo):
        path = solo("--tempo", 150, "--program", 56)
        file = mido.MidiFile(path)
        assert (file.type, file.ticks_per_beat) == (1, 480)
        assert [track.name for track in file.tracks[1:]] == ["Solo", "Piano"]
        first = {message.type: message for message in file.tracks[0]}
        assert first["set_tempo"].tempo == 400_000
        assert (first["time_signature"].numerator, first["time_signature"].denominator) == (4, 4)
        (program,) = (m.program for m in file.tracks[1] if m.type == "program_change")
        assert program == 56
        assert markers(path) == [(0, "Dm7"), (1920, "G7"), (3840, "Cmaj7")]
        recipe = read_recipe(path)
        assert (recipe["seed"], recipe["bars"], recipe["tempo_bpm"]) == (7, 4, 150.0)

    def test_without_chords(self, solo):
        path = solo("--no-chords")
        assert [track.name for track in mido.MidiFile(path).tracks[1:]] == ["Solo"]
        assert len(markers(path)) == 3

    def test_default_names(self, generate, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        generate()
        assert (tmp_path / "solo.mid").is_file()
        generate("--count", 2, "--seed", 5)
        assert sorted(file.name for file in Path("solos").iterdir()) == ["solo-5.mid", "solo-6.mid"]
        generate("-o", tmp_path, "--seed", 9)
        assert (tmp_path / "solo-9.mid").is_file()

    def test_without_a_seed_each_is_another(self, generate, tmp_path):
        seeds = {json.loads(generate("-o", tmp_path / "a.mid", "--json"))["seed"] for _ in "ab"}
        assert len(seeds) == 2


class TestSeeds:
    def test_same_seed_same_bytes(self, solo):
        first = solo().read_bytes()
        assert solo().read_bytes() == first
        assert solo(seed=8).read_bytes() != first

    def test_in_another_process_too(self, solo, model_folder, tmp_path):
        path = tmp_path / "other.mid"
        subprocess.run(
            [
                *(sys.executable, "-m", "jazzgen", "generate", "--model", model_folder),
                *("--changes", CHANGES, "--seed", "7", "-o", path),
            ],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": "99"},
        )
        assert path.read_bytes() == solo().read_bytes()

    def test_solo_k_of_a_batch_is_that_of_seed_s_plus_k(self, generate, solo, tmp_path):
        answer = json.loads(
            generate(
                *("--changes", CHANGES, "--seed", 40, "--count", 4),
                *("-o", tmp_path / "batch", "--json"),
            )
        )
        files = [tmp_path / "batch" / f"solo-{40 + k}.mid" for k in range(4)]
        assert answer["files"] == [str(file) for file in files]
        assert answer["notes"] == sum(len(notes_of(file)) for file in files)
        for k, file in enumerate(files):
            assert file.read_bytes() == solo(seed=40 + k).read_bytes()

    def test_settings_matter(self, solo):
        plain = solo().read_bytes()
        for setting in (["--temperature", 0.3], ["--top-p", 0.2], ["--greedy"]):
            assert notes_of(solo(*setting)) != notes_of(solo()), setting
            assert solo(*setting).read_bytes() != plain

    def test_greedy_needs_no_seed(self, solo):
        assert notes_of(solo("--greedy", seed=1)) == notes_of(solo("--greedy", seed=2))


class TestRecipe:
    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["--bars", "7", "--tempo", "201.5", "--temperature", "0.7", "--top-p", "0.5"],
            ["--choruses", "2", "--range", "50", "70", "--program", "11", "--no-chords"],
            ["--greedy"],
            ["--style", "bebop", "--instrument", "tp", "--feel", "latin", "--swing", "1.7"],
            ["--density", "6", "--outside", "0.2", "--phrase", "1", "--breath", "1.5"],
            ["--difficulty", "medium", "--bars", "8"],
        ],
    )
    def test_made_again_byte_for_byte(self, solo, generate, model_folder, tmp_path, options):
        path = solo(*options)
        generate("--recipe", path, "-o", tmp_path / "again.mid")
        assert (tmp_path / "again.mid").read_bytes() == path.read_bytes()

    @pytest.mark.parametrize("changes", ["waltz-bb", "vamp-five-four", "| NC | C/E Fm6 |"])
    def test_of_other_changes(self, solo, generate, tmp_path, changes):
        path = solo("--bars", 5, changes=changes)
        generate("--recipe", path, "-o", tmp_path / "again.mid")
        assert (tmp_path / "again.mid").read_bytes() == path.read_bytes()

    def test_of_a_grammar_model(self, solo, generate, grammar_model_folder, tmp_path):
        path = solo("--clean-up", "none", model=grammar_model_folder)
        assert notes_of(path)
        again = tmp_path / "again.mid"
        generate("--recipe", path, "-o", again, model=grammar_model_folder)
        assert again.read_bytes() == path.read_bytes()

    def test_one_of_a_batch(self, generate, tmp_path):
        generate("--count", 3, "--seed", 1, "-o", tmp_path / "batch")
        path = tmp_path / "batch" / "solo-2.mid"
        generate("--recipe", path, "-o", tmp_path / "again.mid")
        assert (tmp_path / "again.mid").read_bytes() == path.read_bytes()

    def test_finds_its_model_by_name(self, solo, jazzgen_cli, model_folder, monkeypatch, tmp_path):
        path = solo()
        monkeypatch.chdir(model_folder.parent)
        again = tmp_path / "again.mid"
        assert jazzgen_cli("generate", "--recipe", path, "-o", again).code == 0
        assert again.read_bytes() == path.read_bytes()

    def test_another_model_is_refused(self, solo, refuses, grammar_model_folder, tmp_path):
        path, again = solo(), tmp_path / "again.mid"
        line = refuses("generate", "--recipe", path, "-o", again, "--model", grammar_model_folder)
        assert "another model (tiny, " in line
        assert not again.exists()

    def test_decides_everything(self, solo, refuses):
        line = refuses("generate", "--recipe", solo(), "--seed", 3, "--tempo", 99, code=2)
        assert "leave out --seed, --tempo" in line
        line = refuses("generate", "--recipe", solo(), "--range", 40, 90, "--best", 1, code=2)
        assert "leave out --best, --range" in line

    def test_no_recipe_in_it(self, refuses, tmp_path):
        path = tmp_path / "plain.mid"
        track = Track("Solo", 0, 0, Notes.of([(0, 24, 60)]))
        write_midi(path, [track], tempo_bpm=120, changes=Changes.unaccompanied(1))
        assert "no jazzgen recipe" in refuses("generate", "--recipe", path)
        assert "no such file" in refuses("generate", "--recipe", tmp_path / "none.mid")

    @pytest.mark.parametrize(
        "damage",
        [
            {"version": "0.0.0"},
            {"bars": 0},
            {"bars": "x"},
            {"seed": -1},
            {"program": 128},
            {"tempo_bpm": 0},
            {"tempo_bpm": 1},
            {"tempo_bpm": 1e999},
            {"sampling": {}},
            {"sampling": None},
            {"changes": {"chords": [], "bar_ticks": []}},
            {"changes": {"chords": [[0, "H7"]], "bar_ticks": [96]}},
            {"changes": {"chords": [[0, "C"]], "bar_ticks": [96, -96]}},
            {"changes": {"chords": [[0, "C"]], "bar_ticks": [10**12]}},
            {"changes": []},
        ],
    )
    def test_a_damaged_recipe(self, solo, refuses, model_folder, tmp_path, damage):
        recipe = {**read_recipe(solo()), **damage}
        path, again = tmp_path / "damaged.mid", tmp_path / "again.mid"
        track = Track("Solo", 0, 0, Notes.of([(0, 24, 60)]))
        write_midi(
            *(path, [track]),
            tempo_bpm=120,
            changes=Changes.unaccompanied(1),
            recipe=json.dumps(recipe),
        )
        line = refuses("generate", "--recipe", path, "-o", again, "--model", model_folder)
        assert "recipe" in line or "H7" in line
        assert not again.exists()


class TestBars:
    @pytest.mark.parametrize(
        ("options", "bars"),
        [([], 4), (["--bars", "1"], 1), (["--bars", "6"], 6), (["--choruses", "3"], 12)],
    )
    @pytest.mark.parametrize("seed", range(3))
    def test_exactly_as_many_as_asked(self, solo, options, bars, seed):
        path = solo(*options, seed=seed)
        assert length(path) == bars * 4 * 480
        notes = notes_of(path)
        assert notes[0][0] >= 0
        assert notes[-1][1] <= bars * 4 * 480
        # the end of the solo cannot be drawn before the last bar: it does not die away early
        assert notes[-1][1] > (bars - 2) * 4 * 480

    def test_monophonic(self, solo):
        for seed in range(5):
            notes = notes_of(solo("--bars", 16, seed=seed))
            for (_, end, _), (onset, _, _) in pairwise(notes):
                assert onset >= end

    @pytest.mark.parametrize(
        ("chart", "ticks"), [("waltz-bb", 3 * 480), ("vamp-five-four", 5 * 480)]
    )
    def test_other_metres(self, solo, chart, ticks):
        assert length(solo("--bars", 5, changes=chart)) == 5 * ticks

    @pytest.mark.parametrize("time", [(6, 8), (12, 8), (2, 2), (3, 4), (7, 8)])
    def test_a_metre_stays_as_it_is_counted(self, solo, tmp_path, generate, time):
        path = solo("--bars", 2, changes=f"time: {time[0]}/{time[1]}\n| Am7 | D7 |")
        generate("--recipe", path, "-o", tmp_path / "again.mid")
        for file in (path, tmp_path / "again.mid"):
            metres = [m for m in mido.MidiFile(file).tracks[0] if m.type == "time_signature"]
            assert [(m.numerator, m.denominator) for m in metres] == [time]

    @pytest.mark.parametrize("low_high", [(46, 86), (60, 72), (0, 12), (115, 127), (30, 50)])
    def test_pitches_stay_in_the_range(self, solo, low_high, grammar_model_folder, model_folder):
        for model in (model_folder, grammar_model_folder):
            pitches = set()
            for seed in range(3):
                path = solo("--bars", 12, "--range", *low_high, seed=seed, model=model)
                pitches |= {pitch for _, _, pitch in notes_of(path)}
            assert low_high[0] <= min(pitches) < max(pitches) <= low_high[1]

    def test_default_range_is_playable(self, solo):
        pitches = {p for seed in range(4) for _, _, p in notes_of(solo("--bars", 16, seed=seed))}
        assert min(pitches) >= 46
        assert max(pitches) <= 86


class TestChanges:
    def test_text(self, solo):
        path = solo(changes="| Bb7 | Eb7 Edim7 |")
        assert markers(path) == [(0, "Bb7"), (1920, "Eb7"), (2880, "Edim7")]

    def test_a_file(self, solo, tmp_path):
        chart = tmp_path / "mine.txt"
        chart.write_text("tempo: 99\ntime: 3/4\n| Am7 | D7 |\n")
        path = solo(changes=chart)
        assert markers(path) == [(0, "Am7"), (1440, "D7")]
        assert length(path) == 2 * 3 * 480
        assert read_recipe(path)["tempo_bpm"] == 99.0

    def test_a_bundled_chart(self, solo):
        path = solo(changes="blues-f")
        assert length(path) == 12 * 4 * 480
        assert markers(path)[0][1] == "F7"

    @pytest.mark.parametrize("suffix", [".mid", ".MIDI"])
    def test_a_midi_file(self, solo, tmp_path, suffix):
        source = tmp_path / f"song{suffix}"
        changes = Changes.build(
            [(0, parse_chord("Gm7")), (72, parse_chord("C7")), (144, parse_chord("F6"))],
            [0, 72, 144, 216],
        )
        line = Track("Horn", 66, 0, Notes.of([(i * 12, 12, 60 + i % 5) for i in range(18)]))
        write_midi(source, [line], tempo_bpm=200, changes=changes)
        path = solo(changes=source)
        assert markers(path) == [(0, "Gm7"), (1440, "C7"), (2880, "F6")]
        assert length(path) == 3 * 3 * 480
        assert read_recipe(path)["tempo_bpm"] == 200.0

    def test_what_it_wrote_itself(self, solo):
        first = solo("--bars", 4)
        assert markers(solo(changes=first)) == markers(first)

    def test_the_slowest_midi_file(self, solo, tmp_path):
        source = tmp_path / "slow.mid"
        file = mido.MidiFile(type=1)
        file.tracks.append(
            mido.MidiTrack(
                [
                    mido.MetaMessage("set_tempo", tempo=0xFFFFFF),
                    mido.MetaMessage("marker", text="Gm7"),
                    mido.Message("note_on", note=60),
                    mido.Message("note_off", note=60, time=1920),
                ]
            )
        )
        file.save(source)
        assert length(solo(changes=source)) == 1920

    def test_default_is_a_bundled_chart(self, generate, tmp_path):
        generate("-o", tmp_path / "a.mid", "--seed", 1)
        assert length(tmp_path / "a.mid") == 32 * 4 * 480


class TestManner:
    def programs(self, path):
        return [m.program for m in mido.MidiFile(path).tracks[1] if m.type == "program_change"]

    @pytest.mark.parametrize(
        ("options", "program"),
        [
            ([], 66),
            (["--instrument", "tp"], 56),
            (["--instrument", "vib"], 11),
            (["--instrument", "as", "--program", 4], 4),
        ],
    )
    def test_the_program_follows_the_instrument(self, solo, options, program):
        assert self.programs(solo(*options)) == [program]

    def test_every_instrument_has_a_program(self):
        assert PROGRAMS.keys() == INSTRUMENTS.keys()

    def test_a_model_that_never_learned_any_says_so(self, jazzgen_cli, model_folder, tmp_path):
        out = ("-o", tmp_path / "a.mid", "--seed", 1)
        options = ("--style", "bebop", "--feel", "latin")
        done = jazzgen_cli("generate", "--model", model_folder, *out, *options)
        assert done.code == 0
        assert done.err == ("model tiny ignores style and feel: it never learned to tell them\n")
        plain = notes_of(tmp_path / "a.mid")
        jazzgen_cli("generate", "--model", model_folder, *out)
        assert notes_of(tmp_path / "a.mid") == plain

    def test_one_that_learned_them_plays_otherwise(self, generate, model_folder, tmp_path):
        taught = tmp_path / "taught"
        shutil.copytree(model_folder, taught)
        config = json.loads((taught / "config.json").read_text())
        config["dataset"] = {"has_manner": True}
        (taught / "config.json").write_text(json.dumps(config))
        heard = set()
        for options in ([], ["--style", "bebop"], ["--style", "free"], ["--feel", "latin"]):
            generate("-o", tmp_path / "a.mid", "--seed", 1, *options, model=taught)
            heard.add(tuple(notes_of(tmp_path / "a.mid")))
        assert len(heard) == 4


class TestControls:
    def test_each_of_them_matters(self, solo):
        plain = notes_of(solo("--bars", 12))
        for options in (
            ["--density", 3],
            ["--outside", 0],
            ["--phrase", 1],
            ["--breath", 4],
            ["--difficulty", "easy"],
        ):
            assert notes_of(solo("--bars", 12, *options)) != plain, options

    def test_swing_moves_off_beats_when_writing(self, solo):
        plain = solo("--bars", 12, "--difficulty", "easy")
        swung = solo("--bars", 12, "--difficulty", "easy", "--swing", 2)
        assert [row[2] for row in notes_of(plain)] == [row[2] for row in notes_of(swung)]
        places = {onset % 480 for onset, _, _ in notes_of(plain)}
        assert places == {0, 240}
        assert {onset % 480 for onset, _, _ in notes_of(swung)} == {0, 320}
        assert length(plain) == length(swung)

    def test_easy_is_easy(self, solo):
        notes = notes_of(solo("--bars", 12, "--difficulty", "easy"))
        pitches = [pitch for _, _, pitch in notes]
        assert 55 <= min(pitches) <= max(pitches) <= 74
        assert max(abs(b - a) for a, b in pairwise(pitches)) <= 7

    def test_what_is_given_takes_precedence(self, solo):
        easy = read_recipe(solo("--difficulty", "easy"))
        other = read_recipe(
            solo("--difficulty", "easy", "--range", 40, 90, "--density", 7, "--outside", 0.3)
        )
        assert (easy["sampling"]["low"], easy["sampling"]["high"]) == (55, 74)
        assert (other["sampling"]["low"], other["sampling"]["high"]) == (40, 90)
        assert other["controls"] == {**easy["controls"], "density": 7, "outside": 0.3}

    def test_copying_needs_fingerprints(self, refuses, model_folder):
        line = refuses("generate", "--model", model_folder, "--max-copied", 8)
        assert "model tiny has no fingerprints" in line

    def test_copying_is_kept_in_bounds(self, generate, model_folder, tmp_path):
        folder = tmp_path / "copier"
        shutil.copytree(model_folder, folder)
        np.save(folder / "fingerprints.npy", np.arange(2**12, dtype="<u4") << 20)
        generate("-o", tmp_path / "a.mid", "--max-copied", 6, "--seed", 1, model=folder)
        assert read_recipe(tmp_path / "a.mid")["controls"] == {"max_copied": 6}
        generate("-o", tmp_path / "b.mid", "--recipe", tmp_path / "a.mid", model=folder)
        assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


class TestPrimer:
    LICK: ClassVar = [(12, 12, 65), (24, 6, 68), (36, 7, 72), (48, 31, 70)]

    @pytest.fixture
    def lick(self, tmp_path):
        path = tmp_path / "lick.mid"
        track = Track("Horn", 66, 0, Notes.of(self.LICK))
        write_midi(path, [track], tempo_bpm=99, changes=Changes.unaccompanied(1))
        return path

    def test_goes_on_from_it(self, solo, lick):
        notes = notes_of(solo("--prime", lick))
        wanted = [(20 * on, 20 * (on + ticks), pitch) for on, ticks, pitch in self.LICK]
        assert notes[:4] == wanted
        assert notes[4][0] >= wanted[-1][1]
        assert length(solo("--prime", lick)) == 4 * 4 * 480

    def test_dropped_it_leaves_what_was_added_at_its_place(self, solo, lick):
        whole, added = solo("--prime", lick), solo("--prime", lick, "--drop-primer")
        assert notes_of(added) == notes_of(whole)[4:]
        assert length(added) == length(whole)

    @pytest.mark.parametrize("options", [[], ["--drop-primer"], ["--swing", 2.5]])
    def test_made_again_without_its_file(self, solo, generate, lick, tmp_path, options):
        path = solo("--prime", lick, *options)
        lick.unlink()
        generate("--recipe", path, "-o", tmp_path / "again.mid")
        assert (tmp_path / "again.mid").read_bytes() == path.read_bytes()

    def test_too_long_for_the_changes(self, refuses, model_folder, lick, tmp_path):
        out = tmp_path / "a.mid"
        base = ("generate", "--model", model_folder, "-o", out, "--prime", lick)
        line = refuses(*base, "--changes", "time: 2/4\n| C7 |")
        assert "lick.mid: the phrase leaves no room: it ends after them" in line
        assert not out.exists()

    def test_what_is_no_phrase(self, refuses, model_folder, grammar_model_folder, lick, tmp_path):
        base = ("generate", "-o", tmp_path / "a.mid")
        none = tmp_path / "none.mid"
        assert "no such file" in refuses(*base, "--model", model_folder, "--prime", none)
        none.write_bytes(b"x")
        assert "not a MIDI file" in refuses(*base, "--model", model_folder, "--prime", none)
        line = refuses(*base, "--model", grammar_model_folder, "--prime", lick)
        assert "needs a model of the interval encoding" in line
        assert not (tmp_path / "a.mid").exists()


class TestMany:
    OPTIONS: ClassVar = ("--changes", CHANGES, "--seed", 30)

    def test_processes_write_what_one_writes(self, generate, tmp_path):
        for jobs in (1, 2):
            out = tmp_path / str(jobs)
            generate(*self.OPTIONS, "--count", 49, "--jobs", jobs, "-o", out)
        one, two = (
            {f.name: f.read_bytes() for f in folder.iterdir()}
            for folder in (tmp_path / "1", tmp_path / "2")
        )
        assert sorted(one) == sorted(f"solo-{seed}.mid" for seed in range(30, 79))
        assert one == two
        generate(*self.OPTIONS[:-1], 44, "-o", tmp_path / "alone.mid")
        assert (tmp_path / "alone.mid").read_bytes() == two["solo-44.mid"]

    def test_resuming_makes_the_missing_ones(self, jazzgen_cli, generate, model_folder, tmp_path):
        out = tmp_path / "solos"
        generate(*self.OPTIONS, "--count", 6, "-o", out)
        before = {f.name: f.read_bytes() for f in out.iterdir()}
        kept = (out / "solo-31.mid").stat().st_mtime_ns
        for seed in (30, 34):
            (out / f"solo-{seed}.mid").unlink()
        options = (*self.OPTIONS, "--count", 6, "-o", out, "--resume", "--model", model_folder)
        done = jazzgen_cli("generate", *options)
        assert (done.code, done.err) == (0, "4 of 6 solos are there already\n")
        assert {f.name: f.read_bytes() for f in out.iterdir()} == before
        assert (out / "solo-31.mid").stat().st_mtime_ns == kept
        done = jazzgen_cli("generate", *options, "--json", "--quiet")
        assert [Path(f).name for f in json.loads(done.out)["files"]] == sorted(before)

    def test_resuming_leaves_what_is_of_another_recipe(self, refuses, generate, tmp_path):
        out = tmp_path / "solos"
        generate(*self.OPTIONS, "--count", 2, "-o", out)
        before = (out / "solo-30.mid").read_bytes()
        said = refuses(
            *("generate", "--model", "standard", *self.OPTIONS, "--count", 3, "-o", out, "--quiet"),
            *("--resume", "--tempo", 90),
        )
        assert "solo-30.mid: was not made by this command" in said
        assert (out / "solo-30.mid").read_bytes() == before
        assert len(list(out.iterdir())) == 2

    @pytest.mark.parametrize(
        "options",
        [("--count", 3), ("--seed", 3), ("--seed", 3, "--count", 4, "--best", 2)],
        ids=["no seed", "one solo", "the best"],
    )
    def test_resuming_needs_a_batch_and_its_seed(self, refuses, options):
        said = refuses("generate", "--resume", *options, code=2)
        assert "--resume needs --count and the --seed of before" in said

    def test_ctrl_c_leaves_whole_files_and_says_how_to_go_on(self, model_folder, tmp_path):
        out = tmp_path / "solos"
        command = [
            *(sys.executable, "-m", "jazzgen", "generate", "--model", str(model_folder)),
            *("--changes", CHANGES, "--bars", "32", "--seed", "0", "--count", "100000"),
            *("--jobs", "2", "-o", str(out)),
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            deadline = time.monotonic() + 60
            while not out.is_dir() or len(list(out.iterdir())) < 20:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=60)[1].splitlines()
        assert running.returncode == 130
        assert said[-1] == "error: interrupted"
        assert "of 100000 solos were made; the same command with --seed 0 --resume" in said[0]
        files = list(out.iterdir())
        assert all(f.name.startswith("solo-") for f in files)
        assert all(read_recipe(f) for f in files)


class TestBest:
    def test_only_the_best_are_written(self, jazzgen_cli, model_folder, solo, tmp_path):
        out = tmp_path / "best"
        done = jazzgen_cli(
            *("generate", "--model", model_folder, "--changes", CHANGES, "--seed", 20),
            *("--count", 6, "--best", 2, "-o", out, "--json"),
        )
        assert done.code == 0, done
        answer = json.loads(done.out)
        ranking = answer["ranking"]
        assert [row["score"] for row in ranking] == sorted(
            (row["score"] for row in ranking), reverse=True
        )
        assert answer["files"] == [str(out / f"solo-{row['seed']}.mid") for row in ranking]
        assert {path.name for path in out.iterdir()} == {
            f"solo-{row['seed']}.mid" for row in ranking
        }
        assert answer["notes"] == sum(row["notes"] for row in ranking)
        assert "the best 2 of 6" in done.err
        assert f"{ranking[0]['score']:.3f}" in done.err
        for row in ranking:
            path = out / f"solo-{row['seed']}.mid"
            assert path.read_bytes() == solo(seed=row["seed"]).read_bytes()

    def test_no_other_scores_better(self, generate, tmp_path):
        base = ("--changes", CHANGES, "--seed", 3, "-o", tmp_path / "all", "--json", "--count", 5)
        every = json.loads(generate(*base, "--best", 5))["ranking"]
        two = json.loads(generate(*base, "--best", 2))["ranking"]
        assert sorted(row["seed"] for row in every) == [3, 4, 5, 6, 7]
        assert two == every[:2]


def test_every_option_is_under_a_heading(jazzgen_cli):
    assert {name for names in SECTIONS.values() for name in names} == {
        param.name for param in generate_command.params
    }
    shown = jazzgen_cli("generate", "--help").out
    places = [shown.index(f"\n{heading}:\n") for heading in SECTIONS]
    assert places == sorted(places)


class TestRefused:
    @pytest.fixture
    def refused(self, refuses, model_folder, tmp_path):
        """Runs with a file in the way that must survive."""

        def run(*arguments, code=1, model=model_folder):
            out = tmp_path / "kept.mid"
            out.write_bytes(b"precious")
            line = refuses("generate", "--model", model, "-o", out, *arguments, code=code)
            assert out.read_bytes() == b"precious"
            return line

        return run

    def test_an_unreadable_chord_says_which_and_where(self, refused, tmp_path):
        line = refused("--changes", "| Dm7 | H7 | C |")
        assert "'H7'" in line
        assert "bar 2" in line
        chart = tmp_path / "mine.txt"
        chart.write_text("title: x\n| C | F |\n| G | Cmaj99x |\n")
        line = refused("--changes", chart)
        assert "Cmaj99x" in line
        assert "bar 4" in line
        assert "mine.txt" in line

    @pytest.mark.parametrize("changes", ["", "|", "| |", "blues-q", "none.txt", "| C D E F G |"])
    def test_changes_that_are_none(self, refused, changes):
        refused("--changes", changes)

    def test_a_near_miss_is_named(self, refused):
        assert "did you mean blues-f" in refused("--changes", "blues-ff")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"hello", "not a MIDI file"),
            (b"MThd\0\0\0\6\0\1\0\2\1\xe0", "truncated"),
        ],
    )
    def test_midi_changes_that_cannot_be_read(self, refused, tmp_path, content, said):
        path = tmp_path / "song.mid"
        path.write_bytes(content)
        line = refused("--changes", path)
        assert said in line
        assert "song.mid" in line

    def test_midi_without_chords(self, refused, tmp_path):
        path = tmp_path / "song.mid"
        track = Track("Solo", 66, 0, Notes.of([(0, 24, 60), (24, 24, 62)]))
        write_midi(path, [track], tempo_bpm=120, changes=Changes.unaccompanied(1))
        assert "neither chord symbols nor an accompaniment" in refused("--changes", path)
        assert "no such file" in refused("--changes", tmp_path / "none.mid")

    def test_no_such_model(self, refused, tmp_path):
        assert "no model 'nobody'" in refused(model="nobody")
        line = refused(model=tmp_path)
        assert "config.json is missing" in line

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("config.json", b"{"),
            ("config.json", b"[]"),
            ("config.json", b'{"model_type": "bert"}'),
            ("config.json", b'{"format": 1, "network": []}'),
            ("config.json", b'{"format": 1, "network": null}'),
            ("vocabulary.json", b"[]"),
            ("vocabulary.json", b"{}"),
            ("weights.safetensors", b""),
            ("weights.safetensors", b"\xff" * 100),
        ],
    )
    def test_a_damaged_model(self, refused, model_folder, tmp_path, name, content):
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in model_folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        (copy / name).write_bytes(content)
        assert "copy: " in refused(model=copy)
        (copy / name).unlink()
        assert f"{name} is missing" in refused(model=copy)

    def test_a_grammar_model_that_lacks_its_settings(self, refused, grammar_model_folder, tmp_path):
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in grammar_model_folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        config = json.loads((copy / "config.json").read_text())
        del config["min_rest"]
        (copy / "config.json").write_text(json.dumps(config))
        assert "damaged model" in refused(model=copy)

    def test_weights_of_another_shape(self, refused, model_folder, tmp_path):
        from safetensors.numpy import load_file, save_file

        copy = tmp_path / "copy"
        copy.mkdir()
        for file in model_folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        weights = load_file(copy / "weights.safetensors")
        for damage in (weights["densor.bias"][:-1], weights["densor.bias"] * np.float32("nan")):
            save_file({**weights, "densor.bias": damage}, copy / "weights.safetensors")
            assert "densor.bias" in refused(model=copy)

    def test_out_that_cannot_be_written(self, refuses, model_folder, tmp_path):
        file = tmp_path / "file"
        file.write_text("dear")
        base = ("generate", "--model", model_folder, "--quiet")
        refuses(*base, "-o", file / "solo.mid")
        refuses(*base, "-o", tmp_path / "none" / "solo.mid")
        refuses(*base, "-o", "x" * 400 + ".mid")
        refuses(*base, "-o", file, "--count", 2)
        refuses(*base, "-o", file / "solos", "--count", 2)
        assert "looks like a file" in refuses(*base, "-o", "a.mid", "--count", 2, code=2)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
        assert file.read_text() == "dear"

    @pytest.mark.parametrize(
        "options",
        [
            ["--bars", "0"],
            ["--bars", "-3"],
            ["--bars", "2.5"],
            ["--bars", "4", "--choruses", "2"],
            ["--choruses", "0"],
            ["--tempo", "0"],
            ["--tempo", "nan"],
            ["--tempo", "fast"],
            ["--temperature", "0"],
            ["--temperature", "-1"],
            ["--temperature", "nan"],
            ["--temperature", "inf"],
            ["--top-p", "0"],
            ["--top-p", "1.5"],
            ["--top-p", "nan"],
            ["--seed", "-1"],
            ["--range", "60", "65"],
            ["--range", "80", "50"],
            ["--range", "0", "128"],
            ["--program", "128"],
            ["--count", "0"],
            ["--engine", "abacus"],
            ["--clean-up", "dust"],
            ["--style", "polka"],
            ["--instrument", "kazoo"],
            ["--feel", "sad"],
            ["--difficulty", "hardest"],
            ["--density", "0"],
            ["--density", "nan"],
            ["--outside", "1.1"],
            ["--phrase", "-1"],
            ["--breath", "0.5"],
            ["--max-copied", "5"],
            ["--swing", "0.9"],
            ["--swing", "4"],
            ["--drop-primer"],
            ["--best", "2"],
            ["--best", "0"],
        ],
    )
    def test_nonsense_options(self, refused, options):
        refused(*options, code=2)
