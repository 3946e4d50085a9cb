"""Marking handlers, and what a class makes of them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mattermost_plugin import HookName, HookRegistrationError, Plugin, hook
from mattermost_plugin.hooks import get_hook_name, is_hook_handler


def test_four_ways_to_mark() -> None:
    class Marked(Plugin):
        @hook(HookName.OnActivate)
        def start(self) -> None: ...

        @hook("OnDeactivate")
        def end(self) -> None: ...

        @hook
        def OnConfigurationChange(self) -> None: ...

        @hook()
        def message_has_been_posted(self, plugin_context: Any, post: Any) -> None: ...

    assert Marked.implemented_hooks() == ["MessageHasBeenPosted", "OnActivate", "OnConfigurationChange", "OnDeactivate"]
    assert Marked.has_hook("OnActivate")
    assert not Marked.has_hook("ExecuteCommand")


def test_marking_leaves_the_function_alone() -> None:
    def on_activate() -> int:
        """Its own words."""
        return 7

    marked = hook(on_activate)
    assert marked is on_activate
    assert get_hook_name(marked) == "OnActivate"
    assert is_hook_handler(marked)
    assert not is_hook_handler(len)


@pytest.mark.parametrize("wrong", ["NoSuchHook", "Implemented", "on activate", ""])
def test_unknown_names_are_refused_when_marking(wrong: str) -> None:
    with pytest.raises(HookRegistrationError, match="is not the name of a hook"):
        hook(cast(Any, wrong))


def test_a_name_in_the_wrong_spelling_is_recognised() -> None:
    with pytest.raises(HookRegistrationError, match="did you mean 'OnActivate'"):
        hook(cast(Any, "on_activate"))


@pytest.mark.parametrize("wrong", [7, object(), ["OnActivate"]])
def test_other_arguments_are_refused(wrong: Any) -> None:
    with pytest.raises(HookRegistrationError):
        hook(wrong)


def test_a_bare_mark_needs_a_hooks_name() -> None:
    with pytest.raises(HookRegistrationError, match="'started' is not the name of a hook"):

        @hook
        def started() -> None: ...


def test_two_handlers_for_one_hook_are_refused() -> None:
    with pytest.raises(HookRegistrationError, match="two handlers for OnActivate: one and two"):

        class Twice(Plugin):
            @hook("OnActivate")
            def one(self) -> None: ...

            @hook("OnActivate")
            def two(self) -> None: ...


def test_handlers_are_inherited_and_replaced() -> None:
    class Base(Plugin):
        @hook("OnActivate")
        def start(self) -> str:
            return "base"

        @hook("OnDeactivate")
        def end(self) -> str:
            return "base"

    class Unmarked(Base):
        def start(self) -> str:
            return "replaced"

    class OtherName(Base):
        @hook("OnActivate")
        def begin(self) -> str:
            return "other"

    assert Unmarked().invoke_hook("OnActivate") == "replaced"
    assert OtherName().invoke_hook("OnActivate") == "other"
    assert OtherName().invoke_hook("OnDeactivate") == "base"
    assert Base().invoke_hook("OnActivate") == "base"
    assert Base().invoke_hook("ExecuteCommand") is None


def test_a_handler_with_a_leading_underscore_counts() -> None:
    class Hidden(Plugin):
        @hook("OnActivate")
        def _start(self) -> None: ...

    assert Hidden.implemented_hooks() == ["OnActivate"]


def test_a_handler_that_cannot_take_the_arguments_is_refused() -> None:
    with pytest.raises(HookRegistrationError, match=r"Wrong\.posted\(.*\).* cannot handle MessageHasBeenPosted") as caught:

        class Wrong(Plugin):
            @hook("MessageHasBeenPosted")  # type: ignore[type-var]
            def posted(self, post: Any) -> None: ...

    assert "posted(self, plugin_context, post)" in str(caught.value)


def test_static_and_class_methods_can_be_handlers() -> None:
    class Other(Plugin):
        @staticmethod  # type: ignore[type-var]
        @hook("OnActivate")
        def start() -> str:
            return "static"

        @classmethod
        @hook("OnDeactivate")
        def end(cls) -> str:
            return cls.__name__

    assert Other().invoke_hook("OnActivate") == "static"
    assert Other().invoke_hook("OnDeactivate") == "Other"


def test_marks_outside_of_static_and_class_methods_count_too() -> None:
    class Other(Plugin):
        @hook("OnActivate")  # type: ignore[type-var]
        @staticmethod
        def start() -> str:
            return "static"

    assert Other().invoke_hook("OnActivate") == "static"


def test_nothing_is_evaluated_to_find_handlers() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("this proxy has no target yet")

    class Careful(Plugin):
        proxy = Proxy()

        @property
        def costly(self) -> Any:
            raise AssertionError("evaluated")

        @hook
        def on_activate(self) -> None: ...

    assert Careful.implemented_hooks() == ["OnActivate"]


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan"), "5", True])
def test_timeouts_that_are_none_are_refused(wrong: Any) -> None:
    with pytest.raises(HookRegistrationError, match="a hook's timeout is a number of seconds above 0, not"):
        hook(HookName.OnActivate, timeout=wrong)


def test_a_mark_carries_its_timeout_and_a_new_mark_another() -> None:
    class Base(Plugin):
        @hook("OnActivate", timeout=5)
        def start(self) -> None: ...

        @hook(timeout=6)
        def on_deactivate(self) -> None: ...

    class Derived(Base):
        def start(self) -> None: ...

        @hook
        def on_deactivate(self) -> None: ...

    assert {name: mark.seconds for name, mark in Base._hook_marks.items()} == {"OnActivate": 5.0, "OnDeactivate": 6.0}
    assert {name: mark.seconds for name, mark in Derived._hook_marks.items()} == {"OnActivate": 5.0, "OnDeactivate": None}


def test_a_plugin_made_by_hand() -> None:
    class Bare(Plugin):
        pass

    plugin = Bare()
    assert plugin.logger.name == "Bare"
    assert plugin.config is None
    with pytest.raises(RuntimeError, match="without an API client"):
        _ = plugin.api
