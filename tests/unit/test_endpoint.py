"""From a request's bytes to an answer's bytes."""

import importlib
import json
import sys
from typing import Literal

import numpy as np
import pytest

import slipway
from slipway import Answers
from slipway.errors import ModelLoadError, UserError
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from slipway.training.run import train
from unit.model import Adder


@pytest.fixture
def endpoint(model, manifest):
    def made(**environ):
        return Endpoint(model, manifest, Settings.read(environ))

    return made


def ask(endpoint, body=b"1,2\n3,4\n", content_type="text/csv", accept="", attributes="", request=""):
    answer = endpoint.answer(body, content_type, accept, attributes, request)
    return answer.status, answer.body.decode()


def message(answer):
    status, body = answer
    found = json.loads(body)
    assert found["code"] == status
    assert body.endswith("}\n")
    assert "\n" not in body[:-1]
    return found["message"]


@pytest.mark.contract("B4.5", "B4.6")
def test_each_row_has_one_answer_in_order(endpoint):
    assert ask(endpoint()) == (200, "3.0,1.5\n7.0,3.5\n")


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("application/json", '{"predictions":[{"sum":3.0,"half":1.5},{"sum":7.0,"half":3.5}]}\n'),
        ("application/jsonlines;q=0.9, image/png", '{"sum":3.0,"half":1.5}\n{"sum":7.0,"half":3.5}\n'),
        ("text/csv;header=present", "sum,half\n3.0,1.5\n7.0,3.5\n"),
        ("*/*", "3.0,1.5\n7.0,3.5\n"),
    ],
)
@pytest.mark.contract("B2.14")
def test_the_answer_is_in_the_format_that_was_asked_for(endpoint, accept, body):
    assert ask(endpoint(), accept=accept) == (200, body)


def test_a_model_may_say_more_beside_its_answers_in_json(endpoint):
    said = ask(endpoint(), accept="application/json", attributes="fault=tells the total")
    assert said == (200, '{"predictions":[{"sum":3.0,"half":1.5},{"sum":7.0,"half":3.5}],"total":10.0}\n')
    refused = ask(endpoint(), accept="text/csv", attributes="fault=tells the total")
    assert "total can only be told in JSON" in message(refused)
    assert refused[0] == 400


