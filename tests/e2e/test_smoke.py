"""`make smoke` asks what is deployed, here and on AWS, and is content with it."""

import os
import subprocess
import sys

from tests.deployment import Deployment
from tests.unit.docs.pages import ROOT
from tools.smoke import PROBES


def test_what_is_deployed_answers_as_a_stranger_must_be_answered(deployment: Deployment) -> None:
    here = {"TAP_HOME": str(deployment.home), "TARGET": "local"} if deployment.home else {}

    said = subprocess.run(
        [sys.executable, "-m", "tools.smoke"],
        cwd=ROOT,
        env=os.environ | here,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert len(said.stdout.splitlines()) == len(PROBES)
