"""Bearer tokens: which are taken, for whom, and what is said of the others."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest

from cim_adapter import Settings
from cim_adapter.access import Identity, Roles, issue
from cim_adapter.access.key_set import KeySet
from cim_adapter.access.tokens import Tokens
from cim_adapter.errors import BadCredential
from cim_adapter.settings import SettingsError
from cim_adapter.store.sealing import DataKey, Vault
from tests.access.conftest import SECRET

HES = Identity(name="hes", role="partner", credential="token:hes", quota=100)


@pytest.fixture
def vault():
    return Vault(DataKey(b"k" * 32), b"index")


@pytest.fixture
def who(vault):
    """Whom a server with these settings takes the bearer of a token for."""

    def ask(token: str, **settings: object) -> Identity:
        own = Settings(**{"jwt_secret": SECRET, **settings})  # type: ignore[arg-type]
        return asyncio.run(Tokens(own, Roles(), vault).check(token))

    return ask


@pytest.fixture
def refused(who):
    """What is said of a token that is not taken."""

    def ask(token: str, **settings: object) -> str:
        with pytest.raises(BadCredential) as caught:
            who(token, **settings)
        assert (caught.value.code, caught.value.http_status) == ("7.4", 401)
        assert not token or token not in caught.value.reason
        return caught.value.reason

    return ask


@pytest.fixture
def jwks(tmp_path, issuer):
    """Settings with the issuer's keys in a file."""

    def write(*names: str) -> dict[str, str]:
        path = tmp_path / "jwks.json"
        path.write_bytes(issuer.key_set(*names))
        return {"jwt_jwks": str(path), "jwt_issuer": issuer.name}

    return write


# --------------------------------------------------------------------------------- shared secret


def test_a_token_signed_with_the_shared_secret(who, issuer):
    assert who(issuer.token()) == HES
    assert who(issuer.token(), jwt_issuer=issuer.name) == HES


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"aud": "another"}, "another audience than cim_adapter"),
        ({"aud": None}, "lacks aud"),
        ({"iss": "https://evil.example"}, "another issuer than https://idp.example"),
        ({"iss": None}, "lacks iss"),
        ({"exp": None}, "lacks exp"),
        ({"sub": None}, "lacks sub"),
        ({"sub": ""}, "'sub'"),
        ({"role": None}, "one of the roles reader, "),
        ({"role": "emperor"}, "one of the roles reader, "),
        ({"role": ["emperor"]}, "one of the roles reader, "),
        ({"role": {"admin": 1}}, "one of the roles reader, "),
    ],
)
def test_claims_that_are_not_good(refused, issuer, changed, said):
    assert said in refused(issuer.token(**changed), jwt_issuer=issuer.name)


def test_a_token_is_good_for_its_time_and_for_what_clocks_may_differ(who, refused, issuer, in_a_while):
    assert who(issuer.token(exp=in_a_while(-20))) == HES
    assert who(issuer.token(nbf=in_a_while(20))) == HES
    assert "it has expired" in refused(issuer.token(exp=in_a_while(-40)))
    assert "not valid yet" in refused(issuer.token(nbf=in_a_while(40)))
    assert "it has expired" in refused(issuer.token(exp=in_a_while(-2)), jwt_leeway=0.0)


def test_names_roles_and_quota_are_read_from_the_claims_of_the_settings(who, issuer):
    token = issuer.token(azp="mdms", realm_access={"roles": ["x", "reader", "admin"]}, quota=0)
    found = who(token, jwt_name_claim="azp", jwt_role_claim="realm_access.roles")
    assert found == Identity(name="mdms", role="reader", credential="token:mdms", quota=0)


@pytest.mark.parametrize("quota", ["7", -1, True, 1.5, None])
def test_a_quota_that_is_none_is_that_of_the_settings(who, issuer, quota):
    assert who(issuer.token(quota=quota)).quota == 100


def test_a_token_of_our_own_for_trials(who, vault):
    for settings in ({}, {"jwt_secret": SECRET}, {"jwt_issuer": "us", "jwt_audience": "grid"}):
        token = issue(Settings(**settings), vault, name="hes", role="partner", minutes=1, quota=None)
        assert who(token, **{"jwt_secret": "", **settings}) == HES


def test_a_secret_that_can_be_guessed_is_refused(vault):
    with pytest.raises(SettingsError, match="32 or more") as caught:
        Tokens(Settings(jwt_secret="secret"), Roles(), vault)
    assert "'secret'" not in str(caught.value)


# ------------------------------------------------------------------------------------- algorithms


def test_tokens_signed_with_keys_of_the_set(who, issuer, jwks):
    settings = jwks("rsa", "ec")
    assert who(issuer.token(issuer.rsa, "RS256", "rsa"), **settings) == HES
    assert who(issuer.token(issuer.ec, "ES256", "ec"), **settings) == HES
    assert who(issuer.token(issuer.ec, "ES256"), **settings) == HES, "the only key of its kind needs no id"


