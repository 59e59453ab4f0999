"""Sample data: real images made into DICOM studies, and the albums that hold them.

Nothing of it is committed. `make` reads public packages that are fetched at set-up (a head CT, a brain MR
and its tissue maps, the files that pydicom bundles), adds a CT phantom whose truth is known, and writes
DICOM files and a manifest; `load` sends them to Orthanc and has the auth service make the albums. The same
inputs always give the same bytes: UIDs come from names, dates from tables, noise from named seeds, and no
clock is read.
"""
