import type { Seconds } from "../../../policies/contract/units.ts";
import type { RealInstance } from "./ec2.ts";
import type { Fate, Trouble } from "./wire.ts";
import { FLEET, type World } from "./world.ts";

/** Whoever runs the controllers, as far as faults are about them. */
export interface Operator {
  /** The host's clock is wrong by so much, from now on. */
  skew(seconds: Seconds): void;
  /** The process that acts hears nothing for so long, then all of it. */
  pause(forS: Seconds): void;
  /** A second controller of the same fleet, on another host. */
  startSecond(): void;
  /** Ends what acts, whatever it is doing, and starts it again. */
  restart(): void;
  /** The host is gone, with its disk. */
  loseHost(): void;
  /** Nothing can be written to the host's disk for so long. */
  fillDisk(forS: Seconds): void;
}

/** One thing that goes wrong. */
export interface Fault {
  readonly name: string;
  /** Which faults of the live path's list it stands for, by number. */
  readonly rows: readonly number[];
  /** Whether it needs a fleet that keeps stopped spares. */
  readonly standby?: true;
  /** False: there is nothing now that this could happen to. */
  readonly strike: (world: World, operator: Operator) => boolean;
}

const replica = (world: World): RealInstance | undefined => world.pick(world.serving.filter(({ spot }) => spot));

/** Done to a serving spot replica. */
const toReplica =
  (act: (world: World, instance: RealInstance) => void): Fault["strike"] =>
  (world) => {
    const instance = replica(world);
    if (instance === undefined) return false;
    act(world, instance);
    return true;
  };

/** With all requests, or with this share of them. */
const trouble =
  (
    where: Pick<Trouble, "service" | "actions">,
    fate: Fate | ((world: World) => Fate | undefined),
    shortestS: Seconds,
    longestS: Seconds,
  ): Fault["strike"] =>
  (world) => {
    const fateOf = typeof fate === "function" ? () => fate(world) : () => fate;
    world.trouble({ ...where, fate: fateOf }, world.between(shortestS, longestS));
    return true;
  };

/** What is launched next, and at once if there is something to replace it for. */
const toNextLaunch =
  (act: (world: World, instance: RealInstance) => void): Fault["strike"] =>
  (world) => {
    world.dooms.push((instance) => act(world, instance));
    const instance = replica(world);
    if (instance !== undefined) world.notice(instance, 120);
    return true;
  };

const refusing =
  (place: (world: World) => string, code: string): Fault["strike"] =>
  (world) => {
    const at = place(world);
    world.during(
      world.between(300, 1200),
      () => world.ec2.refusals.set(at, code),
      () => world.ec2.refusals.delete(at),
    );
    const instance = replica(world);
    if (instance !== undefined) world.notice(instance, 120);
    return true;
  };

