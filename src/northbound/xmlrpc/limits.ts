/** Every limit of the XML-RPC endpoint, in one place. The size of a body is a limit of the HTTP service. */
export const rpcLimits = {
  /** Nested elements; a level of the tree takes three or four. */
  depth: 256,
  /** Elements in a document; one of 1 MB could have more. */
  elements: 200_000,
  /** Characters of an element's name; the longest that there is has 16. */
  name: 32,
  methodName: 128,
  /** Calls in one system.multicall. */
  multicall: 256,
  /** Octets of large answers that a user's clients have not taken; more are made when they have. */
  untaken: 33_554_432,
  /** Paths that are remembered in their parsed form. */
  paths: 2_048,
} as const;
