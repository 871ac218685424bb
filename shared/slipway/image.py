"""What image.toml says of an image, and the one place that imports an image's modules, by name."""

import importlib
import os
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slipway.hyperparameters import Hyperparameters
from slipway.model import Model


class _Facts(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class ChannelFacts(_Facts):
    """A training channel."""

    description: str
    required: bool = True
    aliases: tuple[str, ...] = ()
    """Other names that it is given under."""
    kind: Literal["table", "file"] = "table"
    """A table of rows, or one file that is none: a configuration, say."""
    content_types: tuple[str, ...] = ()
    """Media types of a file that is no table; a table comes in any format that is read."""


class MetricFacts(_Facts):
    """A number that training prints as `metric name=value;`.

    A name in image.toml may hold `*`, which stands for any characters: "lift@*" declares lift@5 and lift@10.
    """

    description: str
    direction: Literal["Minimize", "Maximize"]
    """Which way a tuning job should push it."""


class Instances(_Facts):
    """Instance types that the image is known to suit, the recommended one first."""

    training: Annotated[tuple[str, ...], Field(min_length=1)]
    hosting: Annotated[tuple[str, ...], Field(min_length=1)]
    transform: Annotated[tuple[str, ...], Field(min_length=1)]


class Listing(_Facts):
    """What a buyer on AWS Marketplace is told that nothing else says; `make listing` checks its lengths."""

    category: str
    """What kind of algorithm it is, in a sentence."""
    use_cases: tuple[str, ...]
    """What it is mostly used for."""
    highlights: tuple[str, ...]
    """What tells it from others, up to three."""
    keywords: tuple[str, ...]
    """What a buyer may search for."""
    training_data: str
    """What training needs: how many rows at least, which columns."""
    limits: tuple[str, ...]
    """What it cannot do, or not well."""
    sample_data: str
    """Source, size and licence of the sample, which the model package is trained on."""
    objective: str
    """The metric that the notebook tunes by."""
    tuning: dict[str, tuple[int, int] | tuple[float, float] | tuple[str, ...]]
    """What the notebook tunes, and between which two numbers or among which texts."""
    pricing: Literal["free", "hourly", "inference"] = "free"
    trial_days: int = 0
    """Days of a free trial of what is not free."""


class Choice(_Facts):
    """By what a reader tells whether the image is the one to take."""

    have: Annotated[str, Field(max_length=120)]
    """What they start from."""
    want: Annotated[str, Field(max_length=120)]
    """What they are after."""


class Chart(_Facts):
    """How answers are best drawn: a kind of chart, and the columns of request or answer that it shows.

    `points`: two columns of numbers against each other, coloured by `colour`. `fan`: `y` over `x`, a line for
    each `series`, with a band between answer columns that are named as quantiles are, 0.1 and 0.9, and before
    it the request's column `past`. `bars`: a bar a row, named by `label` and as long as `value`, or in the
    parts of `parts`, an object of shares. `cells`: the table, with the cells marked for which the answer has
    something in the column of their name and `marked`, "_filled" say.
    """

    kind: Literal["points", "fan", "bars", "cells"]
    x: str = ""
    y: str = ""
    series: str = ""
    past: str = ""
    colour: str = ""
    label: str = ""
    value: str = ""
    parts: str = ""
    marked: str = ""


class Image(_Facts):
    """The facts of one image; its name is its folder's."""

    title: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    summary: Annotated[str, Field(max_length=1024)]
    license: str
    base: str = "trixie"
    """The Debian suite it is built on."""
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = ("linux/amd64", "linux/arm64")
    """What its libraries exist for. SageMaker trains on amd64 alone, and serves on Graviton, too."""
    row_rule: str
    """What one row of a request, and of its answer, stands for."""
    choose: Choice | None = None
    """For the front page of the catalogue."""
    chart: Chart | None = None
    """For the playground."""
    dependencies: tuple[str, ...] = ()
    """Python packages beyond the shared layer's."""
    bare: tuple[str, ...] = ()
    """Packages taken without what they themselves require, where that is years old; `dependencies` has it."""
    built: tuple[str, ...] = ()
    """Packages that are published as source only: the ones that may be built, when the image is."""
    debian_packages: tuple[str, ...] = ()
    """Debian packages beyond the shared layer's: libraries that no wheel brings."""
    distributed: bool = False
    """Whether several hosts share the work of training; where data are sharded, any image trains on all."""
    metered: bool = False
    """Whether answers tell how many rows they are for, by which AWS Marketplace can bill."""
    channels: dict[str, ChannelFacts]
    metrics: dict[str, MetricFacts] = {}
    answers: dict[str, str] = {}
    """What each column of an answer is, by its name or the first pattern that fits; `*` is any characters."""
    listing: Listing | None = None
    instances: Instances
    folder: Path = Field(exclude=True)
    """Where the image's files are; its last part is the image's name."""

    @property
    def name(self) -> str:
        return self.folder.name

    @classmethod
    def read(cls, folder: Path) -> "Image":
        """Reads `folder`/image.toml. Raises ValueError, one line, where it is not what it should be."""
        path = folder / "image.toml"
        try:
            return cls.model_validate({**tomllib.loads(path.read_text()), "folder": folder.resolve()})
        except FileNotFoundError:
            raise ValueError(
                f"{path} does not exist: SLIPWAY_ALGORITHM must name the folder of an image"
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def metric(self, name: str) -> MetricFacts | None:
        """What is declared of a metric, by its name or by a pattern that it fits; None where nothing is."""
        if name in self.metrics:
            return self.metrics[name]
        return next((facts for pattern, facts in self.metrics.items() if fnmatchcase(name, pattern)), None)

    def predictor(self) -> type[Model]:
        """The image's `predictor.Model`."""
        found = self._module("predictor").Model
        if not (isinstance(found, type) and issubclass(found, Model)):
            raise TypeError(f"{self.folder}/predictor.py: Model must be a subclass of slipway.Model")
        return found

    def hyperparameters(self) -> type[Hyperparameters]:
        """The image's `hyperparameters.Hyperparameters`."""
        found = getattr(self._module("hyperparameters"), "Hyperparameters", None)
        if not (isinstance(found, type) and issubclass(found, Hyperparameters)):
            raise TypeError(
                f"{self.folder}/hyperparameters.py must define Hyperparameters, "
                "a subclass of slipway.Hyperparameters"
            )
        return found

    def trainer(self) -> ModuleType:
        """The image's `train` module, which has `fit`."""
        module = self._module("train")
        if not hasattr(module, "fit"):
            raise TypeError(f"{self.folder}/train.py must define fit")
        return module

    def legacy(self) -> Any:
        """`legacy.translated` of an image that reads documents in an older container's form, else None."""
        return self._module("legacy").translated if (self.folder / "legacy.py").exists() else None

    def _module(self, name: str) -> ModuleType:
        """A module of the image's package; its folder's parent comes last on the path, to hide no library."""
        if (parent := str(self.folder.parent)) not in sys.path:
            sys.path.append(parent)
        package = importlib.import_module(self.name)
        if str(self.folder) not in map(os.path.realpath, package.__path__):
            place = package.__path__[0]
            raise ImportError(f"{self.name} is also at {place}, which hides {self.folder}; rename the image")
        return importlib.import_module(f"{self.name}.{name}")
