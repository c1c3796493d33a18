"""What runs in Lambda: one package per function, and `shared`. Never imports aws_cdk or lib."""

import gc

# Nothing that a cold start imports is garbage: the collector rests until `entry_point`.
gc.disable()
