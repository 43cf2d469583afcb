"""What tokens are made with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cached_property

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SECRET = "a secret that both sides know, long enough"


class Issuer:
    """Signs tokens, and says with which public keys they are checked."""

    name = "https://idp.example"

    @cached_property
    def rsa(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def weak(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=1024)

    @cached_property
    def ec(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def stranger(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def claims(self, **changed: object) -> dict:
        now = int(time.time())
        made = {
            "sub": "hes",
            "role": "partner",
            "iss": self.name,
            "aud": "cim_adapter",
            "exp": now + 300,
            **changed,
        }
        return {name: value for name, value in made.items() if value is not None}

    def token(
        self, key: object = SECRET, algorithm: str = "HS256", kid: str | None = None, **changed: object
    ) -> str:
        headers = {"kid": kid} if kid else None
        return jwt.encode(self.claims(**changed), key, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]

    def key_set(self, *names: str) -> bytes:
        algorithms = {"rsa": "RS256", "weak": "RS256", "ec": "ES256", "stranger": "RS256"}
        keys = []
        for name in names:
            public = getattr(self, name).public_key()
            document = json.loads(jwt.get_algorithm_by_name(algorithms[name]).to_jwk(public))
            keys.append({**document, "kid": name, "use": "sig"})
        return json.dumps({"keys": keys}).encode()

    def public_pem(self) -> bytes:
        return self.rsa.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def in_a_while() -> Callable[[float], int]:
    """An instant so many seconds from now, as tokens have them."""
    return lambda seconds: int(time.time() + seconds)
