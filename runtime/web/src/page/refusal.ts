import { Refusal } from './client.ts';
import { type Word, say } from './language.ts';

/** Why something could not be done, in the user's language. */
export function explain(error: unknown): string {
  if (!(error instanceof Refusal)) return (error as Error).message;
  return say(`reason_${error.reason}` as Word, error.message);
}
