"""The documentation as a site: `python -m sphinx -W -c docs . build/site`.

The pages are the Markdown files that one reads on their own, README and CONTRIBUTING included, and
those of `docs/site/`, which Sphinx makes from docstrings and from the problems. A page of the site
loads nothing from elsewhere.
"""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

project = "calcbench"
author = "The calcbench authors"
project_copyright = author
version = release = version_of("calcbench")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
extensions += [
    "contents",
    "formulas",
    "lessons_page",
    "problems_page",
    "public_names",
]  # of docs/site
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/site/*.md", "benchmarks/README.md"]
include_patterns += ["lessons/exercises/README.md"]
exclude_patterns = [".*", "build", "calcbench", "runs", "tests", "venv"]  # not walked through
smartquotes = False  # texts as they are written
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # links to headings, as on GitHub

default_role = "code"  # a docstring has its names in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 96
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"calcbench {version}"
html_extra_path = ["site/index.html"]
html_static_path = ["site/site.css"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"
