// Reads N entries of the status stream and prints after how many microseconds it had each: bare, by XREAD in a loop, or through
// the TypeScript client. Environment: CLIENT (its folder), REDIS (host:port), N, MODE (bare, follow or consume).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { CLIENT, REDIS, MODE } = process.env;
const N = Number(process.env.N);
const { Redis } = await import(pathToFileURL(createRequire(`${CLIENT}/`).resolve('ioredis')));
const { Ottoscaler } = await import(pathToFileURL(`${CLIENT}/dist/index.js`));
const [host, port] = REDIS.split(':');
const redis = new Redis({ host, port: Number(port) });
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const took = [];
const hear = (sent) => took.push(now() - Number(sent)) >= N;

if (MODE === 'bare') {
  const key = '{otto:scale:events}:status';
  let cursor = (await redis.xrevrange(key, '+', '-', 'COUNT', 1))[0]?.[0] ?? '0-0';
  console.error('ready');
  for (let done = false; !done; ) {
    const reply = await redis.xread('COUNT', 1000, 'BLOCK', 5000, 'STREAMS', key, cursor);
    for (const [id, fields] of reply?.[0][1] ?? []) {
      cursor = id;
      done = hear(fields[fields.indexOf('sent') + 1]);
    }
  }
} else {
  const otto = new Ottoscaler({ redis });
  if (MODE === 'follow') {
    const statuses = otto.follow({ from: 'start' });
    setTimeout(() => console.error('ready'), 1000);
    for await (const status of statuses) if (hear(status.fields.sent)) break;
  } else {
    let end;
    const all = new Promise((resolve) => (end = resolve));
    const consumer = otto.consume({ group: 'bench', from: 'start' }, (status) => {
      if (hear(status.fields.sent)) end();
    });
    await consumer.ready;
    console.error('ready');
    await all;
  }
  await otto.close();
}
console.log(JSON.stringify(took));
redis.disconnect();
