"""Functions of a module that are pickled and copied as C's are: by their names.

    pickle.dumps(time.sleep)  -->  "sleep" of whatever is imported as "time" where it is loaded

The module's functions are methods of an object that holds a machine, which must not go along.

Sources: CPython's pickle and copy documentation.
"""

import pkgutil
from typing import Any


class ByName:
    """What has the functions of the module *of*; with *name*, what is one of them."""

    __of__: str

    def __init_subclass__(cls, of: str, name: str = "") -> None:
        cls.__of__ = f"{of}:{name}"

    def __reduce__(self) -> Any:
        return pkgutil.resolve_name, (self.__of__,)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self
