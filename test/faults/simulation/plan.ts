import seedrandom from "seedrandom";
import type { Caps, Scenario } from "../../../policies/contract/scenario.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import { FAULTS } from "./faults.ts";
import { STATES, type State } from "./world.ts";

/** Where the controller is killed after a fault: not at all, or at the next place of its kind. */
export const BOUNDARIES = ["none", "before the append", "after the append", "after the effect"] as const;
export type Boundary = (typeof BOUNDARIES)[number];

/** One thing that will go wrong: a cell of the table, and from when on. */
export interface Planned {
  readonly fault: string;
  readonly state: State;
  readonly boundary: Boundary;
  readonly fromS: Seconds;
}

/** One run, whole: the same plan is the same run, byte for byte. */
export interface Plan {
  readonly seed: string;
  readonly zones: readonly string[];
  readonly replicas: number;
  readonly scenario: Scenario;
  readonly caps: Caps;
  readonly standby: boolean;
  readonly faults: readonly Planned[];
}

/** A run lasts so long; nothing new goes wrong in its last part. */
export const RUN_S: Seconds = 4 * 3600;
export const QUIET_S: Seconds = 2400;
const FAULTS_LEAST = 5;
const FAULTS_MOST = 9;

/** All cells of the table. */
export const CELLS: readonly Omit<Planned, "fromS">[] = FAULTS.flatMap(({ name }) =>
  STATES.flatMap((state) => BOUNDARIES.map((boundary) => ({ fault: name, state, boundary }))),
);

/** Run number `run` of a seed. The cells are dealt in rounds, so that each of them comes as often as any other. */
export function planOf(seed: string, run: number): Plan {
  const name = `${seed}/${run}`;
  const draw = seedrandom.alea(name) as unknown as () => number;
  const one = <T>(items: readonly T[]): T => items[Math.floor(draw() * items.length)]!;
  const faults = dealt(seed, run, draw);
  const standby = draw() < 0.25 || faults.some(({ fault }) => NEEDS_STANDBY.has(fault));
  const replicas = 3 + Math.floor(2 * draw());
  const [scheduling, most] = one<readonly [Scenario["scheduling"], number]>([
    ["even-spread", replicas],
    [{ name: "static-mixture", params: { onDemandPercentAboveBase: 30 } }, replicas],
    ["round-robin", replicas],
    [{ name: "spot-hedge", params: { extraReplicas: 1 } }, 2 * replicas + 1],
  ]);
  const caps: Caps = {
    instances: 2 * most + 2 + one([0, 2]),
    onDemand: one([replicas, replicas + 2]),
    launchesPerHour: one([40, 60]),
  };
  const spanS = (RUN_S - QUIET_S) / faults.length;
  return {
    seed: name,
    zones: ["us-east-1a", "us-east-1b", "us-east-1c"].slice(0, 2 + Math.floor(2 * draw())),
    replicas,
    scenario: {
      scheduling,
      wrappers: [
        ...(standby ? [{ name: "with-standby", params: { warmSpot: 1, stoppedOnDemand: 1 } }] : []),
        { name: "with-capacity-memory" },
      ],
      assignment: "earliest-node",
      failover: one<NonNullable<Scenario["failover"]>>([
        "drain",
        { name: "drain", params: { earlyStart: true } },
        "reroute",
      ]),
      caps,
    },
    caps,
    standby,
    faults: faults.map((cell, i) => ({ ...cell, fromS: 300 + i * spanS + 0.3 * spanS * draw() })),
  };
}

const NEEDS_STANDBY = new Set(FAULTS.flatMap(({ name, standby }) => (standby ? [name] : [])));

/** So many cells a run, from a round through all of them in an order that the seed and the round's number give. */
function dealt(seed: string, run: number, draw: () => number): Omit<Planned, "fromS">[] {
  const count = FAULTS_LEAST + Math.floor((FAULTS_MOST - FAULTS_LEAST + 1) * draw());
  const cells: Omit<Planned, "fromS">[] = [];
  for (let i = 0; i < count; i++) {
    const at = run * FAULTS_MOST + i;
    cells.push(round(seed, Math.floor(at / CELLS.length))[at % CELLS.length]!);
  }
  return cells;
}

const rounds = new Map<string, readonly Omit<Planned, "fromS">[]>();

function round(seed: string, number: number): readonly Omit<Planned, "fromS">[] {
  const name = `${seed}/round ${number}`;
  const known = rounds.get(name);
  if (known !== undefined) return known;
  const draw = seedrandom.alea(name) as unknown as () => number;
  const order = CELLS.map((cell) => ({ cell, at: draw() })).sort((a, b) => a.at - b.at);
  const shuffled = order.map(({ cell }) => cell);
  rounds.clear(); // runs come in order
  rounds.set(name, shuffled);
  return shuffled;
}
