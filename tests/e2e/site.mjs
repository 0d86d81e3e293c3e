// A copy of the served site whose server a test can stop, break and change: a page that works offline has to work without it.

import { createServer } from 'node:http';

/**
 * Passes on what `origin` serves, from memory once it is there. `change(path, answer, request)` may return another answer
 * `{ status, headers, body }` or `'break'`, which ends the connection in the middle of the body.
 */
export class Site {
  static async open(origin, change = () => undefined, hold = undefined) {
    const site = new Site();
    /** `hold(path)` may return a promise that half of the body waits for. */
    site.hold = hold;
    site.origin = new URL(origin);
    site.change = change;
    site.files = new Map();
    /** `path` or `path range` of every request. */
    site.requests = [];
    site.sockets = new Set();
    await site.start(0);
    return site;
  }

  async start(port = this.port) {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error) => { console.error(error); response.destroy(); });
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((listening) => this.server.listen(port, '127.0.0.1', listening));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/`;
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }

  async file(path) {
    if (!this.files.has(path)) {
      const answer = await fetch(new URL(path, this.origin));
      const headers = Object.fromEntries(answer.headers);
      for (const name of ['content-length', 'connection', 'transfer-encoding', 'etag', 'date']) delete headers[name];
      this.files.set(path, { status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) });
    }
    return this.files.get(path);
  }

  async answer(request, response) {
    const path = request.url.slice(1);
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    this.requests.push(range ? `${path} ${range[1]}-` : path);
    const whole = await this.file(path);
    const changed = this.change(path, whole, request);
    let { status, headers, body } = changed && changed !== 'break' ? changed : whole;
    if (range && status === 200) {
      headers = { ...headers, 'content-range': `bytes ${range[1]}-${body.length - 1}/${body.length}` };
      [status, body] = [206, body.subarray(Number(range[1]))];
    }
    response.writeHead(status, { ...headers, 'content-length': body.length });
    const held = this.hold?.(path);
    if (held) {
      const half = body.length >> 1;
      response.write(body.subarray(0, half));
      await held;
      return response.end(body.subarray(half));
    }
    if (changed !== 'break') return response.end(body);
    // Half of what is left, and then nothing more.
    response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 50));
  }
}

/** Runs `test` on a site of its own, whose server it may stop; `change` and `hold` as above. */
export const onSite = (test, change, hold) => async (chairside) => {
  const site = await Site.open(chairside.baseUrl, change, hold);
  chairside.baseUrl = new URL(site.url);
  try {
    await test(chairside, site);
  } finally {
    await site.stop().catch(() => {});
  }
};
