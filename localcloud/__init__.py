"""The embedded cloud and the `tap` command.

It deploys the synthesized templates of the app, unchanged, to an AWS emulator on this machine, and
talks to the rest of the project only through the CDK CLI and AWS APIs.
"""
