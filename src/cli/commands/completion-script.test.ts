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

/** With what zsh brings for completion put in place by something that prints. */
const ZSH = `compdef() { : }
  _describe() { print -rl -- "\${(@P)2}" }
  _files() { print files }
  source <(holdfast completion zsh)
  words=(holdfast "$@") CURRENT=$((1 + $#))
  _holdfast`;
const zshCases: readonly (readonly [words: readonly string[], replies: readonly string[]])[] = [
  [["sto"], ["storage:Examine the places that hold repositories"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["--output=j"], ["--output=json"]],
  [["files", "backup", "/"], ["files"]],
  [["repository", "key", "rem"], ["remove:Remove a key: its password opens the repository no more"]],
];
for (const [words, replies] of zshCases) {
  test(`completionScript("zsh") makes zsh complete ${words.join(" ")}`, { skip: missing("zsh") }, async () => {
    assert.deepEqual(await run("zsh", "-f", "-c", ZSH, "zsh", ...words), replies);
  });
}
