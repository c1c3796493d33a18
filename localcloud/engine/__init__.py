"""What the AWS emulator lacks, added around it; one file per subject.

The emulator is pinned. A file that needs one of its private names asks `internals.need` for it, so
that a version without that name stops at start-up and says so.
"""
