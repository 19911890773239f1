// A camera and a microphone for Chromium: a picture with a frame mark, a sound with a pilot tone.
import { writeFileSync } from 'node:fs';

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = 50;

function crc12(bits: number[]): number {
  let crc = 0;
  for (const bit of bits) {
    const top = ((crc >> 11) & 1) ^ bit;
    crc = (crc << 1) & 0xfff;
    if (top) crc ^= 0x80f;
  }
  return crc;
}

function toBits(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (value >> (count - 1 - i)) & 1);
}

/** The mark of common/media/frame_mark.h in the luma plane of one frame. */
function drawMark(luma: Uint8Array, room: number, frame: number): void {
  const u = WIDTH / 20;
  const bits = [...toBits(0b1010, 4), ...toBits(room, 12), ...toBits(frame, 20)];
  bits.push(...toBits(crc12(bits), 12));
  const fill = (x: number, y: number, width: number, height: number, value: number): void => {
    for (let row = y; row < y + height; row++)
      luma.fill(value, row * WIDTH + x, row * WIDTH + x + width);
  };
  fill(u / 2, u / 2, 13 * u, 5 * u, 128);
  bits.forEach((bit, i) =>
    fill(u + (i % 12) * u, u + Math.floor(i / 12) * u, u, u, bit ? 235 : 16),
  );
}

/** A Y4M file that Chromium plays in a loop (--use-file-for-fake-video-capture). */
export function writeCamera(path: string, room: number): void {
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F25:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES; frame++) {
    const luma = new Uint8Array(WIDTH * HEIGHT).fill(96);
    for (let row = 200; row < 320; row++)
      luma.fill(200, row * WIDTH + frame * 12, row * WIDTH + frame * 12 + 40);
    drawMark(luma, room, frame);
    parts.push(Buffer.from('FRAME\n'), Buffer.from(luma), Buffer.alloc((WIDTH * HEIGHT) / 2, 128));
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** A WAV file with a steady tone (--use-file-for-fake-audio-capture). */
export function writeMicrophone(path: string, hz: number): void {
  const rate = 48000;
  const samples = rate * 4;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++)
    data.writeInt16LE(Math.round(3000 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + i * 2);
  writeFileSync(path, data);
}
