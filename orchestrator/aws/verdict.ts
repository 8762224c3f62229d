import type { RefusalReason, RefusalScope } from "../../policies/contract/view.ts";

/**
 * What an error of AWS means for us.
 *
 * refused: an answer like any other, a value. throttled: the same request again, later. denied: we may not; nobody retries. absent:
 * not there yet, or not any more, and describing again tells. spent: the token belongs to an instance that has ended. unknown: it may
 * have been carried out. wrong: the request itself is at fault, a defect of ours or of the configuration.
 */
export type Verdict =
  | { readonly is: "refused"; readonly reason: RefusalReason; readonly scope: RefusalScope }
  | { readonly is: "throttled" | "denied" | "absent" | "spent" | "unknown" | "wrong" };

const capacity = { is: "refused", reason: "capacity", scope: "market" } as const;
const quota = { is: "refused", reason: "quota", scope: "family" } as const;

/**
 * By error code. Sources: AWS, "Error codes for the Amazon EC2 API", "Ensuring idempotency", "Eventual consistency"; Karpenter
 * provider AWS, pkg/errors/errors.go (which codes mean that capacity is lacking). Scopes and times: docs/live.md.
 */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  InsufficientInstanceCapacity: capacity,
  InsufficientHostCapacity: capacity,
  UnfulfillableCapacity: capacity,
  SpotMaxPriceTooLow: capacity,
  InsufficientFreeAddressesInSubnet: { is: "refused", reason: "capacity", scope: "zone" },
  MaxSpotInstanceCountExceeded: quota,
  VcpuLimitExceeded: quota,
  InstanceLimitExceeded: quota,
  MaxFleetCountExceeded: quota,
  Unsupported: { is: "refused", reason: "unsupported", scope: "type" },
  UnsupportedOperation: { is: "wrong" },
  /** Still on its way to the state that is asked for. */
  IncorrectInstanceState: { is: "throttled" },
  RequestLimitExceeded: { is: "throttled" },
  Throttling: { is: "throttled" },
  ThrottlingException: { is: "throttled" },
  TooManyRequestsException: { is: "throttled" },
  SlowDown: { is: "throttled" },
  UnauthorizedOperation: { is: "denied" },
  AccessDenied: { is: "denied" },
  AccessDeniedException: { is: "denied" },
  AuthFailure: { is: "denied" },
  "AuthFailure.ServiceLinkedRoleCreationNotPermitted": { is: "denied" },
  ExpiredToken: { is: "denied" },
  ExpiredTokenException: { is: "denied" },
  RequestExpired: { is: "denied" },
  InvalidClientTokenId: { is: "denied" },
  UnrecognizedClientException: { is: "denied" },
  CredentialsProviderError: { is: "denied" },
  OptInRequired: { is: "denied" },
  "InvalidInstanceID.NotFound": { is: "absent" },
  InvocationDoesNotExist: { is: "absent" },
  IdempotentInstanceTerminated: { is: "spent" },
  IdempotentParameterMismatch: { is: "wrong" },
};

/** The parts of an SDK's error that count. */
interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The error code of AWS; of a call that was not answered, the name of what happened to it. */
export const codeOf = (error: unknown): string => {
  const { Code, name = "Error" } = error as SdkError;
  return Code ?? name;
};

/**
 * Whatever was not answered, or answered with 5xx without a code that we know, is unknown and not failed: it may have been carried
 * out.
 * @example verdictOf({ name: "VcpuLimitExceeded" }) // { is: "refused", reason: "quota", scope: "family" }
 */
export function verdictOf(error: unknown): Verdict {
  const known = VERDICTS[codeOf(error)];
  if (known !== undefined) return known;
  const status = (error as SdkError).$metadata?.httpStatusCode;
  if (status === undefined || status >= 500 || status < 400) return { is: "unknown" };
  if (status === 429) return { is: "throttled" };
  return { is: status === 401 || status === 403 ? "denied" : "wrong" };
}
