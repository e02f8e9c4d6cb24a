/** `holdfast files …` */
import { type Command, Option } from "commander";
import type { FilesBackupOptions } from "../commands/files-backup.ts";
import type { FilesDiffOptions } from "../commands/files-diff.ts";
import type { FilesDumpOptions } from "../commands/files-dump.ts";
import type { FilesFindOptions } from "../commands/files-find.ts";
import type { FilesListOptions } from "../commands/files-list.ts";
import type { FilesRestoreOptions } from "../commands/files-restore.ts";
import type { FilesRewriteOptions } from "../commands/files-rewrite.ts";
import type { FilesShowOptions } from "../commands/files-show.ts";
import type { CommandContext } from "../context.ts";
import { addExcludeOptions, addIncludeOptions } from "../pattern-options.ts";
import { addRepositoryOptions } from "../repository-options.ts";
import { addAsOf, addSnapshotFilter, collect } from "../snapshot-options.ts";

export function addFiles(program: Command, context: CommandContext): void {
  const files = program.command("files").helpCommand(false).description("Back up files and folders, and get them back");
  addBackup(files, context);
  addRestore(files, context);
  addList(files, context);
  addShow(files, context);
  addFind(files, context);
  addDiff(files, context);
  addDump(files, context);
  addRewrite(files, context);
}

function addBackup(files: Command, context: CommandContext): void {
  const backup = addExcludeOptions(
    files.command("backup").argument("[path...]", "Files and folders").description("Store files and folders as a snapshot"),
  )
    .option(
      "--exclude-if-present <name>",
      "Leave out what is in folders that hold this file; NAME:HEADER looks at how it begins, too",
      collect,
      [],
    )
    .option("--exclude-caches", "Leave out what is in folders marked by a CACHEDIR.TAG")
    .option("--exclude-larger-than <size>", 'Leave out files larger than this, as in "1 GiB"')
    .option("-x, --one-file-system", "Do not enter other file systems")
    .option("--files-from-verbatim <file>", "Read paths from a file, one a line; - for standard input", collect, [])
    .option("--files-from-raw <file>", "Read paths from a file, each ended by a NUL byte; - for standard input", collect, [])
    .option("--stdin-name <name>", "Store standard input as a file of this name")
    .option("--image <path>", "Store what is on a block device, or in the image file of a disk")
    .option("--host <name>", "Host that the snapshot is of (default: this machine)")
    .option("--tag <tags>", "Tags for the snapshot, as in a,b; may be repeated", collect, [])
    .option("--time <time>", "Time of the snapshot, as in 2026-05-01T13:45:00Z (default: now)")
    .option("--parent <snapshot>", "Compare with this snapshot (default: the newest of the same host and paths)")
    .option(
      "-f, --force",
      "Read all files, also those that did not change since the last snapshot, or that a backup which was killed had finished",
    )
    .addOption(
      new Option("--verify-writes <share>", "How much of what is stored is read back from memory first")
        .choices(["sample", "all"])
        .default("sample"),
    )
    .option("-n, --dry-run", "Only say what would be stored; everything is read, nothing is written");
  addRepositoryOptions(backup).action(async (paths: readonly string[], given: FilesBackupOptions, command: Command) => {
    const { filesBackup } = await import("../commands/files-backup.ts");
    await filesBackup(paths, given, command, context);
  });
}

function addRestore(files: Command, context: CommandContext): void {
  const restore = addExcludeOptions(
    addIncludeOptions(
      files
        .command("restore")
        .argument("<snapshot[:path]>", 'Id or "latest", and a folder or file in it')
        .description("Write files of a snapshot into a folder")
        .option("-t, --target <folder>", "The folder to write into"),
    ),
  )
    .option("--image <path>", "Write the image of a disk to this block device or file, instead of files into a folder")
    .addOption(
      new Option("--overwrite <when>", "What happens to files that are there (default: always, with --image: never)").choices([
        "always",
        "if-changed",
        "if-newer",
        "never",
      ]),
    )
    .option("--delete", "Delete in the target what the snapshot does not have")
    .option("--no-sparse", "Write zeros instead of holes")
    .option("--verify", "Read back what was written")
    .option("--verbose", "Say what is done with each file")
    .option("-n, --dry-run", "Only say what would be written, and whether there is room");
  addRepositoryOptions(addAsOf(addSnapshotFilter(restore))).action(async (place: string, given: FilesRestoreOptions, command: Command) => {
    const { filesRestore } = await import("../commands/files-restore.ts");
    await filesRestore(place, given, command, context);
  });
}

