// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
// The page as a person meets it: what is there, what a press asks for, and what axe says.
import axe from 'axe-core';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Call } from '../call/call';
import { FakePeerLink } from '../media/fake-peer-link';
import { MediaSession } from '../media/media-session';
import type { Member, MemberDesired, Role } from '../protocol/messages.gen';
import { Connection } from '../signaling/connection';
import type { Session, SessionOutcome } from '../signaling/session-api';
import { FakeSocket, settle } from '../testing/fake-socket';
import {
  CHAIR,
  desired,
  MEETING,
  province,
  snapshot,
  THREE_ROOMS,
  welcome,
} from '../testing/fixtures';
import App from './App.svelte';
import { setLanguage } from './i18n.svelte';

let socket: FakeSocket;
let link: FakePeerLink;
let app: ReturnType<typeof mount> | null = null;

function createCall(session: Session): Call {
  const connection = new Connection({
    createSocket: () => {
      socket = new FakeSocket();
      return socket.asSocket;
    },
    client: { name: 'test', version: '1' },
  });
  const media = new MediaSession({
    createLink: (tracks) => {
      link = new FakePeerLink('page', tracks);
      return link;
    },
    sendOffer: (meeting, sdp) => connection.request('media.offer', { meeting, sdp }),
  });
  return new Call({ role: session.role, connection, media, local: null, screen: null });
}

async function open(...outcomes: SessionOutcome[]): Promise<void> {
  const target = document.createElement('div');
  document.body.replaceChildren(target);
  const enter = vi.fn<() => Promise<SessionOutcome>>();
  for (const outcome of outcomes) enter.mockResolvedValueOnce(outcome);
  app = mount(App, { target, props: { enter, createCall } });
  await settle();
  flushSync();
}

function receive(ev: string, d: object): void {
  socket.receive({ ev, seq: 1, at: new Date().toISOString(), d });
  flushSync();
}

async function join(
  role: Role = 'chair',
  members: readonly Member[] = [CHAIR, ...THREE_ROOMS],
  wish: Partial<MemberDesired> = {},
): Promise<void> {
  const self = role === 'chair' ? 'chair' : 'me';
  await open({ kind: 'session', session: { role, name: 'Nguyễn Thị Hạnh', meeting: MEETING } });
  socket.onopen?.();
  socket.receive({ re: socket.last.id, d: welcome({ role, self }) });
  await settle();
  for (let at = 0; at < members.length; at += 64) {
    const part = { part: at / 64 + 1, of: Math.ceil(members.length / 64) };
    receive('meeting.snapshot', snapshot({ ...part, members: members.slice(at, at + 64) }));
  }
  receive('member.desired', desired({ member: self, media_epoch: '', ...wish }));
}

function find(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
}

function get(id: string): HTMLElement {
  const found = find(id);
  if (!found) throw new Error(`${id} is not on the page`);
  return found;
}

function choose(id: string, value: string): typeof socket.last {
  const select = get(id) as HTMLSelectElement;
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
  return socket.last;
}

function press(id: string): { op: string; d: object } {
  get(id).click();
  flushSync();
  return socket.last;
}

