"""`make matrix`: which images a change touches, and which one a tag releases."""

import pytest

from tools import matrix

NAMES = ["first", "second"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["images/first/train.py"], {"first"}),
        (["images/first/sample/train.csv", "images/second/image.toml"], {"first", "second"}),
        (["images/first/README.md", "docs/settings.md", "benchmarks/serving.py", "README.md"], set()),
        (["images/removed/train.py"], set()),
        (["shared/slipway/cells.py"], {"first", "second"}),
        (["images/first/train.py", "Makefile"], {"first", "second"}),
        ([".github/workflows/images.yml"], {"first", "second"}),
    ],
)
def test_an_image_is_built_again_when_something_it_is_made_of_changes(
    paths: list[str], expected: set[str]
) -> None:
    assert matrix.touched(NAMES, paths) == expected


def test_a_commit_that_is_not_known_leaves_nothing_out() -> None:
    assert matrix.changed(matrix.ROOT, "0" * 40) is None
    assert matrix.changed(matrix.ROOT, "HEAD") == []


def test_a_tag_releases_its_image_in_its_version() -> None:
    found = matrix.images()
    image = found[0]
    assert matrix.released(found, f"{image.name}-v{image.version}") is image
    for tag, said in {
        f"{image.name}-v99.0.0": image.version,
        "nothing-v1.0.0": "NAME-vVERSION",
        "v1.0.0": "NAME-vVERSION",
    }.items():
        with pytest.raises(ValueError, match=said):
            matrix.released(found, tag)
