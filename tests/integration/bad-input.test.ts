// Whatever is wrong, from whomever: a stable code, a count, and nothing changed. The real daemons.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { admin, Client, rest, secretOf, spend } from '../support/client.ts';
import { House, until } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';

let house: House;
let chair: Client;
let delegate: Client;
const closing: (() => Promise<void> | void)[] = [];

async function link(role: string, ...more: string[]): Promise<string> {
  const { url } = (await house.rong('link', role, house.demo.meeting, '--name', role, ...more)) as {
    url: string;
  };
  return url;
}

/** The sum of all series whose name matches. */
async function metric(page: string, name: RegExp): Promise<number> {
  const text = await (await fetch(page)).text();
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && name.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** What of the meeting may not change by a refused request. */
async function meeting(): Promise<unknown> {
  const { body } = await rest(house.demo, 'GET', `/api/v1/meetings/${house.demo.meeting}`, {
    headers: admin(house.demo),
  });
  const { floor, queue, state, members } = body as {
    floor?: unknown;
    queue: unknown;
    state: string;
    members: { id: string; muted: boolean }[];
  };
  return { floor, queue, state, muted: members.map(({ id, muted }) => [id, muted]) };
}

beforeAll(async () => {
  house = await House.open();
  closing.push(() => house.close());
  ({ client: chair } = await Client.hello(
    house.demo,
    await spend(house.demo, house.demo.chair_url),
  ));
  ({ client: delegate } = await Client.hello(
    house.demo,
    await spend(house.demo, await link('delegate')),
  ));
  closing.push(
    () => chair.close(),
    () => delegate.close(),
  );
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
}, 30_000);

describe('a message', () => {
  it('that is not JSON, or not an envelope, gets a code, and the session goes on', async () => {
    const before = await metric(
      house.demo.metrics.signal,
      /^signal_.*(refused|rejected|bad|error)/,
    );
    const { client } = await Client.hello(
      house.demo,
      await spend(house.demo, await link('delegate')),
    );
    client.raw('{"op":');
    client.raw('[1,2,3]');
    client.raw('{"op":7,"id":"x"}');
    client.raw(
      `{"op":"floor.grant","id":7777,"d":{"meeting":"${house.demo.meeting}","member":"\\ud800"}}`,
    ); // half a surrogate pair
    const codes = await until('four refusals', 5_000, () => {
      const refused = client.events.filter(({ err }) => err).map(({ err }) => err?.code ?? '');
      if (refused.length !== 4) throw new Error(JSON.stringify(client.events));
      return refused;
    });
    expect(codes.every((code) => code.startsWith('proto.'))).toBe(true);
    const answer = await client.ask('no.such_op');
    expect(answer.err?.code).toBe('proto.unknown_op');
    expect(
      (await client.ask('meeting.subscribe', { meeting: house.demo.meeting, detail: 'full' })).err,
    ).toBeUndefined();
    client.close();
    expect(
      await metric(house.demo.metrics.signal, /^signal_.*(refused|rejected|bad|error)/),
    ).toBeGreaterThanOrEqual(before + 4);
  });

  it('over 64 KiB ends the connection with a next step', async () => {
    const { client } = await Client.hello(
      house.demo,
      await spend(house.demo, await link('delegate')),
    );
    client.raw(JSON.stringify({ op: 'hello', id: 9, d: { padding: 'x'.repeat(70_000) } }));
    const { code, reason } = await until('a close', 5_000, () => client.closed);
    expect([1009, 4400]).toContain(code);
    expect(JSON.parse(reason)).toHaveProperty('next');
  });

  it('with a field of the wrong type, length or value names the field', async () => {
    const before = await meeting();
    for (const d of [
      {},
      { meeting: 7, member: '64' },
      { meeting: house.demo.meeting, member: 'x'.repeat(500) },
    ]) {
      const answer = await chair.ask('floor.grant', d);
      expect(answer.err?.code, JSON.stringify(d)).toMatch(/^proto\./);
    }
    expect(await meeting()).toEqual(before);
  });

  it('from a role that may not send it is refused and changes nothing', async () => {
    const before = await meeting();
    for (const [op, d] of [
      ['floor.grant', { member: '64' }],
      ['member.mute', { member: '64', muted: false }],
      ['member.mute_all', {}],
      ['meeting.end', {}],
      ['conference.report', { conference: house.demo.meeting, part: 1, of: 1, members: [] }],
    ] as const) {
      const answer = await delegate.ask(op, { meeting: house.demo.meeting, ...d });
      expect(answer.err?.code, op).toBe('auth.forbidden');
    }
    expect(await meeting()).toEqual(before);
  });

  it('about a meeting or member that is not there says so', async () => {
    expect(
      (await chair.ask('floor.grant', { meeting: 'aaaaaaaa', member: '64' })).err?.code,
    ).toMatch(/^(meeting\.unknown|auth\.forbidden)$/);
    expect(
      (await chair.ask('floor.grant', { meeting: house.demo.meeting, member: '99999' })).err?.code,
    ).toBe('member.unknown');
  });
});

describe('a storm of offers', () => {
  it('does not send the MCU the whole conference with each', async () => {
    const sent = /^signal_conference_desired_total/;
    const before = await metric(house.demo.metrics.signal, sent);
    const began = Date.now();
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < 15; i++) {
      // Each mute makes a new state due; each offer passes it on the way to the MCU.
      asked.push(
        chair.ask('member.mute', { meeting: house.demo.meeting, member: '64', muted: i % 2 === 0 }),
        chair.ask('media.offer', { meeting: house.demo.meeting, sdp: 'v=0' }),
      );
    }
    await Promise.all(asked);
    const states = (await metric(house.demo.metrics.signal, sent)) - before;
    expect(states).toBeGreaterThan(0);
    expect(states).toBeLessThanOrEqual(2 + (Date.now() - began) / 50);
    await chair.ask('member.mute', { meeting: house.demo.meeting, member: '64', muted: true });
  });
});

