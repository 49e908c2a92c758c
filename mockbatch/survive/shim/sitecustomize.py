"""Loaded by Python before a program of `mockbatch survive`: skips its sleeps.

Python loads one module of this name, from the first folder on its path. This one stands in front
of the module that would be loaded otherwise, and loads that one, too.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from os.path import dirname

_folder = dirname(__file__)
import_module("mockbatch_shim").install()
# All that the shim needs is loaded: the program finds its own modules only.
sys.path[:] = [_entry for _entry in sys.path if _entry != _folder]

_spec = PathFinder.find_spec("sitecustomize", sys.path)
if _spec is not None and _spec.loader is not None:
    _module = module_from_spec(_spec)
    sys.modules["sitecustomize"] = _module
    _spec.loader.exec_module(_module)
