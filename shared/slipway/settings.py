"""Every environment variable that is read, once, at start."""

import os
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from slipway import docstrings
from slipway.errors import UserError, shown
from slipway.log import Format
from slipway.paths import KSERVE_MODEL, ROOT, Paths

# Local mode writes "True" where the platform writes "true"; "false" must mean false.
Flag = Annotated[bool, BeforeValidator(lambda value: str(value).strip().lower() in {"true", "1", "yes"})]
# SINGLE_RECORD, as the platform writes it, or SingleRecord, as its API does.
Strategy = Annotated[
    Literal["SINGLE_RECORD", "MULTI_RECORD"],
    BeforeValidator(lambda value: str(value).strip().upper().replace("_", "").replace("RECORD", "_RECORD")),
]


class Settings(BaseModel):
    """The knobs of a container. A field's alias is the variable's name, its docstring is public."""

    model_config = ConfigDict(use_attribute_docstrings=docstrings.are_kept, frozen=True, extra="ignore")

    root: Path = Field(ROOT, alias="SLIPWAY_ROOT")
    """Root of the SageMaker file system."""
    algorithm: Path = Field(Path("/opt/algorithm"), alias="SLIPWAY_ALGORITHM")
    """Folder of the image: image.toml and its Python package."""
    training_job_name: str = Field("", alias="TRAINING_JOB_NAME")
    """Set by SageMaker in training. A container started without an argument then trains; otherwise it
    serves."""
    sagemaker_port: int | None = Field(None, alias="SAGEMAKER_BIND_TO_PORT", ge=1, le=65535)
    """Port for every request. Default: 8080."""
    address: IPv4Address = Field(IPv4Address("0.0.0.0"), alias="SLIPWAY_BIND_ADDRESS")
    """Address that the port is opened on. 127.0.0.1: for this machine only."""
    vertex_port: int | None = Field(None, alias="AIP_HTTP_PORT", ge=1, le=65535)
    """Port, as set by Vertex AI. `SAGEMAKER_BIND_TO_PORT` takes precedence."""
    vertex_health: str = Field("", alias="AIP_HEALTH_ROUTE")
    """Set by Vertex AI: an additional path for health checks."""
    vertex_predict: str = Field("", alias="AIP_PREDICT_ROUTE")
    """Set by Vertex AI: an additional path for requests of the form `{"instances": [...]}`."""
    model_name: str = Field("", alias="SLIPWAY_MODEL_NAME")
    """Name of the model in `/v1/models` and `/v2/models`; also `--model_name`. Default: the image's name."""
    model_dir: Path | None = Field(None, alias="SLIPWAY_MODEL_DIR")
    """Folder of the model; also `--model_dir`. Default: `/opt/ml/model`, or `/mnt/models` if it exists and
    `/opt/ml/model` contains no model."""
    workers: int | None = Field(None, alias="MODEL_SERVER_WORKERS", ge=1, le=512)
    """Number of worker processes. Default: one per CPU, fewer if that many copies of the model would not fit
    in memory."""
    timeout_s: int | None = Field(None, alias="MODEL_SERVER_TIMEOUT", ge=1, le=3600)
    """Maximum time for a request in seconds. Default: 60, the limit of real-time endpoints; 3600 in a batch
    transform."""
    max_body_bytes: int = Field(1 << 30, alias="MAX_CONTENT_LENGTH", ge=1)
    """Maximum size of a request body in bytes. Asynchronous endpoints may send 1 GiB. Where it is set, batch
    transforms that name no payload send up to 20 MB at once, else 6."""
    max_rows: int | None = Field(None, alias="SLIPWAY_MAX_ROWS", ge=1)
    """Maximum number of rows in a request. Default: limited by memory only."""
    max_cells: int | None = Field(None, alias="SLIPWAY_MAX_CELLS", ge=1)
    """Maximum number of cells that a request may expand to beyond one per byte. Default: by memory."""
    default_accept: str = Field("", alias="SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT")
    """Content type of answers to requests without an Accept header. Default: the content type of the
    request."""
    input_columns: str = Field("", alias="SAGEMAKER_INFERENCE_INPUT")
    """Comma-separated column names for requests without a header. Default: the columns of the model, in its
    order."""
    output_columns: str = Field("", alias="SAGEMAKER_INFERENCE_OUTPUT")
    """Comma-separated answer columns to return, or values of the option `outputs`. Default: the usual
    columns."""
    supported_columns: str = Field("", alias="SAGEMAKER_INFERENCE_SUPPORTED")
    """Comma-separated answer columns that SAGEMAKER_INFERENCE_OUTPUT may name. Default: any."""
    options: str = Field("", alias="SLIPWAY_OPTIONS")
    """Default inference options, as JSON or as key=value;key=value. Options of a request override them."""
    deepar_options: str = Field("", alias="DEEPAR_INFERENCE_CONFIG")
    """Same as SLIPWAY_OPTIONS, under the name that DeepAR uses. SLIPWAY_OPTIONS takes precedence."""
    batch: Flag = Field(False, alias="SAGEMAKER_BATCH")
    """Set by SageMaker in a batch transform."""
    max_payload_mb: int | None = Field(None, alias="SAGEMAKER_MAX_PAYLOAD_IN_MB", ge=0)
    """Set by SageMaker in a batch transform: the maximum payload in MB."""
    strategy: Strategy | None = Field(None, alias="SAGEMAKER_BATCH_STRATEGY")
    """Set by SageMaker in a batch transform: `SINGLE_RECORD` or `MULTI_RECORD`."""
    max_transforms: int | None = Field(None, alias="SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", ge=0)
    """Set by SageMaker in a batch transform: the maximum number of concurrent requests. No more workers than
    this are started."""
    multi_model: Flag = Field(False, alias="SAGEMAKER_MULTI_MODEL")
    """Set by SageMaker on a multi-model endpoint. Models are loaded and unloaded through its API."""
    load_timeout_s: int = Field(300, alias="SLIPWAY_LOAD_TIMEOUT", ge=1, le=3600)
    """Maximum time to load a model on a multi-model endpoint, in seconds."""
    log_format: Format | None = Field(None, alias="SLIPWAY_LOG_FORMAT")
    """Log format. Default: `json` when serving, `text` when training."""
    metrics: Literal["prometheus", "emf", "both", "off"] = Field("prometheus", alias="SLIPWAY_METRICS")
    """How metrics are published: `prometheus` at /metrics, `emf` as CloudWatch embedded metric format on
    standard output, `both`, or `off`."""
    metrics_models: int = Field(50, alias="SLIPWAY_METRICS_MODELS", ge=0, le=1000)
    """Number of models on a multi-model endpoint with metrics of their own. Further models share one set."""
    drift: Flag = Field(True, alias="SLIPWAY_DRIFT")
    """Whether to compare the rows of requests with the training data, at /metrics and /drift."""
    drift_window: int = Field(5000, alias="SLIPWAY_DRIFT_WINDOW", ge=200, le=1_000_000)
    """Number of most recent rows to compare, over all workers."""
    drift_false_alarms: float = Field(0.01, alias="SLIPWAY_DRIFT_FALSE_ALARMS", gt=0, le=0.5)
    """Probability that any column of a window is reported as drifted although none is."""
    access_log: Flag = Field(False, alias="SLIPWAY_ACCESS_LOG")
    """Log one line per request: status, duration, sizes and inference ID, never its content."""

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
    def port(self) -> int:
        return self.sagemaker_port or self.vertex_port or 8080

    @property
    def model_folder(self) -> Path:
        """Where the model to serve is."""
        from slipway.manifest import FILE  # and with it Arrow, which the supervisor never needs

        if self.model_dir:
            return self.model_dir
        mounted = not (self.paths.model / FILE).exists() and KSERVE_MODEL.is_dir()
        return KSERVE_MODEL if mounted else self.paths.model

    @property
    def serving_log(self) -> Format:
        return self.log_format or "json"

    @property
    def request_timeout_s(self) -> int:
        return self.timeout_s or (3600 if self.batch else 60)