async function axeFindings(): Promise<string[]> {
  // jsdom draws nothing, so contrast is judged in the browser's test.
  const { violations } = await axe.run(document, {
    rules: { 'color-contrast': { enabled: false } },
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

beforeEach(() => {
  // jsdom has no pseudo-elements and would say so each time that axe asks.
  const styleOf = window.getComputedStyle.bind(window);
  vi.spyOn(window, 'getComputedStyle').mockImplementation((element) => styleOf(element));
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  document.title = 'Rông';
  setLanguage('vi');
});

afterEach(async () => {
  if (app) await unmount(app);
  app = null;
});

describe('before the meeting', () => {
  it.each([
    ['link.used', 'Liên kết này đã được dùng'],
    ['link.expired', 'Liên kết này đã hết hạn'],
    ['link.unknown', 'Liên kết này không có hiệu lực'],
    ['auth.required', 'Trang này cần liên kết mời'],
  ])('a link that fails says why and what to do: %s', async (code, text) => {
    await open({ kind: 'refused', code, current: null });
    expect(get('entry-error').textContent).toContain(text);
    expect(get('entry-error').textContent).toContain(code);
    expect(await axeFindings()).toEqual([]);
  });

  it('whoever is still known here may go on', async () => {
    const current: Session = { role: 'chair', name: 'Nguyễn Thị Hạnh', meeting: MEETING };
    await open({ kind: 'refused', code: 'link.used', current });
    get('entry-continue').click();
    flushSync();
    expect(find('stage-video')).not.toBeNull();
  });
});

describe('the stage', () => {
  async function connect(): Promise<void> {
    await join('chair', [CHAIR], { media_epoch: 'aa11' });
    await settle();
    expect(socket.last.op).toBe('media.offer');
    socket.receive({ re: socket.last.id, d: { sdp: 'answer', media_epoch: 'aa11' } });
    await settle();
    link.become('connected');
    await settle();
    flushSync();
  }

  it('plays with sound where the browser lets it', async () => {
    await connect();
    const video = get('stage-video') as HTMLVideoElement;
    expect(video.srcObject).toBe(link.remote.stage);
    expect(video.muted).toBe(false);
    expect(find('unmute-stage')).toBeNull();
  });

  it('moves without a click where it does not, and asks for one for the sound', async () => {
    const played: boolean[] = [];
    vi.spyOn(HTMLMediaElement.prototype, 'play').mockImplementation(function (
      this: HTMLMediaElement,
    ) {
      played.push(this.muted);
      const refused = new DOMException('no gesture yet', 'NotAllowedError');
      return this.muted || played.length > 2 ? Promise.resolve() : Promise.reject(refused);
    });
    await connect();
    expect(played).toEqual([false, true]);
    expect(await axeFindings()).toEqual([]);
    press('unmute-stage');
    await settle();
    flushSync();
    expect(played.at(-1)).toBe(false);
    expect(find('unmute-stage')).toBeNull();
  });

  it('says why there is no picture yet', async () => {
    await join('chair', [CHAIR], { media_epoch: 'aa11' });
    await settle();
    socket.receive({ re: socket.last.id, err: { code: 'media.timeout' } });
    await settle();
    flushSync();
    expect(document.querySelector('.stage')?.textContent).toContain('trang tự thử lại');
  });
});

describe("the chair's page", () => {
  it('has a stage, and grant and mute on every row whether it asked or not', async () => {
    await join();
    expect(find('stage-video')).not.toBeNull();
    for (const id of ['chair', '64', '622', '23557']) {
      expect(find(`room-${id}`)).not.toBeNull();
      expect((get(`grant-${id}`) as HTMLButtonElement).disabled).toBe(false);
      expect((get(`mute-${id}`) as HTMLButtonElement).disabled).toBe(false);
    }
    expect(await axeFindings()).toEqual([]);
  });

  it('shows who asks, in order and since when, and gives the floor in one press', async () => {
    await join();
    receive('floor.requested', { meeting: MEETING, member: '622' });
    receive('floor.requested', { meeting: MEETING, member: '64' });
    expect(get('queue-622').textContent).toContain('chờ 0:00');
    expect(get('room-64').textContent).toContain('Xin phát biểu thứ 2');
    expect(get('announcement').textContent).toBe('Tỉnh Gia Lai xin phát biểu, thứ 2.');
    expect(press('queue-grant-622')).toMatchObject({ op: 'floor.grant', d: { member: '622' } });
    receive('floor.granted', { meeting: MEETING, member: '622', by: 'chair' });
    expect(find('queue-622')).toBeNull();
    expect(get('floor-holder').textContent).toBe('Thành phố Pleiku');
    expect(get('announcement').textContent).toBe('Thành phố Pleiku được mời phát biểu.');
    press('lang-en'); // what was said already is said in the other language too
    expect(get('announcement').textContent).toBe('Thành phố Pleiku has the floor.');
    press('lang-vi');
    expect(find('grant-622')).toBeNull();
    expect(press('release-622')).toMatchObject({ op: 'floor.release', d: { member: '622' } });
    expect(await axeFindings()).toEqual([]);
  });

  it('says so when the floor was given to a room that is not here, until it comes', async () => {
    await join();
    const presence = (here: boolean): void =>
      receive('member.presence', {
        meeting: MEETING,
        member: '622',
        present: here,
        connected: here,
      });
    presence(false);
    receive('floor.granted', { meeting: MEETING, member: '622', by: 'chair' });
    expect(get('floor-label').textContent.trim()).toBe('Được mời nhưng chưa có mặt');
    expect(await axeFindings()).toEqual([]);
    presence(true);
    expect(get('floor-label').textContent.trim()).toBe('Đang phát biểu');
  });

  it('has a dot where the devices of a room are not ready, and no more', async () => {
    await join();
    receive('room.ready', { meeting: MEETING, member: '622', ready: false });
    expect(get('unready-622').title).toContain('kỹ thuật viên');
    expect(await axeFindings()).toEqual([]);
    receive('room.ready', { meeting: MEETING, member: '622', ready: true });
    expect(find('unready-622')).toBeNull();
  });

  it('keeps the focus of the keyboard where the floor changes', async () => {
    await join();
    get('grant-622').focus();
    press('grant-622');
    receive('floor.granted', { meeting: MEETING, member: '622', by: 'chair' });
    expect(document.activeElement).toBe(get('release-622'));
    receive('floor.requested', { meeting: MEETING, member: '64' });
    get('queue-grant-64').focus();
    press('queue-grant-64');
    receive('floor.released', { meeting: MEETING, member: '622', by: 'chair' });
    receive('floor.granted', { meeting: MEETING, member: '64', by: 'chair' });
    expect(document.activeElement?.id).toBe('queue-title');
  });

  it('mutes and opens one, and mutes all', async () => {
    await join();
    expect(press('mute-64')).toMatchObject({
      op: 'member.mute',
      d: { member: '64', muted: false },
    });
    receive('member.muted', { meeting: MEETING, member: '64', muted: false, by: 'chair' });
    expect(get('mute-64').getAttribute('aria-pressed')).toBe('false');
    expect(press('mute-64')).toMatchObject({ d: { member: '64', muted: true } });
    expect(press('mute-all').op).toBe('member.mute_all');
  });

  it('ends the meeting only when that is confirmed', async () => {
    await join();
    const before = socket.sent.length;
    press('end-meeting');
    press('cancel');
    expect(socket.sent).toHaveLength(before);
    press('end-meeting');
    expect(press('confirm').op).toBe('meeting.end');
    receive('meeting.ended', { meeting: MEETING, by: 'chair' });
    expect(get('ended').textContent).toContain('Phiên họp đã kết thúc');
    expect(await axeFindings()).toEqual([]);
  });

  it('groups by district, folds, and searches without diacritics', async () => {
    await join();
    press('group-622');
    expect(get('group-622').getAttribute('aria-expanded')).toBe('false');
    expect(find('room-23557')).toBeNull();
    press('group-622');
    const search = document.querySelector<HTMLInputElement>('input[type=search]');
    if (search) search.value = 'yen do';
    search?.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    expect(find('room-23557')).not.toBeNull();
    expect(find('room-64')).toBeNull();
  });

  it('speaks English when asked to', async () => {
    await join();
    press('lang-en');
    expect(get('mute-all').textContent).toContain('Mute all');
    expect(document.documentElement.lang).toBe('en');
    press('lang-vi');
    expect(get('mute-all').textContent).toContain('Tắt mọi micro');
  });

  it('says what was refused, and that the server is away', async () => {
    await join();
    const { id } = press('grant-622') as unknown as { id: number };
    socket.receive({ re: id, err: { code: 'floor.already_held' } });
    await settle();
    flushSync();
    expect(get('notice').textContent).toContain('đang phát biểu rồi');
    socket.drop();
    flushSync();
    expect(get('connection').textContent).toContain('Mất kết nối với máy chủ');
    expect(await axeFindings()).toEqual([]);
  });

  it('carries the whole province and draws only the rows that changed', async () => {
    await join('chair', province());
    expect(document.querySelectorAll('[data-testid^="room-"]')).toHaveLength(241);
    const changed = new Set<string>();
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const row = element?.closest('li')?.dataset.testid;
        if (row !== undefined) changed.add(row);
      }
    });
    observer.observe(document.body, {
      attributes: true,
      childList: true,
      characterData: true,
      subtree: true,
    });
    receive('member.muted', { meeting: MEETING, member: '20100', muted: false, by: 'chair' });
    await settle();
    observer.disconnect();
    expect([...changed]).toEqual(['room-20100']);
  });
});

