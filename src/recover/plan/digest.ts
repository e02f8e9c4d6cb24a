/** What is written, as one number. The uid of the captured object is in it, so that nobody guesses the value of a Secret from it. */
import { createHash } from "node:crypto";
import type { PreparedObject } from "../prepare/prepared.ts";

const HEX_DIGITS = 32;

export function digestOf({ uid, object, managedFields, owners, status }: PreparedObject): string {
  const text = JSON.stringify([uid, object, managedFields, owners, status?.value]);
  return createHash("sha256").update(text).digest("hex").slice(0, HEX_DIGITS);
}
