import type { Machine } from "./machine.ts";
import { type ClusterSpec, type Node, nodesOf, subnet } from "./spec.ts";
import { run } from "../host/run.ts";

/** The cluster's one interface on the host; the kernel removes it together with the machine, which holds the other end. */
export function hostInterface(name: string): string {
  return `hf-${name}`;
}

/**
 * Wires a freshly booted machine: a bridge inside it joins the host and every node; the host reaches nodes, pods and Services
 * through the first node, and the nodes reach the host at the first address of the subnet. Nothing is routed further than that.
 */
export async function wireMachine(spec: ClusterSpec, machine: Machine, signal?: AbortSignal): Promise<void> {
  const { cidr, host } = subnet(spec);
  const [first, ...others] = nodesOf(spec);
  const link = hostInterface(spec.name);
  const inside = [
    "ip link set lo up",
    "ip link add nodes type bridge",
    `ip addr add ${first.address}/24 dev nodes`,
    "ip link set nodes up",
    "ip link set host master nodes up",
    `ip route add default via ${host}`,
    "sysctl -qw net.ipv4.ip_forward=1",
    ...others.flatMap((node) => addNode(spec, node)),
  ];
  await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "host", "netns", String(machine.pid)], { signal });
  await machine.run("sh", ["-e"], { input: inside.join("\n"), signal });
  await run("ip", ["addr", "add", `${host}/24`, "dev", link], { signal });
  await run("ip", ["link", "set", link, "up"], { signal });
  await run("ip", ["route", "add", cidr, "via", first.address], { signal });
}

/** Commands that give a node beside the first a network namespace on the bridge, and routes to and from the pods of the others. */
function addNode(spec: ClusterSpec, { name, address, podSubnet }: Node): string[] {
  const peers = nodesOf(spec).filter((peer) => peer.name !== name);
  return [
    `ip netns add ${name}`,
    `ip link add ${name} type veth peer name eth0 netns ${name}`,
    `ip link set ${name} master nodes up`,
    `ip -n ${name} link set lo up`,
    `ip -n ${name} addr add ${address}/24 dev eth0`,
    `ip -n ${name} link set eth0 up`,
    `ip -n ${name} route add default via ${subnet(spec).host}`,
    `ip netns exec ${name} sysctl -qw net.ipv4.ip_forward=1`,
    `ip route add ${podSubnet} via ${address}`,
    ...peers.map((peer) => `ip -n ${name} route add ${peer.podSubnet} via ${peer.address}`),
  ];
}
