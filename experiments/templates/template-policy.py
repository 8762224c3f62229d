"""Spot where the last reclaim is longest ago, the cheaper market where none was; ends what is idle.

`view` has the fields of policies/contract/view.ts, `act` the verbs of policies/contract/actions.ts; `memory` would be kept between two
asks. docs/BRIDGE.md has the rest.
"""

from workbench import run


def decide(view, act, memory, params):
    pending = view.work.pending
    if not pending:
        for instance in view.instances.idle:
            act.terminate(instance)
    # Requested instances have room too: what was asked for already is not asked for again.
    lacking = len(pending) - len(view.instances.withRoom)
    if lacking <= 0:
        return
    market = calmest(view, params["retryS"])
    if market is None:
        act.wakeAt(view.nowS + params["retryS"])
        return
    for _ in range(lacking):
        act.launch(market, why="a task waits")


def calmest(view, retry_s):
    markets = [
        market
        for market in view.markets
        if market.capacityType == "spot"
        and (market.obtainable is None or market.obtainable >= 1)
        and (market.refusal is None or view.nowS >= market.refusal.timeS + retry_s)
    ]
    never = -1
    return min(
        markets,
        key=lambda market: (never if market.lastReclaimS is None else market.lastReclaimS, market.priceUsdPerHour),
        default=None,
    )


# retryS: how long a market is left alone that has refused, seconds.
run(decide, params={"retryS": 60})
