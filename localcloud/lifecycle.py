"""Rules of S3 lifecycles: from templates, and whether an object fits one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from datetime import datetime
from typing import Any

_DAY = 24 * 3600
_SAME = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def from_template(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of a template, its numbers typed, as the API has it."""
    wanted = {name: rule[name] for name in _SAME if name in rule}
    wanted["ID"] = rule.get("Id", "rule")
    wanted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    more = {name: int(rule[name]) for name in _SIZES if name in rule}
    more |= {"Tags": rule["TagFilters"]} if "TagFilters" in rule else {}
    if more:
        wanted["Filter"] = {"And": wanted["Filter"] | {"ObjectSizeGreaterThan": 0} | more}
    ends = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    for name in ends.keys() & rule.keys():
        wanted["Expiration"] = {ends[name]: rule[name]}
    if "Transitions" in rule:
        wanted["Transitions"] = [
            {"StorageClass": step["StorageClass"], "Days": step["TransitionInDays"]}
            for step in rule["Transitions"]
        ]
    return wanted


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
