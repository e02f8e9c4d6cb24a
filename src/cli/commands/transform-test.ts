/** `holdfast transform test` */
import { readFile } from "node:fs/promises";
import { DomainError } from "../../base/errors.ts";
import { idOfObject, type ObjectId, shortId } from "../../kube/object-id.ts";
import { changeLines } from "../../point/diff/change-lines.ts";
import { type FieldChange, fieldChanges } from "../../point/diff/field-changes.ts";
import { compileTransforms } from "../../recover/transform/read-transforms.ts";
import type { CommandContext } from "../context.ts";
import { type OutputFormat, writeResult } from "../output.ts";
import { readObjects } from "../read-objects.ts";
import { counted, shownText } from "../shown.ts";

export interface TransformTestOptions {
  readonly object: readonly string[];
}

interface TestedObject {
  readonly id: ObjectId;
  readonly transforms: readonly { readonly name: string; readonly changes: readonly FieldChange[] }[];
}

const COLUMNS = 80;
const INDENT = "    ";

/** @throws {DomainError} usage/transform_unmatched: after the result, if a transform was for none of the objects */
export async function transformTest(
  file: string,
  { object: files }: TransformTestOptions,
  context: CommandContext,
  format: OutputFormat,
): Promise<void> {
  const set = compileTransforms(await readTransforms(file, context), file);
  const objects: TestedObject[] = [];
  for (const source of files) {
    for (const object of await readObjects(source, context)) {
      const { matched, steps } = set.apply(object);
      const transforms = matched.map((name) => {
        const step = steps.find((one) => one.name === name);
        return { name, changes: step === undefined ? [] : fieldChanges(step.before, step.after, { isAll: true }) };
      });
      objects.push({ id: idOfObject(object), transforms });
    }
  }
  const { unmatched } = set;
  writeResult(context, format, { objects: objects.map(({ id, transforms }) => ({ ...id, transforms })), unmatched }, () =>
    testText(objects),
  );
  set.assertMatched();
}

async function readTransforms(file: string, { signal }: CommandContext): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    const state = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new DomainError("usage", "transform_file", `Cannot use transform file "${file}": ${state}`);
  }
}

function testText(objects: readonly TestedObject[]): string {
  const changed = objects.filter(({ transforms }) => transforms.some(({ changes }) => changes.length > 0)).length;
  return [...objects.flatMap(objectLines), "", `${counted(objects.length, "object")}, ${changed} changed`].join("\n");
}

function objectLines({ id, transforms }: TestedObject): readonly string[] {
  const name = `${shortId(id)}${id.namespace === undefined ? "" : ` in namespace ${id.namespace}`}`;
  return [
    shownText(`${name}${transforms.length === 0 ? ": no transform is for it" : ""}`),
    ...transforms.flatMap(({ name: transform, changes }) => [
      `  ${transform}${changes.length === 0 ? ": it is like that already" : ""}`,
      ...changeLines(changes, { width: COLUMNS - INDENT.length }).map((line) => `${INDENT}${line}`),
    ]),
  ];
}
