"""E-mail of Amazon SNS, and its confirmation.

Changes: A message goes to confirmed subscriptions alone, as mail in the inbox. A subscription made
    through the API is confirmed with the token in its first mail; one that a template makes counts
    as confirmed.
Original: Mail goes nowhere, and every subscription is confirmed at once.
Fault: the emulator's; `_subscribe` would ask for confirmation of `email` too, as it does of `http`
    and `https`.
Ours: the inbox.
AWS: https://docs.aws.amazon.com/sns/latest/dg/SendMessageToEmail.html
"""

import json
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services import sns

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace, wrap
from localcloud.metrics import inbox
from localcloud.metrics.clock import Clock

Record = dict[str, Any]
Deliver = Callable[[Record, str, str], None]  # to a subscription: a subject and a text

_EMAIL = ("email", "email-json")
_CONFIRM = """You have chosen to subscribe to the topic:
{topic}

To confirm this subscription, run (with the variables of `tap endpoints --export`):
aws sns confirm-subscription --topic-arn {topic} --token {token}
"""
_ALARM = """You are receiving this email because your Amazon CloudWatch Alarm "{AlarmName}" in the \
{Region} region has entered the {NewStateValue} state, because "{NewStateReason}".

Alarm Details:
- Name:                     {AlarmName}
- Description:              {described}
- State Change:             {OldStateValue} -> {NewStateValue}
- Reason for State Change:  {NewStateReason}
- Timestamp:                {StateChangeTime}
- AWS Account:              {AWSAccountId}
"""


def install(cloud: Cloud, clock: Clock) -> None:
    """Let SNS send e-mail to the inbox."""

    def deliver(subscription: Record, subject: str, text: str) -> None:
        to = subscription["endpoint"]
        inbox.deliver(cloud.home, to=to, subject=subject, text=text, at=clock.now())

    wrap(sns, "_fanout", partial(_fan_out, deliver))
    wrap(sns, "_subscribe", partial(_subscribe, deliver))
    replace(sns, "time", clock)


def _fan_out(
    deliver: Deliver,
    fan_out: Any,
    topic: str,
    message_id: str,
    message: str,
    subject: str,
    structure: str = "",
    attributes: dict[str, Any] | None = None,
    **rest: Any,
) -> None:
    fan_out(topic, message_id, message, subject, structure, attributes, **rest)
    fits = need(sns, "_matches_filter_policy")
    for each in need(sns, "_topics").get(topic, {}).get("subscriptions", ()):
        protocol = each["protocol"]
        if each["confirmed"] and protocol in _EMAIL:
            text = need(sns, "_resolve_message_for_protocol")(message, structure, protocol)
            if fits(each, attributes or {}, text):
                text = text_of(text) if protocol == "email" else text
                deliver(each, subject or "AWS Notification Message", text)


def _subscribe(deliver: Deliver, subscribe: Any, params: dict[str, Any]) -> Any:
    topics = need(sns, "_topics").values()
    known = {id(each) for topic in topics for each in topic["subscriptions"]}
    status, headers, body = subscribe(params)
    for each in [each for topic in topics for each in topic["subscriptions"]]:
        if id(each) not in known and each["protocol"] in _EMAIL:
            token = secrets.token_hex(32)
            each.update(confirmed=False, token=token)
            each["attributes"]["PendingConfirmation"] = "true"
            text = _CONFIRM.format(topic=each["topic_arn"], token=token)
            deliver(each, "AWS Notification - Subscription Confirmation", text)
            body = body.replace(each["arn"].encode(), b"pending confirmation")
    return status, headers, body


def text_of(message: str) -> str:
    """Return the text of an e-mail: an alarm's in sentences, any other message as it is."""
    try:
        alarm = json.loads(message)
        return _ALARM.format(**alarm | {"described": alarm.get("AlarmDescription") or ""})
    except (ValueError, KeyError, TypeError):
        return message
