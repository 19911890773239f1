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

  /** All marks of the current picture: tried at every corner of a fine raster and at every tile width. */
  const marks = (): Mark[] => {
    const video = document.querySelector<HTMLVideoElement>('[data-testid="stage-video"]');
    if (!video || video.videoWidth === 0) return [];
    const width = (canvas.width = 1280);
    const height = (canvas.height = 720);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) return [];
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
    const read = (x: number, y: number, tile: number): Mark | null => {
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
  Object.assign(window, { probe: { marks, tones } });
}

interface Probed {
  probe: { marks: () => Mark[]; tones: (hz: number[]) => number[] };
}

export async function watchStage(page: Page): Promise<void> {
  await page.evaluate(installProbe);
}

export function marks(page: Page): Promise<Mark[]> {
  return page.evaluate(() => (window as unknown as Probed).probe.marks());
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
