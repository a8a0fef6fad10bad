"""The commands and the example of the README do what they say."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import mido
import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language):
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands(word):
    return [line for block in blocks("sh") for line in block.splitlines() if word in line]


def run(line, folder):
    arguments = shlex.split(line.split("&&")[-1])
    assert arguments[0] == "jazzgen"
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_command_ends_with_a_solo(tmp_path):
    line = commands("pip install .")[0]
    run(line, tmp_path)
    tracks = mido.MidiFile(tmp_path / "solo.mid").tracks
    assert tracks[1].name == "Solo"
    assert sum(message.type == "note_on" for message in tracks[1]) > 100


def test_the_changes_section(tmp_path):
    section = next(block for block in blocks("sh") if "--recipe" in block)
    for line in section.strip().splitlines():
        run(line, tmp_path)
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "blues.mid").read_bytes()
    assert len(list((tmp_path / "solos").glob("*.mid"))) == 100


def test_the_section_on_how_to_play(tmp_path):
    section = next(block for block in blocks("sh") if "--difficulty" in block)
    for line in section.strip().splitlines():
        run(line, tmp_path)
    assert len(list(tmp_path.glob("*.mid"))) == 3
    assert len(list((tmp_path / "picked").glob("*.mid"))) == 3


@pytest.mark.slow
def test_the_whole_way_from_a_corpus_to_a_solo(tmp_path):
    section = next(block for block in blocks("sh") if "ryansMammoth" in block)
    for line in section.strip().splitlines():
        run(line, tmp_path)
    assert (tmp_path / "reel.mid").exists()
    assert "nats per sounding note" in (tmp_path / "fiddler" / "README.md").read_text()


@pytest.mark.slow
def test_the_python_example(tmp_path):
    [example] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7 ")
