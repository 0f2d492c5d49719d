/** `97.31%`, rounded down: only what is certain is called 100 %. */
export const percent = (share: number): string =>
  `${(Math.floor(Number((share * 10_000).toFixed(6))) / 100).toFixed(2)}%`;

/** `90.15%`, rounded up, so that what falls short of it looks so too. */
export const percentNeeded = (share: number): string =>
  `${(Math.ceil(Number((share * 10_000).toFixed(6))) / 100).toFixed(2)}%`;
