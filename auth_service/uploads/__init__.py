"""What people and programs send into albums: read, checked, stored in Orthanc, and in the album at once.

==================  =======================================================================================
``dicom.py``        reads what an image says of itself, and refuses what is no whole DICOM file
``unpacking.py``    takes a file apart: a zip file is many, within bounds
``intake.py``       takes one image into one album: nothing that exists is taken over, and the intent is first
``spool.py``        keeps on disk what comes in pieces
``sending.py``      the use cases: begin, send, go on, end
==================  =======================================================================================

Every upload is one change of its album (``albums/receiving.py``): how far it is, what came of it and taking
it back are those of changes.
"""
