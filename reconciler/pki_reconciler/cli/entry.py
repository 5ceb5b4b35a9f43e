"""``vcc-pki``: the verbs, and what an error becomes: an exit code and a sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer._click.exceptions import UsageError  # typer carries its own click

from pki_schema.errors import WorldFailed

if TYPE_CHECKING:
    from pki_reconciler.config import ConfigRefused

EXIT_ERROR = 1
EXIT_USAGE = 64
"""sysexits' EX_USAGE, because 2 means "there are changes" for ``plan --detailed-exitcode``."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The host's vcc-pki.toml (or $VCC_PKI_CONFIG).",
    ),
]
OutputOption = Annotated[
    str, typer.Option("--output", "-o", metavar="FORMAT", help="table or json.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="INSTANT", help="Decide as of 2026-11-23T12:00:00Z."),
]

app = typer.Typer(
    name="vcc-pki",
    help="A PKI that is declared in Git: plan it, sign it, publish it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root(context: typer.Context, config: ConfigOption = None) -> None:
    context.obj = config


@app.command()
def demo(
    source: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="The desired state to start from.")
    ] = Path("desired-state"),
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to build it; emptied first.")
    ] = Path("demo"),
    services: Annotated[
        int, typer.Option("--services", metavar="N", help="Add services up to N in all.")
    ] = 0,
) -> None:
    """Build a whole PKI in one folder, from nothing."""
    from pki_reconciler.cli.demo import run

    raise typer.Exit(run(source=source, folder=folder, services=services))


@app.command()
def init(
    context: typer.Context,
    config: ConfigOption = None,
    recover: Annotated[
        bool,
        typer.Option("--recover", help="The ledger is lost: begin one beside its keys and files."),
    ] = False,
) -> None:
    """Create the ledger and key store of vcc-pki.toml."""
    from pki_reconciler.cli.init import run

    raise typer.Exit(run(config or context.obj, recover=recover))


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="OBJECT|CODE", help="kind/tenant/name, kind/name, or a code: PKI2007."
        ),
    ],
    field: Annotated[
        str | None, typer.Option("--field", metavar="FIELD", help="This field alone.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The desired-state tree.")
    ] = Path("desired-state"),
    output: OutputOption = "table",
) -> None:
    """Say what counts for an object and which line set it, or what a code means."""
    from pki_reconciler.cli.explain import run

    raise typer.Exit(run(name, folder=folder, field=field, output=checked(output)))


@app.command()
def fmt(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Manifests, or folders of them.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if something would.")
    ] = False,
    output: OutputOption = "table",
) -> None:
    """Lay manifests out in one way; never changes what they mean."""
    from pki_reconciler.cli.fmt import run

    raise typer.Exit(run(paths, check=check, output=checked(output)))


@app.command()
def validate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A desired-state tree.")],
    output: OutputOption = "table",
) -> None:
    """Say everything that is wrong with a desired state."""
    from pki_reconciler.cli.validate import run

    raise typer.Exit(run(folder, output=checked(output)))


@app.command()
def plan(
    context: typer.Context,
    config: ConfigOption = None,
    as_of: AsOfOption = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode", help="0 nothing to do, 2 changes, 3 something is held."
        ),
    ] = False,
    output: OutputOption = "table",
) -> None:
    """Say what apply would do; nothing is written."""
    from pki_reconciler.cli.plan import run

    raise typer.Exit(
        run(config or context.obj, as_of=as_of, detailed=detailed_exitcode, output=checked(output))
    )


@app.command()
def apply(
    context: typer.Context, config: ConfigOption = None, output: OutputOption = "table"
) -> None:
    """Reconcile once: accept, sign, record, publish."""
    from pki_reconciler.cli.apply import run

    raise typer.Exit(run(config or context.obj, output=checked(output)))


@app.command()
def run(context: typer.Context, config: ConfigOption = None) -> None:
    """Reconcile whenever something is due, pushed or changed, until told to stop."""
    from pki_reconciler.cli.run import run as begin

    raise typer.Exit(begin(config or context.obj))


@app.command()
def status(
    context: typer.Context,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVICE]",
            help="Tell one service's story: name, tenant/name or tenant/name/certificate.",
        ),
    ] = None,
    config: ConfigOption = None,
    output: OutputOption = "table",
) -> None:
    """Show how CAs and certificates stand, what is held or failing, and what is due next."""
    from pki_reconciler.cli.status import run

    raise typer.Exit(run(config or context.obj, service=service, output=checked(output)))


@app.command()
def doctor(
    context: typer.Context,
    config: ConfigOption = None,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm",
            metavar="ledger|clock|crashes",
            help="You have looked, and say that it is right.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Check every entry of the ledger, and every row.")
    ] = False,
    output: OutputOption = "table",
) -> None:
    """Say what can be seen, what it means and what to do; changes nothing."""
    from pki_reconciler.cli.doctor.verb import run

    if confirm not in (None, "ledger", "clock", "crashes"):
        raise typer.BadParameter(f'"{confirm}" is no such thing; confirm ledger, clock or crashes')
    option = config or context.obj
    raise typer.Exit(run(option, word=confirm, whole=full, output=checked(output)))


@app.command()
def serve(
    context: typer.Context,
    config: ConfigOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks one.")] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    publication: Annotated[
        str | None, typer.Option("--publication", help="Which one, if several are bound here.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", metavar="DIR", help="A copy of one, without any vcc-pki.toml."),
    ] = None,
) -> None:
    """Serve a publication: files and OCSP over HTTP."""
    from pki_reconciler.cli.serve import configured, run

    option = config or context.obj
    if directory and (option or publication):
        raise typer.BadParameter("--directory stands alone: no --config, no --publication")
    folder = directory or configured(option, publication)
    raise typer.Exit(run(folder, host=host, port=port))


def checked(output: str) -> str:
    """An output format, or a usage error."""
    if output not in ("table", "json"):
        raise typer.BadParameter(f'"{output}" is not an output format; use table or json')
    return output


def colour(environ: Mapping[str, str]) -> bool | None:
    """Never with ``NO_COLOR`` (no-color.org: set and not empty), else where a terminal is."""
    return False if environ.get("NO_COLOR") else None


def _config_refused() -> type[ConfigRefused]:
    """Asked for only where something was raised: its module needs most of the language."""
    from pki_reconciler.config import ConfigRefused

    return ConfigRefused


def main() -> None:
    """Run a verb and exit: 0 done, 1 error, 3 held, 64 wrong usage."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run a verb; returns its exit code. Errors are told on stderr, never as a stack trace."""
    try:
        result = app(args=arguments, standalone_mode=False, color=colour(os.environ))
    except UsageError as error:
        error.show()
        return EXIT_USAGE
    except typer.Abort:
        return EXIT_ERROR
    except _config_refused() as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        return EXIT_ERROR
    except WorldFailed as error:
        remedy = f"\n{error.remedy}" if error.remedy else ""
        typer.echo(f"vcc-pki: {error.message}{remedy}", err=True)
        return EXIT_ERROR
    except OSError as error:  # a file that may not be read or written, a full disk
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"vcc-pki: {where}{error.strerror or error}", err=True)
        return EXIT_ERROR
    return result if isinstance(result, int) else 0
