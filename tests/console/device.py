"""A device that holds passkeys, in software: what a browser would hand over, right or with one thing wrong."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

_PRESENT, _VERIFIED, _NEW = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One passkey, for one place. `verified`: whether it asked its owner."""

    origin: str
    host: str
    verified: bool = True
    count: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str) -> str:
        """Answer to the question for a new passkey."""
        asked = json.loads(options)
        self.handle = base64url_to_bytes(asked["user"]["id"])
        public = self._key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")})
        told = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cose
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._facts(_NEW) + told})
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=whole)

    def show(self, options: str) -> str:
        """Answer to the question for a passkey that is there."""
        self.count += 1
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        facts = self._facts(0)
        signature = self._key.sign(facts + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=facts, signature=signature, userHandle=self.handle)

    def _facts(self, more: int) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: Any) -> str:
        name = bytes_to_base64url(self.credential)
        told = {part: bytes_to_base64url(each) for part, each in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told})
