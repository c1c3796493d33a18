from collections.abc import Mapping

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from lib.context import SettingError
from lib.environment import Environment


def resolve(
    suffix: str | None = None, environ: Mapping[str, str] | None = None, **context: object
) -> Environment:
    return Environment.resolve(App(context=context).node, suffix=suffix, environ=environ or {})


def test_a_given_suffix_goes_before_context_and_context_before_the_variable() -> None:
    environ = {"ENVIRONMENT_SUFFIX": "variable"}

    assert resolve("given", environ, environmentSuffix="context").suffix == "given"
    assert resolve(None, environ, environmentSuffix="context").suffix == "context"
    assert resolve(None, environ).suffix == "variable"
    assert resolve(None, {}).suffix == "dev"


def test_an_empty_suffix_counts_as_none() -> None:
    assert resolve("", {"ENVIRONMENT_SUFFIX": ""}, environmentSuffix="").suffix == "dev"


@pytest.mark.parametrize("suffix", ["a", "prod", "pr-12", "a" * 16, "1", "eu-west--1"])
def test_a_suffix_that_fits_every_name_is_taken(suffix: str) -> None:
    assert resolve(suffix).suffix == suffix


@pytest.mark.parametrize(
    "suffix", ["Prod", "a" * 17, "-a", "a-", "a_b", "a b", "ä", "a\n", "a.b", "a/b"]
)
def test_a_suffix_that_would_fail_at_deployment_is_refused(suffix: str) -> None:
    with pytest.raises(SettingError) as refusal:
        resolve(suffix)

    message = str(refusal.value)
    assert repr(suffix) in message
    assert "1 to 16 lower-case letters" in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["aws-test", "my-cognito", "amazon1"])
def test_a_suffix_with_a_word_that_cognito_refuses_is_refused(suffix: str) -> None:
    with pytest.raises(SettingError, match="Cognito refuses in a domain"):
        resolve(suffix)


@pytest.mark.parametrize("suffix", ["dev", "local", "pr1", "pr-204"])
def test_throwaway_environments_lose_their_data_with_the_stack(suffix: str) -> None:
    environment = resolve(suffix)

    assert not environment.keeps_data
    assert not environment.protects_data
    assert environment.removal_policy is RemovalPolicy.DESTROY
    assert environment.allowed_origins == ("http://localhost:8080",)


@pytest.mark.parametrize("suffix", ["prod", "production", "preprod", "pr", "staging", "dev2"])
def test_every_other_environment_keeps_its_data_and_allows_no_origin(suffix: str) -> None:
    environment = resolve(suffix)

    assert environment.keeps_data
    assert environment.protects_data
    assert environment.removal_policy is RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    assert not environment.allowed_origins


def test_origins_come_from_a_list_or_from_text_and_only_once() -> None:
    expected = ("https://a.example.com", "http://localhost:3000")

    assert resolve(allowedOrigins=[*expected, expected[0]]).allowed_origins == expected
    assert resolve(allowedOrigins=", ".join(expected)).allowed_origins == expected
    assert not resolve(allowedOrigins="").allowed_origins


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*",
        "https://*.example.com",
        "http://example.com",
        "https://example.com/",
        "https://example.com/path",
        "https://user@example.com",
        "https://EXAMPLE.com",
        "example.com",
        "null",
        "file://example.com",
        "https://",
        "https://example.com:",
        "https://a.example.com,https://b.example.com",
    ],
)
def test_an_origin_that_is_a_wildcard_insecure_or_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(SettingError) as refusal:
        resolve(allowedOrigins=["https://good.example.com", origin])

    assert repr(origin) in str(refusal.value)
    assert "https://host[:port]" in str(refusal.value)


def test_other_settings_have_safe_defaults() -> None:
    environment = resolve()

    assert environment.alarm_email is None
    assert (environment.requests_per_second, environment.burst) == (100, 200)


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [("pr7", logs.RetentionDays.ONE_WEEK), ("qa", logs.RetentionDays.ONE_YEAR)],
)
def test_logs_are_kept_for_a_week_where_data_is_thrown_away_and_else_for_a_year(
    suffix: str, expected: logs.RetentionDays
) -> None:
    assert resolve(suffix).log_retention is expected
    assert resolve(suffix, logRetention="TWO_WEEKS").log_retention is logs.RetentionDays.TWO_WEEKS


def test_a_retentions_days_are_those_that_the_cdk_writes_into_a_template() -> None:
    stack = Stack(App())
    for retention in logs.RetentionDays:
        logs.LogGroup(stack, retention.name, retention=retention)

    groups = Template.from_stack(stack).find_resources("AWS::Logs::LogGroup")
    written = {
        name[:-8]: group.get("Properties", {}).get("RetentionInDays")
        for name, group in groups.items()
    }
    assert written == {
        retention.name.replace("_", ""): resolve(logRetention=retention.name).log_days
        for retention in logs.RetentionDays
    }


def test_protection_of_kept_data_can_be_switched_off_and_data_is_kept_all_the_same() -> None:
    environment = resolve("prod", deletionProtection="false")

    assert environment.keeps_data
    assert not environment.protects_data
    assert resolve("prod", deletionProtection=True).protects_data
    assert not resolve("dev", deletionProtection="true").protects_data


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("alarmEmail", "ops", "name@example.com"),
        ("alarmEmail", "a@b.example, c@d.example", "name@example.com"),
        ("logRetention", "400", "ONE_YEAR"),
        ("deletionProtection", "off", "false, true"),
        ("apiRateLimit", "0", "from 1 to 99999"),
        ("apiBurstLimit", "many", "from 1 to 99999"),
        ("availabilityObjective", "100", "from 95 to 99.999, or none"),
        ("availabilityObjective", "93", "from 95 to 99.999, or none"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_with_what_to_use(
    name: str, value: str, advice: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        resolve(None, None, **{name: value})

    assert str(refusal.value).startswith(f"{name}: {value!r}")
    assert advice in str(refusal.value)


def test_tags_tell_environment_repository_and_author() -> None:
    given = {"REPOSITORY": "acme/tap", "COMMIT_AUTHOR": "Ann"}

    assert resolve("qa", given).tags == {
        "Environment": "qa",
        "Repository": "acme/tap",
        "Author": "Ann",
    }
    assert resolve("qa").tags == {
        "Environment": "qa",
        "Repository": "unknown",
        "Author": "unknown",
    }


def test_tags_have_only_characters_that_aws_takes() -> None:
    tags = resolve(None, {"COMMIT_AUTHOR": "bot[1] <b@x.org>" + "y" * 300}).tags

    assert tags["Author"].startswith("bot_1_ _b@x.org_y")
    assert len(tags["Author"]) == 256


@pytest.mark.parametrize(
    ("suffix", "given", "objective"),
    [
        ("dev", "", None),
        ("prod", "", 99.9),
        ("dev", "99.95", 99.95),
        ("prod", 99, 99.0),
        ("prod", "none", None),
    ],
)
def test_an_api_has_an_objective_where_data_is_kept_or_one_is_given(
    suffix: str, given: object, objective: float | None
) -> None:
    found = resolve(suffix, None, availabilityObjective=given)

    assert found.availability_objective == objective
