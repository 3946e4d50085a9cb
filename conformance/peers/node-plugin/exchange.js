// One HTTP request and its answer: pieces of bodies as they come and go, each waiting for who takes it.

import grpc from '@grpc/grpc-js';

const PIECE = 64 * 1024;

/** The request is not whole, or not by the rules: there is nothing to answer. */
class BrokenOff extends Error {}

/** Waits for the first of these events. */
function any(call, ...events) {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) call.off(event, done);
      resolve();
    };
    for (const event of events) call.on(event, done);
  });
}

/** The next message; undefined when there is none. What is not read waits with the client. (`for await` would end the answer, too.) */
async function next(call) {
  for (;;) {
    const message = call.read();
    if (message !== null) return message;
    if (call.readableEnded || call.cancelled || call.destroyed) return undefined;
    await any(call, 'readable', 'end', 'cancelled', 'close');
  }
}

export class Exchange {
  #call;
  #waiting; // the first message until its piece is read
  #complete = false;
  #status = 200;
  #headers = new Map();
  #begun = false;
  #over = false;
  #moved = () => {};

  constructor(call, first, context) {
    this.#call = call;
    this.#waiting = first;
    this.head = first.init;
    Object.assign(this, context);
  }

  /** Reads the head, runs the handler, and ends the answer whatever the handler does. */
  static async run(call, { over, ...context }, timeout, handler) {
    call.on('error', () => {}); // what is written after the end of a given up request
    let exchange;
    let timer;
    try {
      const first = await next(call);
      if (!first?.init) throw new BrokenOff('the first message has no head');
      exchange = new Exchange(call, first, context);
      const late = new Promise((_, reject) => {
        exchange.#moved = () => {
          clearTimeout(timer);
          timer = setTimeout(() => reject(new Error(`nothing was sent for ${timeout} ms`)), timeout);
        };
      });
      exchange.#moved();
      await Promise.race([Promise.resolve(handler(exchange)), late]);
      await exchange.#send({ body_complete: true });
      call.end();
    } catch (error) {
      await exchange?.#fail(error).catch(() => {});
      if (!exchange) call.emit('error', { code: grpc.status.INVALID_ARGUMENT, details: error.message });
    } finally {
      clearTimeout(timer);
      if (exchange) exchange.#over = true;
      over.abort();
    }
  }

  /** The values of a header of the request. */
  values(name) {
    const same = (this.head.headers ?? []).filter(({ key }) => key?.toLowerCase() === name.toLowerCase());
    return same.flatMap(({ values }) => values ?? []);
  }

  /** The next piece of the request's body; null when it is complete. */
  async read() {
    while (!this.#complete) {
      const message = this.#waiting ?? (await next(this.#call));
      if (!message) throw new BrokenOff('the request broke off');
      if (message.init && message !== this.#waiting) throw new BrokenOff('a second head');
      this.#waiting = undefined;
      this.#complete = message.body_complete ?? false;
      if (message.body_chunk?.length) return message.body_chunk;
    }
    return null;
  }

  status(code) {
    if (!Number.isInteger(code) || code < 100 || code > 999) throw new RangeError('no status of HTTP');
    this.#status = code;
  }

  header(name, value) {
    if (/[\r\n\0]/.test(name + value)) throw new RangeError('a header has no line feeds');
    this.#headers.set(name, [...(this.#headers.get(name) ?? []), value]);
  }

  async write(data) {
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length; at += PIECE) await this.#send({ body_chunk: bytes.subarray(at, at + PIECE) });
  }

  async flush() {
    await this.#send({ flush: true });
  }

  /** Sends a message, the first one with the head, and waits until there is room for the next. */
  async #send(message) {
    if (this.#over || this.#call.cancelled) throw new BrokenOff('nobody takes the answer any more');
    const headers = [...this.#headers].map(([key, values]) => ({ key, values }));
    const first = this.#begun ? {} : { init: { status_code: this.#status, headers } };
    this.#begun = true;
    if (!this.#call.write({ ...first, ...message })) await any(this.#call, 'drain', 'cancelled', 'close');
    this.#moved();
  }

  /** 500 if nothing has been sent yet; otherwise a stream that visibly breaks off. */
  async #fail(error) {
    if (this.#begun || error instanceof BrokenOff) {
      this.#call.emit('error', { code: grpc.status.ABORTED, details: 'the answer broke off' });
      return;
    }
    this.#status = 500;
    this.#headers.clear();
    await this.#send({ body_chunk: Buffer.from('the plugin failed\n'), body_complete: true });
    this.#call.end();
  }
}
