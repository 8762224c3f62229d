"""A scheduling policy in Python for Synkti Workbench; Python 3.9 and its standard library, nothing else.

    from workbench import run

    def decide(view, act, memory, params):
        for task in view.work.pending[len(view.instances.withRoom):]:
            act.launch(view.markets[0], why="a task waits")

    run(decide)

`view` has the fields of policies/contract/view.ts under their names; what is undefined there is None here, and a market that
nothing bounds has 2**53 - 1 obtainable. `act` has the verbs of policies/contract/actions.ts; each takes `why`, a note. `memory` is a
dict that JSON can hold, kept for you between two asks: nothing else may be. `params` is what the study says.

A launch shows in the view at once (the market's counters, the lists); all else that you do shows when you are asked next. You are asked
again until you ask for nothing. What you print goes to standard error.
"""

import faulthandler
import json
import os
import platform
import sys
import traceback
from types import SimpleNamespace

PROTOCOL = 1


def run(decide, params=None, memory=None):
    """Speaks with the workbench until it has no more to ask.

    decide(view, act, memory, params): what is done now. It must depend on nothing but these.
    params: the parameters there are, with their defaults; a study's own must have these names and types.
    memory(params, luck): the memory before the first ask, a dict; luck is uniform in [0, 1), the run's own: random.Random(luck).
    """
    # Nothing but answers may go to standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    lines = open(0, encoding="utf-8", closefd=False)

    def answer(value):
        answers.write(json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n")
        answers.flush()

    hello = json.loads(lines.readline())
    if hello["workbench"] != PROTOCOL:
        answer({"workbench": PROTOCOL})
        return
    # The host ends who thinks too long; this is for a host that is gone itself.
    limit_s = hello["lineSMax"] + 5
    try:
        given = _checked(hello["params"], params or {})
        start = {} if memory is None else memory(given, hello["luck"])
        runtime = f"{platform.python_implementation()} {platform.python_version()}"
        answer({"workbench": PROTOCOL, "memory": start, "runtime": runtime})
        for line in lines:
            faulthandler.dump_traceback_later(limit_s, exit=True)
            asked = json.loads(line)
            kept = asked["memory"]
            act = Act()
            decide(_view(asked["view"], act), act, kept, given)
            answer({"ask": asked["ask"], "actions": act.actions, "memory": kept})
            faulthandler.cancel_dump_traceback_later()
    except Exception as error:  # whatever it is, the cell fails with it
        traceback.print_exc()
        answer({"error": f"{type(error).__name__}: {error}{_place(error)}"})
        sys.exit(1)


class Act:
    """What a policy does, in the order in which it does it."""

    def __init__(self):
        self.actions = []
        self._launches = 0
        self._lists = None

    def launch(self, market, purpose="work", why=None):
        """Asks for one instance; it may be named in other actions of this ask."""
        self._launches += 1
        market.held += 1
        market.unanswered += 1
        if market.obtainable is not None:
            market.obtainable -= 1
        instance = SimpleNamespace(
            id=-self._launches,
            market=market,
            purpose=purpose,
            status="requested",
            reclaimS=None,
            draining=False,
            registered=False,
            freeSlots=market.slots,
            freeMemoryMiB=market.gpuMemoryMiB,
            warmModels=[],
            placements=[],
        )
        lists = {"work": "withRoom", "probe": "probes", "spare": "spares"}
        getattr(self._lists, lists[purpose]).append(instance)
        self._write("launch", why, market=market.id, purpose=purpose)
        return instance

    def terminate(self, instance, why=None):
        self._write("terminate", why, instance=instance.id)

    def drain(self, instance, why=None):
        self._write("drain", why, instance=instance.id)

    def register(self, instance, why=None):
        self._write("register", why, instance=instance.id)

    def deregister(self, instance, why=None):
        self._write("deregister", why, instance=instance.id)

    def stop(self, instance, why=None):
        self._write("stop", why, instance=instance.id)

    def start(self, instance, why=None):
        self._write("start", why, instance=instance.id)

    def place(self, work, instances, layout=None, exclusive=False, why=None):
        """layout: a dict of pipeline, tensor and batchMax."""
        ids = [instance.id for instance in instances]
        cut = {} if layout is None else {"layout": layout}
        self._write("place", why, work=work.id, instances=ids, exclusive=exclusive, **cut)

    def release(self, placement, why=None):
        ids = [instance.id for instance in placement.instances]
        self._write("release", why, work=placement.work.id, instances=ids)

    def reparallelize(self, service, to, how, why=None):
        """to: dicts of instances and layout; how: progressive, whole or restart."""
        named = [{"instances": [each.id for each in one["instances"]], "layout": one["layout"]} for one in to]
        self._write("reparallelize", why, work=service.id, to=named, how=how)

    def scale(self, service, replicas, why=None):
        self._write("scale", why, work=service.id, replicas=replicas)

    def checkpoint(self, task, why=None):
        self._write("checkpoint", why, work=task.id)

    def wakeAt(self, timeS):
        self._write("wakeAt", None, timeS=timeS)

    def _write(self, verb, why, **fields):
        note = {} if why is None else {"why": why}
        self.actions.append({"do": verb, **fields, **note})


def _view(data, act):
    """Entities for ids, so that two ways to one lead to the same object."""
    markets = [_entity(market) for market in data["markets"]]
    market_of = {market.id: market for market in markets}
    instances = {each["id"]: SimpleNamespace(**each) for each in data["instances"].pop("known")}
    work = {each["id"]: SimpleNamespace(**each) for each in data["work"].pop("known")}

    def placements(entity):
        return [
            SimpleNamespace(
                work=work[each["work"]],
                instances=[instances[each_id] for each_id in each["instances"]],
                layout=each["layout"],
                exclusive=each["exclusive"],
                batch=_entity(each["batch"]),
            )
            for each in entity.placements
        ]

    for instance in instances.values():
        instance.market = market_of[instance.market]
        instance.placements = placements(instance)
    for each in work.values():
        each.placements = placements(each)
        if each.kind == "task" and each.stateOn is not None:
            each.stateOn = instances[each.stateOn]
        if each.kind == "deadlineJob":
            each.moves = _entity(each.moves)
    listed = lambda lists, known: SimpleNamespace(**{name: [known[i] for i in ids] for name, ids in lists.items()})
    act._lists = listed(data["instances"], instances)
    return SimpleNamespace(
        nowS=data["nowS"],
        everyS=data["everyS"],
        markets=markets,
        instances=act._lists,
        work=listed(data["work"], work),
    )


def _entity(value):
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _entity(inner) for key, inner in value.items()})
    return value


def _checked(given, defaults):
    if not isinstance(given, dict):
        raise TypeError(f"params: expected a mapping, found {given!r}")
    for name, value in given.items():
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise ValueError(f"params.{name}: no such parameter; there are {known}")
        kind = type(defaults[name])
        fits = isinstance(value, (int, float) if kind is float else kind) and (kind is bool) == isinstance(value, bool)
        if not fits:
            raise TypeError(f"params.{name}: expected a {kind.__name__}, found {value!r}")
    return {**defaults, **given}


def _place(error):
    """The last line of the policy's own that the error went through."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename != __file__]
    return f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
