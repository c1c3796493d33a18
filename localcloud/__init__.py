"""The embedded cloud: deploys a CDK app's synthesized templates, unchanged, on this machine.

It knows no app: what runs on it is told as data (`localcloud.app`), and is reached only through the
CDK CLI and AWS APIs.
"""
