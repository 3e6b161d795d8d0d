"""TLS is verified against the name in the address although the connection goes to a judged address."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.outbound.client import OutboundClient
from portal.outbound.errors import OutboundFailed
from portal.outbound.guard import Guard


class TlsServer:
    """Answers one request after the other over TLS, with a certificate for `crm.example.com`."""

    def __init__(self, directory: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm.example.com")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("crm.example.com")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.ca_file = directory / "certificate.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = directory / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key_file)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.names: list[str | None] = []
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(accepted, server_side=True) as stream:
                    stream.recv(65536)
                    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                accepted.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path)
    yield server
    server.close()


def loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def test_tls_is_verified_against_the_name_although_an_address_is_connected_to(tls_server: TlsServer) -> None:
    guard = Guard(["127.0.0.0/8"], lookup=loopback)
    client = OutboundClient(guard, ca_file=str(tls_server.ca_file))
    assert client.request("POST", f"https://crm.example.com:{tls_server.port}/").body == b"ok"
    assert tls_server.names == ["crm.example.com"]
    with pytest.raises(OutboundFailed, match=r"[Hh]ostname mismatch") as failure:
        client.request("POST", f"https://other.example.com:{tls_server.port}/")
    assert not failure.value.sent


def test_a_certificate_of_an_unknown_authority_is_refused(tls_server: TlsServer) -> None:
    client = OutboundClient(Guard(["127.0.0.0/8"], lookup=loopback))
    with pytest.raises(OutboundFailed, match="self-signed") as failure:
        client.request("POST", f"https://crm.example.com:{tls_server.port}/")
    assert not failure.value.sent
