"""Items, whichever API they are reached by: rules, use cases, the table, cursors over it."""
