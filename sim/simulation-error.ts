/** Something in a spec that cannot be simulated. The message says what was expected and how to mend it. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}
