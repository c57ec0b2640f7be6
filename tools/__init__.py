"""Typed read tools: metrics, logs, traces, changes, objectives, runbooks and notification.
Importing this package registers every read tool by its name.
"""

from importlib import import_module
from pkgutil import iter_modules

from ..plugins import plugins

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)
plugins("tools")
