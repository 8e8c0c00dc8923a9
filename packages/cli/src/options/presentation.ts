/** How a command presents itself: its output, its help and its failures. */
import type { Command } from 'commander'

export interface PresentationOptions {
  readonly json?: true
  readonly verbose?: true
}

/** With examples under its help, one a line. */
export function withPresentationOptions(command: Command, examples: readonly string[]): Command {
  return command
    .option('--json', 'write JSON, for programs')
    .option('--verbose', 'when something goes wrong, show where')
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(false)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`)
}
