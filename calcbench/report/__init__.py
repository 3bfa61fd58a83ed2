"""Reports of a saved run: tables, break-even points, growth with size, comparison, citation.

`formats` has a file for each form, `page` makes the page that is sent, `tables` writes tables for
every medium, and `picture` is what `show.pictures` draws: shown in a notebook, saved to a file.
"""
