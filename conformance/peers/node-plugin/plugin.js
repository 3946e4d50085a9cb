#!/usr/bin/env node
// The plugin that the conformance suite runs, as conformance/TESTEE.md says: each handler first shows on stderr what it was given,
// then does what an order says that stands in its input's text: `conformance NONCE WORD [REST]`.

import { createHash } from 'node:crypto';
import { HOOKS } from './contract.js';
import { AppError, log, serve, write } from './sdk.js';

const ORDERS = JSON.parse(process.env.CONFORMANCE_ORDERS || '{}');
const WITHOUT = (process.env.CONFORMANCE_WITHOUT ?? '').split(' ');
const DISMISSED = 'plugin.message_will_be_posted.dismiss_post';

// The order stands in the first of these places that the request has. Behind `#` it goes on in the JSON of those bytes.
const PLACES = `remote_cluster.display_name new_post.message post.message posts.0.message file_info.name reaction.emoji_name
push_notification.message email_notification.notification_json#subject new_config.config_json#TeamSettings.SiteName
preferences.0.value channel_member.roles team_member.roles user.username channel.header args.command request.action web_conn_id
event.data# event.user_id`.split(/\s+/);

const walk = (value, path) => path.split('.').reduce((at, step) => at[step], value);

/** The text that may be an order; undefined where there is no such place. */
function textAt(saw, place) {
  const [path, inner] = place.split('#');
  try {
    const value = walk(saw, path);
    return inner === undefined ? value : inner ? walk(JSON.parse(value), inner) : value.toString();
  } catch {
    return undefined;
  }
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const digest = (text) => ({ len: Buffer.byteLength(text), sha256: sha256(text) });

/** A value as JSON, bytes as base64; with `longest`, longer texts as length and digest. */
function json(value, longest = Infinity) {
  if (Buffer.isBuffer(value)) return json(value.toString('base64'), longest);
  if (typeof value === 'string') return Buffer.byteLength(value) > longest ? digest(value) : value;
  if (Array.isArray(value)) return value.map((item) => json(item, longest));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, json(item, longest)]));
}

/** Writes evidence in one piece of at most 4,096 bytes. */
function show(evidence) {
  const line = JSON.stringify(evidence) + '\n';
  const fits = Buffer.byteLength(line) <= 4096;
  write(2, fits ? line : JSON.stringify({ ...evidence, saw: digest(JSON.stringify(evidence.saw)) }) + '\n');
}

/** Shows what the handler saw, and does what all hooks do alike; the word and the rest are for the answer. */
async function obey(hook, text, saw, context) {
  const order = text?.startsWith('conformance ') ? text : (ORDERS[hook] ?? '');
  const [, nonce = '', word = 'allow', rest = ''] = /^conformance (\S*) (\S*) ?([^]*)$/.exec(order) ?? [];
  const line = { conformance: 1, hook, nonce };
  show({ ...line, saw: json(saw, 256) });
  return [line, ...(await act(word, rest, line, context))];
}

async function act(word, rest, line, { api, signal }) {
  if (word === 'fail' || word === 'quit') throw new Error(rest); // process.exit is no exception: nothing could come after it
  if (word === 'exit') process.reallyExit(Number(rest));
  if (word === 'sleep') {
    const seen = () => show({ ...line, cancelled: true });
    signal.addEventListener('abort', seen, { once: true });
    await new Promise((resolve) => setTimeout(resolve, Number(rest)));
    signal.removeEventListener('abort', seen);
  }
  if (word === 'log') log(...rest.split(/ ([^]*)/, 2));
  if (word === 'flood') {
    for (let done = 0; done <= Number(rest); done += 1000) [1, 2].forEach((fd) => write(fd, 'x'.repeat(999) + '\n'));
  }
  if (word === 'api') {
    const told = await callApi(api, ...rest.split(/ ([^]*)/, 2));
    const fields = HOOKS[line.hook].responseType.type.field.map(({ name }) => name);
    if (line.hook === 'ExecuteCommand' || fields.includes('rejection_reason')) return ['reject', JSON.stringify(told)];
    if (!told.ok) throw new Error(JSON.stringify(told));
  }
  return [word, rest];
}

