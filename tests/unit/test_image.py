"""image.toml, and the one place that imports an image."""

import importlib
import shutil

import pytest

from slipway.image import Image


def test_an_image_is_called_like_its_folder(folder):
    image = Image.read(folder)
    assert (image.name, image.version, image.license, image.base) == (
        "adder",
        "1.2.3",
        "Apache-2.0",
        "trixie",
    )
    assert not image.distributed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1.2.3"', 'version = "1.2"', "version: String should match pattern"),
        ('version = "1.2.3"', "", "version: Field required"),
        ('title = "Adder"', 'titel = "Adder"', "title: Field required"),
        ('title = "Adder"', 'title = "Adder"\nodd = 1', "odd: Extra inputs are not permitted"),
        (
            'direction = "Minimize"',
            'direction = "down"',
            "metrics.loss.direction: Input should be 'Minimize' or 'Maximize'",
        ),
        (
            'training = ["ml.m5.large"]',
            "training = []",
            "instances.training: Tuple should have at least 1 item",
        ),
        ('title = "Adder"', "title = ", "Invalid value"),
    ],
)
def test_a_wrong_word_in_image_toml_is_named_in_one_line(folder, old, new, message):
    path = folder / "image.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=rf"image.toml: {message}") as caught:
        Image.read(folder)
    assert "\n" not in str(caught.value)


LISTING = """
[answers]
sum = "What came."

[listing]
category = "Sums."
use_cases = ["To add."]
highlights = ["It adds."]
keywords = ["sum"]
training_data = "A number."
limits = ["Numbers alone."]
sample_data = "Three numbers."
objective = "loss"
tuning = { k = [1, 9], rate = [0.1, 1], kind = ["a", "b"] }
"""


def test_what_a_listing_needs_is_read_where_it_is_given(folder):
    """C2: the texts that no code can know."""
    assert Image.read(folder).listing is None
    path = folder / "image.toml"
    path.write_text(path.read_text() + LISTING)
    image = Image.read(folder)
    assert image.answers == {"sum": "What came."}
    assert image.listing.tuning == {"k": (1, 9), "rate": (0.1, 1), "kind": ("a", "b")}
    assert (image.listing.pricing, image.listing.trial_days) == ("free", 0)
    assert image.channels["train"].content_types == ()


def test_a_listing_that_lacks_a_text_is_told_in_one_line(folder):
    path = folder / "image.toml"
    path.write_text(path.read_text() + LISTING.replace('category = "Sums."', ""))
    with pytest.raises(ValueError, match=r"image.toml: listing.category: Field required"):
        Image.read(folder)


def test_a_folder_that_is_no_image_is_told(tmp_path):
    with pytest.raises(ValueError, match="SLIPWAY_ALGORITHM must name the folder of an image"):
        Image.read(tmp_path)


def test_both_modules_are_imported_by_name(folder):
    image = Image.read(folder)
    assert image.predictor().__name__ == "Adder"
    assert image.hyperparameters()().k == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("predictor", "Model = 5\n", r"predictor.py: Model must be a subclass of slipway.Model"),
        ("predictor", "class Model: pass\n", r"predictor.py: Model must be a subclass of slipway.Model"),
        ("hyperparameters", "", r"must define Hyperparameters"),
        ("train", "", r"train.py must define fit"),
    ],
)
def test_a_module_without_what_it_must_have_is_named(folder, name, text, message):
    (folder / f"{name}.py").write_text(text)
    image = Image.read(folder)
    with pytest.raises(TypeError, match=message):
        {"predictor": image.predictor, "hyperparameters": image.hyperparameters, "train": image.trainer}[
            name
        ]()


def test_two_images_live_in_one_process(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    first, second = Image.read(folder).trainer(), Image.read(other).trainer()
    assert (first.__name__, second.__name__) == ("adder.train", "other.train")
    assert first.fit is not second.fit


@pytest.mark.parametrize("name", ["json", "numpy"])
def test_an_image_that_is_called_as_a_library_is_refused(folder, tmp_path, name):
    library = importlib.import_module(name)
    other = tmp_path / name
    folder.rename(other)
    with pytest.raises(ImportError, match=f"{name} is also at .*rename the image"):
        Image.read(other).predictor()
    assert importlib.import_module(name) is library


def test_what_an_image_is_for_and_how_it_is_drawn_may_be_left_out(folder):
    assert (Image.read(folder).choose, Image.read(folder).chart) == (None, None)


def test_a_choice_says_both_halves_and_a_chart_is_of_a_known_kind(folder):
    path = folder / "image.toml"
    path.write_text(
        path.read_text()
        + '[choose]\ntask = "add"\nline = "sums"\nhave = "sums"\n[chart]\nkind = "bars"\nvalue = "sum"\n'
    )
    with pytest.raises(ValueError, match=r"choose\.want: Field required"):
        Image.read(folder)
    path.write_text(path.read_text().replace('have = "sums"', 'have = "sums"\nwant = "one"'))
    assert Image.read(folder).chart.value == "sum"
    path.write_text(path.read_text().replace('"bars"', '"pie"'))
    with pytest.raises(ValueError, match=r"chart\.kind: Input should be 'points', 'fan', 'bars' or 'cells'"):
        Image.read(folder)
