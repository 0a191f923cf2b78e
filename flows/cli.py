"""The program `audiocot`: its commands, and what an error looks like.

Every command ends in one of these, whatever happens in it:

    0    done
    1    a check found something wrong (selfcheck, verify)
    2    something the user can mend: one line on stderr says what
    3    a mistake in this program or its surroundings; `--debug` shows where
    4    done, with failures: the release is published; what could not be used are rows of the table `failure`
    130  interrupted with Ctrl-C; what was finished is kept, and the same command goes on from there
    143  told to end with SIGTERM; the same
"""

import atexit
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flows.commands import (
    build,
    calibrate,
    checks,
    compare,
    decide,
    forget,
    gc,
    inspect,
    plan,
    query,
    recipe,
    review,
    status,
    verify,
)
from schemas.errors import AudiocotError
from schemas.visible import visible

EXIT_CHECK_FAILED, EXIT_USER, EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_TERMINATED = 1, 2, 3, 130, 143
EXIT_CODES = (
    "Exit codes: 0 done · 1 a check failed · 2 something you can mend · 3 an internal error · "
    "4 done, with failures (rows of the table failure) · 130 or 143 interrupted."
)


class Terminated(KeyboardInterrupt):
    """SIGTERM ends a command as Ctrl-C does: what is nearly finished is finished, everything that was started is ended."""


class Program(TyperGroup):
    """Turns what a command raises into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AudiocotError as error:
            self._end(ctx, EXIT_USER, " ".join(str(error).split()))
        except KeyboardInterrupt as error:
            code = EXIT_TERMINATED if isinstance(error, Terminated) else EXIT_INTERRUPTED
            self._end(ctx, code, "interrupted; run the same command again to go on")
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise  # a reader that has seen enough is no error; typer ends quietly
        except Exception as error:
            if _is_usage_error(error):
                raise  # typer shows these with the usage line
            self._end(ctx, EXIT_INTERNAL, f"internal error, {type(error).__name__}: {' '.join(str(error).split())}", hint=True)

    @staticmethod
    def _end(ctx: Any, code: int, message: str, hint: bool = False) -> None:
        if ctx.params.get("debug"):
            logging.getLogger("audiocot").exception("this is where it happened")
        typer.echo(f"audiocot: {visible(message)}" + (" (--debug shows where)" if hint else ""), err=True)
        raise typer.Exit(code) from None


def _is_usage_error(error: Exception) -> bool:
    """Typer carries its own copy of click, so its exceptions are told by what they can do."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


app = typer.Typer(
    cls=Program,
    name="audiocot",
    help="Videos with sound in, a verified audio chain-of-thought dataset out.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (checks, build, plan, status, query, inspect, decide, compare, calibrate, verify, gc, forget):
    group.register(app)
app.add_typer(recipe.app, name="recipe")
app.add_typer(review.app, name="review")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"audiocot {version('audiocot')}")
        raise typer.Exit


@app.callback()
def _globals(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error happened, and log more.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if debug else "CRITICAL")  # errors are told once, by us
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for package in ("flows", "pipeline", "annotators") if debug else ():
        logging.getLogger(package).setLevel(logging.INFO)


def _terminate(number: int, frame: object) -> None:
    signal.alarm(0)  # where Ray's handler came before this one, it has set an alarm that would abort us in three seconds
    raise Terminated


def main() -> None:
    """The entry point of the program."""
    ending = Ending()
    atexit.register(ending.leave)  # the first to be registered is the last to be called
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise


@dataclass
class Ending:
    """The end of the process when all Python code has had its turn.

    What libraries do after that is not for the user: Ray's threads may abort, which would be the exit code, and DuckDB's
    binding lists on stderr what Prefect's threads keep alive.
    """

    code: int = EXIT_INTERNAL

    def leave(self) -> None:
        """Say what is left to say, and go."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(BrokenPipeError, ValueError):
                stream.flush()
        os._exit(self.code)
