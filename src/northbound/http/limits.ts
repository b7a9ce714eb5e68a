/** Every limit of the HTTP service, in one place. Times in milliseconds, sizes in octets. */
export interface HttpLimits {
  /** The body of one request, after which it is refused with 413. */
  readonly body: number;
  /** How much of a body that is too big is read and thrown away, so that a client which sends first can read the refusal. */
  readonly discarded: number;
  /** The request line and all header fields. */
  readonly header: number;
  readonly headerFields: number;
  /** After these the connection is closed with its answer. */
  readonly requestsPerConnection: number;
  /** Requests of one connection that are answered at the same time (pipelining). */
  readonly pending: number;
  readonly connections: number;
  /** Connections on which nobody has logged in yet; beyond, the oldest of those who have most is closed. */
  readonly unauthenticated: number;
  /** Wrong passwords on one connection. */
  readonly refusals: number;
  /** From connect to the end of the first header. */
  readonly firstHeader: number;
  /** From one answer to the end of the next header. */
  readonly idle: number;
  /** From the end of the header to the end of the body. */
  readonly bodyTime: number;
  /** For the client to take an answer. */
  readonly answerTime: number;
  /** For requests under way when the service is closed. */
  readonly closing: number;
}

export const httpLimits: HttpLimits = {
  body: 1_048_576,
  discarded: 16_777_216,
  header: 16_384,
  headerFields: 100,
  requestsPerConnection: 1_000_000,
  pending: 32,
  connections: 256,
  unauthenticated: 64,
  refusals: 20,
  firstHeader: 15_000,
  idle: 75_000,
  bodyTime: 30_000,
  answerTime: 60_000,
  closing: 3_000,
};
