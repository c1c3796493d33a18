"""Permissions that AWS asks for beside the caller's own: of keys, of services, of event sources.

`engine` asks policies, `keys` asks keys too, for what `encrypted` says that each service does with
them; `callers` puts the questions to callers of the AWS API, `services` to services that act by
themselves, and `installed` puts them in their place.
"""
