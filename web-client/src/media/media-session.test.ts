// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RongError } from '../base/errors';
import type { MediaOfferReply } from '../protocol/messages.gen';
import { settle } from '../testing/fake-socket';
import { desired, MEETING } from '../testing/fixtures';
import { FakePeerLink } from './fake-peer-link';
import { MediaSession, type MediaStatus } from './media-session';
import type { RemoteStreams } from './peer-link';

let links: FakePeerLink[];
let offers: string[];
let statuses: MediaStatus[];
let remotes: (RemoteStreams | null)[];
let troubles: (string | null)[];
let answer: (sdp: string) => Promise<MediaOfferReply>;
let session: MediaSession;

function link(at: number): FakePeerLink {
  const found = links[at];
  if (!found) throw new Error(`there was no link ${at}`);
  return found;
}

async function connect(epoch = 'aa11'): Promise<void> {
  session.setOnline(true);
  session.setDesired(desired({ media_epoch: epoch }));
  await settle();
  links.at(-1)?.become('connected');
}

beforeEach(() => {
  vi.useFakeTimers();
  links = [];
  offers = [];
  statuses = [];
  remotes = [];
  troubles = [];
  answer = () => Promise.resolve({ sdp: 'answer', media_epoch: 'aa11' });
  session = new MediaSession({
    createLink: (tracks) => {
      const made = new FakePeerLink(String(links.length), tracks);
      links.push(made);
      return made;
    },
    sendOffer: (meeting, sdp) => {
      expect(meeting).toBe(MEETING);
      offers.push(sdp);
      return answer(sdp);
    },
    random: () => 1,
  });
  session.on('status', (status) => statuses.push(status));
  session.on('remote', (remote) => remotes.push(remote));
  session.on('trouble', (trouble) => troubles.push(trouble));
});

afterEach(() => {
  session.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(links.every(({ isClosed }) => isClosed)).toBe(true);
  vi.useRealTimers();
});

