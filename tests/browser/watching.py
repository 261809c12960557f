"""What may never happen on any page."""

from playwright.sync_api import ConsoleMessage, Page, Request

# A 401 or 404 that the application asked for and handles is told in the console as well.
# The last is the browser's own PDF reader.
LOCAL = ("data:", "blob:", "about:", "chrome-extension:", "chrome:")
HANDLED = "Failed to load resource"


class Watch:
    """Notes what a page does wrong while a test uses it."""

    def __init__(self, page: Page, url: str) -> None:
        self._url = url
        self.faults: list[str] = []
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))

    def assert_clean(self) -> None:
        """Fail when something was noted."""
        assert not self.faults, "\n".join(self.faults)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._url, *LOCAL)):
            self.faults.append(f"asked another host: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and HANDLED not in message.text:
            self.faults.append(f"console: {message.text}")
        if "Content Security Policy" in message.text:
            self.faults.append(f"policy: {message.text}")
