// Records what npm itself answers for small registries: the fixtures of
// internal/nodejs/placement/testdata and of internal/nodejs/testdata/tiny.jsonl.gz.
// It needs Node.js with npm, and nothing else.
//
//   node record.mjs answer FILE          every case of FILE, answered anew
//   node record.mjs random COUNT SEED    COUNT random registries, full of peers
//   node record.mjs same FILE            what differs from the answers in FILE
//
// FILE is a .jsonl or .jsonl.gz of cases, a line each; answers go to the standard
// output in the form of FILE. A new npm is a run of "same": each line that it
// prints is a difference.
import http from 'node:http';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';

const target = ['--os=linux', '--cpu=x64', '--libc=glibc'];
const patience = 60_000; // milliseconds, after which an answer is ENDLESS

// tarball returns a package as npm packs it.
function tarball(files) {
  const blocks = [];
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text);
    const head = Buffer.alloc(512);
    const full = 'package/' + name;
    if (full.length <= 100) {
      head.write(full, 0);
    } else {
      const cut = full.lastIndexOf('/', full.length - 1 - (full.length > 255 ? 100 : 0));
      head.write(full.slice(cut + 1), 0);
      head.write(full.slice(0, cut), 345);
    }
    head.write('0000644\0' + '0000000\0' + '0000000\0', 100);
    head.write(body.length.toString(8).padStart(11, '0') + '\0' + '00000000000\0', 124);
    head.write('        0', 148);
    head.write('ustar\0' + '00', 257);
    const sum = head.reduce((a, b) => a + b, 0);
    head.write(sum.toString(8).padStart(6, '0') + '\0 ', 148);
    blocks.push(head, body, Buffer.alloc((512 - body.length % 512) % 512));
  }
  blocks.push(Buffer.alloc(1024));
  return zlib.gzipSync(Buffer.concat(blocks), { level: 9 });
}

// packed returns the tarball of a version, with what the case says that it brings.
function packed(c, name, version) {
  const files = { 'package.json': JSON.stringify({ name, version, ...c.registry[name][version] }) };
  for (const [at, what] of Object.entries(c.brings?.[`${name}@${version}`] ?? {})) {
    if (at === 'npm-shrinkwrap.json') files[at] = what;
    else files[at + '/package.json'] = JSON.stringify(what);
  }
  return tarball(files);
}

// serve answers for the registry of a case on 127.0.0.1.
function serve(c) {
  const server = http.createServer((request, response) => {
    const asked = decodeURIComponent(request.url).slice(1);
    const send = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body);
    };
    const file = asked.match(/^(.+)\/-\/(.+)\.tgz$/);
    if (file && c.registry[file[1]]?.[file[2]]) return send(200, packed(c, file[1], file[2]));
    if (c.status?.[asked]) return send(c.status[asked], '{}');
    if (!c.registry[asked]) return send(404, '{}');
    const versions = {};
    for (const [version, fields] of Object.entries(c.registry[asked])) {
      const bytes = packed(c, asked, version);
      versions[version] = {
        ...fields, name: asked, version,
        _hasShrinkwrap: Boolean(c.brings?.[`${asked}@${version}`]?.['npm-shrinkwrap.json']),
        dist: {
          tarball: `http://127.0.0.1:${server.address().port}/${asked}/-/${version}.tgz`,
          integrity: 'sha512-' + crypto.createHash('sha512').update(bytes).digest('base64'),
        },
      };
    }
    const document = { name: asked, 'dist-tags': c.tags?.[asked] ?? {}, versions };
    if (c.times?.[asked]) document.time = c.times[asked];
    send(200, JSON.stringify(document));
  });
  return new Promise(done => server.listen(0, '127.0.0.1', () => done(server)));
}

// npm runs npm in a folder and returns its exit code and output; null as the code
// says that it did not end.
function npm(dir, port, args) {
  return new Promise(done => {
    const env = { ...process.env };
    for (const name of Object.keys(env)) if (/^npm_config_/i.test(name)) delete env[name];
    const child = spawn('npm', [...args, '--registry', `http://127.0.0.1:${port}/`, '--cache', path.join(dir, '.cache'),
      '--userconfig', path.join(dir, '.none'), '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=0', ...target], { cwd: dir, env, detached: true });
    let output = '';
    child.stdout.on('data', data => { output += data; });
    child.stderr.on('data', data => { output += data; });
    const timer = setTimeout(() => { process.kill(-child.pid, 'SIGKILL'); }, patience);
    child.on('close', code => { clearTimeout(timer); done({ code, output }); });
  });
}

