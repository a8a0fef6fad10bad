"""`jazzgen`: the group of commands, each imported only when it is called."""

import importlib
import sys
from typing import NoReturn

import click

import jazzgen
from jazzgen.errors import JazzgenError

_COMMANDS = {
    "calibrate": "Make a model's solos show players' habits as often as players do.",
    "evaluate": "Measure a model, or a folder of solos, beside real ones.",
    "generate": "Improvise solos over changes and write them as MIDI.",
    "inspect": "Show the parts of MIDI files: which is the melody, which the chords.",
    "preprocess": "Turn a corpus into a dataset of one-hot sequences.",
    "score": "Show what a model makes of one solo, note by note.",
    "train": "Train a network on a dataset.",
}


class _LazyGroup(click.Group):
    """Imports a command when it is asked for, so that `--help` and `generate` start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"jazzgen.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(jazzgen.__version__, prog_name="jazzgen")
def cli() -> None:
    """Improvise jazz solos over chord changes and write them as MIDI.

    \b
    Hear one now, over a bundled chart or your own changes:
      jazzgen generate -o solo.mid
      jazzgen generate --changes "| Dm7 | G7 | Cmaj7 | % |" -o solo.mid

    \b
    Teach a network your own music:
      jazzgen inspect my-midi/*.mid
      jazzgen preprocess my-midi --out dataset
      jazzgen train dataset --out my-model
      jazzgen generate --model my-model -o solo.mid
    """


def main() -> None:
    """Runs the command line; whatever a user can mend becomes one line on stderr.

    The exit status is then 1, or 2 for wrong usage; 130 after Ctrl-C.
    """
    try:
        status = cli.main(prog_name="jazzgen", standalone_mode=False)
        if isinstance(status, int) and status:  # what a command gave to `click.exceptions.Exit`
            sys.exit(status)
    except JazzgenError as error:
        _fail(str(error), 1)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        _fail(error.format_message().rstrip(".") + hint, error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.Abort:
        _fail("interrupted", 130)
    except OSError as error:  # a name too long for the system, a folder that may not be entered
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{(error.strerror or str(error)).lower()}", 1)


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(status)
