"""policies/scheduling/greedy.ts in Python, to be compared with it action by action."""

from workbench import run


def decide(view, act, memory, params):
    pending = view.work.pending
    if not pending:
        for instance in list(view.instances.idle):
            act.terminate(instance, why="idle")
    elif not launch_shortfall(view, act, pending):
        act.wakeAt(view.nowS + params["retryS"])


def launch_shortfall(view, act, pending):
    """First-fit of the work over the room there is, then over what is launched for the rest; False where no market was left to ask."""
    room = [[each.freeSlots, each.freeMemoryMiB] for each in view.instances.withRoom]
    for task in pending:
        if any(take(each, task) for each in room):
            continue
        market = cheapest_spot(view, task.memoryMiB)
        if market is None:
            return False
        act.launch(market, why="work without a place")
        planned = [market.slots, market.gpuMemoryMiB]
        take(planned, task)
        room.append(planned)
    return True


def take(room, task):
    if room[0] < 1 or room[1] < task.memoryMiB:
        return False
    room[0] -= 1
    room[1] -= task.memoryMiB
    return True


def cheapest_spot(view, memory_mib):
    best = None
    for market in view.markets:
        if market.capacityType != "spot" or not may_grant(view, market, memory_mib):
            continue
        if best is None or market.priceUsdPerHour < best.priceUsdPerHour:
            best = market
    return best


def may_grant(view, market, memory_mib):
    if market.gpuMemoryMiB < memory_mib:
        return False
    if market.obtainable is not None and market.obtainable < 1:
        return False
    refusal = market.refusal
    if refusal is None:
        return True
    # At this very instant it would be the same question; in doubt it is asked for one, and for one more with each grant.
    in_doubt = (
        market.obtainable is None
        and refusal.reason == "capacity"
        and market.unanswered > market.grantedSinceRefusal
    )
    return refusal.timeS != view.nowS and not in_doubt


run(decide, params={"retryS": 60})