function addList(files: Command, context: CommandContext): void {
  const list = files
    .command("list")
    .argument("[snapshot...]", 'Ids or "latest"; all without any')
    .description("List snapshots")
    .option("--latest <count>", "Only so many of each host and set of paths, the newest");
  addRepositoryOptions(addAsOf(addSnapshotFilter(list))).action(
    async (names: readonly string[], given: FilesListOptions, command: Command) => {
      const { filesList } = await import("../commands/files-list.ts");
      await filesList(names, given, command, context);
    },
  );
}

function addShow(files: Command, context: CommandContext): void {
  const show = files
    .command("show")
    .argument("<snapshot[:path]>", 'Id or "latest", and a folder or file in it')
    .description("List the files of a snapshot")
    .option("-l, --long", "Mode, owner, size and time, too")
    .option("-r, --recursive", "What is below, too");
  addRepositoryOptions(addAsOf(addSnapshotFilter(show))).action(async (place: string, given: FilesShowOptions, command: Command) => {
    const { filesShow } = await import("../commands/files-show.ts");
    await filesShow(place, given, command, context);
  });
}

function addFind(files: Command, context: CommandContext): void {
  const find = files
    .command("find")
    .argument("<pattern...>", 'Names or paths, as in "*.conf" or "/etc/**/passwd"')
    .description("Find files in snapshots, the newest first")
    .option("-s, --snapshot <snapshot>", "Only in this snapshot; may be repeated", collect, [])
    .option("-i, --ignore-case", "Take upper and lower case as equal")
    .option("-l, --long", "Mode, owner, size and time, too")
    .option("--newer <time>", "Only what was changed at this time or later, as in 2026-05-01T13:45:00Z")
    .option("--older <time>", "Only what was changed at this time or earlier");
  addRepositoryOptions(addAsOf(addSnapshotFilter(find))).action(
    async (patterns: readonly string[], given: FilesFindOptions, command: Command) => {
      const { filesFind } = await import("../commands/files-find.ts");
      await filesFind(patterns, given, command, context);
    },
  );
}

function addDiff(files: Command, context: CommandContext): void {
  const diff = files
    .command("diff")
    .argument("<before>", "Id of a snapshot, or id:folder")
    .argument("<after>", "The one to compare it with, likewise")
    .description("Say what differs between two snapshots: + added, - removed, M content, T type")
    .option("--metadata", "U where only owner, mode, times or attributes differ");
  addRepositoryOptions(diff).action(async (before: string, after: string, given: FilesDiffOptions, command: Command) => {
    const { filesDiff } = await import("../commands/files-diff.ts");
    await filesDiff(before, after, given, command, context);
  });
}

function addDump(files: Command, context: CommandContext): void {
  const dump = files
    .command("dump")
    .argument("<snapshot>", 'Id or "latest"')
    .argument("<path>", "File, or a folder; / for all of it")
    .description("Write a file of a snapshot to standard output, or a folder as a tar archive")
    .option("-t, --target <file>", "Write to this file instead, which must not exist");
  addRepositoryOptions(addAsOf(addSnapshotFilter(dump))).action(
    async (name: string, path: string, given: FilesDumpOptions, command: Command) => {
      const { filesDump } = await import("../commands/files-dump.ts");
      await filesDump(name, path, given, command, context);
    },
  );
}

function addRewrite(files: Command, context: CommandContext): void {
  const rewrite = addExcludeOptions(
    files
      .command("rewrite")
      .argument("[snapshot...]", 'Ids or "latest"; all without any')
      .description("Make snapshots anew without some files, or with another host, time or tags"),
  )
    .option("--new-host <name>", "Host that they are of from now on")
    .option("--new-time <time>", "Time that they have from now on, as in 2026-05-01T13:45:00Z")
    .option("--add-tag <tags>", "Tags to add, as in a,b", collect, [])
    .option("--remove-tag <tags>", "Tags to remove", collect, [])
    .option("--set-tag <tags>", "Tags instead of those they have", collect, [])
    .option("--forget", "Remove the originals")
    .option("-n, --dry-run", "Only say what would change");
  addRepositoryOptions(addSnapshotFilter(rewrite)).action(
    async (names: readonly string[], given: FilesRewriteOptions, command: Command) => {
      const { filesRewrite } = await import("../commands/files-rewrite.ts");
      await filesRewrite(names, given, command, context);
    },
  );
}
