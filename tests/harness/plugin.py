"""Options and fixtures: which image is tested (`--image`), and where it runs (`--place`)."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.places import PLACES, Place, Reply, Server, Training
from harness.samples import Sample
from slipway.image import Image
from tools import ROOT, contract

IMAGES = Path(__file__).parents[2] / "images"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--image", help="an image's name, or a folder's path; all images unless given")
    parser.addoption(
        "--place",
        action="append",
        choices=list(PLACES),
        help="where the contract is run; inside and local unless given",
    )
    parser.addoption(
        "--elsewhere",
        choices=["container"],
        help="where this image is tested in the same run: what that tests is not tested locally",
    )
    parser.addoption(
        "--shared-with",
        help="the image of the same run that is tested with what the shared layer alone decides",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "image" in metafunc.fixturenames and not hasattr(metafunc.module, "image"):  # one of its own
        names = [folder.name for folder in _folders(metafunc)]
        metafunc.parametrize("image", _folders(metafunc), ids=names, indirect=True, scope="session")
    if "place" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("place") or ["inside", "local"]
        only = metafunc.definition.get_closest_marker("only")
        chosen = [name for name in chosen if only is None or name in only.args]
        elsewhere = metafunc.config.getoption("elsewhere")
        if elsewhere and (only is None or elsewhere in only.args):
            chosen = [name for name in chosen if name != "local"]
        metafunc.parametrize("place", chosen, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A promise of other places than the chosen ones is not tested, and not called skipped either.

    A marker of a row that the contract does not have is an error.
    """
    known = contract.numbers(ROOT / "tools/contract.toml")
    wrong = {
        f"{item.nodeid.partition('[')[0]} is marked with {row}, which is no row of contract.toml"
        for item in items
        for marker in item.iter_markers("contract")
        for row in marker.args
        if row not in known
    }
    if wrong:
        raise pytest.UsageError(*sorted(wrong))
    gone = [
        item
        for item in items
        if ("NOTSET" in item.nodeid and item.get_closest_marker("only"))
        or _is_tested_with_another(config, item)
    ]
    if gone:
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=gone)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(*places): a promise that can be tested in these places alone")
    config.addinivalue_line(
        "markers", "shared(*places): the shared layer alone decides it, in these places or in all of them"
    )
    config.addinivalue_line("markers", "contract(*rows): the rows of tools/contract.toml that the test holds")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell; inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_tested_with_another(config: pytest.Config, item: pytest.Item) -> bool:
    """Whether `--shared-with` names another image, and the test gives the same with it."""
    another, marker = config.getoption("shared_with"), item.get_closest_marker("shared")
    if marker is None or another in {None, config.getoption("image")}:
        return False
    parameters = getattr(item, "callspec", None)
    place = parameters.params.get("place", "container") if parameters else "container"
    return not marker.args or place in marker.args


def _folders(metafunc: pytest.Metafunc) -> list[Path]:
    """The image that a test is of: its own folder's, or --image; of all images where nothing says which."""
    path = Path(metafunc.module.__file__ or "")
    if IMAGES in path.parents:
        return [IMAGES / path.relative_to(IMAGES).parts[0]]
    if name := metafunc.config.getoption("image"):
        return [Path(name) if "/" in name else IMAGES / name]
    return sorted(path.parent for path in IMAGES.glob("*/image.toml"))


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> Image:
    """The image under test."""
    return Image.read(request.param)


@pytest.fixture(scope="session")
def sample(image: Image) -> Sample:
    return Sample(image.folder / "sample", image)


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest, image: Image) -> Place:
    return PLACES[request.param](image)


@pytest.fixture(scope="session")
def trained(place: Place, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The sample, trained once a place."""
    training = place.train_sample(sample.lay_out(tmp_path_factory.mktemp("trained")))
    assert training.code == 0, training.log
    return training


@pytest.fixture(scope="session")
def server(place: Place, trained: Training) -> Iterator[Server]:
    """The trained sample, served once a place."""
    with place.serve(trained.root) as running:
        yield running


@pytest.fixture(scope="session")
def expected(server: Server, sample: Sample) -> Reply:
    """The answers to the sample request, as JSON; every other way of asking must give the same."""
    reply = server.ask(sample.csv(), "text/csv", "application/json")
    assert reply.status == 200, reply.text
    return reply
