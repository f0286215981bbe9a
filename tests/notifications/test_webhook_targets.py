"""Nobody makes us call what only we can reach: each trick with its exact address, and a listener that hears nothing."""

import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from core import clock
from core.config import Settings
from notifications.channels.webhooks.client import Resolver, WebhookClient
from notifications.channels.webhooks.targets import TargetRules
from notifications.webhooks.ports import Outcome, TargetRefused, TargetUnresolved, Trouble
from tests.support.hooks import LOOPBACK
from tests.support.receiver import Receiver, receiving

PUBLIC: Final = "93.184.216.34"
RULES: Final = TargetRules({443, 8443})
TLS: Final = ssl.create_default_context()
ANYWHERE: Final = WebhookClient(RULES, tls=TLS, resolve=lambda _host, _port: [PUBLIC])
"""Everything resolves to a public address: only the text is judged."""


def _always(addresses: Sequence[str]) -> Resolver:
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/in",
        "ftp://hooks.example.com/in",
        "file:///etc/passwd",
        "gopher://hooks.example.com:443/_x",
        "HTTPS://hooks.example.com/in",
        "https:hooks.example.com",
        "https:///in",
        "https://",
        "//hooks.example.com/in",
        "https://hooks.example.com:22/in",
        "https://hooks.example.com:6379/in",
        "https://hooks.example.com:0/in",
        "https://hooks.example.com:65536/in",
        "https://hooks.example.com:/in",
        "https://hooks.example.com:0443/in",
        "https://hooks.example.com:+443/in",
        "https://hooks.example.com:４４３/in",
        "https://user@hooks.example.com/in",
        "https://user:pass@hooks.example.com/in",
        "https://hooks.example.com@169.254.169.254/in",
        "https://169.254.169.254\\@hooks.example.com/in",
        "https://hooks.example.com#@169.254.169.254/",
        "https://hooks.example.com/in#fragment",
        "https://hooks.example.com\\.evil.example/in",
        "https://hooks.example.com/in\r\nHost: evil",
        "https://hooks.example.com/\tin",
        "https://hooks.example.com/ in",
        " https://hooks.example.com/in",
        "https://hooks.example.com./in",
        "https://localhost./in",
        "https://hooks..example.com/in",
        "https://-hooks.example.com/in",
        "https://hooks_1.example.com/in",
        "https://%6cocalhost/in",
        "https://127.0.0.1%00.example.com/in",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://127.000.000.001/",
        "https://0/",
        "https://127.0.0.1./",
        "https://１２７.０.０.１/",
        "https://①②⑦.0.0.1/",
        "https://ⓛocalhost/",
        "https://例え.jp/",
        "https://hooks。example。com/",
        "https://[::ffff:7f00:0001]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://[hooks.example.com]/",
        "https://[v1.x]/",
        f"https://{'a' * 64}.example.com/",
        f"https://hooks.example.com/{'a' * 2000}",
    ],
)
def test_an_address_that_two_readers_might_read_differently_is_refused_by_its_text(url: str) -> None:
    with pytest.raises(TargetRefused):
        ANYWHERE.check_target(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/in?key=a%20b&x=1",
        "https://hooks.example.com:8443",
        "https://xn--fsqu00a.xn--0zwm56d/in",
        "https://93.184.216.34/in",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/in",
    ],
)
def test_an_ordinary_address_is_taken(url: str) -> None:
    ANYWHERE.check_target(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16",
        "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34",
        "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "fc00::1", "fd00:ec2::254", "fe80::1",
        "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "100::1", "5f00::1",
        "not an address",
    ],
)  # fmt: skip
def test_a_host_that_leads_anywhere_but_into_the_open_is_refused(address: str) -> None:
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        caller = WebhookClient(RULES, tls=TLS, resolve=_always(found))
        with pytest.raises(TargetRefused):
            caller.check_target("https://hooks.example.com/in")
        outcome = caller.call_endpoint("https://hooks.example.com/in", headers={}, content=b"{}")
        assert outcome == Outcome(None, Trouble.REFUSED)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "10.1.2.3"]
)
def test_the_systems_own_lookup_is_judged_alike(host: str) -> None:
    with pytest.raises(TargetRefused):
        WebhookClient(RULES, tls=TLS).check_target(f"https://{host}/in")


def test_a_host_without_an_address_is_told_apart_and_not_called() -> None:
    def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    caller = WebhookClient(RULES, tls=TLS, resolve=nowhere)
    with pytest.raises(TargetUnresolved):
        caller.check_target("https://hooks.example.com/in")
    outcome = caller.call_endpoint("https://hooks.example.com/in", headers={}, content=b"{}")
    assert outcome == Outcome(None, Trouble.UNRESOLVED)


def test_the_suppliers_own_network_is_open_when_its_operator_says_so_and_nothing_beside_it() -> None:
    rules = TargetRules({443}, [ipaddress.ip_network("10.20.0.0/16")])
    assert rules.admits("10.20.3.4")
    assert not rules.admits("10.21.0.1")
    assert not rules.admits("::ffff:10.20.3.4")
    with pytest.raises(TargetRefused):  # without TLS none but this machine is called
        WebhookClient(TargetRules({80}, rules.networks), resolve=lambda *_: ["10.20.3.4"]).check_target(
            "http://x.example/"
        )


