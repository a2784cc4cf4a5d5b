// Made by "npm run generate" from api/stream-entry.schema.json: change it there.

/**
 * One entry of the source stream. Made by `make generate` from internal/event.
 */
export interface StreamEntryFields {
  /**
   * What the producer passes on beside the trace. Takes a W3C baggage of at most 8192 bytes; an invalid one is ignored.
   */
  baggage?: string;
  /**
   * The CPU request and limit of the worker's first container; default: the template's. Takes a quantity such as 500m or 2, at most what the operator allows for the template.
   */
  cpu?: string;
  /**
   * How long a worker may run. Takes 1 to the template's deadline, ASCII digits alone.
   */
  deadline_seconds?: string;
  /**
   * Of a cancel: the event to cancel, in place of task_id. Of other types it is metadata. Takes the ID of an entry.
   */
  event_id?: string;
  /**
   * The same key and content again is a duplicate and starts nothing; other content is rejected. Takes 1 to 128 bytes of UTF-8 without control characters.
   */
  idempotency_key?: string;
  /**
   * The image of the worker's first container; default: the template's. Takes an image reference that the operator allows for the template, at most 512 bytes.
   */
  image?: string;
  /**
   * How many workers of the event may have a Pod at once; default: all. Takes 1 or more, ASCII digits alone.
   */
  max_parallel?: string;
  /**
   * The memory request and limit of the worker's first container; default: the template's. Takes a quantity such as 512Mi or 2Gi, at most what the operator allows for the template.
   */
  memory?: string;
  /**
   * How many workers to start, or to take away. A cancel has none. Takes 1 to OTTO_MAX_PODS_PER_EVENT, ASCII digits alone.
   */
  pod_count?: string;
  /**
   * Which workers of the queue start first; default: the queue's. Takes one of the operator's priority classes, at most the highest of the queue.
   */
  priority?: string;
  /**
   * Whose work it is; default: default. A scale_down, and a cancel with task_id, reaches its own queue only. Takes 1 to 63 ASCII letters, digits, ., _, / and -.
   */
  queue?: string;
  /**
   * How long a worker may wait for a Pod, from the event's acceptance, before it is failed; default: the queue's. Takes 1 or more, ASCII digits alone.
   */
  start_deadline_seconds?: string;
  /**
   * Your name for the work. A scale_down with it takes workers of that task only, a cancel all of them. Takes at most 128 bytes of UTF-8 without control characters.
   */
  task_id?: string;
  /**
   * The Pod template of the workers; default: the built-in one. Takes a name from the operator's folder.
   */
  template?: string;
  /**
   * When the event was made; default: the time in the entry ID. Takes Unix seconds, milliseconds of 13 digits, or RFC 3339.
   */
  timestamp?: string;
  /**
   * The trace that the workers belong to. Takes a W3C trace context; an invalid one is ignored.
   */
  traceparent?: string;
  /**
   * Its vendors' part. Takes at most 512 bytes of UTF-8 without control characters; an invalid one is ignored.
   */
  tracestate?: string;
  /**
   * Whether workers are started, taken away, or cancelled. Takes scale_up, scale_down or cancel.
   */
  type: 'scale_up' | 'scale_down' | 'cancel';
  /**
   * Metadata for the workers.
   */
  [k: string]: string | 'scale_up' | 'scale_down' | 'cancel' | undefined;
}

export interface Rule {
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  values?: string[];
}

export const rules: Record<string, Rule> = {
  "baggage": {},
  "cpu": {
    "pattern": "^([0-9]{1,9}(\\.[0-9]{1,3})?|[0-9]{1,12}m)$"
  },
  "deadline_seconds": {
    "pattern": "^0*[1-9][0-9]*$"
  },
  "event_id": {},
  "idempotency_key": {
    "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$",
    "minLength": 1,
    "maxLength": 128
  },
  "image": {
    "pattern": "^([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]{1,5})?/)?[a-z0-9]+([-._]+[a-z0-9]+)*(/[a-z0-9]+([-._]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$",
    "maxLength": 512
  },
  "max_parallel": {
    "pattern": "^0*[1-9][0-9]*$"
  },
  "memory": {
    "pattern": "^[0-9]{1,15}(\\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"
  },
  "pod_count": {
    "pattern": "^0*[1-9][0-9]*$"
  },
  "priority": {
    "pattern": "^[A-Za-z0-9._-]+$",
    "maxLength": 63
  },
  "queue": {
    "pattern": "^[A-Za-z0-9._/-]+$",
    "maxLength": 63
  },
  "start_deadline_seconds": {
    "pattern": "^0*[1-9][0-9]*$"
  },
  "task_id": {
    "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$",
    "maxLength": 128
  },
  "template": {
    "minLength": 1
  },
  "timestamp": {},
  "traceparent": {},
  "tracestate": {},
  "type": {
    "values": [
      "scale_up",
      "scale_down",
      "cancel"
    ]
  }
};

export const metadataMaxLength = 1024;

export const entryFields: ReadonlySet<string> = new Set(Object.keys(rules));
