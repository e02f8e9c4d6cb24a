/** A chart of a few objects, as a folder that Helm installs from. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** @param objects What it installs, in the namespace of the release */
export async function writeChart(folder: string, name: string, version: string, objects: readonly object[]): Promise<void> {
  await mkdir(join(folder, "templates"), { recursive: true });
  await writeFile(join(folder, "Chart.yaml"), JSON.stringify({ apiVersion: "v2", name, version }));
  // JSON is YAML.
  await writeFile(join(folder, "templates", "all.yaml"), objects.map((object) => JSON.stringify(object)).join("\n---\n"));
}