describe('a plan', () => {
  it('that invites a unit twice is refused, and no meeting is made of it', async () => {
    const before = await rest(house.demo, 'GET', '/api/v1/meetings', {
      headers: admin(house.demo),
    });
    const twice = await rest(house.demo, 'POST', '/api/v1/meetings', {
      body: { title: 'Hai lần', units: ['64', '633', '64'], open: true },
      headers: admin(house.demo),
    });
    expect([twice.status, twice.body.code]).toEqual([409, 'unit.duplicate']);
    const after = await rest(house.demo, 'GET', '/api/v1/meetings', { headers: admin(house.demo) });
    expect(after.body).toEqual(before.body);
  });
});

describe('a person', () => {
  it('without a credential gets nothing', async () => {
    for (const path of [
      '/api/v1/units',
      '/api/v1/meetings',
      `/api/v1/meetings/${house.demo.meeting}`,
      '/api/v1/session',
    ])
      expect((await rest(house.demo, 'GET', path)).status, path).toBe(401);
    expect(
      (await rest(house.demo, 'POST', '/api/v1/links', { body: { role: 'chair', name: 'x' } }))
        .status,
    ).toBe(401);
    expect(
      (
        await rest(house.demo, 'GET', '/api/v1/units', {
          headers: { authorization: 'Bearer wrong' },
        })
      ).status,
    ).toBe(401);
    const refused = await Client.open(house.demo).then(
      async (client) => until('a close', 5_000, () => client.closed),
      (error: unknown) => ({ code: 4401, reason: String(error) }),
    );
    expect(refused.code).toBe(4401);
  });

  it('from a page of another host can not open the socket', async () => {
    const cookie = await spend(house.demo, await link('delegate'));
    await expect(Client.open(house.demo, cookie, 'https://evil.example')).rejects.toThrow();
  });

  it('with a spent, an expired or an unknown link is told which', async () => {
    const once = await link('delegate');
    await spend(house.demo, once);
    const again = await rest(house.demo, 'POST', '/api/v1/session', {
      body: { secret: secretOf(once) },
    });
    expect([again.status, again.body.code]).toEqual([409, 'link.used']);
    const unknown = await rest(house.demo, 'POST', '/api/v1/session', {
      body: { secret: 'A'.repeat(43) },
    });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'link.unknown']);
    const made = Date.now();
    const late = await link('delegate', '--ttl', '1');
    const expired = await until('the second to pass', 5_000, () => {
      if (Date.now() - made < 1_500) throw new Error('not yet');
      return rest(house.demo, 'POST', '/api/v1/session', { body: { secret: secretOf(late) } });
    });
    expect([expired.status, expired.body.code]).toEqual([410, 'link.expired']);
  });
});

