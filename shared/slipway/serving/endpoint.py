"""From a request's bytes to an answer's bytes: everything of /invocations but HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from slipway import formats
from slipway.errors import (
    ModelLoadError,
    NoRows,
    NotAcceptable,
    UserError,
    listed,
)
from slipway.formats import Format, Reading, json, json_numbers
from slipway.hyperparameters import Options, names
from slipway.image import Image
from slipway.log import log_exception, within
from slipway.manifest import OPTIONS, Manifest
from slipway.media import MediaType
from slipway.model import Model
from slipway.serving import large
from slipway.serving.answer import LONGEST, Answer, client_error, server_error
from slipway.serving.deployment import (
    check_supported,
    names_in,
    own_options,
    pairs_in,
    with_input_names,
)
from slipway.serving.invocation import Invocation, Observer, answers_to_nothing, by_rows
from slipway.serving.memory import NUMBERS, PIECES, TEXTS, Factors
from slipway.settings import Settings
from slipway.table.arrow import Array
from slipway.table.budget import Budget
from slipway.table.raw import Raw

_GZIP = b"\x1f\x8b"
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_METERING = "X-Amzn-Inference-Metering"


Read = Callable[[Reading], Raw]
"""Reads the rows of a request."""
Request = tuple[Read, Mapping[str, Any], Format, MediaType]
"""What reads the rows, their options, what writes the answer, and the media type to write."""


class InferenceProtocol(Protocol):
    """Another form of requests and answers than /invocations has; it comes on a route of its own."""

    def request(self, endpoint: "Endpoint", body: bytes) -> "Request | Answer":
        """What there is to answer, or the answer where it takes no rows. Raises UserError."""

    def form(self, answer: Answer) -> Answer:
        """The answer; an error in this protocol's form."""


Legacy = Callable[[Mapping[str, Any], Model], Mapping[str, Any] | None]
"""Turns a document in an older container's form into one in the common form; None where it is in none."""


