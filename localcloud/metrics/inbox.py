"""E-mail that Amazon SNS sends here: one file a message, which any mail program opens."""

import email
import email.policy
import re
import time
import uuid
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from localcloud.cloud import write_private

_SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
# No header or line is folded up to what RFC 5322 allows.
_POLICY = email.policy.default.clone(utf8=True, max_line_length=998)


@dataclass(frozen=True)
class Mail:
    """A message, as its reader sees it."""

    to: str
    subject: str
    date: str
    text: str


def deliver(home: Path, *, to: str, subject: str, text: str, at: float) -> None:
    """Put a message of a time (seconds since 1970) into the inbox."""
    message = EmailMessage(policy=_POLICY)
    one_line = {"From": _SENDER, "To": to, "Subject": subject, "Date": formatdate(at)}
    for name, value in one_line.items():
        message[name] = re.sub(r"\s+", " ", value)
    message.set_content(text)
    folder = home / "inbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    # By the machine's clock, so that their order is the order they came in.
    write_private(folder / f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.eml", message.as_string())


def messages(home: Path) -> list[Mail]:
    """Return every message, oldest first."""
    found = []
    for path in sorted((home / "inbox").glob("[0-9]*.eml")):
        content = path.read_text(encoding="utf-8")
        message = email.message_from_string(content, EmailMessage, policy=_POLICY)
        text = str(message.get_content()).rstrip()
        found.append(Mail(message["To"], message["Subject"], message["Date"], text))
    return found
