// What a person at the page would see and hear, measured in the page: the rooms' marks in the stage's
// picture (common/media/frame_mark.h) and their pilot tones in its sound.
import type { Page } from 'playwright-core';

export interface Mark {
  room: number;
  frame: number;
  x: number;
  y: number;
  width: number;
}

/** How a tile moved since followTiles(); times are the page's own, in ms. */
export interface Motion {
  room: number;
  looks: number;
  frame: number;
  /** Different frames since the start or, if later, since it last stood still for half a second. */
  frames: number;
  /** From the first to the last of these. */
  span: number;
  /** For how long it stands still now. */
  still: number;
  longest: number;
}

/** Runs in the page: keeps what is needed to look and to listen in `window.probe`. */
function installProbe(): void {
  const canvas = document.createElement('canvas');
  const crc12 = (bits: number[]): number => {
    let crc = 0;
    for (const bit of bits) {
      const top = ((crc >> 11) & 1) ^ bit;
      crc = (crc << 1) & 0xfff;
      if (top) crc ^= 0x80f;
    }
    return crc;
  };
  const number = (bits: number[]): number => bits.reduce((sum, bit) => sum * 2 + bit, 0);

  const [width, height] = [1280, 720];
  type Read = (x: number, y: number, tile: number) => Mark | null;
  /** The stage's picture of now, and how to read a mark of it at a place. */
  const look = (): { data: Uint8ClampedArray; read: Read } | null => {
    const video = document.querySelector<HTMLVideoElement>('[data-testid="stage-video"]');
    if (!video || video.videoWidth === 0) return null;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) return null;
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const luma = (x: number, y: number): number => {
      const at = (Math.round(y) * width + Math.round(x)) * 4;
      return 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
    };
    const cell = (x: number, y: number, u: number): number => {
      let sum = 0;
      for (const dx of [-0.2, 0, 0.2])
        for (const dy of [-0.2, 0, 0.2]) sum += luma(x + dx * u, y + dy * u);
      return sum / 9;
    };
    const read: Read = (x, y, tile) => {
      const u = tile / 20;
      const bits: number[] = [];
      for (let i = 0; i < 48; i++) {
        const value = cell(x + (1.5 + (i % 12)) * u, y + (1.5 + Math.floor(i / 12)) * u, u);
        if (value > 100 && value < 155) return null;
        bits.push(value >= 155 ? 1 : 0);
        if (i === 3 && number(bits) !== 0b1010) return null;
      }
      if (crc12(bits.slice(0, 36)) !== number(bits.slice(36))) return null;
      return {
        room: number(bits.slice(4, 16)),
        frame: number(bits.slice(16, 36)),
        x,
        y,
        width: tile,
      };
    };
    return { data, read };
  };
  /** All marks of the current picture: tried at every corner of a fine raster and at every tile width. */
  const marks = (): Mark[] => {
    const read = look()?.read;
    if (!read) return [];
    const found = new Map<number, Mark>();
    for (const tile of TILE_WIDTHS) {
      const step = Math.max(2, Math.floor(tile / 80));
      for (let y = 0; y + (tile * 9) / 16 <= height + step; y += step)
        for (let x = 0; x + tile <= width + step; x += step) {
          const mark = read(x, y, tile);
          if (mark && !found.has(mark.room)) found.set(mark.room, mark);
        }
    }
    return [...found.values()];
  };
  const TILE_WIDTHS = [
    1280, 1024, 960, 853.3, 800, 640, 480, 426.7, 426, 424, 400, 384, 360, 320, 316, 256, 240, 212,
  ];

  let analyser: AnalyserNode | null = null;
  let source: MediaStreamAudioSourceNode | null = null;
  let heard: MediaStreamTrack | null = null;
  const context = new AudioContext({ sampleRate: 48000 });
  const listen = (): AnalyserNode | null => {
    const track = [...document.querySelectorAll<HTMLMediaElement>('video,audio')]
      .map((element) => element.srcObject)
      .filter((object): object is MediaStream => object instanceof MediaStream)
      .flatMap((stream) => stream.getAudioTracks())
      .find((candidate) => candidate.readyState === 'live');
    if (!track) return null;
    if (track !== heard) {
      source?.disconnect();
      analyser = context.createAnalyser();
      analyser.fftSize = 16384;
      analyser.smoothingTimeConstant = 0;
      source = context.createMediaStreamSource(new MediaStream([track]));
      source.connect(analyser);
      heard = track;
    }
    return analyser;
  };
  /** How far a tone stands out of what is beside it, in dB, for each frequency asked for. */
  const tones = (frequencies: number[]): number[] => {
    const node = listen();
    if (!node) return frequencies.map(() => -200);
    const bins = new Float32Array(node.frequencyBinCount);
    node.getFloatFrequencyData(bins);
    const hz = context.sampleRate / node.fftSize;
    return frequencies.map((frequency) => {
      const at = Math.round(frequency / hz);
      const peak = Math.max(...bins.slice(at - 1, at + 2));
      const beside = [...bins.slice(at - 16, at - 4), ...bins.slice(at + 5, at + 17)].sort(
        (a, b) => a - b,
      );
      const floor = beside[Math.floor(beside.length / 2)] ?? -200;
      return Number.isFinite(peak) ? Math.min(99, peak - Math.max(floor, -120)) : -200;
    });
  };

  let following = 0;
  let motions: Motion[] = [];
  /**
   * Looks at the tiles of `rooms` some 20 times a second until the next call. Where a tile stands still
   * is counted from the first to the last look that saw the same frame: a look that came late, because
   * the machine is busy, makes no standstill.
   */
  const follow = (rooms: number[]): void => {
    clearInterval(following);
    const began = performance.now();
    const fresh = rooms.map(() => new Set<number>());
    const changed = rooms.map(() => began);
    const places = new Map<number, Mark>();
    let searched = -Infinity;
    motions = rooms.map((room) => ({
      room,
      looks: 0,
      frame: -1,
      frames: 0,
      span: 0,
      still: 0,
      longest: 0,
    }));
    following = window.setInterval(() => {
      const now = performance.now();
      if (rooms.some((room) => !places.has(room)) && now - searched > 300) {
        for (const mark of marks()) places.set(mark.room, mark);
        searched = performance.now();
        return; // the next look is a quick one
      }
      const read = look()?.read;
      motions.forEach((motion, at) => {
        const place = places.get(motion.room);
        const mark = place && read ? read(place.x, place.y, place.width) : null;
        if (mark?.room !== motion.room) places.delete(motion.room);
        motion.looks++;
        const seen = fresh[at] ?? new Set();
        if (mark?.room === motion.room && mark.frame !== motion.frame) {
          if (motion.still > 500) seen.clear(); // what moved before the standstill is no news
          if (seen.size === 0) motion.span = 0;
          else motion.span += now - (changed[at] ?? now);
          seen.add(mark.frame);
          motion.frame = mark.frame;
          changed[at] = now;
        }
        motion.still = now - (changed[at] ?? now);
        motion.longest = Math.max(motion.longest, motion.still);
        motion.frames = seen.size;
      });
    }, 50);
  };

  /** Which of the tiles bear a name: the brass edge of the plate at their lower left, and ink on it. */
  const named = (tiles: Mark[]): number[] => {
    const data = look()?.data;
    if (!data) return [];
    const pixel = (x: number, y: number): [number, number, number] => {
      const at = (Math.round(y) * width + Math.round(x)) * 4;
      return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    };
    const bears = ({ x, y, width: tile }: Mark): boolean => {
      const bottom = y + (tile * 9) / 16;
      const plate = (tile * 9 * 0.18) / 16;
      let brass = 0;
      let ink = 0;
      for (let dx = -0.03 * tile; dx < 0.6 * tile; dx++)
        for (let dy = 0.2; dy < 0.8; dy += 0.05) {
          if (x + dx < 0) continue;
          const [r, g, b] = pixel(x + dx, bottom - plate * dy);
          if (dx < 0.04 * tile && r > 150 && g > 110 && r - b > 70 && r > g) brass++;
          if (dx > 0.04 * tile && Math.min(r, g, b) > 170) ink++;
        }
      return brass >= 12 && ink >= 12;
    };
    return tiles.filter(bears).map(({ room }) => room);
  };
  Object.assign(window, { probe: { marks, tones, follow, motion: () => motions, named } });
}

