"""A service-account file for `firebase-admin` whose tokens come from this simulator."""

from __future__ import annotations

import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def service_account(base_url: str, project: str = "outreach-simulator") -> dict[str, str]:
    """What `firebase_admin.credentials.Certificate` takes, its key made here, its `token_uri` at `base_url`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": uuid.uuid4().hex,
        "private_key": pem.decode(),
        "client_email": f"outreach@{project}.iam.gserviceaccount.com",
        "client_id": "0",
        "token_uri": f"{base_url.rstrip('/')}/token",
    }
