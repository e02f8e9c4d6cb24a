import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { layProduct } from "./product.ts";
import { run } from "../host/run.ts";

/** Lays what an image from scratch consists of beside its Containerfile. */
export async function addHostFiles(name: string, context: string, signal?: AbortSignal): Promise<void> {
  if (name === "pause") await run("gcc", ["-static", "-Os", "-s", "-Wall", "-Werror", "-o", "pause", "pause.c"], { cwd: context, signal });
  if (name === "holdfast") await layProduct(join(context, "root"), signal);
  if (name === "shell") await copyFile("/bin/busybox", join(context, "busybox"));
}
