/**
 * How to say what files leave out: a key of a study's trace, and the option of the same meaning.
 * @example stated("usdPerHour", "0.95") // "add usdPerHour: 0.95 to the study, or --usd-per-hour 0.95 to npm run traces -- import"
 */
export function stated(key: string, value: string): string {
  const option = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `add ${key}: ${value} to the study, or --${option} ${value} to npm run traces -- import`;
}
