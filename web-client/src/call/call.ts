// SPDX-License-Identifier: Apache-2.0
import { Emitter } from '../base/emitter';
import { codeOf } from '../base/errors';
import type { LocalMedia, LocalMediaState } from '../media/local-media';
import type { MediaSession, MediaStatus } from '../media/media-session';
import type { RemoteStreams } from '../media/peer-link';
import type { SharedScreen } from '../media/shared-screen';
import type { ServerEvent } from '../protocol/envelope';
import {
  REQUEST_ROLES,
  type HelloReply,
  type Language,
  type Requests,
  type Role,
  type StageOrder,
} from '../protocol/messages.gen';
import type { Connection, ConnectionStatus } from '../signaling/connection';
import { applyEvent, EMPTY_CALL, type CallState } from './call-state';
import { Levels } from './levels';

export interface CallOptions {
  readonly role: Role;
  readonly connection: Connection;
  readonly media: MediaSession;
  /** Null for those who only watch. */
  readonly local: LocalMedia | null;
  /** Null for those who may not share. */
  readonly screen: SharedScreen | null;
  readonly now?: () => number;
}

interface CallEvents {
  state: CallState;
  status: ConnectionStatus;
  media: MediaStatus;
  remote: RemoteStreams | null;
  local: LocalMediaState;
  /** Something that a person asked for was refused. */
  refused: string;
  /** Why there is no picture yet; null: nothing is wrong. */
  trouble: string | null;
}

/** Names of requests that a person makes by a button. */
export type Action = Exclude<
  keyof Requests,
  | 'hello'
  | 'media.offer'
  | 'meeting.subscribe'
  | `conference.${string}`
  | `mcu.${string}`
  | 'room.report'
  | 'room.answer'
  | 'room.watch'
>;

/** One person's part in one meeting. Views see its state and call its methods, nothing else. */
export class Call extends Emitter<CallEvents> {
  readonly levels = new Levels();
  readonly role: Role;
  readonly #connection: Connection;
  readonly #media: MediaSession;
  readonly #local: LocalMedia | null;
  readonly #screen: SharedScreen | null;
  readonly #now: () => number;
  #state: CallState = EMPTY_CALL;
  #self: string | null = null;
  #clockOffsetMs = 0;

  constructor(options: CallOptions) {
    super();
    this.role = options.role;
    this.#connection = options.connection;
    this.#media = options.media;
    this.#local = options.local;
    this.#screen = options.screen;
    this.#now = options.now ?? Date.now;
    this.#wire();
  }

  get state(): CallState {
    return this.#state;
  }

  /** Our member id. */
  get self(): string | null {
    return this.#self;
  }

  /** The server's clock; waiting times are counted on it. */
  serverNow(): number {
    return this.#now() + this.#clockOffsetMs;
  }

  start(): void {
    this.#connection.open();
    void this.#local?.start();
  }

  may(action: Action): boolean {
    return REQUEST_ROLES[action].includes(this.role);
  }

  async grant(member: string): Promise<void> {
    await this.#act('floor.grant', (meeting) => ({ meeting, member }));
  }

  async release(member: string): Promise<void> {
    await this.#act('floor.release', (meeting) => ({ meeting, member }));
  }

  async mute(member: string, muted: boolean): Promise<void> {
    await this.#act('member.mute', (meeting) => ({ meeting, member, muted }));
  }

  async muteAll(): Promise<void> {
    await this.#act('member.mute_all', (meeting) => ({ meeting }));
  }

  async end(): Promise<void> {
    await this.#act('meeting.end', (meeting) => ({ meeting }));
  }

  async ask(): Promise<void> {
    await this.#act('floor.request', (meeting) => ({ meeting }));
  }

  async withdraw(): Promise<void> {
    await this.#act('floor.withdraw', (meeting) => ({ meeting }));
  }

  /** An order for a device of a room. False: it was refused, and that was said. */
  async drive(d: Requests['room.drive']['d']): Promise<boolean> {
    return this.#request('room.drive', d);
  }

  /** By its name: an event's, or that of a button of the room. */
  async setScene(room: string, scene: string): Promise<boolean> {
    return this.#request('room.scene', { room, scene });
  }

  async yieldFloor(): Promise<void> {
    await this.#act('floor.yield', (meeting) => ({ meeting }));
  }

  /** The language one hears oneself. */
  async hear(language: Language): Promise<void> {
    await this.#act('language.hear', (meeting) => ({ meeting, language }));
  }

  /** An interpreter's booth; `floor` closes it. */
  async speak(language: Language): Promise<void> {
    await this.#act('language.speak', (meeting) => ({ meeting, language }));
  }