describe('the arrangement of the stage', () => {
  it('is chosen from a list, and a roll says how long a page stands', async () => {
    await join('chair');
    expect((get('stage-layout') as HTMLSelectElement).value).toBe('auto');
    expect(choose('stage-layout', 'roll')).toMatchObject({
      op: 'stage.set',
      d: { meeting: MEETING, order: { mode: 'auto', layout: 'roll', tiles: [], dwell_s: 10 } },
    });
    const order = { mode: 'auto', layout: 'roll', tiles: [], dwell_s: 10 };
    receive('stage.ordered', { meeting: MEETING, by: 'chair', order });
    expect((get('stage-dwell') as HTMLInputElement).value).toBe('10');
  });

  it('is declared by pins in the roster, in the order of pinning', async () => {
    await join('chair');
    get('pin-622').click();
    await settle();
    expect(socket.last).toMatchObject({
      op: 'stage.set',
      d: { order: { mode: 'declared', tiles: ['622'] } },
    });
    const order = { mode: 'declared', layout: 'pair', tiles: ['622'] };
    receive('stage.ordered', { meeting: MEETING, by: 'chair', order });
    expect(get('pin-622').getAttribute('aria-pressed')).toBe('true');
    get('pin-64').click();
    await settle();
    expect(socket.last).toMatchObject({ d: { order: { layout: 'pair', tiles: ['622', '64'] } } });
    get('pin-622').click();
    await settle();
    expect(socket.last).toMatchObject({ d: { order: { mode: 'auto', tiles: [] } } });
  });

  it('is not offered to a delegate', async () => {
    await join('delegate');
    expect(find('stage-layout')).toBeNull();
    expect(find('share-screen')).toBeNull();
  });
});

