import { type ThreadWork, workThrough } from "../../../experiments/thread-work.ts";

/** What the pool's tests let a worker do. */
export type Chore =
  | { readonly do: "double"; readonly value: number }
  | { readonly do: "hang" | "hangDeaf" | "exit" | "fillHeap" | "fillBuffers" | "throwLater" }
  /** Keeps so much for good, as a policy with module state does. */
  | { readonly do: "leak"; readonly mib: number };

const leaked: number[][] = [];

export const runBatch = (work: ThreadWork): Promise<void> =>
  workThrough(work, async (chore: Chore) => {
    switch (chore.do) {
      case "double":
        return 2 * chore.value;
      case "hang":
        for (;;);
      case "hangDeaf":
        // Calls nothing but a built-in, which V8 then does not interrupt: only the end of the process ends it.
        for (const kept: number[][] = []; ; ) {
          kept.push(new Array<number>(1000).fill(0));
          if (kept.length > 1000) kept.length = 0;
        }
      case "exit":
        process.exit(3);
        break;
      case "fillHeap":
        for (const kept: number[][] = []; ; ) kept.push(new Array<number>(1000).fill(0));
      case "fillBuffers":
        for (const kept: Uint8Array[] = []; ; ) if (kept.length < 40) kept.push(new Uint8Array(10_000_000).fill(1));
      case "throwLater":
        setTimeout(() => {
          throw new Error("too late");
        }, 0);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        break;
      case "leak":
        for (let i = 0; i < chore.mib; i++) leaked.push(new Array<number>(131_072).fill(i));
        return leaked.length;
    }
    return -1;
  });
