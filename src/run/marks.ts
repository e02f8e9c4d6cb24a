/** How Holdfast's own objects in a cluster are told from all others: by these marks, and by nothing else. */

/** Of labels and annotations, and the group of Holdfast's own kinds. */
export const GROUP: string = "holdfast.dev";

/** On every object that a run makes: its id, in small letters. What has it goes when its run is over, however that ended. */
export const RUN_LABEL: string = `${GROUP}/run`;
/** On claims that are snapshotted together: the id of the run, in small letters. Group snapshots select by it. It goes when they are cut. */
export const GROUP_LABEL: string = `${GROUP}/group`;
/** On what outlives its run on purpose, as local snapshots for a quick return and volumes set aside: nothing cleans it up by itself. */
export const KEEP_ANNOTATION: string = `${GROUP}/keep`;
/** On a PersistentVolume with the label of a run that has set it to Retain: what its reclaim policy is to be again. */
export const RECLAIM_POLICY_ANNOTATION: string = `${GROUP}/reclaim-policy`;
/** On the Lease of a run: its process, as locks of repositories name it. Who is on the same machine sees at once that it is gone. */
export const PROCESS_ANNOTATION: string = `${GROUP}/process`;
/** On what is being deleted and was forgotten half way: when somebody last asked for it. */
export const AGAIN_ANNOTATION: string = `${GROUP}/asked-again`;
/** On every object that Holdfast makes. */
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
export const MANAGED_BY = "holdfast";
/** Owns the fields that Holdfast writes on objects of its own. */
export const FIELD_MANAGER = "holdfast";

/** Where movers run and temporary claims and snapshots are. Its credentials never enter another namespace. */
export const DEFAULT_NAMESPACE = "holdfast-system";
