/** `holdfast run show` */
import type { Command } from "commander";
import { type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { RecordedRun } from "../../run/records.ts";
import type { CommandContext } from "../context.ts";
import { findRun } from "../find-run.ts";
import { runOnLocation } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { entryText, outcomeText, runJson, unitText } from "../run-text.ts";
import { localTime, shownText } from "../shown.ts";

export async function runShow(name: string, command: Command, context: CommandContext): Promise<void> {
  await runOnLocation(command, context, async (run) => {
    const found = await findRun(run, name);
    const value = { ...runJson(found), entries: found.entries };
    writeResult(context, run.format, value, () => runText(found));
  });
}

function runText(run: RecordedRun): string {
  const { header, entries, end } = run;
  const { id, kind, path, time, host, point, of } = header;
  const message = textIn(objectIn(end?.facts, "error"), "message");
  return [
    `Run      ${id}`,
    `Kind     ${shownText(kind)}${of === undefined ? "" : ` of run ${shownText(of)}`}`,
    `Unit     ${shownText(unitText(path))}`,
    ...(point === undefined ? [] : [`Point    ${shownText(point)}`]),
    `Began    ${localTime(Temporal.Instant.from(time).epochMilliseconds)} on ${shownText(host)}`,
    `Result   ${outcomeText(run)}`,
    ...listIn(end?.facts, "claims").map(claimText),
    ...(message === undefined ? [] : [`Because  ${shownText(message)}`]),
    ...(entries.length === 0
      ? []
      : ["", ...entries.map((entry, index) => `${String(index + 1).padStart(3)}  ${shownText(entryText(entry))}`)]),
    ...(end === undefined
      ? ["", `If it was killed, "holdfast run undo ${id}" brings it to an end: back, or forward if all works already`]
      : []),
  ].join("\n");
}

function claimText(claim: JsonValue): string {
  const field = (name: string): string => shownText(textIn(claim, name) ?? "");
  return `Claim    ${field("namespace")}/${field("name")}: volume ${field("volume")}, set aside ${field("setAside")}`;
}
