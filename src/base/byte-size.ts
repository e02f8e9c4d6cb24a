/** Amounts of bytes as people write them: "16 MiB". Kubernetes quantities are another grammar. */
import { DomainError } from "./errors.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const STEP = 1024;
const SIZE_FORM = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>B|[KMGTP]iB)?$/;

/** One decimal below 10, none from there on: "0 B", "1.5 KiB", "16 MiB". */
export function formatBytes(sizeBytes: number): string {
  let amount = sizeBytes;
  let power = 0;
  // 1023.5 would print as 1024 of the smaller unit.
  while (amount >= STEP - 0.5 && power < UNITS.length - 1) {
    amount /= STEP;
    power++;
  }
  const digits = power > 0 && amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits)} ${UNITS[power]}`;
}

/**
 * Reads "16 MiB", "1.5GiB" or plain bytes "4096". Decimal units (MB) are refused rather than guessed.
 *
 * @throws {DomainError} usage/byte_size: another form, or not a whole number of bytes below 2^53
 */
export function parseBytes(text: string): number {
  const { amount = "", unit = "B" } = SIZE_FORM.exec(text.trim())?.groups ?? {};
  const sizeBytes = Number(amount) * STEP ** UNITS.findIndex((name) => name === unit);
  if (amount === "" || !Number.isSafeInteger(sizeBytes)) {
    throw new DomainError("usage", "byte_size", `Cannot read size "${text}": not a whole number of bytes`, {
      hint: 'Write it with a binary unit, as in "512 KiB" or "1.5 GiB"',
    });
  }
  return sizeBytes;
}
