/** Gives the event loop turns until something is so. A test that waits in vain ends by its own time limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
