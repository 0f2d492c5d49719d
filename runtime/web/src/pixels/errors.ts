/** Why a photo is refused; the contract's reasons, and two of browsers. */
export type Reason =
  | 'unknown'
  | 'raw'
  | 'coding'
  | 'pixels'
  | 'aspect'
  | 'scans'
  | 'memory' // it would take more than is allowed
  | 'exhausted' // there was less than is allowed: it may work in a fresh worker
  | 'damaged'
  | 'file' // empty or longer than any photo
  | 'browser'; // a format that this browser does not decode

/** One photo cannot be read; a batch reports it and goes on. */
export class PhotoError extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}
