'use strict';
// An outside client: npm's jayson over TCP, one connection a call, authentication in every call.
// Usage: node client.js MODULES PORT TOKEN. Exits 0 when every answer is as expected.
const assert = require('assert');
const path = require('path');
const [modules, port, token] = process.argv.slice(2);
const jayson = require(path.join(modules, 'jayson'));
const client = jayson.client.tcp({host: '127.0.0.1', port: Number(port), version: 2});

function call(method, params) {
  return new Promise((resolve, reject) => {
    client.request(method, Object.assign({auth: token}, params), (failure, answer) =>
      failure ? reject(failure) : resolve(answer));
  });
}

async function main() {
  assert.strictEqual((await call('system.ping')).result, 'pong');
  const made = await call('company.upsert', {company: {
    country: 'KH', name: 'ក្រុមហ៊ុន ស្ពាន', sectors: ['ai'], external_ids: [{system: 'jayson', id: '1'}]}});
  assert.strictEqual(made.result.created, true);
  const got = await call('company.get', {external_id: {system: 'jayson', id: '1'}});
  assert.strictEqual(got.result.name, 'ក្រុមហ៊ុន ស្ពាន');
  assert.strictEqual(got.result.id, made.result.id);
  assert.strictEqual((await call('no.such')).error.code, -32601);
  assert.strictEqual((await call('company.get', {id: 'nowhere'})).error.code, 1001);
  const refused = await call('company.upsert', {company: {country: 'FR', name: 'x'}});
  assert.strictEqual(refused.error.code, 1005);
  assert.ok(refused.error.data.fields.some((f) => f.field === 'country'));
}

main().then(() => process.exit(0), (failure) => {
  console.error(failure);
  process.exit(1);
});
