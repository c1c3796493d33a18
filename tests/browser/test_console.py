"""The console's page in a real browser: what an engineer sees there and does."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.customer import Customer
from tests.deployment import Deployment
from tests.partner import eventually

pytestmark = pytest.mark.embedded

# A view runs a command, beside all that the other tests do.
PATIENCE_MS = 60_000
VIEWS = {
    "stacks": ".node",
    "requests": "#seen button",
    "alarms": "#alarm-rows tbody tr",
    "letters": "#letter-rows:not([aria-busy])",
    "endpoints": "#endpoint-rows tbody tr",
    "explorer": ".opblock",
}


class Engineer(Customer):
    """One who looks at the console; every request of the page is kept in `asked`."""

    def __init__(self, page: Page, address: str) -> None:
        self.asked: list[Request] = []
        super().__init__(page, address)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.locator("#pictures:not([aria-busy])").wait_for()

    def open(self, view: str) -> None:
        """Go to a view, and wait until it is filled."""
        self.page.locator(f"nav a[href='#/{view}']").click()
        self.page.locator(VIEWS[view]).first.wait_for()

    def _note(self, request: Request) -> None:
        self.asked.append(request)

    def choose_newest(self) -> None:
        """Open the request on top, and wait for its trace."""
        self.page.locator("#seen button").first.click()
        self.page.locator("#trace:not([aria-busy])").wait_for()


@pytest.fixture(scope="module")
def engineer(chromium: Browser, deployment: Deployment) -> Iterator[Engineer]:
    """One page for all tests."""
    expect.set_options(timeout=PATIENCE_MS)
    address = deployment.tap("console", "--no-open").stdout.strip()
    # Nothing moves, so nothing is cut short when the colours change.
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield Engineer(context.new_page(), address)
    context.close()
    expect.set_options(timeout=None)


def list_items(deployment: Deployment) -> None:
    deployment.tap("call", "tap", "POST", "/api", "-d", '{"operation": "list"}')


def barriers_in_both(engineer: Engineer, view: str) -> None:
    for colours in ("dark", "light"):
        engineer.page.emulate_media(color_scheme=colours)
        engineer.picture(f"console-{view}-{colours}")
        assert engineer.barriers() == [], (view, colours)


def test_the_three_stacks_are_drawn_with_what_is_enforced(engineer: Engineer) -> None:
    engineer.open("stacks")
    stacks = engineer.page.locator(".stack")

    expect(stacks).to_have_count(3)
    for stack in stacks.all():
        expect(stack.locator(".tally")).to_contain_text("enforced")
        assert stack.locator(".plane path").count() >= 5
    table = stacks.filter(has_text="TapStack").locator(".node", has_text="DynamoDB Table")
    table.click()
    details = engineer.page.locator("#details")
    expect(details).to_contain_text("SSESpecification")
    expect(details.locator("td .enforced").first).to_be_visible()
    engineer.page.keyboard.press("Escape")
    expect(table).to_be_focused()


def test_an_arrow_leads_from_each_api_to_its_function(engineer: Engineer) -> None:
    engineer.open("stacks")
    api = engineer.page.locator(".stack", has_text="PartnerApiStack").locator(
        ".node", has_text="RestApi"
    )

    api.hover()

    near = engineer.page.locator(".stack", has_text="PartnerApiStack").locator(".node:not(.far)")
    expect(near.filter(has_text="Api Function")).to_have_count(1)
    expect(engineer.page.locator("path.lit").first).to_be_attached()


def test_a_request_appears_as_it_comes_with_its_trace_and_what_policies_decided(
    engineer: Engineer, deployment: Deployment
) -> None:
    engineer.page.locator("nav a[href='#/requests']").click()
    list_items(deployment)

    expect(engineer.page.locator("#seen button").first).to_contain_text("/tap/api")
    engineer.choose_newest()

    trace = engineer.page.locator("#trace")
    expect(trace.locator(".from").filter(has_text="tap-api-function")).to_have_count(1)
    expect(trace.locator(".from").filter(has_text="http-api")).to_have_count(1)
    expect(trace.locator("tr").filter(has_text="dynamodb:GetItem")).to_contain_text("allowed")


def test_a_partners_request_is_in_the_audit_trail(
    engineer: Engineer, deployment: Deployment
) -> None:
    deployment.tap("call", "partner", "GET", "/items")
    engineer.open("requests")
    expect(engineer.page.locator("#seen button").first).to_contain_text("/partner/items")
    trace = engineer.page.locator("#trace")

    def found() -> str:
        engineer.choose_newest()
        return trace.inner_text()

    assert "audit trail" in eventually(found, lambda text: "audit trail" in text)


def test_a_replay_is_answered_with_credentials_that_nobody_kept(
    engineer: Engineer, deployment: Deployment
) -> None:
    list_items(deployment)
    engineer.open("requests")
    expect(engineer.page.locator("#seen button").first).to_contain_text("/tap/api")
    engineer.choose_newest()
    before = int(engineer.page.locator("#seen button").first.get_attribute("data-number") or 0)

    engineer.page.get_by_role("button", name="Replay").click()

    newest = engineer.page.locator("#seen button").first
    expect(newest).to_have_attribute("data-number", str(before + 1))
    expect(newest.locator(".status")).to_have_text("200")
    assert not any("authorization" in each.all_headers() for each in engineer.asked)


def test_an_alarm_that_rings_shows_with_its_mail(
    engineer: Engineer, deployment: Deployment
) -> None:
    cloudwatch, sns = deployment.client("cloudwatch"), deployment.client("sns")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="PartnerApiStack")["MetricAlarms"]
    ringing = next(each for each in alarms if "DeadLetters" in each["AlarmName"])
    sns.subscribe(
        TopicArn=ringing["AlarmActions"][0], Protocol="email", Endpoint="console@example.com"
    )

    def ring() -> str:
        which = {"AlarmName": ringing["AlarmName"], "StateReason": "the console's test"}
        cloudwatch.set_alarm_state(**which, StateValue="ALARM")
        engineer.open("endpoints")
        engineer.open("alarms")
        return engineer.page.locator("#alarm-rows tbody tr").first.inner_text()

    assert "ALARM" in eventually(ring, lambda text: "the console's test" in text)
    expect(engineer.page.locator("#alarms-count")).to_have_text(re.compile(r"\d+"))
    expect(engineer.page.locator("#mails summary").first).to_contain_text("console@example.com")


def test_a_dead_letter_is_told_and_moved_back(engineer: Engineer, deployment: Deployment) -> None:
    outputs, sqs = deployment.stack("PartnerApiStack"), deployment.client("sqs")
    sent = json.dumps({"record_id": "no-record"})
    sqs.send_message(QueueUrl=outputs["AuditDeadLetterQueueUrl"], MessageBody=sent)
    engineer.open("letters")
    expect(engineer.page.locator("#letter-rows")).to_contain_text("no-record")

    engineer.page.get_by_role("button", name="Move them back").click()

    expect(engineer.page.locator("#letter-rows")).to_contain_text("No dead letters")
    expect(engineer.page.locator("#said")).to_contain_text("1 dead letters moved back")


def test_the_explorer_sends_with_a_token_that_the_page_never_has(engineer: Engineer) -> None:
    engineer.open("explorer")
    page = engineer.page
    page.locator(".opblock-summary-control", has_text="/api").first.click()
    page.locator(".opblock-body textarea").first.fill('{"operation": "list"}')
    page.locator(".execute").click()
    status = page.locator(".live-responses-table tbody .response-col_status").first
    expect(status).to_contain_text("200")

    page.locator("#token").click()
    page.locator(".execute").click()

    expect(status).to_contain_text("401")
    key = page.evaluate("sessionStorage.getItem('console-key')")
    assert key not in page.content()
    assert not any("authorization" in each.all_headers() for each in engineer.asked)


def test_a_page_of_another_origin_gets_nothing_from_the_console(
    chromium: Browser, deployment: Deployment, engineer: Engineer
) -> None:
    own = urlsplit(engineer.page.url)
    address = f"{own.scheme}://{own.netloc}/console/api/requests?after=0"
    key = engineer.page.evaluate("sessionStorage.getItem('console-key')")
    page = chromium.new_page()
    page.goto(f"{deployment.store_url}/tap/health")  # which has no policy that would forbid it
    read = """([address, headers]) => fetch(address, { headers }).then(
        (answer) => answer.text(), (problem) => problem.name)"""

    got = [page.evaluate(read, [address, each]) for each in ({}, {"x-console-key": key})]
    page.close()

    assert got == ["TypeError", "TypeError"]


def test_it_works_without_the_internet_and_without_a_complaint(engineer: Engineer) -> None:
    for view in VIEWS:
        engineer.open(view)

    assert {urlsplit(each.url).hostname for each in engineer.asked} == {"127.0.0.1"}
    assert [fault for fault in engineer.faults if "401" not in fault] == []


def test_one_goes_through_the_views_with_the_keyboard_alone(engineer: Engineer) -> None:
    page = engineer.page
    engineer.open("stacks")
    page.reload()
    page.locator("#pictures:not([aria-busy])").wait_for()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#requests")).to_be_visible()
    page.locator("nav a[href='#/stacks']").focus()
    page.keyboard.press("Enter")
    node = page.locator(".node").first
    node.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#details-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(node).to_be_focused()


def test_no_view_has_a_serious_barrier_in_light_or_dark(
    engineer: Engineer, deployment: Deployment
) -> None:
    list_items(deployment)
    engineer.open("stacks")
    engineer.page.reload()
    for view in VIEWS:
        engineer.open(view)
        if view == "requests":
            engineer.choose_newest()
        if view == "explorer":
            engineer.page.locator(".opblock-summary-control").first.click()
            engineer.page.locator(".opblock-body textarea").wait_for()
        barriers_in_both(engineer, view)
    engineer.open("stacks")
    engineer.page.locator(".node").first.click()
    barriers_in_both(engineer, "details")
