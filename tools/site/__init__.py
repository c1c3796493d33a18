"""The documentation as a site: its pages (`pages`), and what is asked of it (`links`)."""
