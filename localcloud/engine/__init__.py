"""Patches of the AWS emulator, a file each; `patches.py` installs them.

At its top a file says what it changes, what the original answers, whether that is the emulator's
fault (and what would mend it there) or ours, and where AWS documents it. Its contract test runs the
original and the patch, with each version of the emulator that `patches.py` names.
"""
