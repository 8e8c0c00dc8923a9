/** Rows under headings, columns aligned: numbers to the right, everything else to the left. */

export type Cell = string | number | null

/** With a line break at the end. Null is shown as a dash. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? '-' : String(cell))))
  const isRight = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] !== 'string'))
  const widths = headings.map((heading, column) => Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (isRight[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [headings, ...texts].map((row) => `${line(row)}\n`).join('')
}
