"""What tests of conversations share."""

from __future__ import annotations

import pytest

from outreach.workspace import Workspace
from tests.clinic import Cast, cast


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    """Those of whom the tests tell."""
    return cast(workspace)
