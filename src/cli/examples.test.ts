import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "./program.ts";
import { fakeContext } from "./testing/fake-context.ts";

/** Commands that do something themselves, by their words. */
function leavesOf(command: Command, path: readonly string[] = []): readonly (readonly [path: string, command: Command])[] {
  const visible = command.createHelp().visibleCommands(command);
  if (visible.length === 0) return [[path.join(" "), command]];
  return visible.flatMap((child) => leavesOf(child, [...path, child.name()]));
}

function examplesOf(command: Command): readonly string[] {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  const [, examples = ""] = help.split(/\nExamples?:\n/);
  return examples.split("\n").filter((line) => line !== "");
}

/** The words of a line of a shell behind "holdfast", up to what ends the command. */
function wordsOf(line: string): readonly string[] {
  const words = line.slice(line.indexOf("holdfast") + "holdfast".length).match(/'[^']*'|[^\s']+/g) ?? [];
  const end = words.findIndex((word) => /^[|>#]/.test(word));
  return words.slice(0, end === -1 ? undefined : end).map((word) => word.replaceAll("'", "").replace(/\)"?$/, ""));
}

test("every command has examples in its help, and can do what they say", async () => {
  const leaves = leavesOf(createProgram(fakeContext()));
  assert.ok(leaves.length > 25);
  for (const [path, leaf] of leaves) {
    const examples = examplesOf(leaf);
    assert.ok(examples.length > 0, path);
    for (const example of examples) {
      const program = createProgram(fakeContext());
      let ran = "";
      for (const [name, command] of leavesOf(program))
        command
          .exitOverride()
          .configureOutput({ writeErr: () => undefined })
          .action(() => void (ran = name));
      await program.parseAsync(wordsOf(example), { from: "user" }).catch((error: unknown) => assert.fail(`${example}: ${String(error)}`));
      assert.equal(ran, path, example);
    }
  }
});
