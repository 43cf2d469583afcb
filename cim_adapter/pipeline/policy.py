"""What is taken, by its header alone: Context, Revision, and whether it was seen before.

ReplayDetection and the MessageID work together. A message that comes again under its MessageID with the
same content gets its stored reply, before its nonce is even looked at: nothing is done twice, nothing is
said that was not said before, and whoever lost an answer gets it, an hour later as well. Under another
MessageID, or under none, its nonce gives it away. A message that failed uses up neither its MessageID nor
its nonce: it changed nothing, so to send it again can at most do once what its sender wanted.

Both refusals say 7.7: to play a message again is a matter of security (group 7), not of an id that the
sender got wrong (2.15, a MessageID used for other content).
"""

from __future__ import annotations

from cim_adapter import instants
from cim_adapter.envelope import Header
from cim_adapter.errors import Incomplete, Refused, Replayed
from cim_adapter.settings import Settings
from cim_adapter.store import nonces
from cim_adapter.store.transaction import Transaction


class Policy:
    """The operator's rules about headers. Costs next to nothing where there are none."""

    def __init__(self, settings: Settings) -> None:
        self._context = settings.context
        self._revisions = settings.revisions
        self._replay_required = settings.require_replay_detection
        self._window = settings.replay_window

    def admit(self, header: Header, *, unrepeatable: bool = False) -> None:
        """Raises Refused: 7.7 for another Context, 1.9 for another Revision; Incomplete (1.5) where
        ReplayDetection is required and absent, unless the transport guards against repetition.
        """
        if self._context and header.context not in (None, self._context):
            raise Refused(
                f"Header/Context is {header.context}; this adapter takes {self._context} alone", code="7.7"
            )
        if self._revisions and (header.revision or "1") not in self._revisions:
            raise Refused(
                f"Header/Revision is {header.revision or 1}; this adapter takes {', '.join(self._revisions)}",
                code="1.9",
            )
        if self._replay_required and header.replay_detection is None and not unrepeatable:
            raise Incomplete("Header/ReplayDetection with Nonce and Created is required here", code="1.5")

    def nonce(self, transaction: Transaction, partner: str, header: Header, received: int) -> bytes | None:
        """The key of the message's nonce, to be used up when it was carried out; None where it has none.

        Raises Replayed where Created is outside the window around ``received``, or the nonce was used.
        """
        replay = header.replay_detection
        if replay is None:
            return None
        try:
            age = (received - instants.instant(replay.created)) / 1_000_000
        except ValueError as error:
            raise Incomplete(f"ReplayDetection/Created: {error}", code="1.5") from error
        if abs(age) > self._window:
            when = f"{age:,.0f} seconds old" if age > 0 else f"{-age:,.0f} seconds ahead"
            raise Replayed(
                f"ReplayDetection/Created {replay.created} is {when}, and {self._window:g} are allowed; send the "
                "message with the present time and a new Nonce, and compare clocks"
            )
        key = transaction.vault.digest("nonce", partner, header.source or "", replay.nonce)
        before = nonces.used(transaction, key, now=received)
        if before is not None:
            raise Replayed(
                f"ReplayDetection/Nonce {replay.nonce[:80]} was used at {instants.as_text(before)}; give every "
                "message a Nonce of its own"
            )
        return key
