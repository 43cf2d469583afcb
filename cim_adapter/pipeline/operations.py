"""The operations of an OperationSet: each to the handler of its own verb and noun, all in one message.

Facts/envelope.md §5.4. An operation passes the same checks as a message of its own, and fails as one
would; what it does is part of the message's transaction. A set has no permission of its own: whoever
may carry out each of its operations may carry them out together.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lxml import etree
from msgspec.structs import replace

from cim_adapter.access import Access, Identity
from cim_adapter.envelope import (
    OPERATION_SET,
    Error,
    Message,
    Operation,
    Payload,
    Reply,
    ReplyWords,
    Result,
    Verb,
    read_operation_set,
)
from cim_adapter.errors import (
    AdapterError,
    Failed,
    Incomplete,
    Invalid,
    OverBudget,
    Refused,
    UnknownNoun,
    UnknownVerb,
)
from cim_adapter.nouns.registry import Call, Handler, Registry
from cim_adapter.schema import Catalogue
from cim_adapter.settings import Settings
from cim_adapter.store.transaction import DatabaseError, Transaction
from cim_adapter.xmltree import children, local


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An operation that is ready to be carried out."""

    handler: Handler
    call: Call
    prepared: Any


@dataclass(frozen=True, slots=True)
class _Steps:
    """A set that is ready: by operationId, in the order of work, a step or why there is none."""

    all_or_nothing: bool
    steps: dict[int, _Step | Reply]


