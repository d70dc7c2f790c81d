"""The command line. Each command is a function whose docstring is its help.

Nothing heavy is imported before a command runs, so ``--help`` answers at once. An error that a person can mend
is one sentence on standard error and exit code 1. The processes of a running Bowerbird are no commands
(`app/worker.py`).
"""

from __future__ import annotations

from typing import Any

import typer

from bowerbird.cli import accounts, alerts, drills, operate, people, posts, rehearse
from bowerbird.cli.examples import epilog, summary
from bowerbird.startup.ending import told

app = typer.Typer(
    name="bowerbird",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="An autonomous social-media growth engine: it plans posts, publishes them once, measures and learns.\n\n"
    "Start with `bowerbird demo`: the whole engine on a rehearsal network, with no credentials.",
)


@app.callback()
def options(
    context: typer.Context,
    data: str = typer.Option(None, help="The data folder (default: ~/.local/share/bowerbird).", metavar="FOLDER"),
    settings: str = typer.Option(None, help="The settings file (default: bowerbird.toml there).", metavar="FILE"),
) -> None:
    """Remember where the books and the settings are; they are read when a command needs them."""
    context.obj = operate.Place(data=data, file=settings)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


rehearse.register(app)
operate.register(app)
posts.register(app)
accounts.register(app)
alerts.register(app)
drills.register(app)
people.register(app)
for _command in app.registered_commands:
    if _command.callback is not None:
        _command.epilog = epilog(_command.callback.__name__)
        _command.short_help = summary(_command.callback.__doc__ or "")


def reference_markdown() -> str:
    """Print every command with its arguments and options; the documentation contains exactly this text."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="bowerbird", terminal_width=100)
    commands: dict[str, Any] = getattr(group, "commands", {})
    return "\n\n".join(_section(name, command, context) for name, command in commands.items() if not command.hidden)


def _section(name: str, command: Any, above: typer.Context) -> str:
    context = typer.Context(command, info_name=name, parent=above)
    asked = [param.get_help_record(context) for param in command.params]
    rows = [f"| `{row[0]}` | {' '.join(row[1].split())} |" for row in asked if row]
    table = ["", "| argument or option | what for |", "|---|---|", *rows] if rows else []
    usage = command.get_usage(context).removeprefix("Usage: ")
    return "\n".join([f"### {name}", "", " ".join((command.help or "").split()), "", f"    {usage}", *table])


def run() -> int:
    """Run the command line and return its exit code."""
    return told(lambda: app(standalone_mode=True))
