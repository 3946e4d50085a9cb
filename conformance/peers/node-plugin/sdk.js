// What an SDK would bring: handshake, services, hooks by descriptor, HTTP bodies, an API client, a log. It knows nothing of the suite.

import fs from 'node:fs';
import grpc from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { API, CONTROLLER, HOOKS } from './contract.js';
import { Exchange } from './exchange.js';

const COOKIE = 'Securely message teams, anywhere.';
const LEVELS = ['debug', 'info', 'warn', 'error'];
const HOST = process.ppid; // Whose host has died is given another parent. Asked first of all: it may die at any moment.
const env = process.env;
const timeout = 1000 * (Number(env.MATTERMOST_PLUGIN_HOOK_TIMEOUT) || 30);
const level = Math.max(LEVELS.indexOf((env.MATTERMOST_PLUGIN_LOG_LEVEL ?? '').toLowerCase()), 0);
const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.enable_http_proxy': 0 };

/** The error of the API, or of a hook, with the fields of the contract's AppError. */
export class AppError extends Error {
  constructor(fields) {
    super(fields.message);
    this.fields = { id: '', status_code: 0, message: '', ...fields };
  }
}

/** Writes whole, at once: lines of handlers that run side by side are not torn. */
export function write(fd, text) {
  for (let bytes = Buffer.from(text); bytes.length > 0; ) bytes = bytes.subarray(fs.writeSync(fd, bytes));
}

/** Logs in the form of hclog, which hosts read; a host that tells no level gets all. */
export function log(at, text) {
  const now = new Date().toISOString().replace('Z', '000Z');
  if (LEVELS.indexOf(at) >= level) write(2, JSON.stringify({ '@level': at, '@message': text, '@timestamp': now }) + '\n');
}

// The HTTP status that a gRPC status stands for.
const HTTP_OF = { 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 12: 501, 13: 500, 14: 503, 16: 401 };

function appErrorOf({ code, details }) {
  const [, id = '', message = details] = /^([\w-]+(?:\.[\w-]+)+): ([^]*)$/.exec(details) ?? [];
  return new AppError({ id, message, status_code: HTTP_OF[code] ?? 0 });
}

/** The server's API: a method for each RPC, with the request as an object; it gives the response, or throws an AppError. */
class Api {
  static client = env.MATTERMOST_PLUGIN_API_TARGET
    ? new grpc.Client(env.MATTERMOST_PLUGIN_API_TARGET, grpc.credentials.createInsecure(), unlimited)
    : undefined;

  constructor(requestId, deadline) {
    this.requestId = requestId;
    this.deadline = deadline;
  }

  call(method, request) {
    const metadata = new grpc.Metadata();
    if (env.MATTERMOST_PLUGIN_API_TOKEN) metadata.set('authorization', `Bearer ${env.MATTERMOST_PLUGIN_API_TOKEN}`);
    if (this.requestId) metadata.set('x-request-id', this.requestId);
    if (!Api.client) return Promise.reject(new AppError({ message: 'there is no API: MATTERMOST_PLUGIN_API_TARGET is not set' }));
    return new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const options = { deadline: this.deadline };
      Api.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (status, response) => {
        if (status) return reject(appErrorOf(status));
        const { error, ...rest } = response;
        return error ? reject(new AppError(error)) : resolve(rest);
      });
    });
  }
}
for (const [name, method] of Object.entries(API)) {
  Api.prototype[name] = function (request = {}) {
    return this.call(method, request);
  };
}

/** What a handler gets beside its request: the API, and a signal for when nobody waits any more. */
function contextOf(call, requestId) {
  const over = new AbortController();
  call.on('cancelled', () => over.abort());
  return { api: new Api(requestId, new Date(Date.now() + timeout)), signal: over.signal, over };
}

/** A hook answers whatever its handler does: an error is a rejection, an error in band, or nothing, as the response has room for it. */
function failed(hook, request, error) {
  const has = (name) => HOOKS[hook].responseType.type.field.some((field) => field.name === name);
  if (has('rejection_reason')) return { rejection_reason: error.message || 'the plugin failed' };
  if (has('error')) return { error: inBand(hook, request, error) };
  log('error', `${hook}: ${error.stack}`);
  return has('posts') ? { posts: request.posts } : {};
}

function inBand(where, request, error) {
  const request_id = request.context?.request_id;
  return { id: 'plugin.hook.failed.app_error', status_code: 500, where, request_id, message: error.message || 'the plugin failed' };
}

function unary(hook, handler) {
  return async (call, callback) => {
    const { request } = call;
    const { over, ...context } = contextOf(call, request.context?.request_id);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        over.abort();
        reject(new Error(`${hook} took longer than ${timeout} ms`));
      }, timeout);
    });
    try {
      const answer = (await Promise.race([Promise.resolve(handler(request, context)), late])) ?? {};
      callback(null, answer.error instanceof Error ? { ...answer, error: inBand(hook, request, answer.error) } : answer);
    } catch (error) {
      callback(null, failed(hook, request, error));
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Runs the handlers, an object from hook name to `async (request, {api, signal}) => response`; ServeHTTP's gets an Exchange. */
export async function serve(handlers) {
  if (env.MATTERMOST_PLUGIN !== COOKIE) {
    write(2, 'This program is a plugin. It is started by the server, not by hand.\n');
    process.exit(1);
  }
  const server = new grpc.Server(unlimited);
  const stop = () => {
    setTimeout(() => process.exit(0), 1000);
    server.tryShutdown(() => process.exit(0));
  };
  const hooks = { Implemented: (call, callback) => callback(null, { hooks: Object.keys(handlers).sort() }) };
  for (const [hook, handler] of Object.entries(handlers)) {
    hooks[hook] = hook === 'ServeHTTP' ? (call) => Exchange.run(call, contextOf(call), timeout, handler) : unary(hook, handler);
  }
  server.addService(HOOKS, hooks);
  server.addService(CONTROLLER, { Shutdown: (call, callback) => (callback(null, {}), stop()) });
  new HealthImplementation({ '': 'SERVING', plugin: 'SERVING' }).addToServer(server);
  const port = await new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  write(1, `1|1|tcp|127.0.0.1:${port}|grpc\n`);
  process.on('SIGTERM', stop);
  process.on('unhandledRejection', (error) => log('error', `${error?.stack}`));
  setInterval(() => process.ppid === HOST || process.exit(1), 1000);
}
