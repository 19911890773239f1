// The way of a member's media changes, or it falls silent without a word: what the others see of it, and how it comes back.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openChromium, openPage } from '../support/chromium.ts';
import { admin, rest } from '../support/client.ts';
import { House, until } from '../support/house.ts';

const CHAIR = 4;
/** Noticed within five seconds; the centre looks each second, the roster is told at once. */
const NOTICED_MS = 6_500;

let house: House;
let browser: Browser;
let page: Page;
const closing: (() => Promise<void>)[] = [];

async function counter(name: string): Promise<number> {
  const text = await (await fetch(house.demo.metrics.mcu)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

async function isConnected(id: string): Promise<boolean> {
  const { body } = await rest(house.demo, 'GET', `/api/v1/meetings/${house.demo.meeting}`, {
    headers: admin(house.demo),
  });
  const { members } = body as { members: { id: string; connected: boolean }[] };
  return members.find((member) => member.id === id)?.connected ?? false;
}

/** What the page's connection says of itself. */
interface Way {
  connections: number;
  state: string;
  ufrag: string;
  pair: string;
  ssrcs: number[];
  frames: number;
  lost: number;
}

function way(): Promise<Way> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as { connections: RTCPeerConnection[] };
    const connection = connections.at(-1);
    if (!connection) throw new Error('no connection');
    const found: Way = {
      connections: connections.length,
      state: connection.connectionState,
      ufrag: /a=ice-ufrag:(\S+)/.exec(connection.localDescription?.sdp ?? '')?.[1] ?? '',
      pair: '',
      ssrcs: [],
      frames: 0,
      lost: 0,
    };
    const stats: unknown[] = [...(await connection.getStats()).values()];
    for (const row of stats as (RTCTransportStats | RTCInboundRtpStreamStats)[]) {
      if ('selectedCandidatePairId' in row) found.pair = row.selectedCandidatePairId ?? '';
      if (!('packetsLost' in row) || row.type !== 'inbound-rtp') continue;
      found.ssrcs.push(row.ssrc);
      found.frames += row.framesDecoded ?? 0;
      found.lost += row.packetsLost ?? 0;
    }
    found.ssrcs.sort();
    return found;
  });
}

/** Follows the largest hole between two pictures of the stage from now on. */
async function followHole(): Promise<void> {
  await page.evaluate(() => {
    const watched = window as unknown as { hole: number };
    const video = document.querySelector<HTMLVideoElement>('[data-testid="stage-video"]');
    let last = performance.now();
    watched.hole = 0;
    const shown = (now: number) => {
      watched.hole = Math.max(watched.hole, now - last);
      last = now;
      video?.requestVideoFrameCallback(shown);
    };
    video?.requestVideoFrameCallback(shown);
  });
}

beforeAll(async () => {
  house = await House.open();
  closing.push(() => house.close());
  browser = await openChromium(CHAIR);
  closing.push(() => browser.close());
  const opened = await openPage(browser, house.demo.chair_url, () => {
    const watched = window as unknown as { connections: RTCPeerConnection[] };
    const Original = window.RTCPeerConnection;
    watched.connections = [];
    window.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        watched.connections.push(this);
      }
    };
  });
  page = opened.page;
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
}, 30_000);

it('is encrypted with AES-GCM, by rooms and Chromium alike', async () => {
  await until(
    'rooms and chair',
    20_000,
    async () => (await counter('mcu_members_connected')) === 4,
  );
  expect(await counter('mcu_peers_aes_gcm_total')).toBeGreaterThanOrEqual(4);
  expect(await counter('mcu_peers_aes_cm_total')).toBe(0);
}, 30_000);

describe('an ICE restart of Chromium', () => {
  it('finds another way on the same session, without a hole in picture or sound', async () => {
    await until('pictures', 20_000, async () => (await way()).frames > 25);
    const before = await way();
    const restarts = await counter('mcu_ice_restarts_total');
    await followHole();
    await page.evaluate(() => window.dispatchEvent(new Event('online'))); // another network, says the machine
    await until('another pair', 15_000, async () => {
      const now = await way();
      return now.pair !== before.pair && now.ufrag !== before.ufrag;
    });
    await until('the same, said by the centre', 5_000, async () => {
      return (await counter('mcu_ice_restarts_total')) > restarts;
    });
    const changed = await way();
    await until('two more seconds of pictures', 10_000, async () => {
      return (await way()).frames - changed.frames > 50;
    });
    const after = await way();
    const hole = await page.evaluate(() => (window as unknown as { hole: number }).hole);
    console.log(
      `largest hole in the picture: ${Math.round(hole)} ms; lost ${after.lost - before.lost}`,
    );
    expect(after).toMatchObject({ connections: 1, state: 'connected', ssrcs: before.ssrcs });
    expect(hole).toBeLessThan(1_000); // of a busy machine: no key frame had to be waited for
    expect(after.lost - before.lost).toBeLessThanOrEqual(2);
    expect(await isConnected('chair')).toBe(true);
  }, 60_000);
});

describe('a room that stops without a word', () => {
  it('is shown as lost within five seconds, cleaned up, and back when it goes on', async () => {
    const room = house.demo.rooms[2] ?? '';
    await until('the room', 20_000, () => isConnected(room));
    // Its core too, which would end a media process that hangs.
    const pids = [house.pid('room-3'), house.mediaPid(3)];
    const begun = performance.now();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await until('the room is lost', NOTICED_MS + 3_000, async () => !(await isConnected(room)));
      expect(performance.now() - begun).toBeLessThan(NOTICED_MS);
      expect(performance.now() - begun).toBeGreaterThan(3_000);
      // Its sockets and keys are not kept for ever.
      const silent = await counter('mcu_peers_silent_total');
      const peers = await counter('mcu_peers');
      await until('its peer is closed', 20_000, async () => {
        return (await counter('mcu_peers_silent_total')) > silent;
      });
      expect(await counter('mcu_peers')).toBe(peers - 1);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await until('the room is back', 10_000, () => isConnected(room));
  }, 60_000);
});
