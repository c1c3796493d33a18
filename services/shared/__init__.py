"""Code that several functions share; a package holds only what its function imports."""
