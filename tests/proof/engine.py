"""The proof: used, needed, bounded; what is known is kept, so that a broken-off one goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.proof.bounds import possible
from tests.proof.consents import Consent, Consents
from tests.proof.decisions import Decision, Record
from tests.proof.denials import CALLER, Denial, deny
from tests.proof.denials import gaps as undenied
from tests.proof.deployed import Deployed, every
from tests.proof.operations import OPERATIONS, Operation, name_of
from tests.proof.rights import Right
from tests.proof.taken import Policies
from tests.proof.world import World

Say = Callable[[str], None]


class Proof:
    """What is proven of one deployment so far.

    Args:
        world: The deployment and its clients.
        record: What the embedded cloud writes of its decisions.
        progress: The file of what is known.
        say: Shows progress.
        only: The logical name of the one role to look at.
    """

    def __init__(
        self, world: World, record: Record, progress: Path, say: Say, only: str = ""
    ) -> None:
        self._world, self._record, self._file, self._say = world, record, progress, say
        self.stacks = every(world.deployment)
        self._policies = Policies(world.deployment.client("iam"))
        for stack in self.stacks:
            for role, policy in stack.roles.values():
                self._policies.put_back(role, policy)
        self.only = only
        self._consents = Consents(world.deployment.client, progress.with_name("taken.json"))
        self._consents.put_back()
        self.known: dict[str, dict[str, Any]] = {
            "used": {},
            "needed": {},
            "consents": {},
            "denials": {},
            "bounded": {},
        }
        if progress.exists():
            self.known = json.loads(progress.read_text("utf-8"))

    @property
    def rights(self) -> list[Right]:
        """Every right that is looked at."""
        found = [right for stack in self.stacks for right in stack.rights]
        return [right for right in found if self.only in ("", right.role)]

    @property
    def consents(self) -> list[Consent]:
        """Every consent that is looked at: none when it is about one role."""
        return [] if self.only else [each for stack in self.stacks for each in stack.consents]

    @property
    def denials(self) -> list[Denial]:
        """Every denial that is looked at: none when it is about one role."""
        return [] if self.only else [each for stack in self.stacks for each in stack.denials]

    def use(self) -> None:
        """Run every operation, and see which rights it uses."""
        for stack in self.stacks:
            for operation in OPERATIONS[stack.kind]:
                name = name_of(operation)
                if name in self.known["used"]:
                    continue
                self._say(f"used: {name}")
                stack.restart()
                failed, decisions = self._run(operation)
                found = {"rights": _rights(stack, decisions), "consents": _used(stack, decisions)}
                self._keep("used", name, {"failed": failed, **found})

    def need(self, rights: list[Right] | None = None) -> None:
        """Take each right away by itself, and run an operation that used it."""
        wanted = [right for right in rights or self.rights if not right.recorded_only]
        for number, right in enumerate(wanted, 1):
            if right.key in self.known["needed"]:
                continue
            self._say(f"needed {number}/{len(wanted)}: {right.role} {right.action}")
            self._keep("needed", right.key, self._without(right))

    def agree(self) -> None:
        """Take each consent away by itself, and run an operation that used it."""
        wanted = [each for each in self.consents if not each.recorded_only]
        for number, consent in enumerate(wanted, 1):
            if consent.key not in self.known["consents"]:
                self._say(f"consent {number}/{len(wanted)}: {consent.key}")
                self._keep("consents", consent.key, self._refusing(consent))

    def deny(self) -> None:
        """Take each denial away by itself: what it refuses must be possible then."""
        for denial in self.denials:
            if not denial.recorded_only and denial.key not in self.known["denials"]:
                self._say(f"denied: {denial.key}")
                self._keep("denials", denial.key, self._denied(denial))

    def _denied(self, denial: Denial) -> dict[str, Any]:
        [stack] = [each for each in self.stacks if each.kind == denial.stack]
        role, where = stack.roles[CALLER], stack.place_of(denial)
        with self._policies.with_more(*role, "s3:*"), stack.session(CALLER) as client_of:
            bucket, s3 = stack.physical[denial.resource], client_of("s3")
            return deny(denial, bucket, where, self._consents, s3)

    def _refusing(self, consent: Consent) -> dict[str, Any]:
        [stack] = [each for each in self.stacks if each.kind == consent.stack]
        users = [
            operation
            for operation in OPERATIONS[stack.kind]
            if consent.key in self.known["used"].get(name_of(operation), {}).get("consents", [])
        ]
        for operation in users:
            with self._consents.without(consent, *stack.place_of(consent)):
                failed, decisions = self._run(operation)
            # What it left half done is whole again, and it was not something else that failed.
            mended = not self._run(operation)[0] or not self._run(operation)[0]
            if (
                failed
                and mended
                and any(stack.answers(consent, each, allowed=False) for each in decisions)
            ):
                return {"by": name_of(operation), "fails": True, "refused": True}
        return {"by": "", "fails": False, "refused": False}

    def _without(self, right: Right) -> dict[str, Any]:
        [stack] = [each for each in self.stacks if each.kind == right.stack]
        physical, policy = stack.roles[right.role]
        found: dict[str, Any] = {"by": "", "fails": False, "refused": False}
        users = [
            operation
            for operation in OPERATIONS[stack.kind]
            if right.key in self.known["used"].get(name_of(operation), {}).get("rights", [])
        ]
        for operation in users:
            with self._policies.without(physical, policy, right.statement, right.action):
                stack.restart(right.role)
                failed, decisions = self._run(operation, (physical, right.action))
            refused = _refuses(decisions, (physical, right.action))
            if not found["by"] or (failed and refused):
                found = {"by": name_of(operation), "fails": bool(failed), "refused": refused}
            if failed and refused:
                break
        stack.restart(right.role)
        return found

    def bound(self) -> None:
        """Try every dangerous call with each role's own credentials."""
        for stack in self.stacks:
            for role in stack.roles:
                if role in self.known["bounded"].get(stack.kind, {}) or self.only not in ("", role):
                    continue
                self._say(f"bounded: {stack.kind} {role}")
                done = self.known["bounded"].get(stack.kind, {})
                self._keep(
                    "bounded", stack.kind, {**done, role: possible(stack, role, self.stacks)}
                )

    def gaps(self) -> list[str]:
        """Whatever is not as it ought to be; empty when everything is proven."""
        found = gaps([*self.rights, *self.consents], self.known)
        return [*found, *undenied(self.denials, self.known["denials"])]

    def _run(
        self, operation: Operation, taken: tuple[str, str] = ("", "")
    ) -> tuple[str, set[Decision]]:
        mark, failed = self._record.mark(), ""
        world = replace(self._world, refused=lambda: _refuses(self._record.since(mark), taken))
        try:
            operation(world)
        except Exception as error:  # noqa: BLE001  # whatever it is, the operation failed
            failed = f"{type(error).__name__}: {str(error)[:200]}"
        return failed, self._record.since(mark)

    def _keep(self, part: str, name: str, value: Any) -> None:
        self.known[part][name] = value
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self.known, indent=1), "utf-8")
        fresh.replace(self._file)


