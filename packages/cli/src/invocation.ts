/** How a person calls this command here: as it is, through npx, or as a script of the repository. */
export function invocationOf(env: Readonly<Record<string, string | undefined>>): string {
  if (env['npm_lifecycle_event'] === 'start' || env['npm_lifecycle_event'] === 'millrace') return 'npm run --silent millrace --'
  return env['npm_command'] === 'exec' ? 'npx millrace' : 'millrace'
}
