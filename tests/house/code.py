"""What a module imports, read from its syntax tree, never by running it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported name: `from module import name`, or `import module`; `module` keeps its leading dots."""

    module: str
    name: str
    line: int
    at_top: bool
    """Whether importing the module runs it: neither inside a function nor for type checkers alone."""

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> list[Import]:
    """Every import of a module but those that only type checkers see."""
    return list(_imports(parse(path).body, at_top=True))


def _imports(body: Sequence[ast.AST], at_top: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (Import(one.name, "", node.lineno, at_top) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(module, one.name, node.lineno, at_top) for one in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imports(node.orelse, at_top)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(list(ast.iter_child_nodes(node)), at_top and not inside)


def closure(start: Path) -> list[Path]:
    """`start` and every module beside it that it imports, directly or not, at the top or later."""
    found, waiting = [], [start]
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.append(path)
        for one in imports(path):
            waiting += _files(path.parent if one.module.startswith(".") else start.parent, one)
    return found


def _files(folder: Path, one: Import) -> list[Path]:
    """Where what is imported may be: a module beside, or one of a package beside, with the package itself."""
    place = folder.joinpath(*one.module.lstrip(".").split(".")) if one.module.strip(".") else folder
    return [
        place.with_suffix(".py"),
        place / "__init__.py",
        place / f"{one.name}.py",
        *_parents(folder, place),
    ]


def _parents(folder: Path, place: Path) -> list[Path]:
    return [parent / "__init__.py" for parent in place.parents if folder in parent.parents]


def attributes(path: Path) -> set[str]:
    """Dotted names that the module mentions, as `os.environ`, and bare attributes, as `.table`."""
    nodes = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)]
    return {ast.unparse(node) for node in nodes} | {f".{node.attr}" for node in nodes}
