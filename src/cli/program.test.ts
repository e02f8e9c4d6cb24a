import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "./program.ts";
import { fakeContext } from "./testing/fake-context.ts";

const COLUMNS = 80;

function* commandsOf(command: Command): Generator<Command, void, undefined> {
  yield command;
  for (const child of command.commands) yield* commandsOf(child);
}

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => COLUMNS }).outputHelp();
  return help;
}

test("the help of every command fits a terminal, and says nothing of empty defaults", () => {
  const commands = Array.from(commandsOf(createProgram(fakeContext())));
  assert.ok(commands.length > 30);
  for (const command of commands) {
    // Examples are to be copied, not wrapped.
    const [help = ""] = helpOf(command).split("\nExample");
    assert.doesNotMatch(help, /default: \[\]/);
    for (const line of help.split("\n")) assert.ok(line.length <= COLUMNS, `${command.name()}: ${line}`);
  }
});

test("every command and every option is described", () => {
  for (const command of commandsOf(createProgram(fakeContext()))) {
    assert.notEqual(command.description(), "", command.name());
    for (const { flags, description } of command.options) assert.notEqual(description, "", `${command.name()} ${flags}`);
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, "", `${command.name()} ${argument.name()}`);
  }
});
