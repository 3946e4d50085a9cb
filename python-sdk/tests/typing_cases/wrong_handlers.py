"""Handlers that mypy must refuse, each line that it complains about being marked with the code; and beside each a right one."""

from __future__ import annotations

from typing import List, Optional, Tuple

from mattermost_plugin import CommandResponse, HookName, HTTPRequest, HTTPResponseWriter, Plugin, hook
from mattermost_plugin.grpc.api_remaining_pb2 import CommandArgs
from mattermost_plugin.grpc.file_pb2 import FileData, FileInfo
from mattermost_plugin.grpc.hooks_command_pb2 import RemoteCluster
from mattermost_plugin.grpc.hooks_common_pb2 import PluginContext
from mattermost_plugin.grpc.post_pb2 import Post
from mattermost_plugin.grpc.user_pb2 import User


class Right(Plugin):
    """Nothing to complain about."""

    @hook(HookName.MessageWillBePosted)
    def posted(self, plugin_context: PluginContext, post: Post) -> Tuple[Optional[Post], str]:
        return post, ""

    @hook("MessageWillBeUpdated", timeout=5)
    async def updated(self, plugin_context: PluginContext, new_post: Post, old_post: Post) -> Optional[str]:
        return None

    @hook(HookName.FileWillBeUploaded)
    def uploaded(self, plugin_context: PluginContext, info: FileInfo, content: bytes) -> Tuple[None, bytes]:
        return None, content

    @hook(HookName.ExecuteCommand)
    def command(self, plugin_context: PluginContext, args: CommandArgs) -> CommandResponse:
        return CommandResponse(text="x")

    @hook(HookName.GenerateSupportData)
    def support(self, plugin_context: PluginContext) -> List[FileData]:
        return []

    @hook(HookName.UserHasJoinedChannel)
    def joined(self, *anything: object) -> None: ...

    @hook
    def on_activate(self) -> None: ...

    @hook(HookName.ServeHTTP, stream=True, timeout=5)
    async def http(self, plugin_context: PluginContext, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        pieces: List[bytes] = [piece async for piece in request.stream()]
        written: int = writer.write(b"".join(pieces))
        await writer.drain()
        first: str = request.form().fields["a"][0] + request.query["b"][0] + request.cookies["c"] + str(written)
        writer.write(first)


class RightToo(Plugin):
    """A second handler of a hook, right as well."""

    @hook(stream=True)
    def serve_http(self, plugin_context: PluginContext, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for piece in request.stream():
            writer.write(piece)

    @hook(HookName.OnSharedChannelsPing)
    async def ping(self, remote_cluster: RemoteCluster) -> bool:
        value: Optional[bytes] = await self.async_api.kv_get("key")
        await self.async_api.kv_set("key", value or b"")
        return True


class Wrong(Plugin):
    """One mistake each."""

    @hook(HookName.MessageWillBePosted)  # E: type-var
    def too_few(self, post: Post) -> None: ...

    @hook("MessageWillBeUpdated")  # E: type-var
    def wrong_argument(self, plugin_context: PluginContext, new_post: Post, old_post: User) -> None: ...

    @hook(HookName.MessageHasBeenPosted)  # E: type-var
    def too_many(self, plugin_context: PluginContext, post: Post, more: int) -> None: ...

    @hook(HookName.UserWillLogIn)  # E: type-var
    def wrong_return(self, plugin_context: PluginContext, user: User) -> bool:
        return True

    @hook(HookName.RunDataRetention)  # E: type-var
    async def wrong_result(self, now_time: int, batch_size: int) -> str:
        return "7"

    @hook(HookName.ExecuteCommand)  # E: type-var
    def wrong_wrapper(self, plugin_context: PluginContext, args: CommandArgs) -> str:
        return "text"

    @hook(HookName.FileWillBeUploaded)  # E: type-var
    def wrong_wrapped(self, plugin_context: PluginContext, info: FileInfo, content: bytes) -> CommandResponse:
        return CommandResponse()

    @hook(HookName.OnSharedChannelsPing)  # E: type-var
    def wrong_cluster(self, remote_cluster: str) -> bool:
        return bool(remote_cluster)

    @hook(HookName.ServeHTTP)  # E: type-var
    def wrong_order(self, plugin_context: PluginContext, request: HTTPRequest, writer: HTTPResponseWriter) -> None: ...

    @hook(HookName.OnInstall)
    def wrong_use(self, plugin_context: PluginContext, event: object) -> None:
        request, writer = HTTPRequest(event), HTTPResponseWriter()  # E: arg-type
        writer.write(request.query["x"])  # E: arg-type
        for piece in request.stream():
            writer.set_header("X", piece)  # E: arg-type

    @hook(HookName.OnDeactivate)
    async def wrong_call(self) -> None:
        await self.async_api.kv_set("key", 7)  # E: arg-type
        self.api.kv_gett("key")  # E: attr-defined
        await self.async_api.kv_gett("key")  # E: attr-defined

    @hook("OnActivat")  # E: call-overload
    def misspelt(self) -> None: ...

    @hook(HookName.OnSAMLLogin, stream=True)  # E: call-overload
    def no_stream(self, plugin_context: PluginContext, user: User, assertion: object) -> None: ...

    @hook(HookName.OnActivate, timeout="5")  # E: call-overload
    def wrong_timeout(self) -> None: ...
