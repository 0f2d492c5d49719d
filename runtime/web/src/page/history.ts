/** What was classified, kept on this phone: in the browser's database, else in memory only. */
import type { PhotoRecord } from './record.ts';

export interface Entry {
  time: string; // UTC, ISO 8601
  record: PhotoRecord;
  thumbnail: Blob | null;
}

const STORE = 'answers';

export class History {
  private readonly memory: Entry[] = [];

  private constructor(private readonly database: IDBDatabase | null) {}

  /** Whether entries outlive the page. */
  get kept(): boolean {
    return this.database !== null;
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
    if (!this.database) this.memory.push(entry);
    else await result(this.store('readwrite').add(entry));
  }

  /** All entries, the newest first. */
  async all(): Promise<Entry[]> {
    if (!this.database) return [...this.memory].reverse();
    return ((await result(this.store('readonly').getAll())) as Entry[]).reverse();
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
