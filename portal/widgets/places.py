"""Where the pages are, as Streamlit wants to hear it: by file, seen from the entry script."""

ALBUMS = "../pages/albums.py"
ALBUM = "../pages/album.py"
STUDY = "../pages/study.py"
AUDIT = "../pages/audit.py"
ABOUT = "../pages/me.py"
WHY = "../pages/why.py"
SEARCH = "../pages/search.py"
