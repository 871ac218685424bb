"""AutoML at serving: the value predicted for the target, how sure that is, and why."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

import slipway
from slipway import Array, Rows, UserError

if TYPE_CHECKING:
    from automl_handler.design import Design
    from automl_handler.predictor import Answers, Predictor

STORAGE = "mindsdb"
"""The folder of the model that is a MindsDB storage folder."""
_MOST_EXPLAINED = 1_000  # rows of a request, each of which the model answers some hundred times


class Options(slipway.Options):
    """What a request may choose."""

    reply: Literal["data", "sentence", "autopilot"] = "data"
    """data is values, sentence what the older container said, autopilot the keys of SageMaker Autopilot."""
    explain: bool = False
    """Add contributions: how much each cell of the row moved the answer, as Shapley values."""
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.9
    """How often the interval of a predicted number is to hold the true one."""
    outputs: tuple[
        Literal[
            "predicted_label",
            "probability",
            "probabilities",
            "labels",
            "prediction",
            "confidence",
            "low",
            "high",
            "explanation",
        ],
        ...,
    ] = ()
    """Answer with these keys alone, Autopilot's in its form; SAGEMAKER_INFERENCE_OUTPUT sets it, too."""
    score: bool = False
    """Add metrics of the answers, in JSON, where the rows have the target among their columns."""
    road: Literal["direct", "mindsdb"] = "direct"
    """mindsdb asks the model through MindsDB, which gives the same answers, later."""


class Model(slipway.Model):
    """A predictor inside a MindsDB storage folder, `storage`, which is kept as it is."""

    options: ClassVar = Options

    def __init__(self, predictor: "Predictor", storage: Path, keep: object = None) -> None:
        self.predictor = predictor
        self.columns = predictor.reads
        self._storage = storage
        self._keep = keep  # what removes the storage once the model is gone

    def predict(self, rows: Rows, options: Options) -> Mapping[str, Array]:
        """One answer a row, in the form that `reply` says."""
        import reply

        design = self.predictor.design(rows.arrays)
        found = self._answers(rows, design, options)
        if options.outputs:
            return reply.chosen(options.outputs, self.predictor, design, found)
        if options.reply == "sentence":
            return reply.sentences(self.predictor.problem, found)
        if options.reply == "autopilot":
            return reply.autopilot(self.predictor.problem, found)
        answer = reply.data(self.predictor, design, found)
        if options.explain:
            if len(rows) > _MOST_EXPLAINED:
                raise UserError(
                    f"explain=true answers at most {_MOST_EXPLAINED} rows at once, got {len(rows)}"
                )
            answer["contributions"] = reply.contributions(self.predictor, design)
        return answer

    def beside(self, rows: Rows, answers: Mapping[str, Array], options: Options) -> Mapping[str, Any]:
        """The metrics, where a request asks for them and has the target."""
        if not options.score:
            return {}
        import reply

        target = self.predictor.problem.target
        if target not in rows.sent:
            raise UserError(f"score=true needs the target {target} among the columns")
        found = self._answers(rows, self.predictor.design(rows.arrays), options)
        return {"metrics": reply.metrics(self.predictor, rows.sent[target], found)}

    def _answers(self, rows: Rows, design: "Design", options: Options) -> "Answers":
        if options.road == "direct":
            return self.predictor.answers(self.predictor.blend(design), options.level)
        from mindsdb_compat import mindsdb

        return mindsdb().answers(self._storage, self.predictor, rows.table, options.level)

    def save(self, folder: Path) -> None:
        """A MindsDB storage folder: JSON, arrays, the learners' own formats, SQLite; never a pickle."""
        shutil.copytree(self._storage, folder / STORAGE, copy_function=shutil.copyfile)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls.of(folder / STORAGE)

    @classmethod
    def of(cls, storage: Path, keep: object = None) -> Self:
        """The model that `storage` holds."""
        from automl_handler.predictor import FILE, Predictor

        found = list(storage.glob(f"content/predictor/*/*/{FILE}"))
        if len(found) != 1:
            raise ValueError(f"{storage} holds {len(found)} models, expected one")
        predictor = Predictor.load(found[0].parent)
        predictor.warm()
        return cls(predictor, storage, keep)
