/** Which process listens on which TCP port, read from /proc (proc_pid_net(5)) instead of guessed. */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface Listener {
  readonly pid: number;
  /** Name of the program, at most 15 characters. */
  readonly command: string;
}

const STATE_LISTEN = "0A";

/** The TCP ports that a process listens on; none if the process is gone. */
export async function listeningPorts(pid: number): Promise<number[]> {
  const own = new Set(await socketInodes(pid));
  return (await listeningSockets(pid)).filter((socket) => own.has(socket.inode)).map((socket) => socket.port);
}

/** The process that listens on a port, or undefined if nobody does or it may not be looked at. */
export async function listenerOf(port: number): Promise<Listener | undefined> {
  const onPort = (await listeningSockets(process.pid)).filter((socket) => socket.port === port);
  const wanted = new Set(onPort.map((socket) => socket.inode));
  for (const pid of (await readdir("/proc")).map(Number).filter(Number.isInteger)) {
    const inodes = await socketInodes(pid);
    if (inodes.some((inode) => wanted.has(inode))) return { pid, command: (await readOrEmpty(`/proc/${pid}/comm`)).trim() };
  }
  return undefined;
}

/** All listening sockets of the process's network namespace. */
async function listeningSockets(pid: number): Promise<{ port: number; inode: string }[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readOrEmpty(`/proc/${pid}/net/${name}`)));
  return tables.flatMap((table) =>
    table.split("\n").flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      return state === STATE_LISTEN ? [{ port: Number.parseInt(local.slice(local.indexOf(":") + 1), 16), inode }] : [];
    }),
  );
}

async function socketInodes(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

/** Processes end at any moment: what they had is then empty. */
async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
