"""The one place that decides who may do what with which images."""