@pytest.mark.parametrize(("accept", "lines"), [("", True), ("*/*", True), ("text/csv", False)])
@pytest.mark.contract("B2.14")
def test_the_deployment_may_choose_the_format_of_answers_that_no_request_chose(endpoint, accept, lines):
    served = endpoint(SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/jsonlines")
    assert ask(served, accept=accept)[1].startswith('{"sum"') is lines


def test_the_deployments_format_keeps_its_parameters(endpoint):
    assert ask(endpoint(SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv;header=present"))[1].startswith(
        "sum,half\n"
    )


@pytest.mark.parametrize("names", ["half", " half ,", "half,sum"])
@pytest.mark.contract("B8.9")
def test_the_deployment_may_choose_the_answer_columns(endpoint, names):
    status, body = ask(endpoint(SAGEMAKER_INFERENCE_OUTPUT=names), accept="application/jsonlines")
    assert status == 200
    assert list(json.loads(body.splitlines()[0])) == [
        name.strip() for name in names.split(",") if name.strip()
    ]


def test_an_answer_column_that_is_not_there_is_told(endpoint):
    answer = ask(endpoint(SAGEMAKER_INFERENCE_OUTPUT="half,label"))
    assert message(answer) == "SAGEMAKER_INFERENCE_OUTPUT names label; the answer has sum, half"
    assert answer[0] == 400


class Chooser(Adder):
    """Offers more than it usually answers."""

    class Options(slipway.Options):
        outputs: tuple[Literal["sum", "secret"], ...] = ()
        """What to answer with."""

    options = Options

    def predict(self, table, options):
        return Answers({name: np.arange(len(table)) for name in options.outputs or ("sum",)})


@pytest.mark.contract("B8.9")
def test_a_model_that_offers_more_than_it_answers_gives_what_the_deployment_wants(settings_of, manifest):
    one = Endpoint(Chooser(), manifest, settings_of(SAGEMAKER_INFERENCE_OUTPUT="secret, sum"))
    assert ask(one, b"[[1, 2]]", "application/json")[1] == '{"predictions":[{"secret":0,"sum":0}]}\n'
    wish = b'{"instances": [[1, 2]], "configuration": {"outputs": ["secret"]}}'
    assert ask(one, wish, "application/json")[1] == '{"predictions":[{"secret":0}]}\n', (
        "a request knows better"
    )
    with pytest.raises(UserError, match="option in SAGEMAKER_INFERENCE_OUTPUT outputs: expected 'sum' or"):
        Endpoint(Chooser(), manifest, settings_of(SAGEMAKER_INFERENCE_OUTPUT="odd"))


JSON = b'{"instances": [[1, 2]], "configuration": {"times": 5}}'


@pytest.mark.parametrize(
    ("environ", "attributes", "body", "total"),
    [
        ({}, "", b"[[1, 2]]", 3.0),
        ({"SLIPWAY_OPTIONS": "times=2"}, "", b"[[1, 2]]", 6.0),
        ({"SLIPWAY_OPTIONS": '{"times": 2}'}, "", b"[[1, 2]]", 6.0),
        ({"SLIPWAY_OPTIONS": "times=2"}, "times=3", b"[[1, 2]]", 9.0),
        ({"DEEPAR_INFERENCE_CONFIG": '{"times": 2}'}, "", b"[[1, 2]]", 6.0),
        ({"DEEPAR_INFERENCE_CONFIG": '{"times": 2}'}, "times=3", b"[[1, 2]]", 9.0),
        ({"DEEPAR_INFERENCE_CONFIG": '{"times": 2}', "SLIPWAY_OPTIONS": "times=4"}, "", b"[[1, 2]]", 12.0),
        ({}, '{"times": 3}', b"[[1, 2]]", 9.0),
        ({}, "trace=abc; times=3", b"[[1, 2]]", 9.0),
        ({"SLIPWAY_OPTIONS": "times=2"}, "times=3", JSON, 15.0),
        ({"SLIPWAY_OPTIONS": "times=2"}, "", JSON, 15.0),
    ],
    ids=str,
)
@pytest.mark.contract("B2.7", "B8.3", "B8.8")
def test_a_requests_configuration_goes_before_its_attributes_and_those_before_the_deployments(
    endpoint, environ, attributes, body, total
):
    """DeepAR's variable is one of the deployment's."""
    answer = ask(endpoint(**environ), body, "application/json", attributes=attributes)
    assert json.loads(answer[1])["predictions"][0]["sum"] == total


@pytest.mark.parametrize(
    "attributes",
    ["c000b4f9-df62-4c85-a0bf-7c525f9104a4", "trace=1,user=2", "=", "{not json", '{"trace": 1}', "times"],
)
@pytest.mark.contract("B2.7")
def test_custom_attributes_that_are_no_options_are_passed_over(endpoint, attributes):
    """They may be anything."""
    assert ask(endpoint(), attributes=attributes) == (200, "3.0,1.5\n7.0,3.5\n")


@pytest.mark.parametrize(
    ("attributes", "body", "text"),
    [
        ("times=many", b"[[1, 2]]", "option times: expected a valid integer"),
        (
            "",
            b'{"instances": [[1, 2]], "configuration": {"tims": 2}}',
            'unknown option tims; known: times, fault, on_error, stream; did you mean "times"?',
        ),
        ("", b'{"instances": [[1, 2]], "configuration": 2}', '"configuration" is an object of options'),
    ],
)
def test_an_option_that_does_not_fit_is_told(endpoint, attributes, body, text):
    answer = ask(endpoint(), body, "application/json", attributes=attributes)
    assert answer[0] == 400
    assert text in message(answer)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "text"),
    [
        (b"1,2\n", "image/png", "", 415, "Content-Type: expected one of text/csv"),
        (b"1,2\n", "", "", 415, "got none"),
        (b"1,2\n", "text/csv", "image/png", 406, "Accept: expected one of text/csv"),
        (b"1,abc\n", "text/csv", "", 400, 'row 1, column "y": expected a number, got "abc"'),
        (b"1,inf\n", "text/csv", "", 400, "expected a finite number"),
        (b"1\n", "text/csv", "", 400, "1 column came without names"),
        (b"1,5;2,5\n", "text/csv", "", 400, "hold both commas and semicolons"),
        (b"1,2\n3\n", "text/csv", "", 400, "line 2: 1 cell, expected 2"),
        (b"x,z\n1,2\n", "text/csv", "", 400, "missing column y"),
        (b"\xff,2\n", "text/csv", "", 400, "is not utf-8"),
        (b'{"instances": [', "application/json", "", 400, "the body is not JSON"),
        (b"nonsense", "application/x-npy", "", 400, "is not an .npy array"),
        (b"nonsense", "application/x-parquet", "", 400, "is not a Parquet file"),
    ],
)
@pytest.mark.contract("B2.9", "B2.13")
def test_a_callers_mistake_has_its_status_and_one_line(endpoint, body, content_type, accept, status, text):
    answer = ask(endpoint(), body, content_type, accept)
    assert answer[0] == status
    assert text in message(answer)


