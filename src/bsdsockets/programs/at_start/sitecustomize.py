"""Imported by ``site`` when a Python starts that a program on the model has started: it joins.

Then everything is as if this file were not there: the environment, ``sys.path``, and another
``sitecustomize``.  Older Pythons read this too, so it is written for any.
"""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
told = os.environ.pop("BSDSOCKETS_MACHINE", "")
paths = [path for path in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if path != here]
if any(paths):
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
sys.path[:] = [path for path in sys.path if path != here]

if told and sys.version_info >= (3, 11):
    import importlib.machinery
    import importlib.util

    source = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    sys.path.insert(0, source)
    try:
        from bsdsockets.programs.joining import join
    finally:
        sys.path.remove(source)
    join(told)

    spec = importlib.machinery.PathFinder.find_spec(__name__)
    if spec is not None and spec.loader is not None:
        sys.modules[__name__] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[__name__])
