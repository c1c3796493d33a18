"""Patches of the AWS emulator, a file each; `patches.py` installs them.

At its top a file says what it changes, what the original answers, where AWS documents it, and with
which versions of the emulator it was checked: its contract test runs the original and the patch.
"""
