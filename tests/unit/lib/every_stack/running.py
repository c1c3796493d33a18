"""Functions: what each is made of, what it may do and who watches it."""

import ast
import json
import tomllib
from collections import Counter
from collections.abc import Iterator

from lib.packaging.package import PYTHON_RUNTIME
from tests.unit.lib.every_stack.claim import claim, functions, named, properties
from tests.unit.lib.policies import listed, resolved
from tests.unit.synthesized import ROOT, Json, SynthesizedStack

POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
# What every function needs to run at all; the service's own calls are the other permissions.
TO_RUN = {"WriteLogs", "WriteTraces", "SeeNetwork", "JoinNetwork", "CodeMayNot"}
# Lambda itself takes messages from a queue, as the function's role:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions.
POLLING = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
# Operations whose permission has another name:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html,
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
PERMISSIONS = {"lambda:Invoke": "lambda:InvokeFunction", "s3:HeadObject": "s3:GetObject"}
# Types that let something call a function again and again.
CALLERS = (
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGateway::Method",
    "AWS::Lambda::EventSourceMapping",
)


@claim
def every_function_runs_a_service_of_ours(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in functions(stack).items():
        if not (ROOT / "services" / service(each) / "handler.py").exists():
            yield name


@claim
def every_function_runs_the_python_that_built_it_is_traced_and_logs_json(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in functions(stack).items():
        if (
            each.get("Runtime") != PYTHON_RUNTIME
            or each.get("Architectures") != ["arm64"]
            or each.get("TracingConfig") != {"Mode": "Active"}
            or each.get("LoggingConfig", {}).get("LogFormat") != "JSON"
        ):
            yield name


@claim
def every_function_has_a_time_limit_of_its_own(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in functions(stack).items():
        if not 3 < each.get("Timeout", 0) <= 300:
            yield name


@claim
def every_function_has_a_log_group_of_its_own(stack: SynthesizedStack) -> Iterator[str]:
    groups = {
        name: named(each.get("LoggingConfig", {}).get("LogGroup"))
        for name, each in functions(stack).items()
    }
    for name, group in groups.items():
        if group not in stack.all("AWS::Logs::LogGroup") or Counter(groups.values())[group] > 1:
            yield name


@claim
def every_function_is_told_every_setting_that_its_service_reads(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in functions(stack).items():
        told = set(each.get("Environment", {}).get("Variables", {}))
        if told != {*_settings(service(each)), *POWERTOOLS}:
            yield name


@claim
def no_function_has_a_secret_in_its_variables(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in functions(stack).items():
        if "{{resolve:" in json.dumps(each.get("Environment", {})):
            yield name


@claim
def every_function_counts_under_its_own_name(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in functions(stack).items():
        told = each.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_SERVICE_NAME")
        if not told or told != each.get("FunctionName"):
            yield name


@claim
def every_function_has_a_role_of_its_own_that_only_lambda_takes(
    stack: SynthesizedStack,
) -> Iterator[str]:
    roles = {name: named(each["Role"]) for name, each in functions(stack).items()}
    for name, role in roles.items():
        trusted = stack.all("AWS::IAM::Role").get(role, {"Properties": {}})["Properties"]
        statements = trusted.get("AssumeRolePolicyDocument", {}).get("Statement", [])
        if (
            Counter(roles.values())[role] > 1
            or [each["Principal"] for each in statements] != [{"Service": "lambda.amazonaws.com"}]
            or "Policies" in trusted
        ):
            yield name


@claim
def every_function_may_do_what_its_service_declares_and_nothing_else(
    stack: SynthesizedStack,
) -> Iterator[str]:
    polled = _polled(stack)
    for name, each in functions(stack).items():
        allowed = {
            action
            for statement in permissions(stack, each)
            if statement.get("Sid") not in TO_RUN
            for action in listed(statement["Action"])
            if not action.startswith("kms:")
        }
        if allowed != _declared(service(each)) | (POLLING if name in polled else set()):
            yield name


@claim
def every_function_uses_the_key_through_the_services_it_calls_alone(
    stack: SynthesizedStack,
) -> Iterator[str]:
    polled = _polled(stack)
    for name, each in functions(stack).items():
        may = _declared(service(each)) | (POLLING if name in polled else set())
        called = {action.partition(":")[0] for action in may}
        for statement in permissions(stack, each):
            if listed(statement["Action"])[0].startswith("kms:"):
                conditions = statement.get("Condition", {}).get("StringEquals", {})
                through = listed(resolved(conditions.get("kms:ViaService", "everything")))
                if not {via.partition(".")[0] for via in through} <= called or named(
                    statement["Resource"]
                ) not in stack.all("AWS::KMS::Key"):
                    yield name


@claim
def every_function_has_alarms_for_errors_throttled_calls_and_slowness(
    stack: SynthesizedStack,
) -> Iterator[str]:
    watched = {
        (each["MetricName"], named(dimension["Value"]))
        for each in properties(stack, "AWS::CloudWatch::Alarm").values()
        for dimension in each.get("Dimensions", [])
        if each.get("Namespace") == "AWS/Lambda"
        and each["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    }
    for name in functions(stack):
        if not {(metric, name) for metric in ("Errors", "Throttles", "Duration")} <= watched:
            yield name


@claim
def every_function_that_runs_once_in_a_while_raises_an_alarm_at_its_first_fault(
    stack: SynthesizedStack,
) -> Iterator[str]:
    calls = json.dumps([properties(stack, kind) for kind in CALLERS])
    for alias, each in properties(stack, "AWS::Lambda::Alias").items():
        calls = calls.replace(f'"{alias}"', f'"{named(each["FunctionName"])}"')
    rare = {name for name in functions(stack) if f'"{name}"' not in calls}
    for each in properties(stack, "AWS::CloudWatch::Alarm").values():
        (of, *_) = [named(d["Value"]) for d in each.get("Dimensions", [])] or [""]
        first = each.get("MetricName") == "Duration" or each["Threshold"] == 1
        if of in rare and not (first and each["EvaluationPeriods"] == 1):
            yield of


@claim
def no_function_leaves_dead_letters_where_nobody_looks(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in functions(stack).items():
        if "DeadLetterConfig" in each:
            yield name


def service(function: Json) -> str:
    """The folder of `services/` that a function runs; "none" when it runs another handler."""
    parts = str(function.get("Handler", "")).split(".")
    ours = len(parts) == 4 and (parts[0], *parts[2:]) == ("services", "handler", "lambda_handler")
    return parts[1] if ours else "none"


def permissions(stack: SynthesizedStack, function: Json) -> Iterator[Json]:
    """The statements of the policies of a function's role."""
    role = stack.all("AWS::IAM::Role").get(named(function["Role"]), {"Properties": {}})
    for arn in role["Properties"].get("ManagedPolicyArns", []):
        policy = stack.all("AWS::IAM::ManagedPolicy").get(named(arn))
        yield from policy["Properties"]["PolicyDocument"]["Statement"] if policy else []


def _polled(stack: SynthesizedStack) -> set[str]:
    """The functions that Lambda calls with what it takes from a queue."""
    mappings = properties(stack, "AWS::Lambda::EventSourceMapping")
    aliases = properties(stack, "AWS::Lambda::Alias")
    called = json.dumps([each["FunctionName"] for each in mappings.values()])
    of_aliases = {named(e["FunctionName"]) for name, e in aliases.items() if f'"{name}"' in called}
    return of_aliases | {named(each["FunctionName"]) for each in mappings.values()}


def _settings(name: str) -> list[str]:
    """The environment variables of a service: the arguments of its handler's `connect`."""
    path = ROOT / "services" / name / "handler.py"
    module = ast.parse(path.read_text("utf-8") if path.exists() else "")
    connects = [each for each in module.body if getattr(each, "name", "") == "connect"]
    return [
        argument.arg.upper()
        for each in connects
        if isinstance(each, ast.FunctionDef)
        for argument in each.args.kwonlyargs
    ]


def _declared(name: str) -> set[str]:
    """The permissions for the operations that a service's package declares."""
    path = ROOT / "services" / name / "package.toml"
    declared = tomllib.loads(path.read_text("utf-8"))["aws"] if path.exists() else {}
    operations = {f"{client}:{each}" for client, all_ in declared.items() for each in all_}
    return {PERMISSIONS.get(each, each) for each in operations}
