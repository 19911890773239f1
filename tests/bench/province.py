# SPDX-License-Identifier: Apache-2.0
"""Experiments with the whole province: sound alone at 236 rooms, 1 000 rooms, all rooms at once."""
import collections
import time

import process
from experiments import TALKERS, bare, middle, watch
from house import Failure, House

ROOMS = 236
THOUSAND = 1000
JOIN_EVERY_MS = 20
# Sound goes out to everybody, whoever speaks.
SOUND_WORK = {"mcu_audio_encoded_shared_total": ("shared mixes encoded", 50)}


class Sound:
    """Windows of a meeting without pictures, each with the bare send that was measured beside it."""

    def __init__(self):
        self.taken = {"quiet": [], "noisy": []}  # [(Window, cores of the bare send)]
        self.parts, self.failures = [], []

    def used(self, kind):
        return [pair for pair in self.taken[kind] if not pair[0].faults] or self.taken[kind]

    def beyond(self, kind):
        return [window.cores - send for window, send in self.used(kind)]

    def invalid(self, kind):
        return "; ".join(sorted({fault for window, _ in self.used(kind) for fault in window.faults})) or None

    def note(self, kind):
        windows = [window for window, _ in self.used(kind)]
        left = len(self.taken[kind]) - len(windows)
        others = max(window.others for window in windows)
        return (f"rong-mcu {middle([w.cores for w in windows]):.3f}, bare send {middle([s for _, s in self.used(kind)]):.3f}, "
                f"generator {middle([w.load_cores for w in windows]):.2f}"
                + (f"; other programs used up to {others:.1f} cores" if others > 0.25 else "")
                + (f"; {left} of {len(self.taken[kind])} windows left out" if left else ""))


def sound(bench):
    """Three talkers, then everybody: rong-mcu and the bare send in turns."""
    effort, house, result = bench.effort, bench.house, Sound()
    talkers, rest = house.units[:TALKERS], house.units[TALKERS:ROOMS]
    house.unmute(talkers)
    for number in range(effort.rounds):
        run = bare(bench, ROOMS, "--sound")
        result.parts.append(run["parts"])
        send = run["parts"]["send_sound"]
        bench.say(f"{ROOMS} rooms, sound alone (round {number + 1} of {effort.rounds}) …")
        try:
            house.start_load(ROOMS, JOIN_EVERY_MS, "--sound-only")
            for kind in ("quiet", "noisy"):
                if kind == "noisy":
                    house.unmute(rest)
                until_steady(house)
                result.taken[kind] += [(window, send) for window in windows_of(house, effort.window_s)]
            house.unmute(rest, muted=True)
        except (Failure, OSError) as failure:
            result.failures.append(str(failure))
        house.stop_load()
    for kind, taken in result.taken.items():
        if not taken:
            raise Failure(f"{kind}: {'; '.join(result.failures)}")
    return result


def windows_of(house, seconds):
    """One; another if it was not clean."""
    windows = [watch(house, ROOMS, seconds, SOUND_WORK, "sounds")]
    if windows[0].faults:
        windows.append(watch(house, ROOMS, seconds, SOUND_WORK, "sounds"))
    return windows


def until_steady(house, seconds=10):
    """Until two seconds in a row cost rong-mcu the same within a tenth."""
    pid, costs = house.pid("rong-mcu"), []
    for _ in range(seconds):
        before, begun = process.cpu_seconds_fine(pid), time.monotonic()
        time.sleep(1)
        costs.append((process.cpu_seconds_fine(pid) - before) / (time.monotonic() - begun))
        if len(costs) > 1 and abs(costs[-1] - costs[-2]) < 0.1 * costs[-1]:
            return


def at_once(bench):
    """All of the province offer in one tick: ([seconds until the last one's first picture], [ms of every room])."""
    lasts, every = [], []
    for number in range(bench.effort.rounds):
        bench.say(f"{ROOMS} rooms join at once ({number + 1} of {bench.effort.rounds}) …")
        joins = bench.house.start_load(ROOMS, 0).joins_ms()
        lasts.append(max(joins) / 1000)
        every += joins
    bench.house.stop_load()
    return lasts, every


Many = collections.namedtuple("Many", "window meetings joined")


def thousand(bench):
    """As many meetings as rong-signal's bound asks for, on one rong-mcu; sound alone."""
    bench.say(f"{THOUSAND} rooms …")
    house = House(bench.folder / "house-1000", bench.binaries, THOUSAND)
    try:
        house.open()
        meetings = list(dict.fromkeys(house.meeting_of.values()))
        for meeting in meetings:
            house.unmute([unit for unit in house.units if house.meeting_of[unit] == meeting][:TALKERS])
        load = house.start_load(THOUSAND, JOIN_EVERY_MS, "--sound-only", within_s=150)
        until_steady(house)
        work = {"mcu_audio_encoded_shared_total": ("shared mixes encoded", 50 * len(meetings))}
        window = watch(house, THOUSAND, bench.effort.window_s, work, "sounds")
        return Many(window, len(meetings), len(load.joins_ms()))
    finally:
        house.close()


