/** Fields and values of a flat array, or of the object that a reply transformer of ioredis makes of it. */
export function pairs(reply: unknown): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  if (Array.isArray(reply)) {
    for (let i = 0; i + 1 < reply.length; i += 2) fields[String(reply[i])] = String(reply[i + 1]);
  } else if (reply && typeof reply === 'object') {
    for (const [name, value] of Object.entries(reply)) fields[name] = String(value);
  }
  return fields;
}

export interface StreamEntry {
  id: string;
  /** null: it is pending, and was deleted from the stream. */
  fields: Record<string, string> | null;
}

/** The reply of XRANGE, XCLAIM, or of one stream of XREAD. */
export function entries(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply
    .filter((entry) => Array.isArray(entry))
    .map(([id, fields]) => ({ id: String(id), fields: fields == null ? null : pairs(fields) }));
}

/** The entries of the only stream of a reply of XREAD or XREADGROUP. */
export function readEntries(reply: unknown): StreamEntry[] {
  return Array.isArray(reply) && Array.isArray(reply[0]) ? entries(reply[0][1]) : [];
}
