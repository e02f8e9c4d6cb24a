/** Options that say which snapshots are kept. */
import type { Command } from "commander";
import { collect } from "./snapshot-options.ts";

const PERIODS = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;
type Period = (typeof PERIODS)[number];

/** As commander gives them. */
export type KeepOptions = Readonly<
  Partial<Record<"keepLast" | "keepWithin" | `keep${Capitalize<Period>}` | `keepWithin${Capitalize<Period>}`, string>>
> & {
  readonly keepTag: readonly string[];
};

const SPANS: Readonly<Record<Period, string>> = { hourly: "hours", daily: "days", weekly: "weeks", monthly: "months", yearly: "years" };

export function addKeepOptions(command: Command): Command {
  command.option("--keep-last <count>", "Keep so many, the newest; or unlimited");
  for (const period of PERIODS)
    command.option(`--keep-${period} <count>`, `Keep one of each of the last so many ${SPANS[period]} that have any`);
  command.option("--keep-within <span>", "Keep all of this span before the newest, as in 1y5m7d2h");
  for (const period of PERIODS) command.option(`--keep-within-${period} <span>`, `Keep one of each of the ${SPANS[period]} of this span`);
  return command.option("--keep-tag <tags>", "Keep what has all tags of this list; may be repeated for other lists", collect, []);
}
