"""A folder as GradBench's checkout is, of which the files of `ba` are there alone."""

SEEN = "2 3 5\n0.1 0.2 0.3 1 2 -9 400 5 -8 0.25 0.125\n7 0.5 3\n0.5\n27 83\n"
"""A file of GradBench's `ba`."""


def write_checkout(folder):
    """Write it below a folder, and give where it is."""
    data = folder / "gradbench" / "evals" / "ba" / "data"
    data.mkdir(parents=True)
    (data / "ba1_n2_m3_p5.txt").write_text(SEEN, "utf-8")
    return folder / "gradbench"
