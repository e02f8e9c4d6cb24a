/** The stage of Go tests: every module below dev/ that has some is vetted and tested. */
import { glob } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runChild } from "./child.ts";
import { GoTally } from "./go-tally.ts";
import type { Stage, StageContext } from "./stage.ts";
import { addTallies, EMPTY_TALLY, failed, type Failure, type Tally } from "./tally.ts";

export const goStage: Stage = {
  name: "go",
  async run(context) {
    const modules = await findModules(context.root);
    if (modules.length === 0) return undefined;
    const tallies: Tally[] = [];
    for (const module of modules) tallies.push(await vet(module, context), await test(module, context));
    return addTallies(tallies);
  },
};

async function findModules(root: string): Promise<string[]> {
  const folders = (await Array.fromAsync(glob("dev/**/go.mod", { cwd: root }))).map((file) => dirname(file)).toSorted();
  const tested = await Array.fromAsync(glob("dev/**/*_test.go", { cwd: root }));
  return folders.filter((folder) => tested.some((file) => file.startsWith(`${folder}/`)));
}

/** Counts as one test. */
async function vet(module: string, { root, signal, print }: StageContext): Promise<Tally> {
  const result = await runChild("go", ["vet", "./..."], { cwd: join(root, module), signal });
  if (result.ok) return { ...EMPTY_TALLY, passed: 1 };
  return shown(failed(`go vet in ${module}`, result.output.trimEnd()), print);
}

async function test(module: string, { root, signal, print }: StageContext): Promise<Tally> {
  const counter = new GoTally();
  const onLine = (line: string): void => {
    const failure = counter.line(line);
    if (failure !== undefined) print(failureText(failure));
  };
  const result = await runChild("go", ["test", "-json", "-count=1", "./..."], { cwd: join(root, module), signal, onLine });
  const { tally } = counter;
  if (result.ok || tally.failures.length > 0) return tally;
  return addTallies([tally, shown(failed(`go test in ${module}`, result.output.trimEnd()), print)]);
}

function shown(tally: Tally, print: (line: string) => void): Tally {
  for (const failure of tally.failures) print(failureText(failure));
  return tally;
}

function failureText({ name, text }: Failure): string {
  return `FAIL ${name}\n${text}`;
}
