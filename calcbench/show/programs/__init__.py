"""Stand-alone programs: a problem's own source, rewritten in the idiom of one framework.

`calcbench show PROBLEM` prints, for each backend, a short script that needs no calcbench. A
backend's `program.py` puts the pieces that a `writer` hands out into the order of its idiom, with
its own `spelling` of the array vocabulary; frameworks that transform functions share that order
(`transforms`). From there downwards:

- `writer`: the pieces of a program; `inputs`: its data; `results`: what it prints.
- `copying`: a function of the problem, with all that it needs from elsewhere.
- `respelling`: the code of a function rewritten; `templates` and `parentheses`: one call of it.
- `source`: the syntax tree of a function; `ranks`: its calls as they run.
- `layout`: how text is written; `numpy`: the spelling in NumPy; `find`: the way in.
"""
