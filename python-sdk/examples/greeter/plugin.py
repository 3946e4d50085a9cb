"""An example: counts greetings, answers /greet, keeps shouting down, and serves its count over HTTP. Typed throughout."""

from __future__ import annotations

import json
from typing import List, Optional, Tuple

from mattermost_plugin import CommandResponse, HookName, HTTPRequest, HTTPResponseWriter, Plugin, hook, hook_context, run_plugin
from mattermost_plugin.grpc.api_remaining_pb2 import CommandArgs
from mattermost_plugin.grpc.hooks_common_pb2 import PluginContext
from mattermost_plugin.grpc.post_pb2 import Post
from mattermost_plugin.hook_types import MessageWillBePostedResult

COUNT = "greetings"


class Greeter(Plugin):
    """What the server starts."""

    @hook(HookName.OnActivate)
    def on_activate(self) -> Optional[str]:
        return None if self.api.get_server_version() else "the server does not say which one it is"

    @hook(HookName.MessageWillBePosted, timeout=2)
    def quieten(self, plugin_context: PluginContext, post: Post) -> MessageWillBePostedResult:
        if post.message.isupper() and len(post.message) > 10:
            post.message = post.message.capitalize()
            return post
        return "please do not greet bots" if post.message == "hello, bot" else None

    @hook(HookName.MessagesWillBeConsumed)
    def hide_drafts(self, posts: List[Post]) -> List[Post]:
        return [post for post in posts if not post.message.startswith("draft:")]

    @hook(HookName.ExecuteCommand)
    async def greet(self, plugin_context: PluginContext, args: CommandArgs) -> CommandResponse:
        stored = await self.async_api.kv_get(COUNT)
        count = int(stored or 0) + 1
        await self.async_api.kv_set(COUNT, str(count).encode())
        return CommandResponse(response_type="in_channel", text=f"Hello, for the {count}. time!")

    @hook(HookName.RunDataRetention)
    def forget(self, now_time: int, batch_size: int) -> Tuple[int, Optional[str]]:
        keys = self.api.kv_list(per_page=batch_size)
        for done, key in enumerate(keys):
            if hook_context().cancelled:  # nobody waits any more
                return done, "interrupted"
            self.api.kv_delete(key)
        return len(keys), None

    @hook(HookName.ServeHTTP)
    def serve_http(self, plugin_context: PluginContext, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        if request.method != "GET":
            writer.write_header(405)
            return
        writer.set_header("Content-Type", "application/json")
        writer.write(json.dumps({"greetings": int(self.api.kv_get(COUNT) or 0)}))


if __name__ == "__main__":
    run_plugin(Greeter)
