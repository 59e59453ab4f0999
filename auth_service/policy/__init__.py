"""The rules of access, free of input and output: what may be done, and what may be seen."""