  async setLanguage(
    member: string,
    languages: { readonly hears?: Language; readonly speaks?: Language },
  ): Promise<void> {
    await this.#act('member.language', (meeting) => ({ meeting, member, ...languages }));
  }

  async setGain(
    member: string,
    gain: { readonly gain_db?: number; readonly gain_auto?: boolean },
  ): Promise<void> {
    await this.#act('member.gain', (meeting) => ({ meeting, member, ...gain }));
  }

  /** How the rooms' picture shall be arranged. */
  async setStage(order: StageOrder): Promise<void> {
    await this.#act('stage.set', (meeting) => ({ meeting, order }));
  }

  /** Chairs and secretaries always, others while they have the floor. */
  get mayShare(): boolean {
    const presides = this.role === 'chair' || this.role === 'secretary';
    return (
      this.#screen?.isPossible === true &&
      this.may('content.start') &&
      (presides || this.#state.desired?.floor === 'granted')
    );
  }

  async share(): Promise<void> {
    const meeting = this.#state.meeting?.id;
    if (!meeting || !(await this.#screen?.start())) return;
    if (!(await this.#request('content.start', { meeting }))) this.#screen?.stop();
  }

  /** Ends the shared screen: ours, or somebody's by right of the chair. */
  async stopSharing(): Promise<void> {
    await this.#act('content.stop', (meeting) => ({ meeting }));
  }

  setMicrophone(isOn: boolean): void {
    this.#local?.setMicrophone(isOn);
  }

  setCamera(isOn: boolean): void {
    this.#local?.setCamera(isOn);
  }

  /** The network is back, or the person does not want to wait. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  close(): void {
    this.#connection.close();
    this.#media.close();
    this.#local?.close();
    this.#screen?.stop();
  }

  #wire(): void {
    this.#connection.on('welcome', (welcome) => void this.#welcomed(welcome));
    this.#connection.on('event', (event) => {
      this.#apply(event);
    });
    this.#connection.on('status', (status) => {
      this.#media.setOnline(status.kind === 'open');
      if (status.kind === 'stopped') this.#media.setDesired(null); // another window has the meeting now
      this.emit('status', status);
    });
    this.#media.on('status', (status) => {
      this.emit('media', status);
    });
    this.#media.on('remote', (remote) => {
      this.emit('remote', remote);
    });
    this.#media.on('trouble', (trouble) => {
      this.emit('trouble', trouble);
    });
    this.#screen?.on('track', (track) => {
      this.#media.setContent(track);
      // By the browser's own button; what the centre ended is ended.
      if (!track && this.#state.content === this.#self) void this.stopSharing();
    });
    this.#local?.on('state', (state) => {
      this.#media.setTracks(state.tracks);
      this.emit('local', state);
    });
  }

  /** A resumed session goes on where it was; a new one asks for everything. */
  async #welcomed(welcome: HelloReply): Promise<void> {
    this.#clockOffsetMs = Date.parse(welcome.server_time) - this.#now();
    this.#self = welcome.self;
    if (welcome.resumed) return;
    if (!welcome.meeting) {
      if (this.role === 'technician') await this.#request('room.watch', {});
      return;
    }
    await this.#request('meeting.subscribe', { meeting: welcome.meeting, detail: 'full' });
  }

  #apply(event: ServerEvent): void {
    if (event.name === 'meeting.levels') {
      this.levels.update(event.d.levels);
      return;
    }
    const before = this.#state;
    this.#state = applyEvent(before, event);
    if (this.#state === before) return;
    if (event.name === 'member.desired') {
      this.#local?.setAllowed(event.d.microphone === 'open');
      this.#media.setDesired(event.d);
    }
    if (this.#state.meeting?.state === 'ended') this.#media.setDesired(null);
    this.#followContent(before, event);
    this.emit('state', this.#state);
  }

  /** What the centre ended is no more captured; what another page of ours shared is not shared. */
  #followContent(before: CallState, event: ServerEvent): void {
    const { content } = this.#state;
    if (before.content === this.#self && content !== this.#self) this.#screen?.stop();
    if (event.name === 'meeting.snapshot' && content === this.#self && !this.#screen?.track)
      void this.stopSharing();
  }

  async #act<Name extends Action>(
    name: Name,
    body: (meeting: string) => Requests[Name]['d'],
  ): Promise<void> {
    const meeting = this.#state.meeting?.id;
    if (meeting) await this.#request(name, body(meeting));
  }

  /** What a person asked for either happens or is explained; nothing is thrown at a view. */
  async #request<Name extends keyof Requests>(
    name: Name,
    d: Requests[Name]['d'],
  ): Promise<boolean> {
    try {
      await this.#connection.request(name, d);
      return true;
    } catch (cause) {
      this.emit('refused', codeOf(cause));
      return false;
    }
  }
}
