"""Whatever the partner API's description allows is answered as it describes, never with a 5xx."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.deployment import Deployment
from tests.partner import PartnerApi

DESCRIPTION = Path(__file__).parent.parent.parent / "docs" / "api" / "partner.openapi.json"
EXAMPLES = 210  # for each of six operations; the first has one request alone
schema: Any = schemathesis.openapi.from_path(str(DESCRIPTION))
tried: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _leave_nothing(partner: PartnerApi) -> Iterator[None]:
    before = set(_ids(partner))
    yield
    for item_id in set(_ids(partner)) - before:
        partner.call("DELETE", f"/items/{item_id}")


@schema.parametrize()  # type: ignore[untyped-decorator]  # the schema's type is not published
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_answer_is_one_that_the_description_promises(
    case: Any, partner: PartnerApi, deployment: Deployment
) -> None:
    tried.append(case.method)
    answer = case.call(
        base_url=partner.url,
        headers={"x-api-key": partner.key},
        verify=deployment.ca_bundle or True,
    )

    case.validate_response(
        answer,
        checks=[
            checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
        ],
    )


def test_these_were_a_thousand() -> None:
    assert len(tried) >= 1000


def _ids(partner: PartnerApi) -> Iterator[str]:
    cursor = ""
    while True:
        page = partner.call("GET", f"/items?limit=100{cursor}").data
        yield from (item["id"] for item in page["items"])
        if page["cursor"] is None:
            return
        cursor = f"&cursor={page['cursor']}"
