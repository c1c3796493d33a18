"""Permissions that AWS asks for beside the caller's own: of keys, of services, of event sources.

`engine` answers every question, `encrypted` says which key actions each service asks, `keys` asks
them; `callers` puts the questions to callers of the AWS API, `services` to services that act by
themselves, and `installed` puts them in their place.
"""
