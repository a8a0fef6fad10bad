"""The command line as a whole: help, versions, and errors in one line."""

import subprocess
import sys

import click
import pytest

import jazzgen
from jazzgen.errors import JazzgenError

COMMANDS = ["generate", "inspect", "preprocess", "train"]


def test_help_lists_the_commands(jazzgen_cli):
    done = jazzgen_cli("--help")
    assert (done.code, done.err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in done.out
    assert jazzgen_cli("-h").out == done.out


def test_without_arguments_it_shows_its_help(jazzgen_cli):
    done = jazzgen_cli()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_teaches_by_examples(jazzgen_cli, command):
    done = jazzgen_cli(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Examples:" in done.out
    assert f"jazzgen {command} " in done.out
    assert "--json" in done.out
    assert "--quiet" in done.out


def test_version(jazzgen_cli):
    assert jazzgen_cli("--version").out == f"jazzgen, version {jazzgen.__version__}\n"


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["frobnicate"], "No such command 'frobnicate'"),
            (["--frobnicate"], "--frobnicate"),
            (["generate", "--frobnicate"], "--frobnicate"),
            (["generate", "stray"], "stray"),
            (["preprocess"], "SOURCE"),
            (["preprocess", "here"], "--out"),
            (["train", "here"], "--out"),
            (["inspect"], "FILE"),
            (["train", "here", "--out", "there", "--epochs", "0"], "--epochs"),
            (["train", "here", "--out", "there", "--learning-rate", "nan"], "--learning-rate"),
            (["train", "here", "--out", "there", "--preset", "huge"], "--preset"),
            (["train", "here", "--out", "there", "--resume", "--overwrite"], "contradict"),
        ],
    )
    def test_wrong_usage_is_one_line_and_status_2(self, refuses, arguments, said):
        line = refuses(*arguments, code=2)
        assert said in line
        assert "--help" in line

    def test_train_without_a_dataset(self, refuses, tmp_path):
        assert "no such folder" in refuses("train", tmp_path / "none", "--out", tmp_path / "m")
        assert "not a dataset folder" in refuses("train", tmp_path, "--out", tmp_path / "m")
        assert not (tmp_path / "m").exists()

    @pytest.mark.parametrize(
        "arguments",
        [
            ["generate", "--model", "x" * 400],
            ["generate", "--changes", "x" * 400],
            ["generate", "--recipe", "x" * 400],
            ["preprocess", "x" * 400, "--out", "data"],
            ["train", "x" * 400, "--out", "model"],
            ["inspect", "x" * 400],
        ],
    )
    def test_a_name_too_long_for_the_system(self, refuses, arguments):
        assert "x" * 300 in refuses(*arguments)

    @pytest.mark.parametrize(
        ("error", "code", "line"),
        [
            (JazzgenError("two\n  lines"), 1, "error: a: two lines"),
            (KeyboardInterrupt(), 130, "error: interrupted"),
            (OSError(28, "No space left on device", "x.mid"), 1, "error: x.mid: no space left"),
            (click.FileError("x.mid", "bad"), 1, "error: Could not open file 'x.mid': bad"),
        ],
    )
    def test_what_goes_wrong_inside(self, jazzgen_cli, monkeypatch, error, code, line):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr("jazzgen.cli.inspect.midi_files", fail)
        done = jazzgen_cli("inspect", "a", "b") if code != 1 else jazzgen_cli("inspect", "a")
        assert done.code == code
        assert done.err.strip().splitlines()[-1].startswith(line)

    def test_bugs_keep_their_traceback(self, jazzgen_cli, monkeypatch):
        def fail(*_, **__):
            raise ZeroDivisionError

        monkeypatch.setattr("jazzgen.cli.inspect.midi_files", fail)
        with pytest.raises(ZeroDivisionError):
            jazzgen_cli("inspect", "a")


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "jazzgen", "generate", "--bars", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: Invalid value for '--bars'")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_stops_reading():
    """`jazzgen --help | head -0` ends without a traceback."""
    command = [sys.executable, "-m", "jazzgen", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
