"""S3 bucket, whose versions are copied out of it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cli.errors import CliError
from tools.restore.comparison import Reading

_MOST = 200  # versions of a bucket that are restored: it may hold millions
_PRIVATE = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_CHUNK = 1 << 20


class Bucket:
    """A bucket; each version of an object is a thing of its own, the first 200 that S3 lists."""

    kind = "bucket"

    def __init__(self, client: Any, name: str, *, region: str) -> None:
        self._client, self.name, self._region = client, name, region
        found = client.list_object_versions(Bucket=name, MaxKeys=_MOST)
        named = [(each["Key"], each["VersionId"]) for each in found.get("Versions", [])]
        self._versions = dict(enumerate(named))

    def latest(self) -> datetime:
        """Tell that it is now: a version is there as soon as its object is."""
        return datetime.now(UTC)

    def read(self) -> Reading:
        """Read the bytes of each version."""
        return dict(self._read())

    def _read(self) -> Iterator[tuple[str, tuple[int, str]]]:
        for key, version in self._versions.values():
            try:
                yield self._known(key, version), self._digest(self.name, key, VersionId=version)
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchVersion":
                    raise

    def restore(self, copy: str) -> None:
        """Copy each version into a private bucket with the source's encryption."""
        s3, place = self._client, {"LocationConstraint": self._region}
        s3.create_bucket(
            Bucket=copy,
            **({"CreateBucketConfiguration": place} if self._region != "us-east-1" else {}),
        )
        closed = dict.fromkeys(_PRIVATE, True)
        s3.put_public_access_block(Bucket=copy, PublicAccessBlockConfiguration=closed)
        encryption = s3.get_bucket_encryption(Bucket=self.name)["ServerSideEncryptionConfiguration"]
        s3.put_bucket_encryption(Bucket=copy, ServerSideEncryptionConfiguration=encryption)
        for number, (key, version) in self._versions.items():
            source = {"Bucket": self.name, "Key": key, "VersionId": version}
            s3.copy_object(Bucket=copy, Key=str(number), CopySource=source)

    def is_ready(self, copy: str) -> bool:
        """Tell that it is: the last copy was answered."""
        return bool(copy)

    def read_copy(self, copy: str) -> Reading:
        """Read the bytes of each object of a copy, by what it is a copy of."""
        listed = self._client.list_objects_v2(Bucket=copy).get("Contents", [])
        return {
            self._known(*self._versions[int(each["Key"])]): self._digest(copy, each["Key"])
            for each in listed
        }

    def remove(self, copy: str) -> bool:
        """Empty it and delete it."""
        s3 = self._client
        try:
            listed = s3.list_objects_v2(Bucket=copy).get("Contents", [])
            if keys := [{"Key": each["Key"]} for each in listed]:
                done = s3.delete_objects(Bucket=copy, Delete={"Objects": keys, "Quiet": True})
                if done.get("Errors"):
                    raise CliError(f"S3 keeps objects of it: {done['Errors'][0]['Message']}")
            s3.delete_bucket(Bucket=copy)
        except s3.exceptions.NoSuchBucket:
            pass  # none was made
        return True

    def _digest(self, bucket: str, key: str, **version: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        for chunk in self._client.get_object(Bucket=bucket, Key=key, **version)["Body"].iter_chunks(
            _CHUNK
        ):
            digest.update(chunk)
            size += len(chunk)
        return 1, f"{size} {digest.hexdigest()}"

    @staticmethod
    def _known(key: str, version: str) -> str:
        return f"{key}?versionId={version}"
