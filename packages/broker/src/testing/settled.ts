/** Lets everything run that is ready to run, short of what a test holds back: timers and syncs. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
