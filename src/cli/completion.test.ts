import assert from "node:assert/strict";
import { test } from "node:test";
import { Argument, Command, Option } from "commander";
import { complete } from "./completion.ts";

function program(): Command {
  const root = new Command("x").helpOption("-h, --help", "Help").helpCommand(false).configureHelp({ showGlobalOptions: true });
  root.addOption(new Option("-o, --output <format>", "Form").choices(["text", "json"]));
  const noun = root.command("files").helpCommand(false).description("Files\nand more");
  noun.command("hidden", { hidden: true });
  noun
    .command("backup")
    .argument("<source>")
    .argument("[path...]")
    .option("--force", "Force")
    .option("--key-file <file>", "Key")
    .option("--host <name>", "Host");
  noun.command("show").addArgument(new Argument("<what>").choices(["all", "any"]));
  return root;
}

const cases: readonly (readonly [line: string, words: string, files?: boolean])[] = [
  ["", "files"],
  ["f", "files"],
  ["z", ""],
  ["files ", "backup show"],
  ["files s", "show"],
  ["-o json files ", "backup show"],
  ["files --output=json ", "backup show"],
  ["files show ", "all any"],
  ["files show al", "all"],
  ["files show all ", ""],
  ["files backup ", ""],
  ["files backup a ", "", true],
  ["files backup a b c/", "", true],
  ["files backup --f", "--force"],
  ["files backup --force ", ""],
  ["files backup -", "--force --key-file --host --help -h --output -o"],
  ["files backup --host ", ""],
  ["files backup --host h a ", "", true],
  ["files backup --key-file ", "", true],
  ["files backup --key-file=a", "", true],
  ["-o ", "text json"],
  ["files backup a --output j", "json"],
  ["files backup a --output=j", "--output=json"],
  ["files backup a --unknown=j", ""],
];
for (const [line, words, files = false] of cases) {
  test(`complete() of "${line}" is "${words}"${files ? " and files" : ""}`, () => {
    const { candidates, files: withFiles } = complete(program(), line.split(" "));
    assert.deepEqual([candidates.map(({ word }) => word).join(" "), withFiles], [words, files]);
  });
}

test("complete() describes commands by their first line, and options", () => {
  assert.deepEqual(complete(program(), [""]).candidates, [{ word: "files", description: "Files" }]);
  assert.deepEqual(complete(program(), ["--o"]).candidates, [{ word: "--output", description: "Form" }]);
});
