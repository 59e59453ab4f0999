"""De-identification of what is uploaded into an album that asks for it.

`core` judges one data set and knows nothing of the world; `keeping` knows which album asks for it, and has
its key; `holding` keeps the pictures that somebody must look at first.
"""
