// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';

import { SharedScreen, type Screens } from './shared-screen';

class FakeTrack extends EventTarget {
  contentHint = '';
  isStopped = false;
  stop(): void {
    this.isStopped = true;
  }
}

function screenOf(...tracks: FakeTrack[]): SharedScreen {
  const getDisplayMedia = vi.fn();
  for (const track of tracks)
    getDisplayMedia.mockResolvedValueOnce({ getVideoTracks: () => [track] });
  getDisplayMedia.mockRejectedValue(new DOMException('closed', 'NotAllowedError'));
  return new SharedScreen({ getDisplayMedia } as unknown as Screens);
}

describe('a shared screen', () => {
  it('is sharp rather than smooth, and stops when it is told', async () => {
    const track = new FakeTrack();
    const screen = screenOf(track);
    const seen: (MediaStreamTrack | null)[] = [];
    screen.on('track', (now) => seen.push(now));
    expect(await screen.start()).toBe(true);
    expect(track.contentHint).toBe('detail');
    screen.stop();
    screen.stop();
    expect(track.isStopped).toBe(true);
    expect(seen).toEqual([track, null]);
  });

  it("ends by the browser's own button", async () => {
    const track = new FakeTrack();
    const screen = screenOf(track);
    await screen.start();
    const ended = vi.fn();
    screen.on('track', ended);
    track.dispatchEvent(new Event('ended'));
    expect(ended).toHaveBeenCalledExactlyOnceWith(null);
    expect(screen.track).toBeNull();
  });

  it('stays as it was when the person closes the question', async () => {
    const track = new FakeTrack();
    const screen = screenOf(track);
    await screen.start();
    expect(await screen.start()).toBe(false);
    expect(screen.track).toBe(track);
    expect(track.isStopped).toBe(false);
  });

  it('is not possible in a page without the means', async () => {
    const screen = new SharedScreen(undefined);
    expect(screen.isPossible).toBe(false);
    expect(await screen.start()).toBe(false);
  });
});
