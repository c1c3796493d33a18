"""What each function package ships: its distributions, their licences, a CycloneDX list of them.

Read from the package itself, so that what is left out of it is not listed and what is in it is.
"""

import hashlib
import json
import uuid
import zipfile
from collections.abc import Collection, Iterator, Mapping
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from lib.packaging.package import build_package

_BILLS = Path(".build/sbom")
_CLASSIFIER = "License :: OSI Approved :: "


class Shipped(NamedTuple):
    """One distribution in a package; its licence as its metadata says it, empty if it does not."""

    name: str
    version: str
    licence: str


def examine(
    root: Path, allowed: Collection[str], names: Mapping[str, str], *, services: list[str]
) -> Iterator[str]:
    """Write the bill of materials of each service's package; yield what is wrong, a line each.

    Args:
        root: The checkout; the lists go to `.build/sbom/<service>.cdx.json`.
        allowed: SPDX identifiers of the licences that may be shipped.
        names: What else metadata calls them.
        services: Names of the folders below `services`.
    """
    for service in services:
        package = build_package(service, root=root).path
        distributions = [
            each._replace(licence=names.get(each.licence, each.licence))
            for each in read_package(package)
        ]
        for each in distributions:
            if each.licence not in allowed:
                known = each.licence or "no licence that its metadata names"
                yield f"{service} ships {each.name} {each.version}: {known}"
        bill = _bill(service, package, distributions)
        if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill):
            yield f"the bill of materials of {service} is not valid: {fault}"
        target = root / _BILLS / f"{service}.cdx.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(bill, "utf-8")


def read_package(path: Path) -> list[Shipped]:
    """Return the distributions in a package, by the metadata that it ships of them."""
    with zipfile.ZipFile(path) as archive:
        texts = [
            archive.read(name).decode()
            for name in sorted(archive.namelist())
            if name.endswith(".dist-info/METADATA")
        ]
    found = [Parser().parsestr(text, headersonly=True) for text in texts]
    return [Shipped(str(each["Name"]), str(each["Version"]), _licence(each)) for each in found]


def _licence(metadata: Message) -> str:
    """Return the SPDX expression, else the classifiers' licences, else the free text."""
    if expression := metadata["License-Expression"]:
        return str(expression)
    classifiers = metadata.get_all("Classifier") or []
    named = [each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER)]
    return ", ".join(named) or str(metadata["License"] or "").strip().partition("\n")[0]


def _bill(service: str, package: Path, distributions: list[Shipped]) -> str:
    content = hashlib.sha256(package.read_bytes()).hexdigest()
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, content))
    function = Component(
        name=service,
        type=ComponentType.APPLICATION,
        bom_ref=service,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content)],
    )
    bom.metadata.component = function
    licences = LicenseFactory()
    parts = [
        Component(
            name=each.name,
            version=each.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{each.name}=={each.version}",
            licenses=[licences.make_from_string(each.licence)] if each.licence else [],
            purl=PackageURL("pypi", name=each.name.lower(), version=each.version),
        )
        for each in distributions
    ]
    bom.components.update(parts)
    bom.register_dependency(function, parts)
    return json.dumps(json.loads(JsonV1Dot6(bom).output_as_string()), indent=2) + "\n"
