/** How a person calls this command here: as it is, through npx, as a script of the repository, or as whoever called it says. */
export function invocationOf(env: Readonly<Record<string, string | undefined>>): string {
  if (env['MILLRACE_INVOCATION']) return env['MILLRACE_INVOCATION']
  if (env['npm_lifecycle_event'] === 'start' || env['npm_lifecycle_event'] === 'millrace') return 'npm run --silent millrace --'
  return env['npm_command'] === 'exec' ? 'npx millrace' : 'millrace'
}
