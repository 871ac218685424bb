"""Imports run one way: train.py, predictor.py, slipway. Serving waits for no training library."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

from house.code import attributes, circle, closure, imports, parse
from house.folders import ROOT, Folder
from tools import layout, trained_samples

SHARED = ROOT / "shared/slipway"
SERVERS = {
    *("a2wsgi", "boto3", "botocore", "flask", "gunicorn", "httptools", "requests", "s3fs", "sagemaker"),
    *("smart_open", "starlette", "uvicorn", "uvicorn_worker", "uvloop", "werkzeug"),
}
TRAINING = {"jinja2", "matplotlib", "pandas", "scipy", "sklearn"}
SURROUNDINGS = {"os.environ", "os.environb", "os.getenv", "os.putenv"}

# What a server does before its first request, and at it; prints which modules that took.
SERVE = """
import json, sys
from pathlib import Path
import slipway.serving.workers
from slipway.image import Image
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings

settings = Settings.read()
Image.read(settings.algorithm).predictor()
before = sorted(sys.modules)
answer = Endpoint.load(settings).answer((settings.algorithm / "sample/request.csv").read_bytes(), "text/csv")
assert answer.status == 200, answer
print(json.dumps({"before": before, "after": sorted(sys.modules)}))
"""


# What importing some libraries brings along; a name that is no library brings nothing.
BROUGHT = """
import contextlib, importlib, json, sys

