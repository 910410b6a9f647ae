"""Two pairs of eyes before a launch: one person proposes what the files say, another one approves exactly that.

What is approved is a hash of the definition and of every text. Whoever changes one of them afterwards needs a new
approval; comments in a campaign's file are no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import log
from outreach.campaigns import content
from outreach.campaigns.tables import LIVE, Proposal, ProposalState
from outreach.errors import ConflictError, NotFoundError, worded
from outreach.messages.tables import Run
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("campaigns")

LONGEST_REASON = 400

_CHANGED = "The files were changed and proposed again."
_OTHERWISE = "It was launched as something else than this."


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as one reads it. `reason`: why it was declined or withdrawn."""

    id: int
    campaign: str
    state: ProposalState
    content_hash: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    run_id: int | None
    reason: str = field(repr=False)

    @property
    def live(self) -> bool:
        """Whether it still counts."""
        return self.state in LIVE


def propose(workspace: Workspace, name: str, by: str) -> int:
    """Propose a campaign as its files stand now. An earlier proposal of other content is withdrawn by it.

    Raises NotFoundError, DefinitionError; ConflictError when the same was proposed already.
    """
    stands = content.of(workspace, name)
    with workspace.database.write() as session:
        at = dialects.now(session)
        if before := _live(session, name):
            if before.content_hash == stands.digest:
                raise ConflictError(_already(name, before))
            _decide(session, workspace.vault, before, ProposalState.WITHDRAWN, by, _CHANGED)
        made = Proposal(
            campaign=name,
            frozen=stands.frozen,
            content_hash=stands.digest,
            state=ProposalState.PROPOSED,
            proposed_by=by,
            proposed_at=at,
            decided_by="",
        )
        session.add(made)
        _write_first(session, made)
        audit.append(session, workspace.vault, by, Action.CAMPAIGN_PROPOSED, f"proposal:{made.id}")
        logger.info("proposed", campaign=name)
        return made.id


def approve(workspace: Workspace, name: str, by: str) -> Proposed:
    """Say yes to what was proposed. Raises ConflictError for the proposer herself, and when the files changed since."""
    digest = content.of(workspace, name).digest
    with workspace.database.write() as session:
        proposal = _waiting(session, name)
        if proposal.proposed_by.casefold() == by.casefold():
            raise ConflictError(
                worded("%(who)s proposed %(name)s: a second person must approve it.", who=by, name=name)
            )
        if proposal.content_hash != digest:
            raise ConflictError(
                worded(
                    "The files of %(name)s changed after %(who)s proposed it. Propose it anew.",
                    name=name,
                    who=proposal.proposed_by,
                )
            )
        _decide(session, workspace.vault, proposal, ProposalState.APPROVED, by)
        audit.append(session, workspace.vault, by, Action.CAMPAIGN_APPROVED, f"proposal:{proposal.id}")
        return _read(workspace.vault, proposal)


def decline(workspace: Workspace, name: str, by: str, reason: str) -> Proposed:
    """Say no to what was proposed, and why."""
    with workspace.database.write() as session:
        proposal = _waiting(session, name)
        return _end(session, workspace.vault, proposal, ProposalState.DECLINED, by, reason)


def withdraw(workspace: Workspace, name: str, by: str, reason: str) -> Proposed:
    """Take a proposal back, or the approval of one that was not launched yet, and say why."""
    with workspace.database.write() as session:
        proposal = _live(session, name)
        if proposal is None:
            raise NotFoundError(worded("Nothing of %(name)s is proposed or approved.", name=name))
        return _end(session, workspace.vault, proposal, ProposalState.WITHDRAWN, by, reason)


def latest(session: Session, vault: Vault, name: str) -> Proposed | None:
    """The newest proposal of a campaign."""
    found = session.scalar(select(Proposal).where(Proposal.campaign == name).order_by(Proposal.id.desc()).limit(1))
    return None if found is None else _read(vault, found)


def waiting(session: Session, vault: Vault) -> list[Proposed]:
    """What waits for a second person, the oldest first."""
    query = select(Proposal).where(Proposal.state == ProposalState.PROPOSED).order_by(Proposal.id)
    return [_read(vault, each) for each in session.scalars(query)]


