"""Every environment variable that is read, once, at start."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from slipway.errors import UserError, shown
from slipway.log import Format
from slipway.paths import Paths

# Local mode writes "True" where the platform writes "true"; "false" must mean false.
Flag = Annotated[bool, BeforeValidator(lambda value: str(value).strip().lower() in {"true", "1", "yes"})]
# SINGLE_RECORD, as the platform writes it, or SingleRecord, as its API does.
Strategy = Annotated[
    Literal["SINGLE_RECORD", "MULTI_RECORD"],
    BeforeValidator(lambda value: str(value).strip().upper().replace("_", "").replace("RECORD", "_RECORD")),
]


class Settings(BaseModel):
    """The knobs of a container. A field's alias is the variable's name, its docstring is public."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True, extra="ignore")

    root: Path = Field(Path("/opt/ml"), alias="SLIPWAY_ROOT")
    """Where the platform's tree is mounted."""
    algorithm: Path = Field(Path("/opt/algorithm"), alias="SLIPWAY_ALGORITHM")
    """The folder of the image: image.toml and its Python package."""
    training_job_name: str = Field("", alias="TRAINING_JOB_NAME")
    """Set by the platform in training; a container started without argument then trains, else serves."""
    port: int = Field(8080, alias="SAGEMAKER_BIND_TO_PORT", ge=1, le=65535)
    """The port that answers /ping and /invocations."""
    workers: int | None = Field(None, alias="MODEL_SERVER_WORKERS", ge=1, le=512)
    """Processes that answer; one a CPU, fewer where the model would not fit memory so often."""
    timeout_s: int | None = Field(None, alias="MODEL_SERVER_TIMEOUT", ge=1, le=3600)
    """Seconds one request may take: 60 as the platform allows, 3600 in a batch transform."""
    max_body_bytes: int = Field(1 << 30, alias="MAX_CONTENT_LENGTH", ge=1)
    """Largest request body in bytes; asynchronous endpoints may send 1 GiB."""
    max_rows: int | None = Field(None, alias="SLIPWAY_MAX_ROWS", ge=1)
    """Most rows of one request; as many as memory holds when empty."""
    max_cells: int | None = Field(None, alias="SLIPWAY_MAX_CELLS", ge=1)
    """Most cells that a request may unfold to beyond one for each of its bytes; by memory when empty."""
    default_accept: str = Field("", alias="SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT")
    """Media type of the answer when a request names none; the request's own type when this is not set."""
    input_columns: str = Field("", alias="SAGEMAKER_INFERENCE_INPUT")
    """Comma-separated names of the columns of requests that name none; as the model reads them when empty."""
    output_columns: str = Field("", alias="SAGEMAKER_INFERENCE_OUTPUT")
    """Comma-separated answer columns to send, or what the option `outputs` offers; the usual when empty."""
    supported_columns: str = Field("", alias="SAGEMAKER_INFERENCE_SUPPORTED")
    """Comma-separated answer columns that SAGEMAKER_INFERENCE_OUTPUT may name; any when empty."""
    options: str = Field("", alias="SLIPWAY_OPTIONS")
    """Per-call options in force when a request gives none, as JSON or as key=value;key=value."""
    deepar_options: str = Field("", alias="DEEPAR_INFERENCE_CONFIG")
    """What SLIPWAY_OPTIONS is, under the name that DeepAR's jobs have; SLIPWAY_OPTIONS goes before it."""
    batch: Flag = Field(False, alias="SAGEMAKER_BATCH")
    """Set by the platform in a batch transform."""
    max_payload_mb: int | None = Field(None, alias="SAGEMAKER_MAX_PAYLOAD_IN_MB", ge=0)
    """Set by the platform in a batch transform when the job names it."""
    strategy: Strategy | None = Field(None, alias="SAGEMAKER_BATCH_STRATEGY")
    """Set by the platform in a batch transform when the job names it: `SINGLE_RECORD` or `MULTI_RECORD`."""
    max_transforms: int | None = Field(None, alias="SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", ge=0)
    """Set by the platform in a batch transform when the job names it; no more workers are started then."""
    multi_model: Flag = Field(False, alias="SAGEMAKER_MULTI_MODEL")
    """Set by the platform on a multi-model endpoint: models are loaded and unloaded as it says."""
    load_timeout_s: int = Field(300, alias="SLIPWAY_LOAD_TIMEOUT", ge=1, le=3600)
    """Seconds that a model of a multi-model endpoint may take to load."""
    log_format: Format | None = Field(None, alias="SLIPWAY_LOG_FORMAT")
    """How log lines are written: `json` where it serves, `text` where it trains, unless set."""
    access_log: Flag = Field(False, alias="SLIPWAY_ACCESS_LOG")
    """Whether each request gets a log line: status, milliseconds, sizes and inference id, nothing it says."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads the variables. Raises UserError, one line, when one has a value it cannot have."""
        environ = os.environ if environ is None else environ
        names = {field.alias for field in cls.model_fields.values()}
        given = {name: value for name, value in environ.items() if name in names and value != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = first["loc"][0]
            raise UserError(
                f"environment variable {name}: {first['msg']}, got {shown(first['input'])}"
            ) from None

    @classmethod
    def read_root(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads where the tree is, and nothing that could be wrong."""
        environ = os.environ if environ is None else environ
        return cls.read({name: value for name, value in environ.items() if name == "SLIPWAY_ROOT"})

    @property
    def paths(self) -> Paths:
        return Paths(self.root)

    @property
    def serving_log(self) -> Format:
        return self.log_format or "json"

    @property
    def request_timeout_s(self) -> int:
        return self.timeout_s or (3600 if self.batch else 60)
