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

from slipway import docstrings
from slipway.hyperparameters import Hyperparameters
from slipway.model import Model


class _Facts(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=docstrings.are_kept, extra="forbid", frozen=True)


class ChannelFacts(_Facts):
    """A training channel."""

    description: str
    """One line on what the channel contains."""
    required: bool = True
    """Whether a job without it is refused."""
    aliases: tuple[str, ...] = ()
    """Other names that the channel may be given under."""
    kind: Literal["table", "file"] = "table"
    """table: rows, in any supported format. file: a single file that is not a table, for example JSON."""
    content_types: tuple[str, ...] = ()
    """Media types that the channel takes. Default: every format that is read; required for kind file."""
    modes: tuple[Literal["File", "FastFile", "Pipe"], ...] = ("File", "FastFile", "Pipe")
    """Input modes that the channel takes."""


class MetricFacts(_Facts):
    """A number that training prints as `metric name=value;`.

    A name in image.toml may hold `*`, which stands for any characters: "lift@*" declares lift@5 and lift@10.
    """

    description: str
    """One line on what is measured."""
    direction: Literal["Minimize", "Maximize"]
    """Direction of optimisation in a tuning job."""


class Instances(_Facts):
    """Instance types that the image is known to suit, the recommended one first."""

    training: Annotated[tuple[str, ...], Field(min_length=1)]
    """Instance types for training, the recommended one first."""
    hosting: Annotated[tuple[str, ...], Field(min_length=1)]
    """Instance types for endpoints."""
    transform: Annotated[tuple[str, ...], Field(min_length=1)]
    """Instance types for batch transforms."""


class Cost(_Facts):
    """What training takes, as benchmarks/cost.py measures it; `train --dry-run` goes by it."""

    memory_mb: Annotated[float, Field(gt=0)]
    """Memory of a training job without its data, in MB."""
    memory_factor: Annotated[float, Field(gt=0)]
    """Peak memory of training over the size of the training table in memory."""
    cpu_s: Annotated[float, Field(ge=0)]
    """CPU seconds of a training job without its data."""
    cpu_s_per_million_cells: Annotated[float, Field(ge=0)]
    """CPU seconds per million cells of the training table, with default hyperparameters."""
    time_limit: str = ""
    """Hyperparameter that limits the seconds of training."""
    beyond_memory: bool = False
    """Whether data larger than memory is trained on, in pieces or by a sample."""


class Listing(_Facts):
    """What a buyer on AWS Marketplace is told that nothing else says; `make listing` checks its lengths."""

    category: str
    """The type of algorithm, in one sentence."""
    use_cases: tuple[str, ...]
    """Typical uses."""
    highlights: tuple[str, ...]
    """Up to three distinguishing features."""
    keywords: tuple[str, ...]
    """Search keywords."""
    training_data: str
    """Requirements of the training data: number of rows, columns."""
    limits: tuple[str, ...]
    """Known limitations."""
    sample_data: str
    """Source, size and licence of the sample, on which the model package is trained."""
    objective: str
    """Metric that the notebook's tuning job optimises."""
    tuning: dict[str, tuple[int, int] | tuple[float, float] | tuple[str, ...]]
    """Hyperparameters that the notebook tunes, each with two bounds or a list of values."""
    pricing: Literal["free", "hourly", "inference"] = "free"
    """Pricing model of the listing."""
    trial_days: int = 0
    """Days of free trial of a paid listing."""


class Choice(_Facts):
    """By what a reader tells whether the image is the one to take."""

    task: Annotated[str, Field(max_length=60)]
    """What it does, as an order, for the first table of the README."""
    line: Annotated[str, Field(max_length=120)]
    """What there is to know about it, in half a line, for the same table."""
    have: Annotated[str, Field(max_length=120)]
    """What the user starts from, for the front page of the catalogue."""
    want: Annotated[str, Field(max_length=120)]
    """What the user wants."""


class Files(_Facts):
    """What a saved model consists of, for SECURITY.md: none of it may run code when it is read."""

    formats: str
    """Formats of a saved model's files."""
    read_by: str
    """Libraries that read them."""


class Chart(_Facts):
    """How answers are best drawn: a kind of chart, and the columns of request or answer that it shows.

    `points`: two columns of numbers against each other, coloured by `colour`. `fan`: `y` over `x`, a line for
    each `series`, with a band between answer columns that are named as quantiles are, 0.1 and 0.9, and before
    it the request's column `past`. `bars`: one bar per row, named by `label`, as long as `value` or in the
    parts of `parts`, an object of shares. `cells`: the table, with the cells marked for which the answer has
    something in the column of their name and `marked`, "_filled" for example.
    """

    kind: Literal["points", "fan", "bars", "cells"]
    """Chart of the playground. points: a scatter plot. fan: lines with quantile bands. bars: one bar per row.
    cells: the table with marked cells."""
    x: str = ""
    """Column of the x axis (fan)."""
    y: str = ""
    """Answer column of the y axis (fan)."""
    series: str = ""
    """Column that separates lines (fan)."""
    past: str = ""
    """Request column with the history (fan)."""
    colour: str = ""
    """Answer column that gives the colour (points)."""
    label: str = ""
    """Answer column that names a bar (bars)."""
    value: str = ""
    """Answer column with the length of a bar (bars)."""
    parts: str = ""
    """Answer column with shares by name, which divide a bar (bars)."""
    marked: str = ""
    """Suffix of the answer columns that mark cells (cells)."""


class Image(_Facts):
    """The facts of one image; its name is its folder's."""

    title: str
    """Display name."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    """Version of the image, and its tag: three numbers."""
    summary: Annotated[str, Field(max_length=1024)]
    """What the algorithm does, in one or two sentences."""
    license: str
    """SPDX licence expression."""
    base: str = "trixie"
    """Debian suite of the base image."""
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = ("linux/amd64", "linux/arm64")
    """Platforms that its libraries support. SageMaker trains on amd64 only, and also serves on Graviton."""
    row_rule: str
    """What one row of a request, and of its answer, stands for."""
    choose: Choice | None = None
    """Who the image is for, on the front page of the catalogue."""
    model: Files | None = None
    """Files of a saved model."""
    chart: Chart | None = None
    """Chart of the playground."""
    dependencies: tuple[str, ...] = ()
    """Python packages in addition to those of the shared layer."""
    bare: tuple[str, ...] = ()
    """Packages to install without their own requirements, if those are outdated; list what is needed in
    `dependencies`."""
    excluded: tuple[str, ...] = ()
    """Packages to leave out, with what only they need: libraries require them, nothing here imports them."""
    built: tuple[str, ...] = ()
    """Packages published only as source, which may be built while the image is."""
    debian_packages: tuple[str, ...] = ()
    """Debian packages in addition to those of the shared layer, for libraries that no wheel contains."""
    distributed: bool = False
    """Whether several hosts share the work of training; if not, the first trains on the data of all."""
    metered: bool = False
    """Whether answers tell how many rows they are for, by which AWS Marketplace can bill."""
    channels: dict[str, ChannelFacts]
    """The training channels."""
    metrics: dict[str, MetricFacts] = {}
    """The metrics that training prints."""
    answers: dict[str, str] = {}
    """Description of each answer column, by name or first matching pattern; `*` matches any characters."""
    cost: Cost | None = None
    """What training takes."""
    listing: Listing | None = None
    """Texts for AWS Marketplace."""
    instances: Instances
    """Recommended instance types."""
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
