"""Albums: a room for each thing that is done with them.

A use case is: check, change, audit in one transaction. Who may see an album, and what he may do in it,
follows from its members (``rights.py``); what it holds is kept up beside it (``counts.py``).
"""
