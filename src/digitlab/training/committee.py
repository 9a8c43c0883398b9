"""A committee's training: its members', each in a folder of its own, then one recogniser of all.

runs/committee-0/
  1-best-0/, 2-best-1/, ...   the members' runs, as any run
  run.json, recognizer.onnx   the committee's own

A member that is finished is not trained again, and one that was stopped goes on where it was. On a graphics card they
are trained side by side, on a processor one after another: there, one network keeps all cores busy.
"""

from __future__ import annotations

from typing import Any

from digitlab.data.digits import Material, Splits
from digitlab.errors import RunError
from digitlab.networks import to_committee
from digitlab.recipes.committee import APART, Member
from digitlab.training import teaching
from digitlab.training.loop import Listener
from digitlab.training.run import Run
from digitlab.training.side_by_side import train_together


def train_members(run: Run, material: Material, splits: Splits | Material | None, listen: Listener) -> Run:
    """Train the members that are missing, then write the recogniser.

    Args:
        run: of the committee; its folder is there.
        material: by which the committee as a whole is calibrated.
        splits: digits to train on instead of those that the recipes name.
        listen: is told of each member ("member": number, of, name, finished), and hears its epochs counted on from
            those of the members before it.

    Raises:
        RunError: a member's folder holds another run, or its digits have changed.
    """
    members = run.recipe.members
    if beside(run) and not splits:  # digits that are only in memory here, no other process has
        _train_beside(run, listen)
    done = 0
    runs = []
    for number, member in enumerate(members, 1):
        one = _opened(run, number, member)
        named = f"{member.recipe.name} with seed {_seed(run, member)}"
        finished = one is not None and one.finished
        listen({"event": "member", "number": number, "of": len(members), "name": named, "finished": finished})
        if one is None or not one.finished:
            one = _train(run, number, member, one, splits, _counted_on(listen, done))
        runs.append(one)
        done += member.recipe.plan.epochs
        if finished:
            listen({"event": "resumed", "epoch": done})
    run.facts["seconds"] = round(sum(one.facts["seconds"] for one in runs), 2)
    run.facts["members"] = [
        {"name": one.recipe.name, "seed": one.seed, "validation": one.validation_accuracy} for one in runs
    ]
    run.save()
    files = [one.recognizer.read_bytes() for one in runs]
    teaching.write_recognizer(run, lambda manifest: to_committee(files, manifest), material)
    return run


def _seed(run: Run, member: Member) -> int:
    """Return a member's seed: committees with other seeds share none of theirs."""
    return run.seed * APART + member.seed


def _opened(run: Run, number: int, member: Member) -> Run | None:
    """Return a member's run, if it was begun. Raises RunError where its folder holds another one."""
    folder = run.folder / f"{number}-{member.recipe.name}-{_seed(run, member)}"
    if not (folder / "run.json").exists():
        return None
    one = Run.open(folder)
    if one.recipe.digest != member.recipe.digest or one.seed != _seed(run, member):
        raise RunError(f"{folder} is not the member that its committee names; remove that folder to train it again")
    return one


def beside(run: Run) -> bool:
    """Tell whether members are trained side by side: one of them leaves most of a graphics card idle."""
    return bool(run.facts["device"] == "cuda")


def _train_beside(run: Run, listen: Listener) -> None:
    """Train all members that are missing side by side; their epochs are counted together, as they come."""
    begun = []
    for number, member in enumerate(run.recipe.members, 1):
        one = _opened(run, number, member)
        if one is None or not one.finished:
            begun.append(
                one or _begin(run, number, member, Material(*teaching.load(member.recipe, _seed(run, member), listen)))
            )
    done = sum(member.recipe.plan.epochs for member in run.recipe.members)
    done -= sum(one.recipe.plan.epochs - len(one.history) for one in begun)
    if len(begun) < 2:
        return

    def counted(one: Run, event: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        listen(event | {"epoch": done})

    train_together(begun, counted)


def _begin(run: Run, number: int, member: Member, material: Material) -> Run:
    """Make a member's folder."""
    seed = _seed(run, member)
    folder = run.folder / f"{number}-{member.recipe.name}-{seed}"
    return teaching.begin(member.recipe, seed, folder, run.facts["device"], material)


def _train(
    run: Run, number: int, member: Member, begun: Run | None, splits: Splits | Material | None, listen: Listener
) -> Run:
    """Train one member, from the start or from where it was stopped."""
    seed = _seed(run, member)
    material = Material(*(splits or teaching.load(member.recipe, seed, listen)))
    if begun is None:
        begun = _begin(run, number, member, material)
    else:
        teaching.refuse_others(begun, material)
    return teaching.go_on(begun, material, listen)


def _counted_on(listen: Listener, done: int) -> Listener:
    def counted(event: dict[str, Any]) -> None:
        listen(event | {"epoch": done + event["epoch"]} if "epoch" in event else event)

    return counted
