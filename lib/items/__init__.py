"""Parts of the serverless application, TapStack."""
