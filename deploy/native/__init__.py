"""Run the whole portal on one machine: no containers, no root, nothing installed outside two folders.

Everything downloaded and unpacked is kept in a cache folder that all stacks of a person share; everything a
stack writes is below its one data folder. `make` calls the command line (`cli.py`); the tests use
`stack.Stack`.
"""
