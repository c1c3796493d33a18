"""AWS at the other end of the wire: botocore signs and parses as always, and these answers come."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSResponse

Answers = dict[str, Callable[[dict[str, Any]], Any]]
STACK = "TapStackprod", "PartnerApiStackprod", "EcommerceStackprod"


class Refusal(Exception):
    """An error that AWS answers with."""

    def __init__(self, code: str, message: str = "no", status: int = 400):
        super().__init__(message)
        self.code, self.status = code, status


class FakeAws:
    """Answers each operation with what a test gave for it.

    Attributes:
        answers: What answers an operation, given its parameters: XML for the query protocol and
            S3, JSON for the others. REST operations are named by method and path.
        asked: The operations in the order they were asked, with their parameters.
    """

    def __init__(self, answers: Answers):
        self.answers = {"GetCallerIdentity": lambda _: CALLER} | answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def send(self, request: Any) -> AWSResponse:
        """Answer one request of botocore."""
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        target = request.headers.get("X-Amz-Target", b"")
        target = target.decode() if isinstance(target, bytes) else target
        place = urlsplit(request.url)
        if target:
            name, given = target.rpartition(".")[2], json.loads(body)
        elif "Action=" in body:
            given = {key: value for key, [value] in parse_qs(body).items()}
            name = given["Action"]
        else:
            name, given = f"{request.method} {place.path}", dict(parse_qs(place.query))
        self.asked.append((name, given))
        answer: Any
        try:
            answer, status = self.answers[name](given), 200
        except Refusal as refusal:
            status = refusal.status
            answer = {"__type": refusal.code, "message": str(refusal)}
            if "Action" in given or place.netloc.startswith(("s3", "audit")):
                answer = (
                    f"<E><Error><Code>{refusal.code}</Code><Message>{refusal}</Message></Error></E>"
                )
        text = answer if isinstance(answer, str) else json.dumps(answer)
        headers: Any = {"content-type": "text"}
        return AWSResponse(request.url, status, headers, _Raw(text))


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, text: str):
        self._rest = text.encode()

    def stream(self, *_: Any, **__: Any) -> Any:
        """The whole body at once."""
        yield self.read()

    def read(self, *_: Any, **__: Any) -> bytes:
        """The body; nothing the second time."""
        rest, self._rest = self._rest, b""
        return rest


CALLER = """<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account>
<Arn>arn:aws:iam::111111111111:user/operator</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def stacks(deployed: dict[str, dict[str, str]], status: str = "UPDATE_COMPLETE") -> Any:
    """Answers DescribeStacks for the named stacks; of another it says that it does not exist."""

    def answer(given: dict[str, Any]) -> str:
        name = given["StackName"]
        if name not in deployed:
            raise Refusal("ValidationError", f"Stack with id {name} does not exist")
        outputs = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            for key, value in deployed[name].items()
        )
        return f"""<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
            <StackName>{name}</StackName><StackStatus>{status}</StackStatus>
            <CreationTime>2026-11-01T00:00:00Z</CreationTime>
            <EnableTerminationProtection>true</EnableTerminationProtection>
            <DriftInformation><StackDriftStatus>IN_SYNC</StackDriftStatus></DriftInformation>
            <Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult>
            </DescribeStacksResponse>"""

    return answer


def resources(*pages: list[tuple[str, str, str]]) -> Any:
    """Answers ListStackResources: pages of logical id, type and physical id, for each stack."""

    def answer(given: dict[str, Any]) -> str:
        number = int(given.get("NextToken", 0))
        members = "".join(
            f"<member><LogicalResourceId>{logical}</LogicalResourceId><ResourceType>{kind}"
            f"</ResourceType><PhysicalResourceId>{physical}</PhysicalResourceId>"
            "<ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
            "<LastUpdatedTimestamp>2026-11-01T00:00:00Z</LastUpdatedTimestamp></member>"
            for logical, kind, physical in pages[number]
        )
        more = f"<NextToken>{number + 1}</NextToken>" if number + 1 < len(pages) else ""
        return f"""<ListStackResourcesResponse><ListStackResourcesResult>
            <StackResourceSummaries>{members}</StackResourceSummaries>{more}
            </ListStackResourcesResult></ListStackResourcesResponse>"""

    return answer


def operations(aws: FakeAws) -> list[str]:
    """The names of what was asked, without STS's and CloudFormation's."""
    known = re.compile("GetCallerIdentity|DescribeStacks|ListStackResources")
    return [name for name, _ in aws.asked if not known.fullmatch(name)]