describe('the media of an endpoint', () => {
  it('waits until a meeting is carried by a centre and the server is there', async () => {
    session.setDesired(desired({ media_epoch: '' }));
    session.setOnline(true);
    await settle();
    expect(links).toHaveLength(0);
    expect(session.status).toBe('waiting');
  });

  it('offers once, applies the answer and shows what comes', async () => {
    await connect();
    expect(offers).toEqual(['offer of 0']);
    expect(link(0).answers).toEqual(['answer']);
    expect(statuses).toEqual(['connecting', 'connected']);
    expect(remotes).toEqual([link(0).remote]);
  });

  it('does not offer again when anything else changes, or the server was away', async () => {
    await connect();
    session.setDesired(desired({ floor: 'granted', microphone: 'closed' }));
    session.setOnline(false);
    session.setOnline(true);
    session.setDesired(desired({ media_epoch: '' }));
    session.setDesired(desired());
    await settle();
    expect(links).toHaveLength(1);
    expect(link(0).isClosed).toBe(false);
  });

  it('offers to a new centre at once and keeps the last picture until the new one moves', async () => {
    await connect();
    answer = () => Promise.resolve({ sdp: 'second', media_epoch: 'bb22' });
    session.setDesired(desired({ media_epoch: 'bb22' }));
    await settle();
    expect(links).toHaveLength(2);
    expect(link(0).isClosed).toBe(false);
    expect(remotes).toHaveLength(1);
    link(1).become('connected');
    expect(link(0).isClosed).toBe(true);
    expect(remotes.at(-1)).toBe(link(1).remote);
  });

  it('is content when the answer names a newer epoch than the wish did', async () => {
    answer = () => Promise.resolve({ sdp: 'answer', media_epoch: 'bb22' });
    await connect('aa11');
    session.setDesired(desired({ media_epoch: 'bb22' }));
    await settle();
    expect(links).toHaveLength(1);
  });

  it('offers anew, with growing pauses, when its own connection fails', async () => {
    await connect();
    link(0).become('failed');
    expect(session.status).toBe('failed');
    await vi.advanceTimersByTimeAsync(300);
    expect(links).toHaveLength(2);
    link(1).become('failed');
    await vi.advanceTimersByTimeAsync(599);
    expect(links).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(links).toHaveLength(3);
    link(2).become('connected');
    expect(session.status).toBe('connected');
  });

  it('looks for another way when the first is lost, and stays where it is', async () => {
    await connect();
    answer = () => Promise.resolve({ sdp: 'other way', media_epoch: 'aa11' });
    link(0).become('lost');
    await settle();
    expect(offers.at(-1)).toBe('restart of 0');
    expect(link(0).answers).toEqual(['answer', 'other way']);
    link(0).become('connected');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(links).toHaveLength(1);
    expect(session.status).toBe('connected');
    expect(remotes.every((remote) => remote === link(0).remote)).toBe(true);
  });

  it('makes a new connection when another centre answers the restart, or none does', async () => {
    await connect();
    answer = () => Promise.resolve({ sdp: 'of another', media_epoch: 'bb22' });
    link(0).become('lost');
    await settle();
    expect(link(0).answers).toEqual(['answer']);
    expect(session.status).toBe('failed');
    await vi.advanceTimersByTimeAsync(300);
    expect(links).toHaveLength(2);
    link(1).become('connected');
    answer = () => Promise.reject(new RongError('media.timeout'));
    link(1).become('lost');
    await settle();
    expect(session.status).toBe('failed');
    answer = () => Promise.resolve({ sdp: 'answer', media_epoch: 'aa11' });
    await vi.advanceTimersByTimeAsync(600);
    expect(links).toHaveLength(3);
  });

  it('gives up on a connection that never comes about', async () => {
    session.setOnline(true);
    session.setDesired(desired());
    await settle();
    await vi.advanceTimersByTimeAsync(8000);
    expect(session.status).toBe('failed');
    await vi.advanceTimersByTimeAsync(300);
    expect(links).toHaveLength(2);
  });

  it('says why an offer was refused, tries again, and forgets it when it succeeds', async () => {
    answer = () => Promise.reject(new RongError('media.no_mcu'));
    session.setOnline(true);
    session.setDesired(desired());
    await settle();
    expect(troubles).toEqual(['media.no_mcu']);
    expect(link(0).isClosed).toBe(true);
    answer = () => Promise.resolve({ sdp: 'answer', media_epoch: 'aa11' });
    await vi.advanceTimersByTimeAsync(300);
    expect(troubles).toEqual(['media.no_mcu', null]);
    expect(link(1).answers).toEqual(['answer']);
  });

  it('does not wait out a pause when a new centre is there', async () => {
    answer = () => Promise.reject(new RongError('media.timeout'));
    session.setOnline(true);
    session.setDesired(desired());
    await settle();
    session.setDesired(desired({ media_epoch: 'bb22' }));
    await settle();
    expect(links).toHaveLength(2);
  });

  it('ends with the meeting, even in the middle of an offer', async () => {
    let resolve: (reply: MediaOfferReply) => void = () => undefined;
    answer = () =>
      new Promise((done) => {
        resolve = done;
      });
    session.setOnline(true);
    session.setDesired(desired());
    await settle();
    session.setDesired(null);
    expect(link(0).isClosed).toBe(true);
    resolve({ sdp: 'late', media_epoch: 'aa11' });
    await settle();
    expect(remotes).toEqual([]);
    expect(session.status).toBe('waiting');
  });

  it('stops showing when the meeting is over', async () => {
    await connect();
    const { meeting: _, ...nothing } = desired({ media_epoch: '' });
    session.setDesired(nothing);
    expect(remotes.at(-1)).toBeNull();
    expect(link(0).isClosed).toBe(true);
  });

  it('sends what the centre asks for, and new tracks without a new offer', async () => {
    await connect();
    const send = { height: 360, fps: 15, kbps: 400 };
    session.setDesired(desired({ send }));
    expect(link(0).wishes.at(-1)).toEqual(send);
    const audio = {} as MediaStreamTrack;
    session.setTracks({ audio, video: null });
    expect(link(0).tracks).toEqual({ audio, video: null });
    expect(links).toHaveLength(1);
  });
});