describe('a shared screen', () => {
  it('has a picture of its own, with the name of whose it is, and the chair may end it', async () => {
    await join('chair');
    expect(find('content-video')).toBeNull();
    receive('content.started', { meeting: MEETING, member: '622', by: '622' });
    expect(get('content-video').closest('section')?.getAttribute('aria-label')).toContain(
      'Thành phố Pleiku',
    );
    get('stop-sharing').click();
    await settle();
    expect(socket.last).toMatchObject({ op: 'content.stop', d: { meeting: MEETING } });
    receive('content.stopped', { meeting: MEETING, member: '622', by: 'chair' });
    expect(find('content-video')).toBeNull();
  });
});

describe('the pages of others', () => {
  it('show a technician whose link is for no meeting every room of the house', async () => {
    await open({ kind: 'session', session: { role: 'technician', name: 'Trần Văn Dũng' } });
    const { meeting: _, ...nowhere } = welcome({ role: 'technician', self: 'tech-1' });
    socket.onopen?.();
    socket.receive({ re: socket.last.id, d: nowhere });
    await settle();
    expect(socket.last).toMatchObject({ op: 'room.watch', d: {} });
    receive('room.list', { part: 1, of: 2, rooms: THREE_ROOMS.slice(0, 2) });
    receive('room.list', { part: 2, of: 2, rooms: THREE_ROOMS.slice(2) });
    const seen = {
      at: new Date().toISOString(),
      media: { state: 'off' },
      devices: [{ id: 'camera', driver: 'visca', can: 'drive', state: 'up', quality: 'confirmed' }],
      scene: 'idle',
      scene_state: 'confirmed',
    };
    receive('room.status', { ...seen, member: '622' });
    receive('room.presence', { member: '64', present: false });
    receive('room.status', {
      ...seen,
      member: '64',
      at: new Date(Date.now() - 330_000).toISOString(),
    });
    expect(get('tech-room-622').dataset.red).toBe('false');
    expect(get('tech-room-64').textContent).toContain('Báo cáo cách đây 5 phút');
    press('tech-open-622');
    expect(press('scene-idle')).toMatchObject({ op: 'room.scene', d: { room: '622' } });
    expect(await axeFindings()).toEqual([]);
  });

  it('let a delegate ask, show the place, and give the floor back', async () => {
    await join('delegate');
    expect(find('room-64')).toBeNull();
    expect(find('end-meeting')).toBeNull();
    expect(press('ask-floor').op).toBe('floor.request');
    receive(
      'member.desired',
      desired({ floor: 'queued', position: 2, queue_length: 5, media_epoch: '' }),
    );
    expect(document.body.textContent).toContain('Đang chờ, thứ 2 trong 5');
    expect(press('withdraw-floor').op).toBe('floor.withdraw');
    receive('member.desired', desired({ floor: 'granted', media_epoch: '' }));
    expect(press('yield-floor').op).toBe('floor.yield');
    expect(await axeFindings()).toEqual([]);
  });

  it('let anybody choose the language heard; it shows what the server says', async () => {
    await join('delegate');
    const select = get('own-hears') as HTMLSelectElement;
    expect(select.labels[0]?.textContent).toContain('Nghe bằng tiếng');
    expect(choose('own-hears', 'jrai')).toMatchObject({
      op: 'language.hear',
      d: { meeting: MEETING, language: 'jrai' },
    });
    expect(select.value).toBe('floor');
    receive('member.desired', desired({ member: 'me', media_epoch: '', hears: 'jrai' }));
    expect(select.value).toBe('jrai');
    expect(find('own-speaks')).toBeNull();
    expect(await axeFindings()).toEqual([]);
  });

  it('give an interpreter a booth', async () => {
    await join('interpreter');
    expect(document.body.textContent).toContain('Cabin đang đóng');
    expect(choose('own-speaks', 'bahnar')).toMatchObject({
      op: 'language.speak',
      d: { language: 'bahnar' },
    });
    receive('member.desired', desired({ member: 'me', media_epoch: '', speaks: 'bahnar' }));
    expect(document.body.textContent).toContain('tiếng Bahnar nghe bạn dịch');
    expect(await axeFindings()).toEqual([]);
  });

  it('show a technician what is not ready and why, and no floor to give', async () => {
    const absent = { ...THREE_ROOMS[0], present: false, connected: false } as Member;
    const mute = { ...THREE_ROOMS[1], connected: false } as Member;
    await join('technician', [CHAIR, absent, mute]);
    expect(get('tech-room-64').textContent).toContain('nguồn điện');
    expect(get('tech-room-622').textContent).toContain('chưa có hình');
    receive('room.status', {
      meeting: MEETING,
      member: '622',
      at: '2026-11-21T08:30:01.120+07:00',
      media: { state: 'failed', reason: 'Không tới được máy chủ hội nghị.' },
      devices: [{ id: 'wall', driver: 'novastar', state: 'fault', quality: 'stale' }],
      scene: 'meeting',
      scene_state: 'failed',
    });
    expect(get('tech-room-622').textContent).toContain('Không tới được máy chủ hội nghị.');
    expect(get('tech-room-622').textContent).toContain('thiết bị không trả lời');
    expect(find('grant-64')).toBeNull();
    expect(find('mute-64')).not.toBeNull();
    expect(await axeFindings()).toEqual([]);
  });
});

