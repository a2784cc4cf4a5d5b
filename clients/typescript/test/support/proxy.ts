import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What to do with a command: let it pass, or one of these. */
export type Fault =
  | { kind: 'cut-before' } // The command does not reach the server.
  | { kind: 'cut-reply'; after: number } // This many bytes of the reply arrive.
  | { kind: 'hold'; until: Promise<void> } // The reply arrives later.
  | { kind: 'answer'; reply: string }; // The server never sees it; this is the reply.

export interface Link {
  close(): void;
}

/** Stands between a client and a server, and breaks what it is told to. */
export class Proxy {
  /** Asked for each piece of data that a client sends. */
  onCommand: (text: string, link: Link) => Fault | undefined = () => undefined;
  /** Called for each new connection. */
  onConnection: (count: number) => void = () => {};
  connections = 0;
  readonly #links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.#join(client));
  }

  static async start(target: number): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  cutAll(): void {
    for (const link of [...this.#links]) link.close();
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cutAll();
    await closed;
  }

  #join(client: Socket): void {
    this.onConnection(++this.connections);
    const upstream = connect(this.target, '127.0.0.1');
    const link = { close: () => (client.destroy(), upstream.destroy()) };
    this.#links.add(link);
    let left = Infinity;
    let held: Promise<void> = Promise.resolve();
    client.on('data', (data) => {
      const fault = this.onCommand(data.toString('latin1'), link);
      if (fault?.kind === 'cut-before') return void link.close();
      if (fault?.kind === 'answer') return void client.write(fault.reply);
      if (fault?.kind === 'cut-reply') left = fault.after;
      if (fault?.kind === 'hold') held = fault.until;
      upstream.write(data);
    });
    upstream.on('data', async (data) => {
      await held;
      const passed = data.subarray(0, left);
      left -= passed.length;
      // The last bytes are flushed before the end; what comes after them is not.
      if (left <= 0) client.end(passed, () => link.close());
      else client.write(passed);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => (link.close(), this.#links.delete(link)));
    }
  }
}
