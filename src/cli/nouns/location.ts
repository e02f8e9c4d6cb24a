/** `holdfast location …` */
import type { Command } from "commander";
import type { LocationInitOptions } from "../commands/location-init.ts";
import type { CommandContext } from "../context.ts";
import { addSecretOutput } from "../new-secret.ts";
import { addLocationOptions } from "../repository-options.ts";

export function addLocation(program: Command, context: CommandContext): void {
  const location = program.command("location").helpCommand(false).description("Make the places that restore points are kept in");
  const init = addSecretOutput(location.command("init"), "--key-out", "location's key")
    .description("Make a location in a folder or bucket, with a key that is made at random: it opens every restore point there")
    .option("--no-check-storage", "Do not prove first that the storage keeps what repositories rely on");
  addLocationOptions(init).action(async (given: LocationInitOptions, command: Command) => {
    const { locationInit } = await import("../commands/location-init.ts");
    await locationInit(given, command, context);
  });
}
