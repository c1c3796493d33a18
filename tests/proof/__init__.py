"""Proof that every right is used, that each is needed, and that nothing else is possible.

`operations` use the deployment as its clients do; `rights` reads what templates grant; `decisions`
what the embedded cloud decided; `taken` takes one right away and puts it back; `bounds` is what no
role may do; `engine` puts them together, and `page` writes the table.
"""