class Endpoint:
    """One loaded model, answering."""

    def __init__(
        self,
        model: Model,
        manifest: Manifest,
        settings: Settings,
        metered: bool = False,
        own: Mapping[str, Any] | None = None,
        legacy: Legacy | None = None,
        workers: int = 1,
    ) -> None:
        """`own` are the options that come with the model; `legacy` reads documents in an older form."""
        self.model = model
        self._legacy = legacy
        self._budget = Budget.of_worker(workers, settings.max_rows, settings.max_cells)
        self._metered = metered
        self.manifest = manifest
        self._schema = with_input_names(manifest.reads, names_in(settings.input_columns))
        self.name = settings.model_name or manifest.image
        self._settings = settings
        self.observe: Observer | None = None
        self.known_options = frozenset(names(type(model).options))
        self._wanted = list(names_in(settings.output_columns))
        check_supported(self._wanted, names_in(settings.supported_columns))
        sources = {
            "DEEPAR_INFERENCE_CONFIG": pairs_in(settings.deepar_options, "DEEPAR_INFERENCE_CONFIG"),
            "SLIPWAY_OPTIONS": pairs_in(settings.options, "SLIPWAY_OPTIONS"),
            OPTIONS: own or {},
        }
        if self._wanted and "outputs" in self.known_options:  # the model gives what is wanted, and no more
            sources = {"SAGEMAKER_INFERENCE_OUTPUT": {"outputs": self._wanted}, **sources}
            self._wanted = []
        self._defaults: dict[str, Any] = {}
        for variable, given in sources.items():  # each alone first, so that an error names its variable
            type(model).options.parse(given, f"option in {variable}")
            self._defaults |= given
        self._options = type(model).options.parse(self._defaults, "option of the deployment")
        self.factors = self._factors()
        """What bodies of some size take of memory."""

    @classmethod
    def load(cls, settings: Settings, folder: Path | None = None, workers: int = 1) -> "Endpoint":
        """Loads the model in `folder`, else the one at the platform's place for it.

        Raises ModelLoadError, one line, when it cannot be served.
        """
        folder = folder or settings.model_folder
        image = Image.read(settings.algorithm)
        manifest = Manifest.read(folder, image.name)
        try:
            model = image.predictor().load(folder)
        except ModelLoadError:
            raise
        except Exception as error:  # whatever a library raises over files that do not make a model
            log_exception("serve", "the model cannot be loaded", error)
            raise ModelLoadError(
                f"the model cannot be loaded ({type(error).__name__}): the log has the details"
            ) from None
        if tuple(model.names) != manifest.reads.names:
            raise ModelLoadError("the model reads other columns than its manifest says; train it again")
        try:
            return cls(model, manifest, settings, image.metered, own_options(folder), image.legacy(), workers)
        except UserError as error:  # an environment that whoever deployed it has to mend
            raise ModelLoadError(str(error)) from None

    def answer(
        self,
        body: bytes,
        content_type: str,
        accept: str = "",
        attributes: str = "",
        request: str = "",
        protocol: InferenceProtocol | None = None,
    ) -> Answer:
        """Answers one request; never raises. Custom attributes go back as they came.

        What a `protocol` reads and writes does not depend on media types.
        """
        try:
            found = self._answer(body, content_type, accept, attributes, protocol)
        except UserError as error:
            found = client_error(error)
        except Exception as error:
            with within(request):
                log_exception("serve", "a request failed", error)
            found = server_error(
                500,
                f"internal error; the log has the details{f' under request {request}' if request else ''}",
            )
        found = found if protocol is None else protocol.form(found)
        return replace(found, headers=(*found.headers, (_ATTRIBUTES, attributes))) if attributes else found

    def _answer(
        self, body: bytes, content_type: str, accept: str, attributes: str, protocol: InferenceProtocol | None
    ) -> Answer:
        if protocol is not None:
            _check_unpacked(body)
            request = protocol.request(self, body)
            if isinstance(request, Answer):
                return request
            read, given, writer, wanted = request
        else:
            if not body:
                raise NoRows("the body is empty")
            source, media = formats.reader(content_type)
            _check_unpacked(body)
            if len(accept) > LONGEST:
                raise NotAcceptable(f"Accept: expected at most {LONGEST} characters, got {len(accept)}")
            writer, wanted = formats.answering(accept, source, self._settings.default_accept)
            read, given = self.source(body, source, media)
        options = self._options_of(attributes, given)
        invocation = Invocation(
            self.model, self._schema, self._budget, options, writer, wanted, self._chosen, self.observe
        )
        written = None
        if protocol is None and len(body) > large.LARGE:
            written = large.answer(invocation, body, source, media)
        if written is None:
            # How many rows are billed is told before the first is sent.
            may_stream = not (self._metered and options.on_error == "record")
            written = invocation.answer(read, may_stream)
        headers = (*_metered(written.rows), *writer.headers) if self._metered else writer.headers
        return Answer(200, writer.media_type, written.body, headers, written.rest, written.size, written.rows)

    @cached_property
    def outputs(self) -> Mapping[str, Array]:
        """The columns of an answer to no rows, where a request chooses nothing: names and types."""
        columns = self.manifest.reads.columns
        return self._chosen(answers_to_nothing(self.model, columns, self._options, nests=False).columns)

    def source(self, body: bytes, source: Format, media: MediaType) -> tuple[Read, Mapping[str, Any]]:
        """What reads the rows, and the options that came with them; a document is parsed here, once."""
        if not isinstance(source, json.JSON):
            return lambda reading: source.read(body, media, reading), {}
        numbers = None
        if len(body) >= json_numbers.LARGE and self._schema.numeric:
            numbers = json_numbers.matrix(body, len(self._schema.columns))
        if numbers is not None:
            return lambda reading: reading.block(numbers) or source.read(body, media, reading), {}
        document = source.parsed(body)
        if self._legacy is not None and isinstance(document, dict):
            document = self._legacy(document, self.model) or document
        return lambda reading: source.read_document(document, reading), json.configuration(document)

    def _factors(self) -> Factors:
        whole = NUMBERS if self._schema.numeric else TEXTS
        pieces = PIECES if by_rows(self.model, self._options) else whole
        return Factors(pieces, whole, self._settings.default_accept)

    def _options_of(self, attributes: str, document: Mapping[str, Any]) -> Options:
        """The options: the request's configuration over its custom attributes over the deployment's."""
        given = {**(self._known_in(attributes) if attributes else {}), **document}
        return (
            type(self.model).options.parse({**self._defaults, **given}, "option") if given else self._options
        )

    def _known_in(self, attributes: str) -> dict[str, Any]:
        """The options among the custom attributes, which may be anything else: a trace id, for one."""
        try:
            return {name: value for name, value in pairs_in(attributes).items() if name in self.known_options}
        except UserError:
            return {}

    def _chosen(self, columns: Mapping[str, Array]) -> Mapping[str, Array]:
        if not self._wanted:
            return columns
        unknown = [name for name in self._wanted if name not in columns]
        if unknown:
            raise UserError(
                f"SAGEMAKER_INFERENCE_OUTPUT names {listed(unknown)}; the answer has {listed(list(columns))}"
            )
        return {name: columns[name] for name in self._wanted}


def _metered(rows: int) -> tuple[tuple[str, str], ...]:
    """By which AWS Marketplace bills, where a listing's price is by inference.

    https://docs.aws.amazon.com/marketplace/latest/userguide/machine-learning-pricing.html
    """
    return ((_METERING, f'{{"Dimension": "inference.count", "ConsumedUnits": {rows}}}'),)


def _check_unpacked(body: bytes) -> None:
    """Raises UserError for a body that is packed."""
    if body.startswith(_GZIP):
        raise UserError("the body is packed with gzip; send it unpacked")