describe('a disk that fails in the middle of a new meeting', () => {
  /** What SQLite does with the entry meeting.opened: nothing of a meeting is kept without it. */
  const database = (sql: string): Promise<string> =>
    run('python3', [
      '-c',
      'import json, sqlite3, sys; d = sqlite3.connect(sys.argv[1], timeout=5); print(json.dumps(d.execute(sys.argv[2]).fetchall())); d.commit()',
      `${house.demo.dir}/signal/rong.sqlite`,
      sql,
    ]).then(({ stdout }) => stdout.trim());
  const create = (): Promise<{ status: number; body: Record<string, unknown> }> =>
    rest(house.demo, 'POST', '/api/v1/meetings', {
      body: { title: 'Nửa chừng', units: ['64', '633'], open: true },
      headers: admin(house.demo),
    });
  const list = async (): Promise<unknown> =>
    (await rest(house.demo, 'GET', '/api/v1/meetings', { headers: admin(house.demo) })).body;

  it('leaves nothing half made, and the next one is whole', async () => {
    const [before, rows] = [await list(), await database('SELECT count(*) FROM journal')];
    await database(
      "CREATE TRIGGER full BEFORE INSERT ON journal WHEN NEW.name = 'meeting.opened' BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    try {
      const failed = await create();
      expect([failed.status, failed.body.code]).toEqual([500, 'proto.internal']);
    } finally {
      await database('DROP TRIGGER full');
    }
    expect(await list()).toEqual(before);
    expect(await database('SELECT count(*) FROM journal')).toBe(rows);

    const made = await create();
    expect(made.status).toBe(200);
    const path = `/api/v1/meetings/${String(made.body.id)}`;
    const { body } = await rest(house.demo, 'GET', path, { headers: admin(house.demo) });
    expect(body).toMatchObject({ state: 'open', members: [{ id: '64' }, { id: '633' }] });
    const ended = await rest(house.demo, 'POST', `${path}/end`, { headers: admin(house.demo) });
    expect(ended.status).toBeLessThan(300);
  });
});

describe('an offer', () => {
  const offer = (lines: string[]): string =>
    `${['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ...lines].join('\r\n')}\r\n`;
  const transport = [
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuvwx',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=setup:actpass',
    'a=rtcp-mux',
  ];

  it('without a codec that we know is refused', async () => {
    const sdp = offer([
      'a=group:BUNDLE 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 8',
      ...transport,
      'a=mid:0',
      'a=rtpmap:8 PCMA/8000',
      'a=sendrecv',
    ]);
    expect(
      (await delegate.ask('media.offer', { meeting: house.demo.meeting, sdp })).err?.code,
    ).toMatch(/no_(usable_)?codec$/);
  });

  it('that is no SDP, or has no fingerprint, is refused', async () => {
    expect(
      (await delegate.ask('media.offer', { meeting: house.demo.meeting, sdp: 'hello' })).err?.code,
    ).toMatch(/^(media|sdp)\./);
    const bare = offer([
      'a=group:BUNDLE 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      ...transport.filter((line) => !line.includes('fingerprint')),
      'a=mid:0',
      'a=rtpmap:111 opus/48000/2',
      'a=sendrecv',
    ]);
    expect(
      (await delegate.ask('media.offer', { meeting: house.demo.meeting, sdp: bare })).err?.code,
    ).toMatch(/^(media|sdp)\./);
  });
});

