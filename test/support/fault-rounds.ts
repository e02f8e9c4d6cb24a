/** One backup, restore or swap after the other, each disturbed at a moment that nobody has chosen, and what has to hold after each. A seed repeats the choices. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { type FaultWorld, type RunningCommand, untilTrue } from "./fault-world.ts";
import { succeeded } from "./location.ts";
import { killDaemon } from "./own-cluster.ts";

export const OPERATIONS = ["backup", "restore", "swap"] as const;
export const VICTIMS = ["command", "mover", "kube-apiserver", "kubelet-node-1", "containerd-node-1"] as const;
export type Operation = (typeof OPERATIONS)[number];
export type Victim = (typeof VICTIMS)[number];

export interface Round {
  readonly operation: Operation;
  readonly victim: Victim;
  /** What cleans up before it is done again. */
  readonly cleaner: "gc" | "next run";
}

/** Killed; done; done in part; taken by somebody else; the cluster or a mover is gone. */
const ENDS: ReadonlySet<number> = new Set([-1, 0, 3, 6, 7]);
/** A command whose cluster is back ends in this time, whatever it was doing. */
const END_LIMIT_MS = 300_000;
/** A driver that was asked to cut answers within seconds; what the kubelet has to start again takes longer. */
const GAP_LIMIT_MS = 30_000;

export class FaultRounds {
  readonly #world: FaultWorld;
  readonly #random: () => number;
  readonly #usualMs = new Map<Operation, number>();
  #number = 0;

  constructor(world: FaultWorld, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  /** There is a point to restore then. */
  async begin(): Promise<void> {
    await this.#undisturbed("backup", "");
  }

  choose(): Round {
    const of = <T>(all: readonly [T, ...T[]]): T => all[Math.floor(this.#random() * all.length)] ?? all[0];
    return { operation: of(OPERATIONS), victim: of(VICTIMS), cleaner: of(["gc", "next run"]) };
  }

  /** @returns what happened, in a line */
  async run({ operation, victim, cleaner }: Round): Promise<string> {
    const world = this.#world;
    const { namespace, cluster, cli, sql, start, heal } = world;
    const copy = `${namespace}-copy-${++this.#number}`;
    const usualMs = this.#usualMs.get(operation) ?? this.#usualMs.get("backup") ?? 0;
    const moment = Math.round(this.#random() * usualMs);
    const [points, since] = [await world.points(), await sql("select clock_timestamp()")];
    const command = start(...argsOf(operation, namespace, copy));
    await Promise.race([systemClock.sleep(moment), command.ended]);
    const isHit = await this.#hit(victim, command);
    if (victim !== "command" && victim !== "mover") await heal();
    const { exitCode, stderr } = await endOf(command);
    const when = `after ${victim} was killed ${moment} ms into a ${operation} (exit code ${exitCode})`;
    assert.ok(ENDS.has(exitCode), `${when}: ${stderr}`);
    const found = await world.points();
    const isNew = operation === "backup" && found === points + 1 && exitCode <= 3;
    assert.ok(found === points || isNew, `${when}: ${found} points`);
    if (cleaner === "gc") {
      const { exitCode: code, stderr: said } = await cli.run("gc");
      assert.equal(code, 0, `${when}: ${said}`);
      await world.assertServing(`${when}, and gc`);
    }
    if (operation === "backup") {
      const gapMs = await world.longestGap(since);
      assert.ok(gapMs < GAP_LIMIT_MS, `${when}: no commit for ${gapMs} ms`);
    }
    await this.#undisturbed(operation, copy);
    await world.assertServing(when);
    if (operation === "restore") {
      await world.assertServing(`${when}, in the copy`, copy);
      await cluster.kubectl("delete", "namespace", copy, "--wait", "--timeout=120s");
    }
    if (operation === "swap") await this.#releaseAll();
    await world.assertNothingLeft(when, copy);
    return `${isHit ? "" : "not hit: "}${when}, cleaned up by ${cleaner}`;
  }

  async #undisturbed(operation: Operation, copy: string): Promise<void> {
    const { cli, namespace } = this.#world;
    const startMs = systemClock.monotonicMs();
    succeeded(await cli.run(...argsOf(operation, namespace, copy)));
    this.#usualMs.set(operation, systemClock.monotonicMs() - startMs);
  }

  async #hit(victim: Victim, command: RunningCommand): Promise<boolean> {
    const { name, killMovers } = this.#world;
    if (victim === "command") {
      const isHit = command.isRunning();
      command.kill();
      return isHit;
    }
    if (victim === "mover") {
      let killed = 0;
      await untilTrue(async () => (killed = await killMovers()) > 0 || !command.isRunning(), "a mover runs");
      return killed > 0;
    }
    const isHit = command.isRunning();
    await killDaemon(name, victim);
    return isHit;
  }

  async #releaseAll(): Promise<void> {
    const { cli } = this.#world;
    const { runs } = succeeded(await cli.run("run", "list", "-o", "json")).json() as {
      readonly runs: readonly { readonly id: string; readonly kind: string; readonly outcome?: string }[];
    };
    for (const { id, kind } of runs) if (kind === "swap") succeeded(await cli.run("run", "release", id, "--yes"));
  }
}

function argsOf(operation: Operation, namespace: string, copy: string): readonly string[] {
  if (operation === "backup") return ["backup", namespace];
  return ["restore", namespace, ...(operation === "swap" ? ["--swap"] : ["--to-namespace", copy])];
}

async function endOf(command: RunningCommand): Promise<Awaited<RunningCommand["ended"]>> {
  const late = new AbortController();
  const timer = systemClock.sleep(END_LIMIT_MS, late.signal).then(
    () => assert.fail("the command does not end"),
    () => assert.fail("not awaited any more"),
  );
  timer.catch(() => undefined);
  try {
    return await Promise.race([command.ended, timer]);
  } finally {
    late.abort();
  }
}
