"""HTTP/1.1 as uvicorn speaks it, but for offers to upgrade, which are ignored."""

from __future__ import annotations

import json
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from covidxray_api.errors import InvalidRequest
from covidxray_api.texts.problems import advice


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
            message = "Invalid HTTP request received."
            self.logger.warning(message)
            self.send_400_response(message)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem, as all else that is refused."""
        content = json.dumps(
            {
                "type": "about:blank",
                "title": HTTPStatus.BAD_REQUEST.phrase,
                "status": HTTPStatus.BAD_REQUEST,
                "detail": msg,
                "advice": advice(InvalidRequest.code, "en", "http"),
            }
        ).encode()
        head = (
            "HTTP/1.1 400 Bad Request",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(content)}",
            "Cache-Control: no-store",
            "Connection: close",
            "\r\n",
        )
        self.transport.write("\r\n".join(head).encode() + content)
        self.transport.close()

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
