import type { Actions } from "../../policies/contract/actions.ts";
import type { FleetView, InstanceView, WorkView } from "../../policies/contract/view.ts";
import { ForeignPolicyError } from "./foreign-policy-error.ts";
import type { ForeignAction } from "./protocol.ts";
import type { Known } from "./view-data.ts";

/**
 * Carries out what an answer asks for, in its order.
 * @throws ForeignPolicyError for the first action that cannot be: names it by its place in the answer, and what was wrong with it.
 */
export function carryOut(actions: readonly ForeignAction[], view: FleetView, known: Known, act: Actions): void {
  const launched: InstanceView[] = [];
  const instance = (id: number): InstanceView => {
    const found = id < 0 ? launched[-id - 1] : known.instances.get(id);
    if (found !== undefined) return found;
    throw new ForeignPolicyError(
      id < 0
        ? `instance ${id} would be launch ${-id} of this answer, which has made ${launched.length} before it`
        : `no instance ${id} in the view; name one that stands under instances.known`,
    );
  };
  const work = <Kind extends WorkView["kind"]>(id: number, ...kinds: readonly Kind[]) => {
    const found = known.work.get(id);
    if (found === undefined) throw new ForeignPolicyError(`no work ${id} in the view; name some of work.known`);
    if (kinds.length > 0 && !kinds.includes(found.kind as Kind)) {
      throw new ForeignPolicyError(`work ${id} is a ${found.kind}; expected a ${kinds.join(" or a ")}`);
    }
    return found as Extract<WorkView, { readonly kind: Kind }>;
  };
  const one = (action: ForeignAction): void => {
    if (action.why !== undefined) act.note(action.why);
    switch (action.do) {
      case "launch": {
        const market = view.markets.find(({ id }) => id === action.market);
        if (market === undefined) throw new ForeignPolicyError(`no market ${action.market} in the view`);
        launched.push(act.launch(market, action.purpose));
        break;
      }
      case "place": {
        const { exclusive, layout } = action;
        const instances = action.instances.map(instance);
        act.place(work(action.work), {
          instances,
          ...(layout && { layout }),
          ...(exclusive === undefined ? {} : { exclusive }),
        });
        break;
      }
      case "release": {
        const [first] = action.instances;
        const placement = work(action.work).placements.find(({ instances }) => instances[0]!.id === first);
        if (placement === undefined) {
          throw new ForeignPolicyError(`work ${action.work} has no placement whose first instance is ${first}`);
        }
        act.release(placement);
        break;
      }
      case "reparallelize": {
        const to = action.to.map(({ instances, layout }) => ({ instances: instances.map(instance), layout }));
        act.reparallelize(work(action.work, "service"), to, action.how);
        break;
      }
      case "scale":
        act.scale(work(action.work, "service"), action.replicas);
        break;
      case "checkpoint":
        act.checkpoint(work(action.work, "task"));
        break;
      case "wakeAt":
        act.wakeAt(action.timeS);
        break;
      default:
        act[action.do](instance(action.instance));
    }
  };
  for (const [i, action] of actions.entries()) {
    try {
      one(action);
    } catch (error) {
      const { message } = error as Error;
      throw new ForeignPolicyError(`actions.${i} (${action.do}): ${message.replace(`${action.do}: `, "")}`);
    }
  }
}
