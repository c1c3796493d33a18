"""Permissions that AWS asks for beside the caller's own: of keys, of services, of event sources.

`engine` answers every question, `keys` says which key actions each service asks of whom, `callers`
puts the questions to callers of the AWS API, `services` to services that act by themselves.
"""
