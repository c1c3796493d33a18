"""Files in S3: presigned requests that send and fetch them, and their deletion.

Files never pass through the function: S3 itself checks what the signature says.
"""

import functools
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from services.shared import aws
from services.shared.http.errors import NotFound


class FileNotFound(NotFound):
    """No file has been uploaded under this key."""

    code = "file_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no file {key}")


class BucketFiles:
    """Files under `uploads/` in an S3 bucket; its client is made on first use, for few need it."""

    def __init__(self, client: Callable[[], aws.Client], bucket_name: str) -> None:
        self._client = functools.cache(client)
        self._bucket_name = bucket_name

    def presign_upload(
        self, *, content_type: str, size: int, sha256: str, expires_in: int
    ) -> dict[str, Any]:
        """Sign a POST form that uploads one file under a new key.

        S3 refuses it with another key, type or size (bytes), for content with another SHA-256
        (base64), and after `expires_in` seconds.
        """
        key = f"uploads/{uuid.uuid4()}"
        fields = {
            "Content-Type": content_type,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": sha256,
        }
        conditions = [{name: value} for name, value in fields.items()]
        form = self._client().generate_presigned_post(
            Bucket=self._bucket_name,
            Key=key,
            Fields=fields,
            Conditions=[*conditions, ["content-length-range", size, size]],
            ExpiresIn=expires_in,
        )
        return {"key": key, "url": form["url"], "fields": form["fields"], "expires_in": expires_in}

    def presign_download(self, *, key: str, expires_in: int) -> dict[str, Any]:
        """Sign a URL that downloads the file for `expires_in` seconds; raise `FileNotFound`."""
        head = self._head(key)
        url = self._client().generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket_name,
                "Key": key,
                # A browser must never show an uploaded page as one of the bucket's own.
                "ResponseContentDisposition": "attachment",
            },
            ExpiresIn=expires_in,
        )
        return {
            "key": key,
            "url": url,
            "content_type": head["ContentType"],
            "size": head["ContentLength"],
            "expires_in": expires_in,
        }

    def delete(self, *, key: str) -> dict[str, Any]:
        """Delete the file and return what it was; raise `FileNotFound` without one."""
        # The bucket keeps versions: the file is hidden by a delete marker, and an operator can
        # bring it back until the version expires (`SecureBucket`).
        head = self._head(key)
        self._client().delete_object(Bucket=self._bucket_name, Key=key)
        return {"key": key, "content_type": head["ContentType"], "size": head["ContentLength"]}

    def _head(self, key: str) -> dict[str, Any]:
        """Ask S3 for the file's metadata; raise `FileNotFound` without one."""
        try:
            head: dict[str, Any] = self._client().head_object(Bucket=self._bucket_name, Key=key)
        except ClientError as error:
            # 403 as well: without the right to list the bucket, S3 does not say what is missing.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                raise FileNotFound(key) from error
            raise
        return head
