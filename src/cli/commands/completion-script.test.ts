import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const BIN = join(import.meta.dirname, "../../../bin");
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"]}` };

async function run(shell: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(shell, args, { env });
  return stdout.split("\n").slice(0, -1);
}

function missing(shell: string): string | false {
  return spawnSync(shell, ["-c", "exit"]).error !== undefined && `${shell} is not installed`;
}

/** Splits as bash does for completion: "=" is a word of its own. */
const cases: readonly (readonly [words: readonly string[], replies: readonly string[]])[] = [
  [["sto"], ["storage"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [
    ["--output", ""],
    ["text", "json"],
  ],
  [
    ["--output", "="],
    ["text", "json"],
  ],
  [["--output", "=", "j"], ["json"]],
  [["--output", "=", "json", "completion", "b"], ["bash"]],
  [["storage", "check", "--lo"], ["--lock"]],
  [["storage", "check", "/"], []],
];
for (const [words, replies] of cases) {
  test(`completionScript("bash") makes bash complete ${words.join(" ")}`, async () => {
    const script = `source <(holdfast completion bash)
      COMP_WORDS=(holdfast "$@") COMP_CWORD=$#
      _holdfast
      for reply in "\${COMPREPLY[@]}"; do echo "$reply"; done`;
    assert.deepEqual(await run("bash", "--norc", "-c", script, "bash", ...words), replies);
  });
}

test('completionScript("fish") makes fish complete', { skip: missing("fish") }, async () => {
  const script = "holdfast completion fish | source; complete -C 'holdfast completion '";
  assert.deepEqual((await run("fish", "--no-config", "-c", script)).toSorted(), ["bash", "fish", "zsh"]);
});

test('completionScript("zsh") is a script that zsh can read', { skip: missing("zsh") }, async () => {
  assert.deepEqual(await run("zsh", "-f", "-c", "holdfast completion zsh > /dev/null && zsh -n <(holdfast completion zsh)"), []);
});
