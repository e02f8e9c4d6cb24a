/**
 * The process that a test's shared things belong to: the runner of the whole suite, or this process when a test file is run by
 * itself. When it has ended, however it ended, nobody needs them any more.
 */
export const RUN_PID: number = Number(process.env["HOLDFAST_TEST_RUN"] ?? process.pid);

/** Whether this process has to clean up the shared things itself. */
export const OWNS_RUN: boolean = process.pid === RUN_PID;
