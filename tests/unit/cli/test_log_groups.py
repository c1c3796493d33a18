"""Log groups: by which names one is found."""

import pytest

from cli.log_groups import Source

NAMED = Source(
    "/aws/lambda/tap-api-function-dev",
    "TapStackdev tap-api-function-dev",
    ("/aws/lambda/tap-api-function-dev", "TapStackdev", "ServiceApiLogs253721D7", "items_api"),
)


@pytest.mark.parametrize(
    "name", ["api-function", "API-Function", "tapstack", "items_api", "items-api", "ServiceApi", ""]
)
def test_a_log_is_found_by_any_of_its_names_in_any_case(name):
    assert NAMED.has(name)


@pytest.mark.parametrize("name", ["partner", "health", "items api"])
def test_a_log_is_not_found_by_anothers_name(name):
    assert not NAMED.has(name)
