/** The keys beside one stream. All have the stream's hash tag, so they share one slot. */
export class Keys {
  readonly status: string;
  readonly dead: string;
  readonly mark: string;
  readonly #prefix: string;

  constructor(readonly stream: string) {
    // A name with a hash tag of its own is only suffixed: a second pair of braces would not move it to another slot.
    this.#prefix = hasHashTag(stream) ? `${stream}:` : `{${stream}}:`;
    this.status = `${this.#prefix}status`;
    this.dead = `${this.#prefix}dead`;
    this.mark = `${this.#prefix}mark`;
  }

  event(eventId: string): string {
    return `${this.#prefix}event:${eventId}`;
  }

  idempotency(key: string): string {
    return `${this.#prefix}key:${key}`;
  }
}

/** What Redis takes for a hash tag: the first `{`, the first `}` after it, and at least one byte between them. */
function hasHashTag(name: string): boolean {
  const open = name.indexOf('{');
  return open >= 0 && name.indexOf('}', open + 1) > open + 1;
}
