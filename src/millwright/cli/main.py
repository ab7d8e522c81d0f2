"""The command `millwright`: finds the subcommand, runs it, and turns the user's errors into one paragraph.

Modules of this package import nothing heavy at the top, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from millwright import __version__
from millwright.cli import (
    assess,
    calibrate,
    catalog,
    check,
    cost,
    data,
    finetune,
    inventory,
    law,
    open,
    people,
    plan,
    predict,
    schema,
    serve,
    simulate,
    sweep,
    validate,
)
from millwright.cli.exits import EXIT_INPUT, EXIT_STOPPED
from millwright.cli.streams import guard_output, print_out
from millwright.errors import InputError

app = typer.Typer(
    name="millwright",
    help="Plans LLM inference: one scenario in, a ranked plan out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("plan")(plan.plan)
app.command("sweep")(sweep.sweep)
app.command("check")(check.check)
app.command("simulate")(simulate.simulate)
app.command("predict")(predict.predict)
app.command("validate")(validate.validate)
app.command("calibrate")(calibrate.calibrate)
app.command("people")(people.people)
app.command("assess")(assess.assess_command)
app.command("data")(data.data)
app.command("inventory")(inventory.inventory)
app.command("cost")(cost.cost)
app.command("finetune")(finetune.finetune)
app.add_typer(catalog.app, name="catalog")
app.add_typer(law.app, name="law")
app.command("schema")(schema.schema)
app.command("serve")(serve.serve)
app.command("open")(open.open_plan)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"millwright {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Plans LLM inference: one scenario in, a ranked plan out."""


def main() -> None:
    """Run the command line; exit 0 done, 1 the answer is no, 2 the input is wrong."""
    guard_output()
    try:
        try:
            app()
        finally:
            print_out()
    except InputError as error:
        _leave(str(error), EXIT_INPUT)
    except OSError as error:  # a full disk, too many open files: no key of the user's is wrong, yet theirs to mend
        _leave(f"{error.filename or 'this machine'}: {error.strerror or error}", EXIT_INPUT)
    except (KeyboardInterrupt, SystemExit) as left:
        if isinstance(left, SystemExit) and left.code != EXIT_STOPPED:
            raise
        _leave("Stopped. Nothing half-written was left behind.", EXIT_STOPPED)  # Typer ends on Ctrl-C without a word


def _leave(why: str, status: int) -> NoReturn:
    """Tell why on stderr, where there is one (a service may have closed it), and leave with `status`."""
    if sys.stderr is not None:
        sys.stderr.write(f"{why}\n")
    raise SystemExit(status)


if __name__ == "__main__":
    main()
