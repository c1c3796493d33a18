"""Web pages of the allowed origins may call the partner API, and no others."""

import pytest

from tests.api import Answer
from tests.deployment import Deployment
from tests.partner import PartnerApi

FOREIGN = "https://evil.example"
RESOURCES = [("/", {"GET"}), ("/items", {"GET", "POST"}), ("/items/mug", {"GET", "PUT", "DELETE"})]


@pytest.fixture(scope="module")
def origins(partner: PartnerApi, deployment: Deployment) -> list[str]:
    """The allowed origins."""
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=partner.outputs["LambdaFunctionName"]
    )
    allowed: str = function["Environment"]["Variables"]["ALLOWED_ORIGINS"]
    if not allowed:
        pytest.skip("this deployment allows no page; deploy with -c allowedOrigins=https://...")
    return allowed.split(",")


@pytest.mark.parametrize(("path", "methods"), RESOURCES)
def test_a_preflight_tells_every_allowed_origin_what_it_may_do(
    partner: PartnerApi, origins: list[str], path: str, methods: set[str]
) -> None:
    for origin in origins:
        answer = _preflight(partner, path, origin)

        assert (answer.status, answer.text) == (204, "")
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert set(answer.headers["access-control-allow-methods"].split(",")) == methods
        assert "x-api-key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["vary"] == "Origin"


@pytest.mark.usefixtures("origins")
@pytest.mark.parametrize("path", [path for path, _ in RESOURCES])
@pytest.mark.parametrize("origin", [FOREIGN, "null", "*", None])
def test_a_preflight_tells_any_other_page_nothing(
    partner: PartnerApi, path: str, origin: str | None
) -> None:
    answer = _preflight(partner, path, origin)

    assert answer.status == 204
    assert _cors(answer) == {}


def test_answers_echo_an_allowed_origin_be_they_good_or_bad(
    partner: PartnerApi, origins: list[str]
) -> None:
    for origin in origins:
        for path, status in (("/", 200), ("/items?limit=x", 400), ("/items/none", 404)):
            answer = partner.call("GET", path, headers={"origin": origin})

            assert answer.status == status
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("disguise", [FOREIGN, "null", "{}.evil.example", "{}:8443", "{},{}"])
def test_answers_tell_a_foreign_origin_nothing(
    partner: PartnerApi, origins: list[str], disguise: str
) -> None:
    origin = disguise.format(*origins, *origins)

    answer = partner.call("GET", "/", headers={"origin": origin})

    assert answer.status == 200
    assert _cors(answer) == {}
    assert answer.headers["vary"] == "Origin"


def test_a_caller_that_is_no_page_is_told_nothing(partner: PartnerApi) -> None:
    assert _cors(partner.call("GET", "/")) == {}


@pytest.mark.parametrize("origin", [None, FOREIGN, "first"])
def test_errors_of_the_gateway_may_be_read_by_the_first_origin_alone(
    partner: PartnerApi, origins: list[str], origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origins[0] if origin == "first" else origin}
    answers = [
        partner.call("GET", "/items", key=None, headers=headers),
        partner.call("GET", "/nothing", headers=headers),
        partner.call("POST", "/items", item=[], headers=headers),
        partner.call("GET", "/items?cursor=..%2F..%2Fetc%2Fpasswd", headers=headers),
    ]

    assert [answer.status for answer in answers] == [403, 404, 400, 403]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == origins[0]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"


def _preflight(partner: PartnerApi, path: str, origin: str | None) -> Answer:
    asked = {"access-control-request-method": "GET", "access-control-request-headers": "x-api-key"}
    headers = asked if origin is None else asked | {"origin": origin}
    return partner.call("OPTIONS", path, key=None, headers=headers)


def _cors(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if "access-control" in name}
