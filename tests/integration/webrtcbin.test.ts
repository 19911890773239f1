// A member whose media code nobody here wrote: GStreamer's webrtcbin joins the real meeting.
import { afterAll, beforeAll, expect, it } from 'vitest';

import { admin, Client, rest, spend } from '../support/client.ts';
import { House, until } from '../support/house.ts';
import { Relay } from '../support/relay.ts';
import { Webrtcbin } from '../support/webrtcbin.ts';

let house: House;
let client: Client;
let peer: Webrtcbin;

interface Member {
  id: string;
  connected: boolean;
}

/** The chair as the centre sees it. */
async function chair(): Promise<Member | undefined> {
  const { body } = await rest(house.demo, 'GET', `/api/v1/meetings/${house.demo.meeting}`, {
    headers: admin(house.demo),
  });
  return (body as { members: Member[] }).members.find(({ id }) => id === 'chair');
}

beforeAll(async () => {
  house = await House.open();
  peer = new Webrtcbin();
  ({ client } = await Client.hello(house.demo, await spend(house.demo, house.demo.chair_url)));
}, 120_000);

afterAll(async () => {
  client.close();
  await peer.close();
  await house.close();
}, 30_000);

it('hears and sees the meeting', async () => {
  const offered = await client.ask('media.offer', {
    meeting: house.demo.meeting,
    sdp: await peer.offer,
  });
  expect(offered.err).toBeUndefined();
  const sdp = (offered.d as { sdp: string }).sdp;
  expect(sdp).toContain('a=setup:passive');
  peer.answer(sdp);

  const start = await until('the stage and its sound', 15_000, () =>
    peer.received && peer.received.video_frames > 0 && peer.received.audio_frames > 0
      ? peer.received
      : null,
  );
  expect(start.connected).toBe(true);
  expect([start.width, start.height]).toEqual([1280, 720]);
  await until('two more seconds of both', 15_000, () => {
    const now = peer.received;
    return (
      now &&
      now.video_frames - start.video_frames >= 40 &&
      now.audio_frames - start.audio_frames >= 90
    );
  });
  expect(await until('the centre says it is connected', 5_000, chair)).toMatchObject({
    connected: true,
  });
}, 60_000);

it('is gone when it ends', async () => {
  await peer.close();
  await until('the chair is not connected', 15_000, async () => !(await chair())?.connected);
}, 30_000);

async function counter(name: string): Promise<number> {
  const text = await (await fetch(house.demo.metrics.mcu)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

it('is refused and counted when its certificate is not the one of its offer', async () => {
  const before = await counter('mcu_peers_failed_total');
  const impostor = new Webrtcbin();
  const forged = (await impostor.offer).replace(
    /a=fingerprint:sha-256 [0-9A-F:]+/g,
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  );
  const answer = await client.ask('media.offer', { meeting: house.demo.meeting, sdp: forged });
  impostor.answer(String(answer.d?.sdp));
  await until(
    'the refusal',
    10_000,
    async () => (await counter('mcu_peers_failed_total')) > before,
  );
  expect(house.log('rong-mcu')).toContain('dtls.fingerprint_mismatch');
  expect((await chair())?.connected).toBe(false);
  expect(impostor.received?.video_frames ?? 0).toBe(0);
  await impostor.close();
}, 60_000);

it('goes on undisturbed when somebody forges packets from its own address', async () => {
  const member = new Webrtcbin();
  const offered = await client.ask('media.offer', {
    meeting: house.demo.meeting,
    sdp: await member.offer,
  });
  const { relay, answer } = await Relay.open(String(offered.d?.sdp));
  member.answer(answer);
  const start = await until('the stage, and something of its own', 15_000, () =>
    member.received && member.received.video_frames > 0 && relay.last ? member.received : null,
  );
  const refused = await counter('mcu_srtp_refused_total');
  const replayed = relay.last ?? Buffer.alloc(0);
  for (let i = 0; i < 50; i++) {
    // A changed byte, a changed length, another's making, and the same packet twice.
    const forged = Buffer.from(relay.last ?? replayed);
    const at = forged.length - 1 - (i % 8);
    forged.writeUInt8(forged.readUInt8(at) ^ 0x40, at);
    relay.inject(forged);
    relay.inject(forged.subarray(0, forged.length - 4));
    relay.inject(Buffer.concat([forged.subarray(0, 12), Buffer.alloc(160, i)]));
    relay.inject(replayed);
  }
  await until('two hundred refusals', 10_000, async () => {
    const now = await counter('mcu_srtp_refused_total');
    if (now < refused + 200) throw new Error(`${now - refused} of 200`);
    return true;
  });
  await until('a second of picture and sound more', 15_000, () => {
    const now = member.received;
    return (
      now &&
      now.video_frames - start.video_frames >= 20 &&
      now.audio_frames - start.audio_frames >= 45
    );
  });
  expect(await chair()).toMatchObject({ connected: true });
  await member.close();
  relay.close();
}, 60_000);
