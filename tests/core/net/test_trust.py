"""Certificates: the system's, SSL_CERT_FILE and a company's file beside them; each refusal says its cause."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from core.errors import CertificateRefused, ConnectFailed, TransferError
from core.net import trust
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.proxies import Proxy
from core.net.trust import ca_problem, make_context
from tests.fakes import tls
from tests.fakes.proxies import microsocks, own_address, tinyproxy


def net(*, ca_file: str = "", environ: dict[str, str] | None = None) -> Net:
    made = Net(Credentials(), environ=environ or {})
    made.ca_file = ca_file
    return made


async def refusal(made: Net, url: str) -> TransferError:
    try:
        with pytest.raises(TransferError) as caught:
            await made.fetch("GET", url)
        return caught.value
    finally:
        await made.aclose()


@pytest.fixture
def ca_file(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "company.pem"
    path.write_bytes(tls.company().cert_pem.bytes())
    yield str(path)


@pytest.mark.parametrize("flaw", tls.FLAWS)
async def test_b10_each_wrong_certificate_is_refused_by_its_cause(flaw: str, ca_file: str) -> None:
    make, kind, says, action = tls.FLAWS[flaw]
    trusted = "" if "issuer" in flaw or "self" in flaw else ca_file
    async with tls.server(make()) as url:
        error = await refusal(net(ca_file=trusted), url)
    assert error.kind == kind, error
    assert re.search(says, error.message) and action in error.action, (error.message, error.action)
    assert url.removeprefix("https://") in error.message and error.meaning


async def test_b13_the_machines_own_date_is_named_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ssl.SSLCertVerificationError(1, "certificate verify failed")
    wrong.verify_code, wrong.verify_message = 9, "certificate is not yet valid"
    error = trust.refused(wrong, host="hub.example", now=datetime(2016, 3, 1, 12, tzinfo=UTC))
    assert "01 March 2016" in error.message and "clock" in error.action
    wrong.verify_code, wrong.verify_message = 10, "certificate has expired"
    error = trust.refused(wrong, host="hub.example", now=datetime(2036, 3, 1, 12, tzinfo=UTC))
    assert "01 March 2036" in error.message and "clock" in error.action


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("The certificate's CN name does not match the passed value.", "another name"),
        (
            "A certificate chain terminated in a root certificate which is not trusted",
            "does not know",
        ),
        ("“hub.example” certificate is expired", "has expired"),
        ("“hub.example” certificate is not trusted", "does not know"),
        ("something new", "is not accepted (something new)"),
    ],
)
def test_what_other_systems_say_is_understood_too(said: str, means: str) -> None:
    error = ssl.SSLCertVerificationError(said)
    error.verify_message = said
    assert means in trust.refused(error, host="hub.example").message


@pytest.mark.parametrize("form", ["pem", "der", "with words around"])
async def test_b11_a_companys_proxy_works_once_its_ca_file_is_set(tmp_path: Path, form: str) -> None:
    pem = tls.company().cert_pem.bytes()
    raw = {
        "pem": pem,
        "der": ssl.PEM_cert_to_DER_cert(pem.decode()),
        "with words around": "Für alle\n".encode() + pem,
    }
    path = tmp_path / "company.cer"
    path.write_bytes(raw[form])
    made = net()
    async with tls.server(tls.context_of()) as url:
        with pytest.raises(CertificateRefused):
            await made.fetch("GET", url)
        made.ca_file = str(path)
        assert (await made.fetch("GET", url)).body == tls.BODY, "from the next request on"
        made.ca_file = ""
        with pytest.raises(CertificateRefused):
            await made.fetch("GET", url)
    await made.aclose()


@pytest.mark.parametrize("by_system", [False, True])
async def test_ssl_cert_file_adds_to_what_the_system_trusts(
    by_system: bool, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trustme.CA()
    of_system = tmp_path / "system.pem"
    of_system.write_bytes(other.cert_pem.bytes())
    monkeypatch.setattr(trust, "_SYSTEM_FILES", (str(of_system),))
    monkeypatch.setenv("SSL_CERT_FILE", str(of_system))  # what truststore takes for the system's on Linux
    environ = {"SSL_CERT_FILE": ca_file}
    if not by_system:
        monkeypatch.setattr(trust.ssl, "get_default_verify_paths", lambda: _NOWHERE)
    context = make_context(environ=environ, by_system=by_system)
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.issue_cert(tls.HOST).configure_cert(mine)
    from core.net.transport import Transport

    for server_context in (mine, tls.context_of()):
        made = Net(Credentials(), transport=Transport(context, proxy_for=lambda url: None))
        async with tls.server(server_context) as url:
            assert (await made.fetch("GET", url)).body == tls.BODY
        await made.aclose()
    async with tls.server(tls.self_signed()) as url:
        made = Net(Credentials(), transport=Transport(context, proxy_for=lambda url: None))
        assert isinstance(await refusal(made, url), CertificateRefused)


class _Nowhere:
    openssl_cafile = "/nowhere/cert.pem"
    openssl_capath = "/nowhere/certs"


_NOWHERE = _Nowhere()


@pytest.mark.parametrize("where", ["environment", "settings"])
@pytest.mark.parametrize("raw", [None, b"", b"no certificate"])
async def test_a_file_of_certificates_that_cannot_be_used_is_named(
    tmp_path: Path, where: str, raw: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if raw is not None:
        path.write_bytes(raw)
    made = net(environ={"SSL_CERT_FILE": str(path)}) if where == "environment" else net(ca_file=str(path))
    async with tls.server(tls.context_of()) as url:
        error = await refusal(made, url)
    assert isinstance(error, ConnectFailed) and str(path) in error.message
    assert ("SSL_CERT_FILE" if where == "environment" else "Settings > Network") in error.action
    assert ca_problem(str(path)) in error.message


def test_a_ca_file_is_looked_at_before_it_is_used(ca_file: str, tmp_path: Path) -> None:
    assert ca_problem(ca_file) == ""
    assert ca_problem(str(tmp_path))
    assert ca_problem(str(tmp_path / "none")) == "No such file or directory"


def test_the_check_cannot_be_switched_off() -> None:
    context = make_context(environ={})
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_what_comes_through_a_proxy_is_checked_all_the_same(kind: str, tmp_path: Path, ca_file: str) -> None:
    run = tinyproxy if kind == "http" else microsocks
    async with run(tmp_path / "proxy") as proxy:
        host = own_address()
        for context, trusted, message in (
            (tls.context_of(host), ca_file, ""),
            (tls.context_of(host), "", "does not know"),
            (tls.context_of("other.example"), ca_file, "another name"),
        ):
            made = net(ca_file=trusted)
            made.proxy = Proxy(proxy.url)
            async with tls.server(context, host=host) as url:
                if not message:
                    assert (await made.fetch("GET", url)).body == tls.BODY
                    await made.aclose()
                else:
                    error = await refusal(made, url)
                    assert isinstance(error, CertificateRefused) and message in error.message
        assert host in proxy.log
