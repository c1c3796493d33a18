"""E-mail of Amazon SNS, and its confirmation.

Changes: A message goes to confirmed subscriptions alone, as mail in the inbox. A subscription made
    through the API is confirmed with the token in its first mail; one that a template makes counts
    as confirmed.
Original: Mail goes nowhere, and every subscription is confirmed at once.
Fault: the emulator's; `_subscribe` would ask for confirmation of `email` too, as it does of `http`
    and `https`.
Ours: the inbox.
AWS:
    https://docs.aws.amazon.com/sns/latest/dg/SendMessageToEmail.html
Checked: ministack 1.5.32, 1.5.33.
"""

import json
import secrets
from typing import Any

from ministack.services import sns

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.metrics import inbox
from localcloud.metrics.clock import Clock, ClockedTime

_EMAIL = ("email", "email-json")
_CONFIRM = """You have chosen to subscribe to the topic:
{topic}

To confirm this subscription, run (with the variables of `tap endpoints --export`):
aws sns confirm-subscription --topic-arn {topic} --token {token}
"""


def install(cloud: Cloud, clock: Clock) -> None:
    """Let SNS send e-mail to the inbox."""
    topics = need(sns, "_topics")
    fan_out, subscribe = need(sns, "_fanout"), need(sns, "_subscribe")
    message_for = need(sns, "_resolve_message_for_protocol")
    fits_filter = need(sns, "_matches_filter_policy")

    def delivering(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        structure: str = "",
        attributes: dict[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        fan_out(topic_arn, message_id, message, subject, structure, attributes, **rest)
        for each in topics.get(topic_arn, {}).get("subscriptions", ()):
            protocol = each["protocol"]
            text = message_for(message, structure, protocol)
            if (
                each["confirmed"]
                and protocol in _EMAIL
                and fits_filter(each, attributes or {}, text)
            ):
                text = text_of(text) if protocol == "email" else text
                subject = subject or "AWS Notification Message"
                to = each["endpoint"]
                inbox.deliver(cloud.home, to=to, subject=subject, text=text, at=clock.now())

    def subscribing(params: dict[str, Any]) -> Any:
        known = {id(each) for topic in topics.values() for each in topic["subscriptions"]}
        status, headers, body = subscribe(params)
        for topic in topics.values():
            for each in topic["subscriptions"]:
                if id(each) not in known and each["protocol"] in _EMAIL:
                    _ask(cloud, clock, each)
                    body = body.replace(each["arn"].encode(), b"pending confirmation")
        return status, headers, body

    replace(sns, "_fanout", delivering)
    replace(sns, "_subscribe", subscribing)
    replace(sns, "time", ClockedTime(clock))


def _ask(cloud: Cloud, clock: Clock, subscription: dict[str, Any]) -> None:
    token, topic = secrets.token_hex(32), subscription["topic_arn"]
    subscription.update(confirmed=False, token=token)
    subscription["attributes"]["PendingConfirmation"] = "true"
    inbox.deliver(
        cloud.home,
        to=subscription["endpoint"],
        subject="AWS Notification - Subscription Confirmation",
        text=_CONFIRM.format(topic=topic, token=token),
        at=clock.now(),
    )


def text_of(message: str) -> str:
    """Return the text of an e-mail: an alarm's in sentences, any other message as it is."""
    try:
        alarm = json.loads(message)
        name, state, reason = (alarm[f] for f in ("AlarmName", "NewStateValue", "NewStateReason"))
    except (ValueError, KeyError, TypeError):
        return message
    rows = {
        "Name": name,
        "State Change": f"{alarm['OldStateValue']} -> {state}",
        "Reason for State Change": reason,
        "Timestamp": alarm["StateChangeTime"],
        "AWS Account": alarm["AWSAccountId"],
    }
    details = "\n".join(f"- {row + ':':<25} {value}" for row, value in rows.items())
    return (
        f'You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the '
        f'{alarm["Region"]} region has entered the {state} state, because "{reason}".\n\n'
        f"Alarm Details:\n{details}\n"
    )