describe('a file', () => {
  const units = (text: string): Promise<{ status: number; body: Record<string, unknown> }> =>
    rest(house.demo, 'POST', '/api/v1/units/import', {
      body: text,
      type: 'text/csv',
      headers: admin(house.demo),
    });

  it('of units with a duplicate or an orphan is refused whole, with its line', async () => {
    const before = await rest(house.demo, 'GET', '/api/v1/units', { headers: admin(house.demo) });
    const head = 'code,parent,level,name,link_kbps\n64,,province,Tỉnh Gia Lai,100000\n';
    const duplicate = await units(`${head}633,64,district,Một,1000\n633,64,district,Hai,1000\n`);
    expect([duplicate.status, duplicate.body.code]).toEqual([409, 'unit.duplicate']);
    expect(String(duplicate.body.detail)).toContain('4');
    const orphan = await units(`${head}633,64,district,Một,1000\n7,99,commune,Mồ côi,1000\n`);
    expect([orphan.status, orphan.body.code]).toEqual([400, 'unit.orphan']);
    expect(String(orphan.body.detail)).toContain('4');
    expect(
      (await rest(house.demo, 'GET', '/api/v1/units', { headers: admin(house.demo) })).body,
    ).toEqual(before.body);
  });
});

describe('a machine', () => {
  it('with an enrolment code that was used or never existed is refused', async () => {
    const { code } = (await house.rong('room', 'code', '64')) as { code: string };
    const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
    const bad = await rest(house.demo, 'POST', '/api/v1/enroll', {
      body: { code: code.split('.')[0], csr },
    });
    expect([bad.status, bad.body.code]).toEqual([400, 'enroll.bad_csr']);
    const unknown = await rest(house.demo, 'POST', '/api/v1/enroll', {
      body: { code: 'aaaa-bbbb-cccc-dddd', csr },
    });
    expect(unknown.body.code).toBe('enroll.unknown');
  });

  it('can not spend the code of another kind of machine', async () => {
    const { code } = (await house.rong('mcu', 'code', 'mcu-9')) as { code: string };
    const room = ['--config', `${house.demo.dir}/room-1.conf`, '--enroll', code];
    await expect(run(`${BIN}/rong-room`, room)).rejects.toThrow('enroll.wrong_kind');
    const { stdout } = await run(`${BIN}/rong-mcu`, [
      '--config',
      `${house.demo.dir}/mcu.conf`,
      '--enroll',
      code,
    ]);
    expect(stdout).toContain('mcu:mcu-9');
  });
});

describe('a session', () => {
  it('that its person ends takes the person out of the queue', async () => {
    const cookie = await spend(house.demo, await link('delegate'));
    const { client } = await Client.hello(house.demo, cookie);
    const asked = await client.ask('floor.request', { meeting: house.demo.meeting });
    expect(asked.err).toBeUndefined();
    const queue = async (): Promise<unknown[]> => ((await meeting()) as { queue: unknown[] }).queue;
    expect(await queue()).toHaveLength(1);
    const ended = await rest(house.demo, 'DELETE', '/api/v1/session', { headers: { cookie } });
    expect(ended.status).toBeLessThan(300);
    await until('an empty queue', 12_000, async () => {
      return (await queue()).length === 0;
    });
  });

  it('is resumed with the events that it missed, each once and in order', async () => {
    const cookie = await spend(house.demo, await link('delegate'));
    const { client, hello } = await Client.hello(house.demo, cookie);
    await client.ask('meeting.subscribe', { meeting: house.demo.meeting, detail: 'full' });
    await until('a snapshot', 5_000, () => client.event('meeting.snapshot'));
    const ack = Math.max(...client.events.map((event) => event.seq ?? 0));
    client.close();
    await chair.ask('floor.grant', { meeting: house.demo.meeting, member: '633' });
    await chair.ask('floor.release', { meeting: house.demo.meeting, member: '633' });
    const again = await Client.hello(house.demo, cookie, { sid: String(hello.sid), ack });
    expect(again.hello.resumed).toBe(true);
    await until('the missed events', 5_000, () => again.client.event('floor.released'));
    const sequence = again.client.events
      .map((event) => event.seq)
      .filter((seq) => seq !== undefined);
    expect(sequence).toEqual([...new Set(sequence)].sort((a, b) => a - b));
    expect(Math.min(...sequence)).toBe(ack + 1);
    again.client.close();
  });
});
