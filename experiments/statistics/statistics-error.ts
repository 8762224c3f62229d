/** Numbers that no statistics can be made of: names the place, what was expected, and the remedy. */
export class StatisticsError extends Error {
  override readonly name = "StatisticsError";
}
