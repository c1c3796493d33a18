"""Rules of S3 lifecycles: whether an object fits one, and whether its time is over.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from datetime import datetime
from typing import Any

_DAY = 24 * 3600


def fits(rule: dict[str, Any], key: str, *, size: int, tags: dict[str, str]) -> bool:
    """Whether the filter of a rule lets it act on an object."""
    said = rule.get("Filter", {})
    said = said | said.get("And", {})
    wanted = [*said.get("Tags", ()), *([said["Tag"]] if "Tag" in said else ())]
    # 0, which the emulator tells of every filter with more than one part, is none.
    smallest, largest = said.get("ObjectSizeGreaterThan") or -1, said.get("ObjectSizeLessThan")
    return (
        key.startswith(said.get("Prefix", ""))
        and smallest < size < (largest or size + 1)
        and all(tags.get(each["Key"]) == each["Value"] for each in wanted)
    )


def is_over(since: str, days: int | None, now: float) -> bool:
    """Whether so many days have passed, rounded up to the next midnight of UTC; None: never."""
    end = datetime.fromisoformat(since).timestamp() + (days or 0) * _DAY
    return days is not None and now >= -(-end // _DAY) * _DAY