for name in sys.argv[1:]:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def trained(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, trained: an /opt/ml tree."""
    root, sample = tmp_path_factory.mktemp("trained"), folder.path / "sample"
    layout.lay_out(root, layout.channels_of(sample), sample / "hyperparameters.json")
    trained_samples.train_sample(folder.path, root, folder.python)
    return root


@pytest.fixture(scope="module")
def loaded(folder: Folder, trained: Path) -> dict[str, list[str]]:
    """The modules that serving has imported before it loads the model, and after it answered."""
    done = folder.run("-c", SERVE, SLIPWAY_ROOT=str(trained))
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_an_image_imports_no_server_no_client_and_no_surroundings(folder: Folder) -> None:
    for path in folder.modules:
        wrong = [one for one in imports(path) if one.package in SERVERS]
        assert not wrong, f"{path.name}:{wrong[0].line} imports {wrong[0].module}"
        wrong = [one for one in imports(path) if one.module == "os" and f"os.{one.name}" in SURROUNDINGS]
        assert not wrong, (
            f"{path.name}:{wrong[0].line} imports os.{wrong[0].name}; slipway hands over what is needed"
        )
        # A library may read the surroundings itself; the module that brings it in has to set them for it.
        read = set() if path.stem.endswith("compat") else SURROUNDINGS & attributes(path)
        assert not read, f"{path.name} reads {', '.join(read)}; slipway hands over what is needed"


def test_an_image_imports_of_slipway_what_it_exports_and_nothing_else(folder: Folder) -> None:
    kit = {f"slipway.kit.{path.stem}": path for path in (SHARED / "kit").glob("[!_]*.py")}
    exported = {"slipway": _exported(), "slipway.kit": {module.rpartition(".")[2] for module in kit}}
    for path in folder.modules:
        for one in imports(path):
            if one.package == "slipway":
                assert one.module in {"slipway", "slipway.kit", *kit}, (
                    f"{path.name}:{one.line} imports {one.module}: from slipway and slipway.kit alone"
                )
                offered = exported.get(one.module) or _public(kit[one.module])
                assert one.name in {"", *offered}, (
                    f"{path.name}:{one.line}: {one.module} does not export {one.name}"
                )


def test_an_image_imports_no_other_image(folder: Folder) -> None:
    others = {path.parent.name for path in ROOT.glob("images/*/image.toml")} - {folder.name}
    for path in folder.modules:
        wrong = [one for one in imports(path) if one.package in others | {"images"}]
        assert not wrong, f"{path.name}:{wrong[0].line} imports {wrong[0].module}"


def test_the_predictor_does_not_import_training(folder: Folder) -> None:
    serving = closure(folder.path / "predictor.py")
    assert folder.path / "train.py" not in serving, (
        "predictor.py imports train.py, directly or through another module"
    )


def test_the_training_module_defines_fit(folder: Folder) -> None:
    body = parse(folder.path / "train.py").body
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    assert "fit" in defined, "train.py must define fit"


def test_the_training_module_imports_the_predictor(folder: Folder) -> None:
    assert folder.path / "predictor.py" in closure(folder.path / "train.py")


def test_no_training_library_is_imported_before_the_model_is_loaded(loaded: dict[str, list[str]]) -> None:
    early = _packages(loaded["before"]) & TRAINING
    assert not early, f"serving imports {', '.join(sorted(early))} at module top"


def test_serving_imports_only_the_libraries_that_its_own_code_names(
    folder: Folder, loaded: dict[str, list[str]]
) -> None:
    serving = closure(folder.path / "predictor.py")
    named = {one.package for path in serving for one in imports(path)} - {""}  # that of its own package
    if any(".frame" in attributes(path) for path in serving):
        named.add("pandas")
    named |= _brought(folder, named - {"slipway"})
    late = (_packages(loaded["after"]) & TRAINING) - named
    assert not late, (
        f"answering a request imported {', '.join(sorted(late))}, which predictor.py does not ask for"
    )
    ours = [name for name in loaded["after"] if name.startswith((f"{folder.name}.train", "slipway.training"))]
    assert not ours, f"answering a request imported {', '.join(ours)}"


def test_no_modules_of_an_image_import_one_another_in_a_circle(folder: Folder) -> None:
    found = circle(folder.path, folder.modules)
    assert not found, " imports ".join(str(path.relative_to(folder.path)) for path in found)


def test_no_modules_of_slipway_import_one_another_in_a_circle() -> None:
    found = circle(SHARED, sorted(SHARED.rglob("*.py")))
    assert not found, " imports ".join(str(path.relative_to(SHARED)) for path in found)


def test_an_image_imports_its_own_modules_relatively(folder: Folder) -> None:
    for path in folder.modules:
        wrong = [one for one in imports(path) if one.package == folder.name]
        assert not wrong, f"{path.name}:{wrong[0].line} imports {wrong[0].module}: write a relative import"


def test_slipway_imports_neither_an_image_nor_a_tool() -> None:
    names = {path.parent.name for path in ROOT.glob("images/*/image.toml")}
    tools = {"tools", "conformance", *(path.stem for path in ROOT.glob("benchmarks/*.py"))}
    for path in SHARED.rglob("*.py"):
        for one in imports(path):
            ours = one.package in names | tools | {"train", "predictor", "images", "tests", "boto3"}
            assert not ours, f"{path.relative_to(ROOT)}:{one.line} imports {one.module}"


def test_the_conformance_tool_is_usable_alone() -> None:
    """Its folder may be copied to where there is neither Slipway nor a library."""
    for path in (ROOT / "tools/conformance").glob("*.py"):
        for one in imports(path):
            assert one.package in sys.stdlib_module_names | {""}, (
                f"{path.name}:{one.line} imports {one.module}"
            )
            assert not one.module.startswith(".."), f"{path.name}:{one.line} imports {one.module}"


def test_no_tool_and_no_test_of_tools_changes_where_modules_are_found() -> None:
    for path in (one for folder in ("tools", "tests") for one in (ROOT / folder).rglob("*.py")):
        if not path.is_relative_to(ROOT / "tests/unit"):  # which forgets the images that it made
            changed = [
                word for word in attributes(path) if re.fullmatch(r"sys\.path\..*|.*syspath_prepend", word)
            ]
            assert not changed, f"{path.relative_to(ROOT)} uses {changed[0]}"


def test_benchmarks_are_run_as_a_package(tracked: list[Path]) -> None:
    """A benchmark that is run as a script hides the image that has its name."""
    siblings = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    siblings -= {path.parent.name for path in ROOT.glob("images/*/image.toml")}
    for path in (ROOT / "benchmarks").glob("*.py"):
        wrong = [one for one in imports(path) if one.package in siblings]
        assert not wrong, f"{path.name}:{wrong[0].line} imports {wrong[0].module}: write a relative import"
    for path in (one for one in tracked if one.suffix == ".md" or one.parent == ROOT / "benchmarks"):
        script = re.search(r"python benchmarks/[a-z_]+\.py", path.read_text())
        assert not script, f"{path.relative_to(ROOT)}: {script[0]}; write python -m"


def test_slipway_imports_images_in_one_loader_alone() -> None:
    """`importlib` elsewhere would be a second one; the package's own names are looked up in `__init__.py`,
    libraries are postponed in `kit/imports.py`."""
    found = {
        str(path.relative_to(SHARED))
        for path in SHARED.rglob("*.py")
        if any(one.package == "importlib" and (one.module, one.name) not in HARMLESS for one in imports(path))
    }
    assert found == {"__init__.py", "image.py", "kit/imports.py"}


HARMLESS = {("importlib.metadata", "distributions"), ("importlib.resources", "files")}


def _exported() -> set[str]:
    assigned = [
        node.value
        for node in parse(SHARED / "__init__.py").body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return set(ast.literal_eval(assigned[0]))


def _public(path: Path) -> set[str]:
    """What a module defines at its top, without its private names."""
    found: set[str] = set()
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {ast.unparse(target) for target in node.targets}
    return {name for name in found if not name.startswith("_")}


def _brought(folder: Folder, libraries: set[str]) -> set[str]:
    """The training libraries that others import of themselves, as scikit-learn does pandas."""
    done = folder.run("-c", BROUGHT, *sorted(libraries))
    assert done.returncode == 0, done.stderr
    return _packages(json.loads(done.stdout)) & TRAINING


def _packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}
