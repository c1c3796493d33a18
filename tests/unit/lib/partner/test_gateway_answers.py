"""What API Gateway answers itself, without the function."""

import json
import re

import pytest

from tests.unit.lib.partner.rest import CORS, gateway_answers, methods
from tests.unit.synthesized import Json, SynthesizedStack


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("BAD_REQUEST_BODY", "400", "invalid_request"),
        ("BAD_REQUEST_PARAMETERS", "400", "invalid_request"),
        ("INVALID_API_KEY", "403", "forbidden"),
        ("WAF_FILTERED", "403", "request_blocked"),
        ("MISSING_AUTHENTICATION_TOKEN", "404", "not_found"),
        ("THROTTLED", "429", "too_many_requests"),
        ("QUOTA_EXCEEDED", "429", "quota_exceeded"),
        ("INTEGRATION_TIMEOUT", "504", "service_unavailable"),
    ],
)
def test_the_gateways_own_answers_have_the_services_body(
    dev: SynthesizedStack, kind: str, status: str, code: str
) -> None:
    answer = gateway_answers(dev)[kind]

    assert answer["StatusCode"] == status
    assert envelope(answer)["error"]["code"] == code


def test_no_answer_of_the_gateway_repeats_a_text_that_may_hold_quotes(
    dev: SynthesizedStack,
) -> None:
    written = json.dumps([a["ResponseTemplates"] for a in gateway_answers(dev).values()])

    variables = set(re.findall(r"\$context\.([A-Za-z.]*[A-Za-z])", written))

    assert variables == {"error.messageString", "requestId", "stage"}


def envelope(answer: Json) -> Json:
    """The answer's body, as API Gateway would fill it in."""
    text = answer["ResponseTemplates"]["application/json"]
    filled = text.replace("$context.error.messageString", '"a \\"reason\\""')
    body: Json = json.loads(filled)
    return body


def test_every_answer_of_the_gateway_is_an_envelope_with_the_request_id(
    dev: SynthesizedStack,
) -> None:
    answers = gateway_answers(dev)

    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        body = envelope(answer)
        assert body["success"] is False
        assert set(body["error"]) == {"code", "message"}
        assert body["request_id"] == "$context.requestId"
        parameters = answer["ResponseParameters"]
        assert parameters["gatewayresponse.header.x-request-id"] == "context.requestId"
    for kind in ("DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"):
        assert "$context.error" not in json.dumps(answers[kind]["ResponseTemplates"])


def test_who_is_throttled_is_told_when_to_come_back(dev: SynthesizedStack) -> None:
    parameters = gateway_answers(dev)["THROTTLED"]["ResponseParameters"]

    assert parameters["gatewayresponse.header.Retry-After"] == "'1'"


def test_errors_of_the_gateway_name_the_first_origin_and_never_all(prod: SynthesizedStack) -> None:
    for answer in gateway_answers(prod).values():
        parameters = answer["ResponseParameters"]
        assert parameters[f"{CORS}Allow-Origin"] == "'https://a.example.com'"
        assert parameters[f"{CORS}Allow-Credentials"] == "'true'"
        assert parameters["gatewayresponse.header.Vary"] == "'Origin'"


def test_the_handler_knows_every_origin_and_the_gateway_the_first(prod: SynthesizedStack) -> None:
    variables = prod.function("partner_api")["Environment"]["Variables"]
    named = {
        each["ResponseParameters"][f"{CORS}Allow-Origin"] for each in gateway_answers(prod).values()
    }

    assert variables["ALLOWED_ORIGINS"] == "https://a.example.com,https://b.example.com:8443"
    assert named == {"'https://a.example.com'"}


def test_no_origin_means_no_cors(closed: SynthesizedStack) -> None:
    assert not [name for name in methods(closed) if name.startswith("OPTIONS")]
    assert not [
        header
        for answer in gateway_answers(closed).values()
        for header in answer["ResponseParameters"]
        if "Access-Control" in header
    ]
    assert closed.function("partner_api")["Environment"]["Variables"]["ALLOWED_ORIGINS"] == ""
