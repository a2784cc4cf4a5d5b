/** IDs of stream entries: `<ms>-<sequence>`, two unsigned 64-bit numbers. */
export const ZERO_ID = '0-0';

const SHAPE = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;

export function isEntryId(id: string): boolean {
  return SHAPE.test(id);
}

/** Compares as numbers: as text, `9-0` would follow `10-0`. */
export function compareIds(a: string, b: string): number {
  const [aMs = '', aSeq = ''] = a.split('-');
  const [bMs = '', bSeq = ''] = b.split('-');
  return compareDigits(aMs, bMs) || compareDigits(aSeq, bSeq);
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last ID before this one. */
export function previousId(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  if (seq !== '0') return `${ms}-${BigInt(seq) - 1n}`;
  return ms === '0' ? ZERO_ID : `${BigInt(ms) - 1n}-18446744073709551615`;
}