describe("the technician's page", () => {
  const CAMERA = 'power preset zoom drive stop stop-zoom home store';
  const WALL = 'input preset brightness blank freeze pattern keep';
  let values: object = {};

  function report(member: string, more: object = {}): void {
    receive('room.status', {
      meeting: MEETING,
      member,
      at: new Date().toISOString(),
      media: { state: 'connected' },
      devices: [
        { id: 'camera', driver: 'visca', can: CAMERA, state: 'up', quality: 'confirmed' },
        { id: 'led', driver: 'novastar', can: WALL, state: 'up', quality: 'confirmed', values },
      ],
      scene: 'meeting',
      scene_state: 'confirmed',
      ...more,
    });
  }

  function point(id: string, type: string): void {
    get(id).dispatchEvent(new MouseEvent(type, { bubbles: true, button: 0 }));
    flushSync();
  }

  function strike(id: string, type: 'keydown' | 'keyup', key: string): void {
    get(id).dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
    flushSync();
  }

  async function openRoom(): Promise<void> {
    Element.prototype.setPointerCapture = () => undefined; // jsdom has none
    await join('technician');
    report('622');
    press('tech-open-622');
  }

  it('says what is red, why, the cure and since when, and can show only that', async () => {
    await join('technician');
    report('622');
    report('64', {
      devices: [
        {
          id: 'camera',
          driver: 'visca',
          state: 'down',
          quality: 'stale',
          code: 'device.offline',
          since: new Date(Date.now() - 330_000).toISOString(),
        },
      ],
    });
    expect(get('tech-room-64').dataset.red).toBe('true');
    expect(get('tech-device-64-camera').textContent).toContain('kiểm tra nguồn điện và dây mạng');
    expect(get('tech-device-64-camera').querySelector('.age')?.textContent).toBe('5 phút');
    expect(get('tech-device-622-camera').textContent).toContain('Tốt');
    press('tech-only-red');
    expect(find('tech-room-622')).toBeNull();
    expect(find('tech-room-64')).not.toBeNull();
    press('lang-en');
    expect(get('tech-device-64-camera').textContent).toContain('check its power');
    press('lang-vi');
    expect(await axeFindings()).toEqual([]);
  });

  it('moves a camera while an arrow is held, by pointer and by keyboard', async () => {
    await openRoom();
    point('drive-left', 'pointerdown');
    expect(socket.last).toMatchObject({
      op: 'room.drive',
      d: { room: '622', device: 'camera', op: 'drive', pan: -50, tilt: 0 },
    });
    point('drive-left', 'pointerup');
    expect(socket.last).toMatchObject({ d: { op: 'stop' } });
    get('drive-left').focus();
    point('drive-right', 'pointerdown');
    get('drive-right').focus(); // what the browser does next
    expect(socket.last).toMatchObject({ d: { op: 'drive', pan: 50 } });
    point('drive-right', 'pointerup');
    strike('preset-recall-1', 'keydown', 'ArrowUp');
    expect(socket.last).toMatchObject({ d: { op: 'drive', pan: 0, tilt: 50 } });
    strike('preset-recall-1', 'keyup', 'ArrowUp');
    expect(socket.last).toMatchObject({ d: { op: 'stop' } });
    strike('drive-tele', 'keydown', ' ');
    expect(socket.last).toMatchObject({ d: { op: 'zoom', zoom: 50 } });
    window.dispatchEvent(new Event('blur'));
    expect(socket.last).toMatchObject({ d: { op: 'stop' } });
    expect(await axeFindings()).toEqual([]);
  });

  it('sets how loud a room is mixed, and its languages', async () => {
    await openRoom();
    const slider = get('sound-gain') as HTMLInputElement;
    slider.value = '-6';
    slider.dispatchEvent(new Event('change', { bubbles: true }));
    expect(socket.last).toMatchObject({ op: 'member.gain', d: { member: '622', gain_db: -6 } });
    expect(press('sound-auto')).toMatchObject({ op: 'member.gain', d: { gain_auto: false } });
    expect(choose('sound-hears', 'jrai')).toMatchObject({
      op: 'member.language',
      d: { member: '622', hears: 'jrai' },
    });
    expect(choose('sound-speaks', 'bahnar')).toMatchObject({ d: { speaks: 'bahnar' } });
    expect(await axeFindings()).toEqual([]);
  });

  it('stops, goes to positions, stores them when armed, and sets scenes', async () => {
    await openRoom();
    point('drive-stop', 'pointerdown');
    expect(socket.last).toMatchObject({ d: { room: '622', device: 'camera', op: 'stop' } });
    expect(press('preset-recall-2')).toMatchObject({ d: { op: 'recall', value: 2 } });
    press('preset-arm');
    expect(press('preset-store-3')).toMatchObject({ d: { op: 'store', value: 3 } });
    expect(find('preset-recall-3')).not.toBeNull();
    expect(press('scene-idle')).toMatchObject({
      op: 'room.scene',
      d: { room: '622', scene: 'idle' },
    });
  });

  it('shows the brightness that the wall reports, and again when an order was refused', async () => {
    await openRoom();
    const slider = get('led-brightness') as HTMLInputElement;
    const label = (): string => slider.closest('label')?.textContent.trim() ?? '';
    expect(label()).toBe('Độ sáng: chưa đọc được');
    values = { brightness: 64, blank: false };
    report('622');
    expect(slider.value).toBe('64');
    expect(label()).toBe('Độ sáng: 64%');
    slider.value = '70';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    expect(label()).toBe('Độ sáng: 70%');
    const { id } = socket.last as unknown as { id: number };
    socket.receive({ re: id, err: { code: 'device.locked' } });
    await settle();
    flushSync();
    expect(label()).toBe('Độ sáng: 64%');
    values = {};
  });

  it('offers the buttons of the room, and says in both languages how a scene ended', async () => {
    await openRoom();
    report('622', {
      buttons: [{ name: 'chao-co', label: 'Chào cờ' }],
      scene: 'chao-co',
      scene_state: 'failed',
      scene_fault: 'led.brightness: một câu của hộp',
      scene_fault_at: 'led.brightness',
      scene_fault_code: 'device.locked',
    });
    expect(get('scene-chao-co').textContent.trim()).toBe('Chào cờ');
    expect(get('scene-chao-co').getAttribute('aria-pressed')).toBe('true');
    expect(get('scene-state').textContent).toMatch(/Chào cờ:\s+led\.brightness: Một chương trình/);
    press('lang-en');
    expect(get('scene-state').textContent).toMatch(/led\.brightness: Another program/);
    press('lang-vi');
    expect(press('scene-chao-co')).toMatchObject({ d: { room: '622', scene: 'chao-co' } });
    expect(await axeFindings()).toEqual([]);
  });

  it('sets the brightness of the wall, and blanks it', async () => {
    await openRoom();
    const slider = get('led-brightness') as HTMLInputElement;
    slider.value = '70';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    expect(socket.last).toMatchObject({ d: { device: 'led', op: 'brightness', value: 70 } });
    expect(press('led-blank')).toMatchObject({ d: { op: 'blank', value: 1 } });
    expect(press('led-unblank')).toMatchObject({ d: { op: 'blank', value: 0 } });
  });

  it('says why an order was refused, and lets the drawer be left', async () => {
    await openRoom();
    const { id } = press('preset-recall-1') as unknown as { id: number };
    socket.receive({ re: id, err: { code: 'device.locked' } });
    await settle();
    flushSync();
    expect(get('notice').textContent).toContain('NovaLCT');
    press('drawer-close');
    expect(find('drawer')).toBeNull();
    expect(document.activeElement?.id).toBe('tech-open-622');
  });

  it('carries the whole province', async () => {
    await join('technician', province());
    for (const { id } of province().slice(1)) report(id);
    expect(document.querySelectorAll('[data-testid^="tech-room-"]')).toHaveLength(240);
    expect(get('tech-count').textContent).toContain('240/240');
  });
});
