"""The HTTP API, from the OpenAPI description that the server gives of itself."""

from __future__ import annotations

import tempfile
from itertools import groupby
from pathlib import Path
from typing import Any

from docs.making.sources import table


def page() -> list[str]:
    """Every route with its parameters and the fields of its body, by tag."""
    described = _described()
    routes = [
        (str((about.get("tags") or ["server"])[0]), path, verb, about)
        for path, verbs in described["paths"].items()
        for verb, about in verbs.items()
    ]
    schemas = described.get("components", {}).get("schemas", {})
    lines: list[str] = []
    for tag, of_tag in groupby(sorted(routes, key=lambda one: one[0]), key=lambda one: one[0]):
        lines += [f"## {tag}", ""]
        for _, path, verb, about in of_tag:
            lines += [f"### {verb.upper()} {path}", "", str(about.get("description") or ""), ""]
            if rows := [*_parameters(about), *_body(about, schemas)]:
                lines += table(("name", "in", "type", "meaning"), rows)
    return lines


def _described() -> dict[str, Any]:
    from tradeworthy.runtime.home import Home
    from tradeworthy.web.app import build_app
    from tradeworthy.web.settings import WebSettings

    with tempfile.TemporaryDirectory() as folder:
        app = build_app(Home(Path(folder)), WebSettings(secret="of no server at all"))  # noqa: S106 - it opens nothing
        return app.openapi()


def _parameters(about: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (
            f"`{one['name']}`",
            one["in"] + (", required" if one.get("required") and one["in"] != "path" else ""),
            _type(one.get("schema", {})),
            str(one.get("description") or ""),
        )
        for one in about.get("parameters", [])
    ]


def _body(about: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    content: dict[str, Any] = about.get("requestBody", {}).get("content", {})
    found: dict[str, Any] = {}
    for one in content.values():
        found = one["schema"]
    shape = schemas.get(found.get("$ref", "").rpartition("/")[2], found)
    required = shape.get("required", [])
    return [
        (
            f"`{name}`",
            "body, required" if name in required else "body",
            _type(one),
            str(one.get("description") or ""),
        )
        for name, one in shape.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any]) -> str:
    if inner := schema.get("anyOf"):
        return " or ".join(_type(one) for one in inner if one.get("type") != "null")
    if allowed := schema.get("enum"):
        return ", ".join(f"`{one}`" for one in allowed)
    kind = str(schema.get("format") or schema.get("type") or schema.get("$ref", "").rpartition("/")[2])
    return f"list of {_type(schema.get('items', {}))}" if kind == "array" else kind
