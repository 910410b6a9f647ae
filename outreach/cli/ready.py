"""What every process that looks at the database begins with."""

from __future__ import annotations

from outreach.settings import Settings
from outreach.threads import forgetting
from outreach.workspace import Workspace, assemble


def ready(settings: Settings) -> Workspace:
    """The workspace of a process that stays: whoever was forgotten elsewhere is cut out of this machine's keyring.

    Raises like `assemble`.
    """
    workspace = assemble(settings)
    forgetting.catch_up(workspace)
    return workspace
