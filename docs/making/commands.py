"""The command line, from the same declarations that its --help is made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from docs.making.sources import plain, table


def page() -> list[str]:
    """Every verb, in the order of --help, with its arguments and options."""
    from typer.main import get_command

    from tradeworthy.cli.commands import app

    lines: list[str] = []
    verbs = list(_verbs(get_command(app), "tradeworthy"))
    for panel, of_panel in groupby(verbs, key=lambda one: one[0]):
        lines += [f"## {panel}", ""]
        for _, path, command in of_panel:
            lines += _verb(path, command)
    return lines


def _verbs(group: Any, path: str, panel: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each verb with its panel and its whole name; groups give way to what is in them."""
    known = list(group.commands.values())
    panels = list(dict.fromkeys(command.rich_help_panel for command in known))
    for command in sorted(known, key=lambda one: panels.index(one.rich_help_panel)):
        own = panel or str(command.rich_help_panel)
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{path} {command.name}", own)
        else:
            yield own, f"{path} {command.name}", command


def _verb(path: str, command: Any) -> list[str]:
    arguments = [one for one in command.params if one.opts and not one.opts[0].startswith("-")]
    options = [one for one in command.params if one not in arguments]
    words = " ".join([path, *(_metavar(one) for one in arguments), "[OPTIONS]" if options else ""]).strip()
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    examples = [one for one in paragraphs if one.startswith("Example:")]
    told = [one for one in paragraphs if one not in examples]
    lines = [f"### {path.removeprefix('tradeworthy ')}", "", "```", words, "```", ""]
    for one in told:
        lines += [plain(one), ""]
    rows = [(f"`{_name(one)}`", _default(one), plain(one.help or "")) for one in [*arguments, *options]]
    if rows:
        lines += table(("word", "default", "meaning"), rows)
    for one in examples:
        lines += ["```", *(part.strip() for part in one.removeprefix("Example:").split(" && ")), "```", ""]
    return lines


def _metavar(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name.upper())
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def _name(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return str(parameter.metavar or parameter.name.upper())
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return (
        names if getattr(parameter, "is_flag", False) else f"{names} {parameter.metavar or _kind(parameter)}"
    )


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    return {"int": "N", "float": "X", "Path": "PATH"}.get(getattr(annotation, "__name__", ""), "TEXT")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or callable(value) or getattr(parameter, "is_flag", False) or str(value) in {"", "."}:
        return ""
    return f"`{getattr(value, 'value', value)}`"