def test_a_key_that_is_not_in_the_set(refused, issuer, jwks):
    settings = jwks("rsa", "ec")
    assert "'stranger'" in refused(issuer.token(issuer.stranger, "RS256", "stranger"), **settings)
    assert "signature does not fit" in refused(issuer.token(issuer.stranger, "RS256", "rsa"), **settings)
    assert "no RS256 key 'ec'" in refused(issuer.token(issuer.rsa, "RS256", "ec"), **settings)


def test_a_short_rsa_key_of_the_set_is_not_taken(refused, issuer, jwks):
    settings = jwks("weak", "ec")
    assert "no RS256 key 'weak'" in refused(issuer.token(issuer.rsa, "RS256", "weak"), **settings)
    assert "no RS256 key 'None'" in refused(issuer.token(issuer.rsa, "RS256"), **settings)


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 1, ["none"]])
@pytest.mark.parametrize("signature", ["", "x"])
def test_a_token_that_is_not_signed(refused, issuer, jwks, algorithm, signature):
    token = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(issuer.claims(role='admin'))}.{signature}"
    refused(token)
    refused(token, **jwks("rsa"))


def test_a_public_key_is_no_secret(refused, issuer, jwks):
    """Algorithm confusion: HS256 with the PEM or the JWK of the public key as its secret."""
    head = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(issuer.claims(role='admin'))}"
    for known in (issuer.public_pem(), issuer.public_pem().strip(), issuer.key_set("rsa")):
        token = f"{head}.{part(hmac.digest(known, head.encode(), hashlib.sha256))}"
        assert "signature does not fit" in refused(token, **jwks("rsa"))
        assert "signature does not fit" in refused(token, jwt_secret="", **jwks("rsa"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms(refused, issuer, algorithm):
    secret = SECRET * 2
    assert "taken here: HS256" in refused(issuer.token(secret, algorithm), jwt_secret=secret)


def test_a_token_may_not_bring_its_own_key(refused, issuer, jwks):
    own = json.loads(issuer.key_set("stranger"))["keys"][0]
    for header in ({"jwk": own}, {"jku": "http://127.0.0.1:1/keys"}, {"kid": "rsa", "jwk": own}):
        token = jwt.encode(issuer.claims(), issuer.stranger, algorithm="RS256", headers=header)
        refused(token, **jwks("rsa"))


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "a" * 100_000, "\0.\0.\0"])
def test_what_is_no_token(refused, token):
    assert "does not hold a JWT" in refused(token)


def test_an_altered_claim(refused, issuer):
    head, _, signature = issuer.token().split(".")
    assert "signature does not fit" in refused(f"{head}.{part(issuer.claims(role='admin'))}.{signature}")


# ------------------------------------------------------------------------------------ JWKS by URL


@pytest.fixture
def key_server(issuer):
    """A JWKS behind a URL: its keys can be changed, and it counts who asks."""

    class Keys(BaseHTTPRequestHandler):
        names: tuple[str, ...] = ("rsa",)
        asked = 0
        broken = False

        def do_GET(self) -> None:
            type(self).asked += 1
            body = b"<html>" if self.broken else issuer.key_set(*self.names)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    Keys.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield Keys
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_are_fetched_once_and_not_for_each_message(key_server):
    async def scene() -> None:
        keys = KeySet(key_server.url, refresh=300)
        found = await asyncio.gather(*(keys.find("rsa", "RS256") for _ in range(20)))
        assert all(found)
        for _ in range(20):
            assert await keys.find("rsa", "RS256")
            assert await keys.find("unknown", "RS256") is None
            assert await keys.find("ec", "ES256") is None

    asyncio.run(scene())
    assert key_server.asked == 1


def test_a_key_that_came_later_is_found(key_server):
    async def scene() -> None:
        keys = KeySet(key_server.url, refresh=300, retry=0)
        assert await keys.find("ec", "ES256") is None
        key_server.names = ("rsa", "ec")
        assert await keys.find("ec", "ES256")

    asyncio.run(scene())


def test_a_key_that_was_withdrawn_is_forgotten(key_server):
    async def scene() -> None:
        keys = KeySet(key_server.url, refresh=0, retry=300)
        assert await keys.find("rsa", "RS256")
        key_server.names = ("ec",)
        while await keys.find("rsa", "RS256"):  # beside the traffic: nobody waits for it
            await asyncio.sleep(0)

    asyncio.run(scene())


def test_while_the_issuer_is_away_the_last_keys_count(key_server):
    async def scene() -> None:
        keys = KeySet(key_server.url, refresh=300, retry=0)
        assert await keys.find("rsa", "RS256")
        key_server.broken = True
        assert await keys.find("another", "RS256") is None
        assert await keys.find("rsa", "RS256")

    asyncio.run(scene())
    assert key_server.asked == 2


def test_a_set_fetched_in_clear_or_without_issuer_is_refused(vault, tmp_path):
    for settings, said in (
        ({"jwt_jwks": "http://idp.example/keys", "jwt_issuer": "x"}, "use https"),
        ({"jwt_jwks": str(tmp_path / "none.json"), "jwt_issuer": "x"}, "no file"),
        ({"jwt_jwks": "https://idp.example/keys"}, "needs jwt_issuer"),
    ):
        with pytest.raises(SettingsError, match=said):
            Tokens(Settings(**settings), Roles(), vault)