class Operations:
    """Makes handlers of sets out of the handlers of their operations. Holds no state of any message."""

    def __init__(
        self, settings: Settings, registry: Registry, catalogue: Catalogue, access: Access, words: ReplyWords
    ) -> None:
        self._most = settings.max_operations
        self._registry = registry
        self._catalogue = catalogue
        self._access = access
        self._words = words
        self._log = logging.getLogger("cim_adapter.pipeline.operations")

    @staticmethod
    def are_in(message: Message) -> bool:
        """Whether ``message`` is about a set. Some name a profile in Header/Noun all the same (P6 MO-8-1)."""
        if message.payload is not None and message.payload.operation_set is not None:
            return True
        return message.header.noun == OPERATION_SET

    def blemished(self, message: Message) -> bool:
        """Whether an operation of the set in ``message``, if it holds one, would be refused for its verb or for
        its XSD: it may be mended then, as a message of its own would be.
        """
        if message.payload is None or message.payload.operation_set is None:
            return False
        return any(
            self._is_blemished(wanted) for wanted in read_operation_set(message.payload.operation_set).operations
        )

    def _is_blemished(self, operation: Operation) -> bool:
        if operation.verb is not None and not Verb.knows(operation.verb):
            return True
        try:
            if operation.element is not None:
                self._catalogue.check(operation.element)
        except Invalid:
            return True
        return False

    def handler(self, identity: Identity, message: Message) -> Handler:
        """The handler of the set in ``message``, for this caller.

        Raises UnknownVerb (2.9), Incomplete (1.7), Invalid, or Refused (3.1) for more operations than we take.
        """
        header, payload = message.header, message.payload
        if header.verb not in (Verb.EXECUTE, Verb.EXECUTED):
            raise UnknownVerb(f"an OperationSet has the verb execute or executed, not {header.verb}")
        if payload is None or payload.operation_set is None:
            raise Incomplete("the noun OperationSet needs Payload/OperationSet with an Operation in it")
        if payload.elements:
            raise Invalid(f"Payload holds {local(payload.elements[0])} and an OperationSet; send one of them")
        found = sum(name == "Operation" for name, _ in children(payload.operation_set))
        if found > self._most:
            raise Refused(
                f"the OperationSet holds {found} operations and this adapter takes {self._most} in one; "
                "send several sets",
                code=OverBudget.code,
            )
        prepare = partial(self._prepare, identity, payload.operation_set)
        return Handler(verb=header.verb, noun=header.noun, prepare=prepare, run=self._run)

    # ------------------------------------------------------------------- outside the transaction

    def _prepare(self, identity: Identity, element: etree._Element, call: Call) -> _Steps:
        wanted = read_operation_set(element)
        if not wanted.operations:
            raise Incomplete("the OperationSet holds no Operation")
        twice = [number for number, times in Counter(o.id for o in wanted.operations).items() if times > 1]
        if twice:
            raise Refused(f"operationId {twice[0]} stands twice in the set; give each its own", code="2.15")
        steps = {operation.id: self._step(identity, call, operation) for operation in wanted.ordered}
        return _Steps(wanted.all_or_nothing, steps)

    def _step(self, identity: Identity, call: Call, operation: Operation) -> _Step | Reply:
        try:
            handler = self._find(identity, call.message, operation)
            if operation.element is not None:
                self._catalogue.check(operation.element)
            own = replace(
                call,
                message=Message(
                    header=replace(call.message.header, verb=handler.verb, noun=handler.noun),
                    payload=Payload(elements=() if operation.element is None else (operation.element,)),
                ),
                element_operation=operation.element_operation,
            )
            return _Step(handler=handler, call=own, prepared=handler.prepare(own))
        except AdapterError as error:
            return self._words.failure(error)
        except Exception:  # a defect of ours: one operation's, and not shown
            return self._defect(call, operation.id)

    def _find(self, identity: Identity, message: Message, operation: Operation) -> Handler:
        """The handler of an operation, which the caller may use. Verb and noun that it leaves out are
        those of the message and of its document.
        """
        header = message.header
        noun = operation.noun or (header.noun if header.noun != OPERATION_SET else None)
        if noun is None and operation.element is not None:
            noun = local(operation.element)
        if noun is None:
            raise UnknownNoun("the Operation has no noun")
        if noun == OPERATION_SET:
            raise UnknownNoun("an OperationSet holds operations, not other sets; send that set for itself")
        if operation.verb is None:
            raise UnknownVerb("the Operation has no verb, such as create, change or delete")
        handler = self._registry.find(operation.verb, noun)
        if Verb(handler.verb).reads_only:
            raise UnknownVerb(f"a set has no place for the answer to {handler.verb}; send it for itself")
        if operation.element_operation and not handler.element_operations:
            raise Refused(
                f"{handler.verb} {noun} cannot take away single elements (elementOperation) here",
                code="5.2",
            )
        self._access.may(identity, handler.verb, noun)
        return handler

    # --------------------------------------------------------------------- inside the transaction

    def _run(self, call: Call, prepared: _Steps, transaction: Transaction) -> Reply:
        if prepared.all_or_nothing:
            return self._all_or_nothing(prepared.steps, transaction)
        outcomes: dict[int, Reply] = {}
        for number, step in prepared.steps.items():
            transaction.begin_part()
            outcomes[number] = outcome = self._carry_out(number, step, transaction)
            if outcome.result is Result.FAILED:
                transaction.undo_part()
        return _reply(outcomes)

    def _all_or_nothing(self, steps: dict[int, _Step | Reply], transaction: Transaction) -> Reply:
        """OK, or FAILED with nothing done: 5.9 for each operation that failed only for another's sake."""
        failed = {number: step for number, step in steps.items() if isinstance(step, Reply)}
        outcomes: dict[int, Reply] = {}
        transaction.begin_part()
        for number, step in steps.items() if not failed else ():
            outcomes[number] = self._carry_out(number, step, transaction)
            if outcomes[number].result is not Result.OK:
                failed = {number: outcomes[number]}
                break
        if not failed:
            return _reply(outcomes)
        transaction.undo_part()
        cause = ", ".join(str(number) for number in failed)
        undone = Error(code="5.9", reason=f"nothing of this set was carried out, because of operation {cause}")
        errors = [*_errors(failed), *(replace(undone, operation_id=n) for n in steps if n not in failed)]
        return Reply(result=Result.FAILED, errors=tuple(errors))

    def _carry_out(self, number: int, step: _Step | Reply, transaction: Transaction) -> Reply:
        if isinstance(step, Reply):
            return step
        try:
            return step.handler.run(step.call, step.prepared, transaction)
        except AdapterError as error:
            return self._words.failure(error)
        except DatabaseError:
            raise  # the writer tries the whole message again
        except Exception:  # a defect of ours: one operation's, and not shown
            return self._defect(step.call, number)

    def _defect(self, call: Call, number: int) -> Reply:
        self._log.exception("operation %s of message %s failed", number, call.uid)
        return self._words.failure(
            Failed("the adapter could not do this operation; nothing of it was stored. Ask its operator why")
        )


def _reply(outcomes: dict[int, Reply]) -> Reply:
    """One reply for the whole set: PARTIAL where some of it was done, FAILED where nothing was."""
    results = {outcome.result for outcome in outcomes.values()}
    return Reply(
        result=results.pop() if len(results) == 1 else Result.PARTIAL,
        errors=tuple(_errors(outcomes)) or (Error(code="0.0"),),
        ids=tuple(identifier for outcome in outcomes.values() for identifier in outcome.ids),
    )


def _errors(outcomes: dict[int, Reply]) -> Iterable[Error]:
    """What went wrong, each with its operationId; of what was done nothing is said."""
    for number, outcome in outcomes.items():
        for error in outcome.errors:
            if error.code != "0.0":
                yield replace(error, operation_id=number)
