"""`Plugin`: the class that a plugin's author derives from.

Handlers are found when the class is made, not when a hook comes: a second handler for one hook, or a handler that cannot take
the hook's arguments, is an error there. A subclass inherits handlers; a method that replaces one is a handler, marked or not.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, List, Optional, Tuple

from mattermost_plugin import _contract
from mattermost_plugin.hooks import HookMark, HookRegistrationError, hook_mark
from mattermost_plugin.runtime_config import RuntimeConfig

if TYPE_CHECKING:
    from mattermost_plugin.client import AsyncPluginAPIClient, PluginAPIClient

__all__ = ["Plugin"]


class Plugin:
    """Base class of plugins: `@hook` methods answer hooks, `self.api` calls the server, `self.logger` logs to it."""

    # Hook name to the name of the method that handles it.
    _hook_registry: ClassVar[Dict[str, str]] = {}
    # Hook name to what its handler's `@hook(...)` says.
    _hook_marks: ClassVar[Dict[str, HookMark]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._hook_registry, cls._hook_marks = _discover(cls)

    def __init__(
        self,
        api: Optional[PluginAPIClient] = None,
        config: Optional[RuntimeConfig] = None,
        logger: Optional[logging.Logger] = None,
    ) -> None:
        self._api = api
        self._async_api: Optional[AsyncPluginAPIClient] = None
        self._config = config
        self._logger = logger if logger is not None else logging.getLogger(type(self).__name__)

    @property
    def api(self) -> PluginAPIClient:
        """The server's API; connected before the first hook."""
        if self._api is None:
            raise RuntimeError("this plugin was made without an API client: pass one as `api=` to its constructor")
        return self._api

    @property
    def async_api(self) -> AsyncPluginAPIClient:
        """The same for coroutines: what `async def` handlers await, as calls of `api` would block their loop."""
        if self._async_api is None:
            self._async_api = self.api.as_async()
        return self._async_api

    @property
    def logger(self) -> logging.Logger:
        """The plugin's logger; what it logs reaches the server's log through the API, or through stderr without one."""
        return self._logger

    @property
    def config(self) -> Optional[RuntimeConfig]:
        """What the host told this process; None for a plugin that was made by hand."""
        return self._config

    @classmethod
    def implemented_hooks(cls) -> List[str]:
        """The names of all hooks that have a handler, sorted."""
        return sorted(cls._hook_registry)

    @classmethod
    def has_hook(cls, name: str) -> bool:
        """Whether a hook has a handler."""
        return name in cls._hook_registry

    def get_hook_handler(self, name: str) -> Optional[Callable[..., Any]]:
        """The bound method that handles a hook, or None."""
        attribute = self._hook_registry.get(name)
        handler: Optional[Callable[..., Any]] = getattr(self, attribute) if attribute is not None else None
        return handler

    def invoke_hook(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a hook's handler as it is; None when there is none. Exceptions pass."""
        handler = self.get_hook_handler(name)
        return None if handler is None else handler(*args, **kwargs)


def _discover(cls: type) -> Tuple[Dict[str, str], Dict[str, HookMark]]:
    """The class's handlers and their marks, both by the hook's name."""
    registry: Dict[str, str] = {}
    marks: Dict[str, HookMark] = {}
    for base in reversed(cls.__mro__):
        marked: Dict[str, str] = {}
        for attribute, value in vars(base).items():  # nothing is evaluated: no property, no descriptor
            mark = hook_mark(value)
            if mark is None:
                continue
            name = mark.name
            if name in marked:
                raise HookRegistrationError(f"{cls.__name__} has two handlers for {name}: {marked[name]} and {attribute}")
            marked[name] = attribute
            # A method that is marked anew for another hook no longer handles the old one.
            for old in [key for key, known in registry.items() if known == attribute and key != name]:
                del registry[old], marks[old]
            marks[name] = mark
        registry.update(marked)
    for name, attribute in registry.items():
        _check_signature(cls, name, attribute)
    return registry, marks


def _check_signature(cls: type, name: str, attribute: str) -> None:
    handler = getattr(cls, attribute)
    where = f"{cls.__name__}.{attribute}"
    if not callable(handler):
        raise HookRegistrationError(f"{where} handles {name} but is {handler!r}, which cannot be called")
    bound_to_nothing = isinstance(inspect.getattr_static(cls, attribute), (classmethod, staticmethod))
    names = [*([] if bound_to_nothing else ["self"]), *handler_argument_names(name)]
    try:
        signature = inspect.signature(handler, follow_wrapped=False)
    except (TypeError, ValueError):  # some callables do not tell
        return
    try:
        signature.bind(*names)
    except TypeError as error:
        raise HookRegistrationError(
            f"{where}{signature} cannot handle {name}, which is called as {attribute}({', '.join(names)}): {error}"
        ) from None


def handler_argument_names(name: str) -> List[str]:
    """What a hook's handler is called with, after `self`."""
    hook = _contract.HOOKS[name]
    if hook.shape is _contract.Shape.STREAM:
        return ["plugin_context", "writer", "request"]
    return [field.name for field in hook.arguments]
