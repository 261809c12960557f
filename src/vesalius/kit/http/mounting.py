"""Several applications below one root, found by how the path begins."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Mounting:
    """ASGI application: each of `mounted` answers below its path, `rest` everything else."""

    def __init__(self, mounted: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        self._mounted = dict(mounted)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it belongs, with its `root_path` said as ASGI wants it."""
        if scope["type"] == "http":
            path: str = scope["path"].removeprefix(scope["root_path"])
            first, slash, _ = path[1:].partition("/")
            application = self._mounted.get(f"/{first}") if slash else None
            if application is not None:
                scope["root_path"] = f"{scope['root_path']}/{first}"
                await application(scope, receive, send)
                return
        await self._rest(scope, receive, send)