def _refuses(decisions: set[Decision], taken: tuple[str, str]) -> bool:
    """Whether this action was refused to this role."""
    return any((each.role, each.action, each.allowed) == (*taken, False) for each in decisions)


def gaps(rights: Sequence[Right | Consent], known: dict[str, dict[str, Any]]) -> list[str]:
    """What of these rights is not proven, and what was possible that ought not to be."""
    used = known["used"]
    found = [f"{name} failed: {each['failed']}" for name, each in used.items() if each["failed"]]
    parts = ("rights", "consents")
    exercised = {key for each in used.values() for part in parts for key in each.get(part, [])}
    taken = known["needed"] | known.get("consents", {})
    for right in rights:
        if right.recorded_only:
            continue
        if right.key not in exercised:
            found.append(f"{right.key} is granted and nothing uses it")
        elif not taken.get(right.key, {}).get("refused"):
            found.append(f"{right.key} was taken away and nothing was refused")
    for kind, of_roles in known["bounded"].items():
        for role, calls in of_roles.items():
            found += [f"{kind} {role} may call {call}" for call in calls]
    return found


def _rights(stack: Deployed, decisions: set[Decision]) -> list[str]:
    """The keys of the stack's rights that allowed something."""
    allowed = {
        (each.role, each.statement, each.action)
        for each in decisions
        if each.allowed and each.by == "identity"
    }
    return [
        right.key
        for right in stack.rights
        if (stack.roles[right.role][0], right.statement, right.action) in allowed
    ]


def _used(stack: Deployed, decisions: set[Decision]) -> list[str]:
    """The keys of the stack's consents that let a service do something."""
    return [
        consent.key
        for consent in stack.consents
        if any(
            stack.answers(consent, each, allowed=True)
            and each.statement == stack.place_of(consent)[2]
            for each in decisions
        )
    ]
