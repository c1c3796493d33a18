"""Zip files that are the same bytes for the same content, made in layers."""

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_READ_ALL = 0o100644 << 16


def write_archive(target: Path, files: Mapping[str, bytes], base: Path | None = None) -> None:
    """Write a zip of the files, in name order, after the content of `base` if there is one.

    The base's files are copied as they are compressed, so that adding to a large base is quick.
    The zip's comment is the digest of its content.
    """
    if base:
        shutil.copyfile(base, target)
    digest = hashlib.sha256(read_digest(base).encode() if base else b"")
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = _READ_ALL
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        archive.comment = digest.hexdigest().encode()


def read_digest(path: Path) -> str:
    """Return the digest of an archive's content: names and uncompressed bytes."""
    # It says nothing of the compressed bytes, which differ between versions of zlib.
    with zipfile.ZipFile(path) as archive:
        return archive.comment.decode()
