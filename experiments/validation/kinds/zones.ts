import { z } from "zod";
import { probesOf, SKYPILOT } from "./source.ts";

const whole = z.int().nonnegative();

/** Zones as cases of SkyServe name them: a stretch of the samples of a file each, in this order. */
export const zonesSchema = z
  .array(z.object({ zone: z.string(), trace: z.string(), from: whole.optional(), to: whole.optional() }))
  .min(1);

export interface ZoneSamples {
  readonly zone: string;
  /** Instances obtainable, sample by sample; never empty. */
  readonly counts: readonly number[];
}

/** @throws Error for a stretch that the file does not have */
export const samplesOf = (zones: z.infer<typeof zonesSchema>): Promise<ZoneSamples[]> =>
  Promise.all(
    zones.map(async ({ zone, trace, from = 0, to }) => {
      const { values } = await probesOf(SKYPILOT, trace, zone);
      if (from >= (to ?? values.length) || (to ?? 0) > values.length) {
        throw new Error(`${trace}: it has ${values.length} samples, none from ${from} to ${to ?? "its end"}`);
      }
      return { zone, counts: values.slice(from, to) };
    }),
  );

/** Zones of which each sample of one was taken with that of the others. @throws Error where they are not equally many */
export async function alignedSamplesOf(zones: z.infer<typeof zonesSchema>): Promise<ZoneSamples[]> {
  const samples = await samplesOf(zones);
  const lengths = samples.map(({ counts }) => counts.length);
  if (new Set(lengths).size > 1) {
    throw new Error(
      `zones of ${lengths.join(", ")} samples cannot be compared sample by sample; cut them with from and to`,
    );
  }
  return samples;
}

const isUp = (count: number): number => (count >= 1 ? 1 : 0);

/** Sample by sample, 1 where the zone had capacity. */
export const upOf = ({ counts }: ZoneSamples): number[] => counts.map(isUp);
