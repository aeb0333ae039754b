"""How Sphinx builds the site.  Our own extensions are the folders beside this file."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

with contextlib.redirect_stdout(io.StringIO()):  # its import prints that matplotlib is missing
    importlib.import_module("sphinxext.opengraph")

Path.__module__ = "pathlib"  # Python 3.13 says pathlib._local, which its documentation does not
# It calls what Sphinx 10 will take away; its authors are told by their own tests.
warnings.filterwarnings("ignore", module="sphinx_autodoc_typehints")

project = "BSD sockets"
author = "the bsdsockets authors"
copyright = "2026, the bsdsockets authors"
version = release = "0.1.0"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_autodoc_typehints",
    "sphinx_copybutton",
    "sphinxext.opengraph",
    "notfound.extension",
    "examples.directive",
    "machines",
    "accessible",
    "books",
    "finding",
    "conversation.directive",
    "drawings",
    "run",
    "weight",
]
if (HERE / "tables" / "__init__.py").exists():
    extensions.append("tables")

nitpicky = True
nitpick_ignore = [  # named in signatures of public names, and no part of what a program may rely on
    ("py:class", "bsdsockets.face.loader.Loader"),
    ("py:class", "bsdsockets.machine.host.Host"),
]
exclude_patterns = ["changelog.d/**"]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline", "attrs_block", "fieldlist"]
myst_fence_as_directive = ["pycon", "console"]
myst_heading_anchors = 4

always_document_param_types = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# Links to Python's own documentation; the names are kept here, so a build asks nobody.
intersphinx_mapping = {"python": ("https://docs.python.org/3", str(HERE / "python-names.inv"))}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True

html_theme = "furo"
html_title = "BSD sockets"
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "https://bsdsockets.readthedocs.io/")
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_favicon = "static/favicon.svg"
html_copy_source = True
html_show_sourcelink = False
html_theme_options = {
    "top_of_page_buttons": [],
    "navigation_with_keys": False,
    "light_css_variables": {
        "color-brand-primary": "#0b57b3",
        "color-brand-content": "#0b57b3",
        "color-brand-visited": "#6b3fa0",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7db7ff",
        "color-brand-content": "#7db7ff",
        "color-brand-visited": "#c3a3ff",
    },
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

ogp_site_url = html_baseurl
ogp_social_cards = {"enable": False}
ogp_description_length = 160

notfound_urls_prefix = "/"
notfound_context = {
    "title": "Page not found",
    "body": """<h1>Page not found</h1>
<p>No page has this address. Search for it by a word, or begin with one of these:</p>
<ul>
<li><a href="/how-to/index.html">problems, by their symptoms</a></li>
<li><a href="/reference/errors.html">error messages</a></li>
<li><a href="/reference/index.html">the reference</a>: calls, families, options</li>
<li><a href="/tutorials/index.html">the tutorials</a></li>
<li><a href="/genindex.html">every name, in one list</a></li>
</ul>""",
}

epub_show_urls = "no"
epub_tocscope = "includehidden"
epub_exclude_files = [".nojekyll", "404.html"]
suppress_warnings = ["epub.unknown_project_files"]

latex_engine = "xelatex"
latex_use_xindy = False
latex_toplevel_sectioning = "part"
latex_elements = {
    "papersize": "a4paper",
    "pointsize": "10pt",
    "extraclassoptions": "openany",  # a chapter begins on the next page, not on the next right one
    # A long name breaks after its underscores: in a table's cell it would run into the next one.
    "preamble": r"""
\AtBeginDocument{\DeclareRobustCommand{\_}{\texorpdfstring{\textunderscore\allowbreak}{\textunderscore}}}
\setlength{\tymin}{8em}
""",
}
latex_documents = [("index", "bsd-sockets.tex", "BSD sockets", author, "manual")]