interface Probed {
  probe: {
    marks: () => Mark[];
    tones: (hz: number[]) => number[];
    follow: (rooms: number[]) => void;
    motion: () => Motion[];
    named: (tiles: Mark[]) => number[];
  };
}

export async function watchStage(page: Page): Promise<void> {
  await page.evaluate(installProbe);
}

export function marks(page: Page): Promise<Mark[]> {
  return page.evaluate(() => (window as unknown as Probed).probe.marks());
}

/** Starts to follow the tiles of `rooms`; motions() says what was seen since. */
export function followTiles(page: Page, rooms: number[]): Promise<void> {
  return page.evaluate((wanted) => (window as unknown as Probed).probe.follow(wanted), rooms);
}

export function motions(page: Page): Promise<Motion[]> {
  return page.evaluate(() => (window as unknown as Probed).probe.motion());
}

/** The rooms among `tiles` on whose tile a name is written. */
export function namedTiles(page: Page, tiles: Mark[]): Promise<number[]> {
  return page.evaluate((seen) => (window as unknown as Probed).probe.named(seen), tiles);
}

/** The pilot tone of a room: see room-agent/media and tests/load. */
export function toneOf(mark: number): number {
  return 1000 + 125 * (mark % 24);
}

/**
 * Which rooms' tones are in the sound now: those that stand out by 15 dB in most of `looks` looks
 * (a spoken vowel can hide or feign a tone for a moment, not for most of them).
 */
export async function heardRooms(page: Page, rooms: number[], looks = 7): Promise<number[]> {
  const frequencies = rooms.map(toneOf);
  const hits = rooms.map(() => 0);
  for (let look = 0; look < looks; look++) {
    const levels = await page.evaluate(
      (hz) => (window as unknown as Probed).probe.tones(hz),
      frequencies,
    );
    levels.forEach((level, at) => (hits[at] = (hits[at] ?? 0) + (level > 15 ? 1 : 0)));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  }
  return rooms.filter((_, at) => (hits[at] ?? 0) * 2 > looks);
}
