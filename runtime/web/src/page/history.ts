/** What was classified, kept on this phone: in the browser's database, else in memory only. */
import type { PhotoRecord } from './record.ts';

export interface Entry {
  time: string; // UTC, ISO 8601
  record: PhotoRecord;
  thumbnail: Uint8Array<ArrayBuffer> | null; // JPEG; some browsers keep no blobs
}

const STORE = 'answers';

export class History {
  private readonly memory: Entry[] = []; // what the database did not take

  private constructor(private readonly database: IDBDatabase | null) {}

  /** Whether entries outlive the page. */
  get kept(): boolean {
    return this.database !== null && !this.memory.length;
  }

  /** Opens the history of one bundle. */
  static async open(bundle: string): Promise<History> {
    try {
      const request = indexedDB.open(`edgetlc-${bundle.slice(0, 16)}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true });
      return new History(await result(request));
    } catch {
      return new History(null);
    }
  }

  async add(entry: Entry): Promise<void> {
    try {
      if (!this.database) throw new Error('no database');
      await result(this.store('readwrite').add(entry));
    } catch {
      this.memory.push(entry); // an answer is never lost to a full or forbidden database
    }
  }

  /** All entries, the newest first. */
  async all(): Promise<Entry[]> {
    const kept = this.database ? ((await result(this.store('readonly').getAll())) as Entry[]) : [];
    return [...kept, ...this.memory].reverse();
  }

  async clear(): Promise<void> {
    this.memory.length = 0;
    if (this.database) await result(this.store('readwrite').clear());
  }

  private store(mode: IDBTransactionMode): IDBObjectStore {
    return this.database!.transaction(STORE, mode).objectStore(STORE);
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database failed'));
  });
}