def live(session: Session, vault: Vault) -> dict[str, Proposed]:
    """What is proposed or approved, by campaign."""
    return {
        each.campaign: _read(vault, each) for each in session.scalars(select(Proposal).where(Proposal.state.in_(LIVE)))
    }


def require(session: Session, name: str, digest: str) -> None:
    """Raise ConflictError unless a second person approved this content."""
    proposal = _live(session, name)
    if proposal is None:
        raise ConflictError(
            worded(
                "%(name)s needs a second person's approval: propose it, and let somebody else approve it.", name=name
            )
        )
    if proposal.state != ProposalState.APPROVED:
        raise ConflictError(
            worded(
                "%(name)s waits for a second person's approval: %(who)s proposed it.",
                name=name,
                who=proposal.proposed_by,
            )
        )
    if proposal.content_hash != digest:
        raise ConflictError(
            worded(
                "The files of %(name)s changed after %(who)s approved it. Propose it anew.",
                name=name,
                who=proposal.decided_by,
            )
        )


def settle(session: Session, vault: Vault, run: Run) -> None:
    """Close the campaign's proposal at its launch, in the transaction of the launch."""
    proposal = _live(session, run.campaign)
    if proposal is None:
        return
    if proposal.state == ProposalState.APPROVED and proposal.content_hash == run.content_hash:
        proposal.state, proposal.run_id = ProposalState.LAUNCHED, run.id
    else:
        _decide(session, vault, proposal, ProposalState.WITHDRAWN, run.launched_by, _OTHERWISE)
    session.flush()


def _write_first(session: Session, made: Proposal) -> None:
    """Write a proposal. Of two at the same moment the database lets one through."""
    try:
        session.flush()
    except IntegrityError:
        raise ConflictError(
            worded("%(name)s was proposed by somebody else at this moment.", name=made.campaign)
        ) from None


def _live(session: Session, name: str) -> Proposal | None:
    query = select(Proposal).where(Proposal.campaign == name, Proposal.state.in_(LIVE))
    return session.scalar(dialects.take(query, wait=True))


def _waiting(session: Session, name: str) -> Proposal:
    proposal = _live(session, name)
    if proposal is None:
        raise NotFoundError(worded("%(name)s is not proposed. Propose it first.", name=name))
    if proposal.state != ProposalState.PROPOSED:
        raise ConflictError(_already(name, proposal))
    return proposal


_IS = {
    ProposalState.PROPOSED: worded("proposed"),
    ProposalState.APPROVED: worded("approved"),
    ProposalState.DECLINED: worded("declined"),
    ProposalState.WITHDRAWN: worded("withdrawn"),
    ProposalState.LAUNCHED: worded("launched"),
}


def _already(name: str, proposal: Proposal) -> str:
    who = proposal.decided_by or proposal.proposed_by
    return worded("%(name)s is %(state)s already, by %(who)s.", name=name, state=_IS[proposal.state], who=who)


def _end(session: Session, vault: Vault, proposal: Proposal, to: ProposalState, by: str, reason: str) -> Proposed:
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise ConflictError(worded("Say why, in %(most)s characters at most.", most=LONGEST_REASON))
    _decide(session, vault, proposal, to, by, reason)
    done = Action.CAMPAIGN_DECLINED if to is ProposalState.DECLINED else Action.CAMPAIGN_WITHDRAWN
    audit.append(session, vault, by, done, f"proposal:{proposal.id}", reason)
    return _read(vault, proposal)


def _decide(session: Session, vault: Vault, proposal: Proposal, to: ProposalState, by: str, reason: str = "") -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = to, by, dialects.now(session)
    if reason:
        proposal.reason = seal(_key(vault), reason, "proposal", "reason", proposal.id)
    session.flush()


def _key(vault: Vault) -> bytes:
    return vault.derive("proposal-reason")


def _read(vault: Vault, found: Proposal) -> Proposed:
    reason = "" if found.reason is None else unseal(_key(vault), found.reason, "proposal", "reason", found.id)
    return Proposed(
        id=found.id,
        campaign=found.campaign,
        state=ProposalState(found.state),
        content_hash=found.content_hash,
        proposed_by=found.proposed_by,
        proposed_at=found.proposed_at,
        decided_by=found.decided_by,
        decided_at=found.decided_at,
        run_id=found.run_id,
        reason=reason,
    )
