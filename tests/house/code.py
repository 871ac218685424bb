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
    """`start` and every module of its package that it imports, directly or not, at the top or later."""
    found, waiting = [], [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        for one in imports(path):
            waiting += files(path, one)
    return found


def files(path: Path, one: Import, package: Path | None = None) -> list[Path]:
    """The files that `one`, an import in the module `path`, runs or names, of the module's own package.

    A relative import is of the package; an absolute one is where `package` is the folder that it begins with.
    """
    level = len(one.module) - len(one.module.lstrip("."))
    parts = one.module.lstrip(".").split(".") if one.module.strip(".") else []
    if level:
        place = path.parents[level - 1].joinpath(*parts)
    elif package is not None and parts[0] == package.name:
        place = package.parent.joinpath(*parts)
    else:
        return []
    tried = [place / f"{one.name}.py", place / one.name / "__init__.py"] if one.name else []
    if not any(file.exists() for file in tried):  # a name that is no module is in the module before it
        tried = [place.with_suffix(".py"), place / "__init__.py"]
    return [file for file in tried if file.exists()]


def circle(package: Path, modules: Sequence[Path]) -> list[Path]:
    """Modules that import one another in a circle, for type checkers alone too; empty where none do."""
    graph = {
        path: {file for one in _mentioned(path) for file in files(path, one, package)} for path in modules
    }
    done: set[Path] = set()

    def walk(path: Path, above: list[Path]) -> list[Path]:
        if path in above:
            return [*above[above.index(path) :], path]
        if path not in done:
            for other in sorted(graph.get(path, ())):
                if found := walk(other, [*above, path]):
                    return found
            done.add(path)
        return []

    return next((found for path in modules if (found := walk(path, []))), [])


def _mentioned(path: Path) -> list[Import]:
    """Every import of a module, those that only type checkers see too."""
    return [
        found
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for found in _imports([node], at_top=True)
    ]


def attributes(path: Path) -> set[str]:
    """Dotted names that the module mentions, as `os.environ`, and bare attributes, as `.table`."""
    nodes = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)]
    return {ast.unparse(node) for node in nodes} | {f".{node.attr}" for node in nodes}
