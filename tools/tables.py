"""The facts of images and settings as Markdown tables."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]


def images(described: Sequence[Facts]) -> str:
    return table(
        ["image", "version", "what it does", "a row"],
        [
            [
                _link(one),
                one["version"],
                one["summary"],
                one["row_rule"],
            ]
            for one in described
        ],
    )


def tasks(described: Sequence[Facts]) -> str:
    """What each image is for, in a line."""
    choices = [(one["choose"]["task"], _link(one), one["choose"]["line"]) for one in described]
    return table(["task", "image"], [[task, f"{link}: {line}"] for task, link, line in choices])


def models(described: Sequence[Facts]) -> str:
    """What a model of each image consists of."""
    return table(
        ["image", "formats", "read by"],
        [[one["name"], one["model"]["formats"], one["model"]["read_by"]] for one in described],
    )


def hyperparameters(image: Facts) -> str:
    return table(
        ["name", "values", "default", "tunable", "what it does"],
        [
            [
                _names(one),
                values(one["values"]),
                _default(one),
                "yes" if one["tunable"] else "",
                one["description"],
            ]
            for one in image["hyperparameters"]
        ],
    )


def options(image: Facts) -> str:
    return table(
        ["name", "values", "default", "what it does"],
        [[_names(one), values(one["values"]), _default(one), one["description"]] for one in image["options"]],
    )


def channels(image: Facts) -> str:
    return table(
        ["name", "required", "what it holds"],
        [
            [_names({"name": name, **one}), "yes" if one["required"] else "", one["description"]]
            for name, one in image["channels"].items()
        ],
    )


def metrics(image: Facts) -> str:
    return table(
        ["name", "better", "what it is"],
        [
            [f"`{name}`", {"Minimize": "lower", "Maximize": "higher"}[one["direction"]], one["description"]]
            for name, one in image["metrics"].items()
        ],
    )


def settings(schema: Facts) -> str:
    return table(
        ["variable", "values", "default", "what it does"],
        [
            [f"`{name}`", values(one), _default(one), one["description"]]
            for name, one in sorted(schema["properties"].items())
        ],
    )


def keys(schema: Facts) -> str:
    """Every key of image.toml, tables inside tables with dots between."""
    return table(["key", "values", "default", "what it is"], list(_keys(schema, schema, "")))


def _keys(schema: Facts, whole: Facts, prefix: str) -> Iterator[list[str]]:
    required = schema.get("required", [])
    for name, one in schema["properties"].items():
        inner = {**one, **one.get("additionalProperties", {})} if "additionalProperties" in one else one
        refs = [ref["$ref"] for ref in (inner, *inner.get("anyOf", [])) if "$ref" in ref]
        if refs:
            part = whole["$defs"][refs[0].rpartition("/")[2]]
            path = f"{prefix}{name}." + ("<name>." if "additionalProperties" in one else "")
            yield from _keys(part, whole, path)
        else:
            default = "required" if name in required else _default(one)
            yield [f"`{prefix}{name}`", values(one), default, one.get("description", "")]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the word "None." where it would be empty."""
    if not rows:
        return "None.\n"
    lines = [header, ["---"] * len(header), *([_escaped(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _link(image: Facts) -> str:
    return f"[{image['name']}](images/{image['name']}/README.md)"


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def _names(one: Facts) -> str:
    aliases = ", ".join(f"`{alias}`" for alias in one["aliases"])
    return f"`{one['name']}`" + (f" (also {aliases})" if aliases else "")


def values(schema: Facts) -> str:
    """The values that a JSON schema allows, in words."""
    if "anyOf" in schema:
        return " or ".join(values(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kinds = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "array": "list"}
    kinds["object"] = "JSON object"
    kind = kinds.get(schema.get("type", ""), "text")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return kind + (f", {low} or more" if low is not None else f", at most {high}" if high is not None else "")


def _default(one: Facts) -> str:
    if one.get("required") is True:
        return "required"
    default = one.get("default")
    if default is None or default in ("", [], {}):
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