/** All that the simulation injects. What happens on the instance itself, and at the command line, is tested elsewhere. */
export const FAULTS: readonly Fault[] = [
  {
    name: "duplicate-notice",
    rows: [1],
    strike: toReplica((world, instance) => world.notice(instance, 120, [0.5, 0.5, 3, 12, 40])),
  },
  {
    name: "moved-notice",
    rows: [2],
    strike: toReplica((world, instance) => {
      world.notice(instance, 100, [6]);
      world.say("EC2 Spot Instance Interruption Warning", instance.id, 1, world.nowS + 9);
      world.say("EC2 Spot Instance Interruption Warning", instance.id, 15, world.nowS - 20);
    }),
  },
  {
    name: "rebalance-first",
    rows: [3],
    strike: toReplica((world, instance) => {
      world.say("EC2 Instance Rebalance Recommendation", instance.id);
      world.time.at(world.nowS + world.between(5, 300), () => world.notice(instance, 120));
    }),
  },
  {
    name: "many-at-once",
    rows: [4],
    strike: (world) => {
      const all = world.serving.filter(({ spot }) => spot);
      for (const instance of all) world.notice(instance, 120);
      return all.length > 1;
    },
  },
  {
    name: "short-notice",
    rows: [5],
    strike: toReplica((world, instance) => world.notice(instance, world.pick([108, 60, 20, 5, 0])!)),
  },
  {
    name: "killed-without-notice",
    rows: [5],
    strike: toReplica((world, instance) => world.ec2.end(instance, "Server.SpotInstanceTermination")),
  },
  {
    name: "replacement-noticed",
    rows: [6],
    strike: toNextLaunch((world, instance) =>
      world.time.at(world.nowS + world.between(5, 100), () => world.notice(instance, 120)),
    ),
  },
  {
    name: "replacement-dies",
    rows: [6],
    strike: toNextLaunch((world, instance) =>
      world.time.at(world.nowS + world.between(0.01, 100), () => world.ec2.end(instance, "Server.InternalError")),
    ),
  },
  {
    name: "never-ready",
    rows: [7],
    strike: toNextLaunch((_, instance) => {
      instance.readyS = Infinity;
    }),
  },
  {
    name: "engine-hangs",
    rows: [7],
    strike: toNextLaunch((world, instance) => {
      instance.readyS = Infinity;
      world.hung.add(instance.id);
    }),
  },
  {
    name: "clock-skew",
    rows: [9],
    strike: (world, operator) => {
      operator.skew(world.pick([-30, 30, -3, 90])!);
      return true;
    },
  },
  {
    name: "throttled",
    rows: [10],
    strike: trouble(
      { service: "ec2" },
      (world) => (world.draw() < 0.9 ? { code: "RequestLimitExceeded", status: 503 } : undefined),
      30,
      200,
    ),
  },
  {
    name: "no-capacity",
    rows: [11],
    strike: (world) => {
      const before = world.markets.map(({ capacity }) => capacity);
      world.during(
        world.between(300, 1500),
        () => {
          for (const market of world.markets) market.capacity = 0;
        },
        () => {
          for (const [m, market] of world.markets.entries()) market.capacity = Math.max(before[m]!, world.replicas + 2);
        },
      );
      const instance = replica(world);
      if (instance !== undefined) world.notice(instance, 120);
      return true;
    },
  },
  {
    name: "launch-unanswered",
    rows: [12],
    strike: trouble({ service: "ec2", actions: ["RunInstances"] }, "lose", 20, 150),
  },
  {
    name: "token-spent",
    rows: [13],
    strike: (world) => {
      // The first answer is lost, and the instance gone before the question is repeated.
      world.dooms.push((instance) => world.ec2.end(instance, "Server.InternalError"));
      world.trouble({ service: "ec2", actions: ["RunInstances"], fate: () => "lose" }, 8);
      const instance = replica(world);
      if (instance !== undefined) world.notice(instance, 120);
      return true;
    },
  },
  {
    name: "stale-description",
    rows: [14],
    strike: (world) => {
      const lagS = world.between(5, 60);
      world.during(
        world.between(200, 900),
        () => {
          world.ec2.lagS = lagS;
        },
        () => {
          world.ec2.lagS = 2;
        },
      );
      return true;
    },
  },
  {
    name: "balancer-fails",
    rows: [15],
    strike: trouble(
      { service: "elb" },
      (world) => world.pick<Fate>(["hang", "lose", { code: "InternalFailure", status: 500 }, { code: "Throttling" }])!,
      20,
      200,
    ),
  },
  {
    name: "metrics-unreadable",
    rows: [16],
    strike: (world) => {
      const forS = world.between(60, 300);
      world.muteUntilS = world.nowS + forS;
      world.disturb(world.muteUntilS);
      return true;
    },
  },
  {
    name: "stragglers",
    rows: [17],
    strike: (world) => {
      world.during(
        600,
        () => {
          world.tailS = world.between(30, 130);
        },
        () => {
          world.tailS = 20;
        },
      );
      const instance = replica(world);
      if (instance !== undefined) world.notice(instance, 120);
      return true;
    },
  },
  {
    name: "disk-full",
    rows: [18],
    strike: (world, operator) => {
      operator.fillDisk(world.between(20, 120));
      return true;
    },
  },
  {
    name: "foreign-notice",
    rows: [19, 31],
    strike: (world) => {
      const foreign = world.pick(world.ec2.live.filter((each) => !world.isOurs(each)));
      if (foreign !== undefined) world.notice(foreign, 120);
      for (const body of ["", "{}", '{"detail-type":"$(reboot)"}', "\u2028</script>\n=cmd|' /C calc'!A0"]) {
        world.sqs.send(body);
      }
      world.say("EC2 Spot Instance Interruption Warning", "i-00000000deadbeef0");
      return true;
    },
  },
  {
    name: "tag-removed",
    rows: [19],
    strike: toReplica((world, instance) => {
      instance.tags = { ...instance.tags, "synkti:fleet": `not-${FLEET}` };
      instance.retaggedS = world.nowS;
      world.notice(instance, 120);
    }),
  },
  {
    name: "launches-denied",
    rows: [20],
    strike: (world, operator) => {
      const forS = world.between(30, 300);
      const code = world.pick(["UnauthorizedOperation", "ExpiredToken"])!;
      world.trouble({ service: "ec2", actions: ["RunInstances"], fate: () => ({ code, status: 403 }) }, forS);
      // Nothing is launched any more until somebody has heeded the alarm.
      world.time.at(world.nowS + forS + 60, () => operator.restart());
      return true;
    },
  },
  {
    name: "host-lost",
    rows: [25],
    strike: (_, operator) => {
      operator.loseHost();
      return true;
    },
  },
  {
    name: "second-controller",
    rows: [26],
    strike: (_, operator) => {
      operator.startSecond();
      return true;
    },
  },
  {
    name: "holder-paused",
    rows: [26],
    strike: (world, operator) => {
      operator.startSecond();
      operator.pause(world.between(20, 400));
      return true;
    },
  },
  {
    name: "store-unreachable",
    rows: [26],
    strike: trouble(
      { service: "s3" },
      (world) => world.pick<Fate>(["hang", { code: "InternalError", status: 500 }])!,
      10,
      300,
    ),
  },
  {
    name: "store-unanswered",
    rows: [26],
    strike: trouble(
      { service: "s3", actions: ["PutObject"] },
      (world) => (world.draw() < 0.7 ? "lose" : undefined),
      5,
      90,
    ),
  },
  {
    name: "quota",
    rows: [29],
    strike: refusing((world) => world.pick(["spot", "onDemand"])!, "MaxSpotInstanceCountExceeded"),
  },
  {
    name: "subnet-full",
    rows: [29],
    strike: refusing((world) => world.pick(world.markets)!.zone, "InsufficientFreeAddressesInSubnet"),
  },
  {
    name: "unsupported",
    rows: [29],
    strike: refusing((world) => world.pick(world.markets.slice(1))!.zone, "Unsupported"),
  },
  {
    name: "shut-down-from-inside",
    rows: [30],
    strike: toReplica((world, instance) => world.ec2.end(instance, "Client.InstanceInitiatedShutdown")),
  },
  {
    name: "queue-fails",
    rows: [1],
    strike: trouble(
      { service: "sqs" },
      (world) => world.pick<Fate>(["hang", "lose", { code: "ServiceUnavailable", status: 503 }])!,
      20,
      200,
    ),
  },
  {
    name: "spare-will-not-start",
    rows: [32],
    standby: true,
    strike: (world) => {
      world.during(
        world.between(200, 900),
        () => {
          world.ec2.startRefusal = "InsufficientInstanceCapacity";
        },
        () => {
          world.ec2.startRefusal = undefined;
        },
      );
      const instance = replica(world);
      if (instance !== undefined) world.notice(instance, 120);
      return true;
    },
  },
];
