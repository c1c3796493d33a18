"""`tap down`: stop the embedded cloud."""

from cli import project
from cli.console import done, step
from cli.options import Home


def down(home: Home = None) -> None:
    """Stop the embedded cloud and every function it runs; `tap up` resumes it.

    Nothing is lost: its state stays in its folder. It is safe to repeat.
    """
    from localcloud import orphans, process

    folder = project.home(home)
    with process.alone(folder):
        orphans.end(folder)
        if process.running(folder) is None:
            process.stop(folder)
            done("No embedded cloud is running")
            return
        with step("Stopping the embedded cloud", "Stopped; `tap up` resumes it"):
            process.stop(folder)
