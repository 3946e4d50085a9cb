// The contract from its .proto files: no method and no message is typed again.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import loader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

// Beside the plugin where `init` has put them, otherwise those of the repository.
const here = path.dirname(fileURLToPath(import.meta.url));
const folder = [path.join(here, 'proto'), path.join(here, '../../../proto/pb')].find((candidate) => fs.existsSync(candidate));

// Well-known types are the JSON that protobuf maps them to, both ways; protobufjs itself shows their parts.
const GOOGLE = 'google.protobuf.';
const PACKAGE = 'mattermost.pluginapi.v1.';
const READ = {
  Struct: ({ fields = {} }) => fields,
  ListValue: ({ values = [] }) => values,
  Value: (parts) => {
    const [[kind, value] = ['nullValue']] = Object.entries(parts);
    return kind === 'nullValue' ? null : value;
  },
  Int32Value: ({ value = 0 }) => value,
  Int64Value: ({ value = '0' }) => value,
};
for (const [name, read] of Object.entries(READ)) {
  protobuf.wrappers[`.${GOOGLE}${name}`] = {
    fromObject(parts) {
      return this.fromObject(parts);
    },
    toObject(message, options) {
      return read(this.toObject(message, options));
    },
  };
}

const each = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));

function parts(name, value) {
  const inner = (item) => parts('Value', item);
  if (name === 'Struct') return { fields: each(value, inner) };
  if (name === 'ListValue') return { values: value.map(inner) };
  if (name !== 'Value') return { value };
  if (value === null) return { nullValue: 0 };
  if (Array.isArray(value)) return { listValue: parts('ListValue', value) };
  if (typeof value === 'object') return { structValue: parts('Struct', value) };
  return { [{ number: 'numberValue', string: 'stringValue', boolean: 'boolValue' }[typeof value]]: value };
}

const contract = loader.loadSync(['hooks.proto', 'api.proto', 'goplugin/grpc_controller.proto'], {
  includeDirs: [folder],
  keepCase: true,
  longs: String,
  enums: String,
});

/** A message as protobufjs wants it. */
function toWire(type, message) {
  const fields = new Map(type.field.map((field) => [field.name, field]));
  return each(message, (value, name) => {
    const { typeName, label } = fields.get(name) ?? {};
    if (value === undefined || !typeName) return value;
    const entry = type.nestedType.find((nested) => nested.name === typeName); // of a map
    if (entry) return each(value, (item) => toWire(entry, { value: item }).value);
    const known = typeName.startsWith(GOOGLE) && typeName.slice(GOOGLE.length);
    const inner = contract[PACKAGE + typeName]?.type;
    if (value === null && known !== 'Value') return value;
    if (!known && !inner?.field) return value; // an enum
    const one = (item) => (known ? parts(known, item) : toWire(inner, item));
    return label === 'LABEL_REPEATED' ? value.map(one) : one(value);
  });
}

function service(name, end) {
  const wired = (method) => {
    const serialize = method[`${end}Serialize`];
    return { ...method, [`${end}Serialize`]: (message) => serialize(toWire(method[`${end}Type`].type, message)) };
  };
  return each(contract[PACKAGE + name], wired);
}

export const HOOKS = service('PluginHooks', 'response');
export const API = service('PluginAPI', 'request');
export const CONTROLLER = contract['plugin.GRPCController'];