async function callApi(api, method, request) {
  if (!api[method]) return { unmapped: method };
  try {
    return { ok: json(await api[method](JSON.parse(request ?? '{}'))) };
  } catch (error) {
    if (error instanceof AppError) return { error: json(error.fields) };
    throw error;
  }
}

/** What a handler gives back for its order. */
async function handle(hook, request, context) {
  const { context: _, ...saw } = request;
  const place = PLACES.find((candidate) => textAt(saw, candidate) !== undefined);
  const text = place && textAt(saw, place);
  const [, word, rest] = await obey(hook, text, saw, context);
  const fields = HOOKS[hook].responseType.type.field.map(({ name }) => name);
  if (word === 'answer') return JSON.parse(rest);
  const changed = `${text ?? ''} [modified]`;
  if (hook === 'ExecuteCommand') {
    const texts = { modify: changed, reject: rest };
    return { response: { response_type: 'ephemeral', text: texts[word] ?? text } };
  }
  if (hook === 'OnSharedChannelsPing') return { healthy: word !== 'reject' };
  if (word === 'dismiss') return hook === 'MessagesWillBeConsumed' ? { posts: saw.posts.slice(1) } : { rejection_reason: DISMISSED };
  if (word === 'reject' && fields.includes('rejection_reason')) return { rejection_reason: rest };
  if (word === 'reject' && fields.includes('error')) return { error: new Error(rest) };
  if (word === 'modify') return modified(hook, saw, place, changed, fields);
  return fields.includes('posts') ? { posts: saw.posts } : {};
}

function modified(hook, saw, place, changed, fields) {
  if (hook === 'ConfigurationWillBeSaved') {
    const config = JSON.parse(saw.new_config.config_json);
    config.TeamSettings.SiteName = changed;
    return { modified_config: { config_json: Buffer.from(JSON.stringify(config)) } };
  }
  if (hook === 'EmailNotificationWillBeSent') {
    const { subtitle, ...texts } = JSON.parse(saw.email_notification.notification_json);
    return { modified_content: { ...texts, sub_title: subtitle, subject: changed } };
  }
  const field = fields.find((name) => /^(modified|posts)/.test(name));
  if (!field) return {};
  const [, path, last] = /^(.*)\.(.*)$/.exec(place);
  walk(saw, path)[last] = changed;
  const content = Buffer.concat([saw.file_content ?? Buffer.of(), Buffer.from(' [modified]')]);
  return { [field]: saw[path.split('.')[0]], ...(hook === 'FileWillBeUploaded' && { modified_content: content }) };
}

/** Answers an HTTP request by the steps of its order; a word that is no step is an order. */
async function serveHTTP(exchange) {
  const headers = Object.fromEntries((exchange.head.headers ?? []).map(({ key }) => [key, exchange.values(key)]));
  const [line, word, rest] = await obey('ServeHTTP', exchange.values('X-Conformance')[0], { ...exchange.head, headers }, exchange);
  const body = createHash('sha256');
  let len = 0;
  for (const step of word === 'answer' ? JSON.parse(rest) : []) {
    const [name, rest = ''] = step.split(/ ([^]*)/, 2);
    const [first, text = ''] = rest.split(/ ([^]*)/, 2);
    if (name === 'status') exchange.status(Number(rest));
    else if (name === 'header') exchange.header(first, text);
    else if (name === 'write') await exchange.write(text.repeat(Number(first)));
    else if (name === 'flush') await exchange.flush();
    else if (name === 'read' || name === 'echo') {
      const end = len + (rest ? Number(rest) : Infinity);
      let piece;
      while (len < end && (piece = await exchange.read())) {
        body.update(piece);
        len += piece.length;
        if (name === 'echo') await exchange.write(piece);
      }
      if (piece === null) show({ ...line, body: { len, sha256: body.copy().digest('hex') } });
    } else await act(name, rest, line, exchange);
  }
}

const handlers = Object.keys(HOOKS).filter((hook) => hook !== 'Implemented' && !WITHOUT.includes(hook));
await serve(Object.fromEntries(handlers.map((hook) => [hook, hook === 'ServeHTTP' ? serveHTTP : handle.bind(null, hook)])));
