"""The console: a page at the front door about what is deployed and what is asked of it.

Whatever is about one app is in `console.toml`, in the folder that the app names.
"""
