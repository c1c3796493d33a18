"""Requests under a distribution's name: whom they reach in the emulator, and here."""

import json

import pytest
from ministack import app as ministack

from localcloud.asgi import answer
from localcloud.engine import viewers

HOST = {"host": "d0123456789abc.cloudfront.net"}
PATHS = ["/health", "/login", "/_ministack/health"]


@pytest.fixture
def served(monkeypatch):
    """The paths that the emulator's CloudFront was asked for."""
    asked: list[tuple[str, str]] = []

    async def serve(_host, path, raw_path, *_):
        asked.append((path, raw_path))
        return 200, {}, b"the distribution"

    monkeypatch.setattr(ministack, "_handle_cloudfront_dataplane_request", serve)
    return asked


@pytest.mark.parametrize("path", ["/health", "/_ministack/health"])
def test_the_original_answers_such_a_path_itself(emulator, served, path):
    _, _, body = emulator.send("GET", path, HOST)

    assert "services" in json.loads(body)
    assert not served


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_reaches_the_distribution_at_every_path(emulator, served, patch, path):
    patch(viewers)

    _, _, body = emulator.send("GET", path, HOST, app=viewers.Viewers(ministack.app))

    assert body == b"the distribution"
    assert served == [(path, path)]


def test_a_request_of_another_name_passes_as_it_is(emulator):
    async def app(scope, _receive, send):
        await answer(send, 200, scope["path"])

    assert emulator.send("GET", "/health", {"host": "localhost"}, app=viewers.Viewers(app))[2] == (
        b"/health"
    )


def test_a_viewers_body_has_ten_megabytes_at_most(emulator):
    app = viewers.Viewers(ministack.app)

    status, _, _ = emulator.send("POST", "/", HOST, b"x" * (10 * 1024 * 1024 + 1), app=app)

    assert status == 413
