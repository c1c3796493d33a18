"""What runs in Lambda: one package per function, and `shared`. Never imports aws_cdk or lib."""
