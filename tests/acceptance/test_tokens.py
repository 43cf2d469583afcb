"""Bearer tokens and certificates of a proxy, against a server process: the same over SOAP and bare XML."""

from __future__ import annotations

import json

import httpx
import jwt
import pytest
from lxml import etree

from tests.access.conftest import Issuer
from tests.access.test_certificates import certificate, rfc9440


@pytest.fixture
def anyone(server):
    with httpx.Client(base_url=server.url, trust_env=False) as opened:
        yield opened


@pytest.fixture
def token(server, run_cli):
    def make(role: str, *options: str, name: str = "hes") -> dict[str, str]:
        made = run_cli("token", "create", name, "--role", role, *options)
        assert made.returncode == 0, made.stderr
        assert made.stdout.count("\n") == 1
        return {"Authorization": f"Bearer {made.stdout.strip()}"}

    return make


def test_a_token_for_trials(anyone, token, messages):
    """It needs no setting up: command and server find the same secret in the database."""
    create = messages.create(messages.meter())
    assert messages.send(anyone, create, **token("partner")).result == "OK"
    refused = messages.send(anyone, create, **token("reader"))
    assert (refused.status, refused.result, refused.codes) == (200, "FAILED", ["7.5"])
    over = messages.send(anyone, create, **token("partner", "--minutes", "-5"))
    assert (over.status, over.codes) == (401, ["7.4"])
    assert "it has expired" in over.text
    challenges = over.headers.get_list("www-authenticate")
    assert [challenge.split()[0] for challenge in challenges] == ["Basic", "Bearer"]


def test_what_is_refused_over_soap_is_refused_in_bare_xml(anyone, token, messages):
    good = token("admin")["Authorization"]
    head, body, signature = good.removeprefix("Bearer ").split(".")
    claims = jwt.decode(good.removeprefix("Bearer "), options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none")
    other = jwt.encode(claims, "another secret, of the same length as ours", algorithm="HS256")
    bare = etree.tostring(messages.create(messages.meter()))
    for bad in (unsigned, other, f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", "x"):
        headers = {"Authorization": f"Bearer {bad}"}
        assert messages.send(anyone, messages.get(), **headers).codes == ["7.4"]
        answer = anyone.post("/soap", content=bare, headers={**headers, "Content-Type": "application/xml"})
        assert answer.status_code == 401
        assert etree.fromstring(answer.content).findtext(".//{*}code") == "7.4"
    answer = anyone.post("/soap", content=bare, headers={"Authorization": good, "Content-Type": "application/xml"})
    assert answer.status_code == 200


def test_an_issuer_of_the_operator(start_server, tmp_path, messages):
    issuer = Issuer()
    keys, config = tmp_path / "jwks.json", tmp_path / "config.toml"
    keys.write_bytes(issuer.key_set("rsa", "ec"))
    config.write_text(
        f'jwt_jwks = "{keys}"\njwt_issuer = "{issuer.name}"\njwt_audience = "grid"\n'
        'jwt_role_claim = "roles"\n[roles]\nbilling = ["get:*", "create:MeterReadings"]\n'
    )
    server = start_server("--config", str(config))
    with httpx.Client(base_url=server.url, trust_env=False) as anyone:

        def codes(**changed: object) -> list[str]:
            for key, algorithm, kid in ((issuer.rsa, "RS256", "rsa"), (issuer.ec, "ES256", "ec")):
                own = issuer.token(key, algorithm, kid, **{"roles": ["billing"], "aud": "grid", **changed})
                answer = messages.send(anyone, messages.create(messages.meter()), Authorization=f"Bearer {own}")
            return answer.codes

        assert codes() == ["0.0"]
        assert codes(aud="another") == ["7.4"]
        assert codes(iss="another") == ["7.4"]
        assert codes(roles=["reader"]) == ["7.5"]
        assert codes(roles=["emperor"]) == ["7.4"]
        assert codes(exp=1) == ["7.4"]


def test_a_certificate_counts_from_a_trusted_proxy_alone(launch_sqlite, tmp_path, messages):
    partners = json.dumps({"DNS:hes.example": ["hes", "partner"]})
    for trusted, codes in (("127.0.0.1", ["0.0"]), ("10.0.0.1", ["7.2"])):
        server = launch_sqlite(
            tmp_path / trusted.replace(".", "-"),
            CIM_ADAPTER_CLIENT_CERTIFICATES=partners,
            CIM_ADAPTER_TRUSTED_PROXIES=trusted,
        )
        headers = {"Client-Cert": rfc9440(certificate()), "X-Forwarded-For": "1.1.1.1, 192.0.2.7"}
        with httpx.Client(base_url=server.url, trust_env=False) as anyone:
            assert messages.send(anyone, messages.create(messages.meter()), **headers).codes == codes
            headers["Client-Cert"] = rfc9440(certificate("stranger"))
            wrong = messages.send(anyone, messages.get(), **headers)
            assert wrong.codes == (["7.4"] if codes == ["0.0"] else ["7.2"])
