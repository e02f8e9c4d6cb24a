/** What a shell may offer for the word under the cursor, from the commands as commander knows them. */
import type { Argument, Command, Option } from "commander";

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether names of files fit as well, which shells know better. */
  readonly files: boolean;
}

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Placeholders that stand for a place in the file system. */
const FILE_PLACEHOLDER = /^(?:file|folder|path|url)$/;

/** @param words All behind the program's name up to the cursor; the last is the one to complete, and may be empty */
export function complete(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const { command, argument, option } = place(program, words.slice(0, -1));
  if (option !== undefined) return starting(current, valuesOf(option.argChoices, option.flags));
  const [flag = "", value] = current.split("=", 2);
  if (value !== undefined && flag.startsWith("--")) {
    const assigned = findOption(command, flag);
    const { candidates, files } = valuesOf(assigned?.argChoices, assigned?.flags ?? "");
    return starting(current, { candidates: candidates.map(({ word }) => ({ word: `${flag}=${word}`, description: "" })), files });
  }
  if (current.startsWith("-")) return starting(current, { candidates: flagsOf(command), files: false });
  const commands = command.createHelp().visibleCommands(command);
  if (commands.length > 0) return starting(current, { candidates: commands.map(commandCandidate), files: false });
  return starting(current, valuesOf(argument?.argChoices, argument?.name() ?? ""));
}

interface Place {
  readonly command: Command;
  /** Which the next plain word is. */
  readonly argument: Argument | undefined;
  /** Whose value comes next. */
  readonly option: Option | undefined;
}

function place(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let given = 0;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
    } else if (word.startsWith("-")) {
      const found = findOption(command, word);
      option = found?.required === true ? found : undefined;
    } else {
      const child = command.commands.find((candidate) => candidate.name() === word);
      if (child === undefined) given++;
      command = child ?? command;
    }
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return { command, option, argument: registeredArguments[given] ?? (last?.variadic === true ? last : undefined) };
}

function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

function findOption(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find(({ short, long }) => flag === short || flag === long);
}

function flagsOf(command: Command): readonly Candidate[] {
  return optionsOf(command).flatMap(({ short, long, description }) =>
    [long, short].filter((word) => word !== undefined).map((word) => ({ word, description })),
  );
}

function commandCandidate(command: Command): Candidate {
  return { word: command.name(), description: command.description().split("\n", 1)[0] ?? "" };
}

/** @param flags Or the name of an argument: the placeholder tells what it takes. */
function valuesOf(choices: readonly string[] | undefined, flags: string): Completion {
  const placeholder = /[<[](?<name>[^>\].]*)/.exec(flags)?.groups?.["name"] ?? flags;
  return {
    candidates: (choices ?? []).map((word) => ({ word, description: "" })),
    files: choices === undefined && FILE_PLACEHOLDER.test(placeholder),
  };
}

function starting(current: string, { candidates, files }: Completion): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(current)), files };
}
