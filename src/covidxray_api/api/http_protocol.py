"""HTTP/1.1 as uvicorn speaks it, but for offers to upgrade, which are ignored."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class UpgradeIgnoringProtocol(HttpToolsProtocol):
    """Ignores the header `Upgrade`, as a server may (RFC 9110, section 7.8), and keeps the body.

    httptools stops at such an offer, and the body is lost. Java's HttpClient offers `h2c` with
    each request in clear text.
    """

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            if self._is_offer():
                (parsed,) = stopped.args
                self.data_received(self._head_without_offer() + data[parsed:])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def on_headers_complete(self) -> None:
        """Start to serve the request, unless it is to be parsed again."""
        if not self._is_offer():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Tell whoever reads the body that it has ended."""
        if not self._is_offer():
            super().on_message_complete()

    def _is_offer(self) -> bool:
        # CONNECT (RFC 9110, section 9.3.6) is no offer: it asks for nothing but a tunnel.
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])
