import type { Started } from '../worker/messages.ts';
import type { Client } from './client.ts';
import type { History } from './history.ts';
import type { Machine } from './machine.ts';

/** What every view works with, once the model is loaded. */
export interface App {
  readonly client: Client;
  readonly started: Started;
  readonly history: History;
  readonly machine: Machine;
  /** Text of the bundled parts' licences. */
  licences(): Promise<string>;
}

/** A page of the app: its element, and what to do when it comes into sight. */
export interface View {
  readonly element: HTMLElement;
  shown?(): void;
}
