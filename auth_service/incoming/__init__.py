"""What comes by DICOM (C-STORE), where a site turns it on: who may send, and into which album it goes."""
