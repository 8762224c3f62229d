import { FleetError, type FleetFile } from "../fleet-file.ts";
import { type InstanceTemplate, PREFIX } from "./ec2-capacity.ts";

/** What a role is written for. Names and numbers of an account, nothing secret. */
export interface RoleFor {
  readonly account: string;
  readonly region: string;
  readonly fleet: string;
  readonly instanceTypes: readonly string[];
  readonly template: InstanceTemplate;
  /** The role of the instance profile, which a launch hands on; needed where the template has a profile. */
  readonly nodeRoleArn?: string;
  readonly targetGroupArn?: string;
  readonly queueArn?: string;
  /** Whether spares wait stopped. */
  readonly stops?: boolean;
  /** The name of the fleet's document (`ssmDocument`). */
  readonly ssmDocument?: string;
  /** Where lease and copy lie. */
  readonly store?: { readonly bucket: string; readonly prefix: string };
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** A statement of IAM's policy language. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

export interface IamPolicy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What a role that only watches must be allowed. */
export const shadowPolicy = (): IamPolicy => ({
  Version: "2012-10-17",
  Statement: [{ Sid: "Look", Effect: "Allow", Action: ["ec2:DescribeSpotPriceHistory"], Resource: ["*"] }],
});

/** What RunInstances makes and tags: each is authorised by the tags that the request gives it. */
const MADE = ["instance", "volume", "network-interface", "spot-instances-request"] as const;

/**
 * What a controller that acts for one fleet must be allowed, and nothing else: it can launch what bears the fleet's tag, of the fleet's
 * image and types, tag it in the launch only, and end what bears the tag. Pattern: Karpenter provider AWS, its CloudFormation reference;
 * unlike there, spot requests too are held to the tag.
 * @throws Error when the template has an instance profile and no role is named for it
 */
export function actingPolicy(role: RoleFor): IamPolicy {
  const {
    account,
    region,
    fleet,
    instanceTypes,
    template,
    nodeRoleArn,
    targetGroupArn,
    queueArn,
    ssmDocument,
    store,
    stops = false,
  } = role;
  const ec2 = (kind: string, name = "*") => `arn:aws:ec2:${region}:${account}:${kind}/${name}`;
  const made = MADE.map((kind) => ec2(kind));
  const tag = `${PREFIX}fleet`;
  const subnets = Object.values(template.subnets);
  const statements: Statement[] = [];
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[], Condition?: Condition) =>
    statements.push({ Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }) });

  const looks = ["ec2:DescribeInstances", "ec2:DescribeSpotPriceHistory"];
  if (targetGroupArn !== undefined) {
    const described = ["DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth"];
    looks.push(...described.map((name) => `elasticloadbalancing:${name}`));
  }
  allow("Look", looks, ["*"]);
  allow("LaunchTagged", ["ec2:RunInstances"], made.slice(1), { StringEquals: { [`aws:RequestTag/${tag}`]: fleet } });
  allow("LaunchTypes", ["ec2:RunInstances"], made.slice(0, 1), {
    StringEquals: { [`aws:RequestTag/${tag}`]: fleet, "ec2:InstanceType": instanceTypes },
  });
  allow(
    "LaunchFrom",
    ["ec2:RunInstances"],
    [
      `arn:aws:ec2:${region}::image/${template.imageId}`,
      ...(subnets.length === 0 ? [ec2("subnet")] : subnets.map((name) => ec2("subnet", name))),
      ...(template.securityGroupIds.length === 0
        ? [ec2("security-group")]
        : template.securityGroupIds.map((name) => ec2("security-group", name))),
    ],
  );
  allow("TagInLaunch", ["ec2:CreateTags"], made, {
    StringEquals: { "ec2:CreateAction": "RunInstances", [`aws:RequestTag/${tag}`]: fleet },
  });
  const ends = ["ec2:TerminateInstances", ...(stops ? ["ec2:StopInstances", "ec2:StartInstances"] : [])];
  allow("EndTagged", ends, made.slice(0, 1), {
    StringEquals: { [`aws:ResourceTag/${tag}`]: fleet },
  });
  if (template.instanceProfileArn !== undefined) {
    if (nodeRoleArn === undefined)
      throw new Error("the template has an instance profile: name its role, which a launch hands on");
    allow("HandOnRole", ["iam:PassRole"], [nodeRoleArn], {
      StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" },
    });
  }
  if (targetGroupArn !== undefined) {
    const routed = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"];
    allow("Route", routed, [targetGroupArn]);
  }
  if (queueArn !== undefined) allow("Hear", ["sqs:DeleteMessage", "sqs:ReceiveMessage"], [queueArn]);
  if (ssmDocument !== undefined) {
    allow("Send", ["ssm:SendCommand"], [`arn:aws:ssm:${region}:${account}:document/${ssmDocument}`]);
    allow("SendTo", ["ssm:SendCommand"], made.slice(0, 1), { StringEquals: { [`ssm:resourceTag/${tag}`]: fleet } });
    // Knows no resources.
    allow("HearSent", ["ssm:GetCommandInvocation"], ["*"]);
  }
  if (store !== undefined) {
    const encrypted = { "aws:SecureTransport": "true" };
    const objects = [`arn:aws:s3:::${store.bucket}/${store.prefix}*`];
    allow("Keep", ["s3:GetObject", "s3:PutObject"], objects, { Bool: encrypted });
    // Also makes an absent object 404 instead of 403.
    allow("ListKept", ["s3:ListBucket"], [`arn:aws:s3:::${store.bucket}`], { Bool: encrypted });
  }
  return { Version: "2012-10-17", Statement: statements };
}

/**
 * What the role of a fleet's file is written for.
 * @throws FleetError when the file does not say what instances are made of
 */
export function roleOf(file: FleetFile, account: string, nodeRoleArn: string | undefined): RoleFor {
  const { region, fleet, markets, template, live, policy } = file;
  if (template === undefined) throw new FleetError(`${fleet}: template is missing; say what instances are made of`);
  const queue = live?.queueUrl && new URL(live.queueUrl).pathname.split("/").slice(-2).join(":");
  return {
    account,
    region,
    fleet,
    instanceTypes: [...new Set(markets.map(({ instanceType }) => instanceType))],
    template,
    ...(nodeRoleArn === undefined ? {} : { nodeRoleArn }),
    ...(live && { targetGroupArn: live.targetGroupArn, store: live.store }),
    ...(queue === undefined ? {} : { queueArn: `arn:aws:sqs:${region}:${queue}` }),
    ...(live?.ssmDocument === undefined ? {} : { ssmDocument: live.ssmDocument }),
    stops: (policy.wrappers ?? []).some(
      ({ name, params }) =>
        name === "with-standby" && Number((params as StandbyParams | undefined)?.stoppedOnDemand) > 0,
    ),
  };
}

type StandbyParams = { readonly stoppedOnDemand?: unknown };
