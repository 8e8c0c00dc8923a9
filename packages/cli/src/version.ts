/** The version of the package, which the release sets in its manifest too. */
export const VERSION = '0.1.0'
