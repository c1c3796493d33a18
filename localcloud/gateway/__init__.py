"""API Gateway and AWS WAF, as far as the emulator lacks them.

All of it follows the deployed settings, read through the public AWS API.
"""
