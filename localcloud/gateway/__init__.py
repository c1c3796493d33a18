"""What API Gateway and WAF do in front of an API and the emulator does not.

All of it follows the deployed settings, read through the public AWS API.
"""
