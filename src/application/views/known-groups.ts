/** Which kinds are Kubernetes' own. */

/** Groups of Kubernetes have no dot, or end like this; so do those of projects that belong to it, whose kinds are no applications either. */
const OWN_GROUP = /^[^.]*$|\.k8s\.io$/;

/** Whether objects of the group are made for an operator, which makes others of them. */
export function isOperators(group: string): boolean {
  return !OWN_GROUP.test(group);
}
