/** The command line itself is wrong, whatever the agent would say: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
