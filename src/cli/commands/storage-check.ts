/** `holdfast storage check` */
import { isoTime } from "../../base/clock.ts";
import { errorJson } from "../../base/error-text.ts";
import { checkStore, type PropertyResult, type StoreCheck } from "../../storage/check.ts";
import { openStore } from "../../storage/open.ts";
import type { CommandContext } from "../context.ts";
import { type OutputFormat, writeResult } from "../output.ts";

export interface StorageCheckOptions {
  readonly lock: boolean;
}

/** @throws {DomainError} of the first property that the store does not have, after all of them were written */
export async function storageCheck(
  url: string,
  { lock }: StorageCheckOptions,
  context: CommandContext,
  format: OutputFormat,
): Promise<void> {
  const { clock, environment, signal } = context;
  await using store = await openStore(url, { clock, environment, signal });
  const check = await checkStore(store, { clock, signal, lock });
  writeResult(context, format, checkJson(check, clock.now()), () => checkText(check));
  if (check.error !== undefined) throw check.error;
}

function checkJson({ url, properties, error }: StoreCheck, nowMs: number): unknown {
  return {
    url,
    checked: isoTime(nowMs),
    ok: error === undefined,
    properties: properties.map(({ property, state, meaning, error: cause }) => ({
      property,
      state,
      meaning,
      ...(cause === undefined ? {} : { error: errorJson(cause) }),
    })),
  };
}

const STATE_TEXT: Readonly<Record<PropertyResult["state"], string>> = {
  ok: "ok",
  warning: "warning",
  failed: "failed",
  "not-offered": "not offered",
  "not-tried": "not tried",
};

function checkText({ properties }: StoreCheck): string {
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  const nameWidth = width(properties.map(({ property }) => property));
  const stateWidth = width(Object.values(STATE_TEXT));
  return properties
    .map(({ property, state, meaning }) => `${property.padEnd(nameWidth)}  ${STATE_TEXT[state].padEnd(stateWidth)}  ${meaning}`)
    .join("\n");
}