// installed returns what lies in the node_modules of a folder and of those below it.
function installed(dir, at, found) {
  const modules = path.join(dir, at, 'node_modules');
  if (!fs.existsSync(modules)) return found;
  const names = fs.readdirSync(modules).filter(name => !name.startsWith('.'))
    .flatMap(name => name.startsWith('@') ? fs.readdirSync(path.join(modules, name)).map(own => `${name}/${own}`) : [name]);
  for (const name of names) {
    const here = (at ? at + '/' : '') + 'node_modules/' + name;
    if (fs.lstatSync(path.join(dir, here)).isSymbolicLink()) {
      const to = path.relative(dir, path.resolve(path.dirname(path.join(dir, here)), fs.readlinkSync(path.join(dir, here))));
      found[here] = 'link:' + to;
      if (fs.existsSync(path.join(dir, to)) && !to.includes('node_modules')) installed(dir, to, found);
      continue;
    }
    const own = JSON.parse(fs.readFileSync(path.join(dir, here, 'package.json')));
    found[here] = `${own.name}@${own.version}`;
    installed(dir, here, found);
  }
  return found;
}

const markNames = ['dev', 'optional', 'devOptional', 'peer', 'inBundle', 'extraneous'];

// answer returns what npm makes of a case.
async function answer(c) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'record-'));
  const server = await serve(c);
  const port = server.address().port;
  try {
    for (const [at, what] of Object.entries({ 'package.json': c.root, ...c.files })) {
      fs.mkdirSync(path.dirname(path.join(dir, at)), { recursive: true });
      fs.writeFileSync(path.join(dir, at), JSON.stringify(what));
    }
    const { code, output } = await npm(dir, port, ['install', '--package-lock-only', ...c.flags ?? []]);
    if (code === null) return { error: 'ENDLESS' };
    if (code !== 0) {
      const found = output.match(/npm error code (\S+)/)?.[1];
      const reason = output.match(/npm error (.*)/)?.[1] ?? '';
      return { error: found ?? (/^Cannot read/.test(reason) ? `CRASH: ${reason}` : `NOCODE: ${reason}`) };
    }
    const out = { tree: {} };
    const lock = JSON.parse(fs.readFileSync(path.join(dir, 'package-lock.json')));
    const put = (field, at, value) => { (out[field] ??= {})[at] = value; };
    for (const [at, entry] of Object.entries(lock.packages)) {
      if (at === '') continue;
      if (entry.link) { put('links', at, entry.resolved); continue; }
      out.tree[at] = entry.version ?? '';
      const folder = at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);
      if (entry.name && entry.name !== folder) put('names', at, entry.name);
      const marks = markNames.filter(name => entry[name]);
      if (marks.length) put('marks', at, marks);
    }
    if (/npm warn ERESOLVE/.test(output)) out.warned = true;
    if (!c.installed) return out;
    const ci = await npm(dir, port, ['ci', '--omit=dev', ...c.flags ?? []]);
    if (ci.code !== 0) {
      out.ci_refuses_its_own_lock = true;
      fs.rmSync(path.join(dir, 'package-lock.json'));
      await npm(dir, port, ['install', '--omit=dev', ...c.flags ?? []]);
    }
    out.installed = installed(dir, '', {});
    return out;
  } finally {
    server.close();
    server.closeAllConnections();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

// The cases of tiny.jsonl.gz have another form.
const isTiny = c => Boolean(c.manifests);

function fromTiny(c) {
  const out = { root: c.project, flags: [], registry: {}, tags: {} };
  if (c.legacy) out.flags.push('--legacy-peer-deps');
  if (c.force) out.flags.push('--force');
  for (const { name, version, latest, ...fields } of c.manifests) {
    (out.registry[name] ??= {})[version] = fields;
    if (latest || !out.tags[name]?.tagged) out.tags[name] = { latest: version, tagged: latest ? version : '' };
  }
  for (const tags of Object.values(out.tags)) delete tags.tagged;
  return out;
}

function toTiny(c, a) {
  if (a.error) return { ...c, expected: [`REFUSED ${a.error}`] };
  const line = at => {
    const name = a.names?.[at] ?? at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const marks = a.marks?.[at]?.length ? ` [${a.marks[at].join(',')}]` : '';
    return `${at} ${name}@${a.tree[at]}${marks}`;
  };
  return { ...c, expected: Object.keys(a.tree).map(line).sort() };
}

// answers are the fields of a case that npm's answer has.
const answers = ['tree', 'names', 'links', 'marks', 'error', 'installed', 'warned', 'ci_refuses_its_own_lock'];

async function answered(c) {
  if (isTiny(c)) return toTiny(c, await answer(fromTiny(c)));
  const out = { ...c };
  const fresh = await answer(c);
  for (const field of answers) delete out[field];
  return { ...out, ...fresh, npm: versions.npm, node: process.versions.node };
}

function differs(before, after) {
  const what = c => isTiny(c) ? c.expected : answers.slice(0, 6).map(field => c[field] ?? null);
  const sorted = value => JSON.stringify(value, (_, v) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);
  return sorted(what(before)) !== sorted(what(after));
}

// generator returns a function that gives numbers below its argument (mulberry32).
function generator(seed) {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ x >>> 15, x | 1);
    x ^= x + Math.imul(x ^ x >>> 7, x | 61);
    return Math.floor(((x ^ x >>> 14) >>> 0) / 4294967296 * below);
  };
}