@pytest.mark.parametrize(
    ("body", "content_type", "row", "column"),
    [
        (b"1,2\n1,abc\n", "text/csv", 2, "y"),
        (b"1,2\n" * 20_000 + b"1,abc\n", "text/csv", 20_001, "y"),
        (b'[[1, 2], [1, "abc"]]', "application/json", 2, "y"),
        (b'[{"x": 1, "y": 2}, {"x": [1], "y": 2}]', "application/json", 2, "x"),
        (b'{"x": 1, "y": 2}\n{"x": 1, "y": "abc"}\n', "application/jsonlines", 2, "y"),
        (b"[[1, 2], [1]]", "application/json", 2, None),
        (b"1,2\n1.7e308,1.7e308\n", "text/csv", 2, None),
        (b"x,z\n1,2\n", "text/csv", None, None),
    ],
    ids=["csv", "large", "json", "list", "lines", "uneven", "infinite", "names"],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_an_error_names_row_and_column_as_members(endpoint, body, content_type, row, column):
    """Issue 14: no error text is read by code."""
    status, answer = ask(endpoint(), body, content_type)
    found = json.loads(answer)
    assert (status, found["type"]) == (400, "UserError")
    assert (found.get("row"), found.get("column")) == (row, column)
    assert found["message"].startswith(f"row {row}") or row is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/csv"),
        (b"\n\n", "text/csv"),
        (b"x,y\n", "text/csv"),
        (b"[]", "application/json"),
        (b'{"instances": []}', "application/json"),
        (b"\n", "application/jsonlines"),
    ],
)
@pytest.mark.contract("B2.13")
def test_no_rows_have_no_answers(endpoint, body, content_type):
    assert ask(endpoint(), body, content_type) == (204, "")


@pytest.mark.parametrize("fault", ["drops a row", "answers with a list", "answers nothing", "raises"])
@pytest.mark.contract("B2.9", "B4.5")
def test_a_fault_of_the_model_is_ours_and_gives_nothing_away(endpoint, fault, capfd):
    answer = ask(endpoint(), attributes=f"fault={fault}", request="id-7")
    assert answer[0] == 500
    assert message(answer) == "internal error; the log has the details under request id-7"
    assert "Traceback" not in answer[1]
    assert "4711" not in answer[1]
    heard = capfd.readouterr().err
    assert "a request failed" in heard
    assert "[request id-7]" in heard
    assert "4711" not in heard, "a library's message may quote the payload"


def test_the_next_request_is_answered_after_a_fault(endpoint, capfd):
    served = endpoint()
    ask(served, attributes="fault=raises")
    assert ask(served)[0] == 200