@pytest.mark.parametrize("network", ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10", "0.0.0.0/0"])
def test_no_setting_opens_this_machine_in_production(settings: Settings, network: str) -> None:
    safe = {**settings.model_dump(), "environment": "production"}
    safe |= {"public_url": "https://portal.example.com", "webhook_networks": network}
    with pytest.raises(ValidationError):
        Settings.model_validate(safe)
    Settings.model_validate({**safe, "webhook_networks": "10.20.0.0/16"})


@contextmanager
def listening() -> Iterator[tuple[Receiver, int]]:
    """A listener on this machine, and its port."""
    with receiving() as receiver:
        port = urlsplit(receiver.url).port
        assert port is not None
        yield receiver, port


def test_a_name_that_changes_between_the_check_and_the_call_reaches_nothing() -> None:
    """DNS rebinding: public when it is given, this machine when it is used."""
    with listening() as (receiver, port):
        answers = iter([[PUBLIC], ["127.0.0.1"]])
        caller = WebhookClient(TargetRules({port}), resolve=lambda *_: next(answers))
        url = f"https://rebound.example.com:{port}/in"
        caller.check_target(url)
        assert caller.call_endpoint(url, headers={}, content=b"{}") == Outcome(None, Trouble.REFUSED)
        assert receiver.calls == []


def test_the_connection_goes_to_the_address_that_was_judged_and_nobody_looks_up_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name whose second answer would be another machine: there is no second question."""
    with listening() as (receiver, port):
        asked: list[str] = []

        def resolve(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else [PUBLIC]

        caller = WebhookClient(TargetRules({port}, LOOPBACK), resolve=resolve)
        system = socket.getaddrinfo

        def numbers_only(host: str, *rest: object, **more: object) -> object:
            ipaddress.ip_address(host)
            return system(host, *rest, **more)  # type: ignore[arg-type] # handed on as it came

        monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
        outcome = caller.call_endpoint(f"http://hooks.example.com:{port}/in", headers={}, content=b"{}")
        assert outcome.status == 204
        assert asked == ["hooks.example.com"]
        assert receiver.calls[0].headers["host"] == f"hooks.example.com:{port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with listening() as (inner, _), listening() as (outer, port):
        outer.status = status
        outer.headers = {"location": f"{inner.url}/secrets"}
        caller = WebhookClient(TargetRules({port}, LOOPBACK))
        assert caller.call_endpoint(f"{outer.url}/in", headers={}, content=b"{}").status == status
        assert len(outer.calls) == 1
        assert inner.calls == []


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (proxy, _), listening() as (receiver, port):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        caller = WebhookClient(TargetRules({port}, LOOPBACK))
        assert caller.call_endpoint(f"{receiver.url}/in", headers={}, content=b"{}").status == 204
        assert proxy.calls == []


@pytest.mark.timeout(60)
def test_an_endless_answer_is_not_read() -> None:
    """A head of 200 is all that counts; what drips behind it holds nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        hung_up = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
                while connection.recv(1):
                    pass
                hung_up.set()

        threading.Thread(target=drip, daemon=True).start()
        port = server.getsockname()[1]
        caller = WebhookClient(TargetRules({port}, LOOPBACK))
        assert caller.call_endpoint(f"http://127.0.0.1:{port}/", headers={}, content=b"{}").status == 200
        assert hung_up.wait(30)


@pytest.mark.timeout(60)
def test_an_endpoint_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        caller = WebhookClient(TargetRules({port}, LOOPBACK), total_s=0.3)
        outcome = caller.call_endpoint(f"http://127.0.0.1:{port}/", headers={}, content=b"{}")
    assert outcome == Outcome(None, Trouble.NO_ANSWER)


class Secure:
    """An https server for one name, with a certificate of its own, that keeps which name it was asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = clock.now()
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        self.certificate = folder / "certificate.pem"
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        self.key = folder / "key.pem"
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.names: list[str | None] = []
        self.hosts: list[str] = []

    def trusting(self) -> ssl.SSLContext:
        """A context that believes its certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Its port, while it runs."""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.hosts.append(self.headers["Host"])
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that does not trust us hangs up."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        server = Server(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


def test_tls_is_with_the_name_though_the_connection_is_to_the_judged_address(tmp_path: Path) -> None:
    secure = Secure(tmp_path, "hooks.example.com")
    with secure.serving() as port:
        rules = TargetRules({port}, LOOPBACK)
        here = WebhookClient(rules, tls=secure.trusting(), resolve=lambda *_: ["127.0.0.1"])
        assert here.call_endpoint(f"https://hooks.example.com:{port}/in", headers={}, content=b"{}").status == 204
        assert secure.names == ["hooks.example.com"]
        assert secure.hosts == [f"hooks.example.com:{port}"]
        other = here.call_endpoint(f"https://other.example.com:{port}/in", headers={}, content=b"{}")
        assert other == Outcome(None, Trouble.UNTRUSTED)
        stranger = WebhookClient(rules, resolve=lambda *_: ["127.0.0.1"])
        unknown = stranger.call_endpoint(f"https://hooks.example.com:{port}/in", headers={}, content=b"{}")
        assert unknown == Outcome(None, Trouble.UNTRUSTED)
        assert len(secure.hosts) == 1
