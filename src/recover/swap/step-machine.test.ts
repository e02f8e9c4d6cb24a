import assert from "node:assert/strict";
import { test } from "node:test";
import { StepMachine } from "./step-machine.ts";

interface Step {
  readonly name: string;
  readonly old: number;
}

class Killed extends Error {}

/** A world of numbers: a step sets one to 1. It dies at the given moment, and whoever comes next knows the record only. */
class World {
  readonly values = new Map<string, number>();
  readonly record: Step[] = [];
  #left: number;

  constructor(dieAt: number) {
    this.#left = dieAt;
  }

  machine(noted: readonly Step[] = []): StepMachine<Step> {
    const log = {
      note: async (step: Step) => {
        this.#tick();
        this.record.push(step);
        this.#tick();
      },
    };
    const handlers = {
      apply: async ({ name }: Step) => {
        this.#tick();
        this.values.set(name, 0.5);
        this.#tick();
        this.values.set(name, 1);
        this.#tick();
      },
      undo: async ({ name, old }: Step) => {
        this.#tick();
        this.values.set(name, old);
        this.#tick();
      },
    };
    return new StepMachine(log, handlers, noted);
  }

  revive(dieAt: number): void {
    this.#left = dieAt;
  }

  #tick(): void {
    if (this.#left-- <= 0) throw new Killed();
  }
}

const STEPS: readonly (readonly Step[])[] = [
  [{ name: "a", old: 0 }],
  [
    { name: "b", old: 0 },
    { name: "c", old: 0 },
  ],
  [{ name: "d", old: 0 }],
];
const NEVER = Number.POSITIVE_INFINITY;

async function forward(machine: StepMachine<Step>): Promise<void> {
  for (const steps of STEPS) await machine.apply(steps);
}

test("wherever it is killed, on the way there and on the way back, the record is enough to take all back", async () => {
  let ticks = 0;
  for (let dieAt = 0; ; dieAt++) {
    const world = new World(dieAt);
    try {
      await forward(world.machine());
      break;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    for (let dieBackAt = 0; dieBackAt < 12; dieBackAt++) {
      world.revive(dieBackAt);
      await world
        .machine(world.record)
        .rollBack(({ name }) => name)
        .catch(() => undefined);
    }
    world.revive(NEVER);
    await world.machine(world.record).rollBack(({ name }) => name);
    assert.deepEqual(
      [...world.values.values()].filter((value) => value !== 0),
      [],
      `killed at ${dieAt}`,
    );
    ticks++;
  }
  assert.ok(ticks > 15);
});

test("nothing is done before all that is done with it is noted", async () => {
  const world = new World(3);
  await assert.rejects(world.machine().apply(STEPS[1] ?? []), Killed);
  assert.equal(world.values.size, 0);
});

test("what is undone last is what was noted first, group by group", async () => {
  const undone: string[] = [];
  const log = { note: async () => undefined };
  const handlers = {
    apply: async () => undefined,
    undo: async ({ name }: Step) => {
      if (name === "c") throw new Error("c stays");
      undone.push(name);
    },
  };
  const machine = new StepMachine<Step>(log, handlers);
  await forward(machine);
  await assert.rejects(
    machine.rollBack(({ name }) => (name === "d" ? "d" : name === "a" ? "a" : "bc")),
    /c stays/,
  );
  // The others of its group come to their end; what relies on them is not touched.
  assert.deepEqual(undone, ["d", "b"]);
});