def test_a_trained_model_is_loaded(settings_of):
    settings = settings_of()
    assert train(settings) == 0
    assert ask(Endpoint.load(settings)) == (200, "3.0,1.5\n7.0,3.5\n")


@pytest.mark.parametrize("variable", ["SLIPWAY_OPTIONS", "DEEPAR_INFERENCE_CONFIG"])
@pytest.mark.parametrize("options", ["times=many", "tims=2", "{broken"])
@pytest.mark.contract("B2.5", "B8.8")
def test_a_deployment_with_options_that_do_not_fit_is_not_ready(settings_of, variable, options):
    """Whoever deployed it reads why."""
    assert train(settings_of()) == 0
    with pytest.raises(ModelLoadError, match=variable):
        Endpoint.load(settings_of(**{variable: options}))


def load_with(folder, body):
    """From now on the image in `folder` loads a model by `body`."""
    (folder / "predictor.py").write_text(
        "import unit.model\n\n\nclass Model(unit.model.Adder):\n    @classmethod\n"
        f"    def load(cls, folder):\n        {body}\n"
    )
    sys.modules.pop("adder.predictor", None)
    importlib.invalidate_caches()


def test_a_model_in_an_older_form_says_so_itself(settings_of, root, folder):
    settings = settings_of()
    assert train(settings) == 0
    load_with(folder, "from slipway.kit.forest import Forest; return Forest.of_arrays({})")
    with pytest.raises(
        ModelLoadError, match=r"^the model was trained by another version of this image; train"
    ):
        Endpoint.load(settings)


@pytest.mark.contract("B2.5")
def test_a_model_that_cannot_be_loaded_is_told_in_one_line(settings_of, root, folder, capfd):
    settings = settings_of()
    assert train(settings) == 0
    load_with(folder, "raise KeyError('weights')")
    with pytest.raises(
        ModelLoadError, match=r"^the model cannot be loaded \(KeyError\): the log has the details$"
    ):
        Endpoint.load(settings)
    assert "Traceback" in capfd.readouterr().err


def test_a_model_that_reads_other_columns_than_its_manifest_is_not_served(settings_of, root):
    settings = settings_of()
    assert train(settings) == 0
    path = root / "model/manifest.json"
    path.write_text(path.read_text().replace('"name": "y"', '"name": "z"'))
    with pytest.raises(ModelLoadError, match="other columns than its manifest"):
        Endpoint.load(settings)


def test_an_option_may_choose_what_json_calls_the_answers(manifest):
    class Namer(Adder):
        def predict(self, table, options):
            answers = super().predict(table, options)
            answers.envelope = "sums" if options.times > 1 else ""
            return answers

    made = Endpoint(Namer(), manifest, Settings.read({}))
    assert list(json.loads(ask(made, accept="application/json")[1])) == ["predictions"]
    assert list(json.loads(ask(made, accept="application/json", attributes="times=2")[1])) == ["sums"]


@pytest.mark.contract("B2.8")
def test_custom_attributes_go_back_as_they_came(endpoint):
    for body in (b"1,2\n", b"", b"x,y,z\n"):
        found = endpoint().answer(body, "text/csv", "", "trace=7; times=2")
        assert found.headers == (("X-Amzn-SageMaker-Custom-Attributes", "trace=7; times=2"),)
    assert endpoint().answer(b"1,2\n", "text/csv").headers == ()


@pytest.mark.contract("C1.11")
def test_rows_are_metered_where_the_image_says_so_and_only_when_answered(model, manifest):
    served = Endpoint(model, manifest, Settings.read({}), metered=True)
    ((name, value),) = served.answer(b"1,2\n3,4\n", "text/csv").headers
    assert name == "X-Amzn-Inference-Metering"
    assert json.loads(value) == {"Dimension": "inference.count", "ConsumedUnits": 2}
    assert served.answer(b"1\n", "text/csv").headers == ()
