"""TLS with a certificate that a throw-away CA issues when the server starts."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter


class Tls:
    """A TLS adapter for the server, and the certificate file of the CA that clients must trust.

    Closing it deletes the files. Raises ValueError if the extra `tls` is not installed.
    """

    def __init__(self, host: str) -> None:
        try:
            import trustme
        except ImportError:
            raise ValueError("--tls needs an extra: pip install 'mockbatch[tls]'") from None
        self._folder = TemporaryDirectory(prefix="mockbatch-")
        ca = trustme.CA(organization_name="mockbatch, for this run only")
        names = dict.fromkeys(["localhost", "127.0.0.1", "::1", host])
        issued = ca.issue_cert(*(name for name in names if name not in ("0.0.0.0", "::")))  # noqa: S104
        folder = Path(self._folder.name)
        self.ca_file = folder / "ca.pem"
        ca.cert_pem.write_to_path(str(self.ca_file))
        certificate, key = folder / "server.pem", folder / "server.key"
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(certificate), append=True)
        issued.private_key_pem.write_to_path(str(key))
        try:
            self.adapter = _Adapter(str(certificate), str(key))
        finally:
            key.unlink()  # it has been read, and must not outlive a server that is killed

    def __enter__(self) -> "Tls":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()


class _Adapter(BuiltinSSLAdapter):
    """Leaves the TLS handshake to the thread that handles the connection.

    cheroot does it in the thread that accepts connections, where a silent client would block
    all others.
    """

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        """Return the socket wrapped, without waiting for the client."""
        wrapped = self.context.wrap_socket(sock, do_handshake_on_connect=False, server_side=True)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}
