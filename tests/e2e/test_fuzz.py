"""Whatever the API's description allows is answered as it describes, and never with a 500."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.api import Api
from tests.deployment import Deployment

DESCRIPTION = Path(__file__).parent.parent.parent / "docs" / "api" / "items.openapi.json"
EXAMPLES = 40  # for each of eleven operations
schema: Any = schemathesis.openapi.from_path(str(DESCRIPTION))


@pytest.fixture(scope="module")
def all_stored(api: Api) -> Callable[[], set[str]]:
    """Gives the ids of every stored item."""

    def read() -> set[str]:
        ids: set[str] = set()
        members: dict[str, Any] = {}
        while True:
            page = api.call("list", limit=100, **members).data
            ids |= {item["id"] for item in page["items"]}
            if not page["cursor"]:
                return ids
            members = {"cursor": page["cursor"]}

    return read


@pytest.fixture(scope="module", autouse=True)
def _leave_nothing(api: Api, all_stored: Callable[[], set[str]]) -> Iterator[None]:
    before = all_stored()
    yield
    for item_id in all_stored() - before:
        api.call("delete", id=item_id)


@schema.parametrize()  # type: ignore[untyped-decorator]  # the schema's type is not published
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_answer_is_one_that_the_description_promises(
    case: Any, api: Api, deployment: Deployment
) -> None:
    answer = case.call(
        base_url=deployment.api_url,
        headers={"authorization": f"Bearer {api.token()}"},
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
