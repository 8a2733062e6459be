"""The service's addresses as one page without scripts, from its OpenAPI description."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = "body{font:16px sans-serif;max-width:60em;margin:2em auto}code{background:#eee}td{padding:.2em .8em}"


def page(description: Mapping[str, Any]) -> str:
    """HTML of every address, its fields and its answers, from what ``/openapi.json`` has."""
    parts = [
        _section(method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    info = description["info"]
    head = f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
    told = '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>medsegr</title><style>{_STYLE}</style>'
        f"<body>{head}{told}{''.join(parts)}</body></html>"
    )


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    fields = {one["name"]: one["schema"] for one in operation.get("parameters", [])}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        fields |= content["schema"].get("properties", {})
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(str(schema.get('type', '')))}</td>"
        f"<td>{escape(schema.get('description', ''))}</td></tr>"
        for name, schema in fields.items()
    )
    table = f"<table>{rows}</table>" if rows else ""
    said = escape(operation.get("description", ""))
    return f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2><p>{said}</p>{table}"