const pool = ['ash', 'birch', 'Cedar', '@fern/core', '@fern/kit', 'elm', 'heath', 'heath-ui', 'iris_x', 'jade', 'larch'];
const numbers = ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '2.1.0', '3.0.0'];

// randomCase returns a registry full of peers, and a project.
function randomCase(seed) {
  const random = generator(seed);
  const one = list => list[random(list.length)];
  const chance = percent => random(100) < percent;
  const names = [...pool].sort(() => random(3) - 1).slice(0, 4 + random(6));
  const registry = {}, tags = {};
  for (const name of names) {
    registry[name] = {};
    const have = numbers.filter(() => chance(45));
    for (const version of have.length ? have : ['1.0.0']) registry[name][version] = {};
    tags[name] = { latest: chance(85) ? Object.keys(registry[name]).at(-1) : one(Object.keys(registry[name])) };
  }
  const text = name => {
    const version = one(Object.keys(registry[name]));
    const [major, minor] = version.split('.');
    return one(['*', `^${major}`, `^${version}`, `~${major}.${minor}.0`, version, `>=${major}`, `^1 || ^${major}`, 'latest']
      .filter(t => t !== 'latest' || chance(20)));
  };
  const some = (most, not) => {
    const out = {};
    for (let n = random(most + 1); n > 0; n--) {
      const name = one(names);
      if (name !== not) out[name] = text(name);
    }
    return out;
  };
  for (const name of names) {
    for (const fields of Object.values(registry[name])) {
      if (chance(60)) fields.dependencies = some(2, name);
      if (chance(55)) fields.peerDependencies = some(3, name);
      for (const peer of Object.keys(fields.peerDependencies ?? {})) {
        if (chance(30)) (fields.peerDependenciesMeta ??= {})[peer] = { optional: true };
      }
      if (chance(10)) fields.optionalDependencies = some(1, name);
      if (chance(4)) fields.os = ['darwin'];
      if (chance(5)) fields.engines = { node: '>=22' };
      if (chance(6)) fields.deprecated = 'old';
    }
  }
  const root = { name: 'layer', version: '1.0.0', dependencies: some(3) };
  if (!Object.keys(root.dependencies).length) root.dependencies[names[0]] = '*';
  if (chance(20)) root.devDependencies = some(2);
  if (chance(15)) root.peerDependencies = some(1);
  if (chance(10)) root.optionalDependencies = some(1);
  if (chance(15)) {
    const name = one(names), within = one(names);
    root.overrides = chance(50) && name !== within ? { [within]: { [name]: text(name) } } : { [name]: text(name) };
  }
  return { name: `random-${seed}`, rule: `random registry, seed ${seed}`, registry, tags, root, flags: chance(5) ? ['--legacy-peer-deps'] : [] };
}

function readCases(file) {
  const raw = fs.readFileSync(file);
  const text = (file.endsWith('.gz') ? zlib.gunzipSync(raw) : raw).toString();
  return text.split('\n').filter(line => line.trim()).map(line => JSON.parse(line));
}

const versions = { npm: '' };

async function main([verb, ...args]) {
  versions.npm = (await npm(os.tmpdir(), 0, ['--version'])).output.trim();
  switch (verb) {
    case 'answer':
      for (const c of readCases(args[0])) process.stdout.write(JSON.stringify(await answered(c)) + '\n');
      return;
    case 'random':
      for (let i = 0; i < Number(args[0]); i++) {
        process.stdout.write(JSON.stringify(await answered(randomCase(Number(args[1]) + i))) + '\n');
      }
      return;
    case 'same': {
      let count = 0, different = 0;
      for (const before of readCases(args[0])) {
        count++;
        const after = await answered(before);
        if (!differs(before, after)) continue;
        different++;
        process.stdout.write(JSON.stringify({ name: before.name ?? `line ${count}`, recorded: before.expected ?? before.error ?? before.tree, now: after.expected ?? after.error ?? after.tree }) + '\n');
      }
      process.stdout.write(`${different} of ${count} differ from npm ${versions.npm}\n`);
      return;
    }
  }
  throw new Error('use: node record.mjs answer FILE | random COUNT SEED | same FILE');
}

await main(process.argv.slice(2));
