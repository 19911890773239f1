# SPDX-License-Identifier: Apache-2.0
"""What is done to get the figures of rows. Each experiment runs once, when the first row asks for it.

An experiment is a function of the Bench; `bench.once(experiment)` runs it or gives what it gave before.
"""
import collections
import json
import pathlib
import random
import subprocess
import time

import process
from house import BENCH_CAMERA, BENCH_WALL, Failure, House
from report import middle

TILES_MAX, TALKERS = 16, 3
FPS = 25
LATE_MAX, CONCEALED_MAX = 0.01, 0.01  # beyond these a run is not clean
WORK_SLACK = 0.05
LATE_FACTOR = 1.35  # of the time: then nothing new is begun
SETTLE_S, SETTLE_QUICK_S = 10, 3  # at most
RETRIES = 2

# How thorough a run is.
Effort = collections.namedtuple(
    "Effort", "budget_s micro_ms part_ms window_s windows rounds room_counts changes device_requests chairs idle_s "
    "wakes_s janus_counts forwards")
QUICK = Effort(budget_s=52, micro_ms=50, part_ms=350, window_s=3, windows=2, rounds=1, room_counts=(3, 20), changes=8,
               device_requests=60, chairs=6, idle_s=6, wakes_s=0, janus_counts=(25,), forwards=50)
FULL = Effort(budget_s=840, micro_ms=600, part_ms=1500, window_s=8, windows=1, rounds=3, room_counts=(3, 20, 236), changes=40,
              device_requests=300, chairs=20, idle_s=30, wakes_s=5, janus_counts=(100, 75, 50), forwards=200)


class Bench:
    def __init__(self, effort, folder, binaries, say):
        self.begun = time.monotonic()
        self.effort, self.binaries, self.say = effort, pathlib.Path(binaries), say
        self.folder = pathlib.Path(folder)
        self.done = {}
        self.open_house = None

    def once(self, experiment):
        """The experiment's result; a failure is kept, too: nothing is tried twice."""
        if experiment not in self.done:
            if self.effort.budget_s and time.monotonic() - self.begun > LATE_FACTOR * self.effort.budget_s:
                raise Failure("no time was left for it on this machine")
            try:
                self.done[experiment] = experiment(self)
            except (Failure, OSError, subprocess.SubprocessError) as failure:
                self.done[experiment] = failure
        result = self.done[experiment]
        if isinstance(result, Exception):
            raise Failure(str(result))
        return result

    def has_time(self, share):
        """Whether less than this share of the time is used up: a slow machine repeats less."""
        return self.effort.rounds > 1 or time.monotonic() - self.begun < share * self.effort.budget_s

    @property
    def house(self):
        if not self.open_house:
            self.say("starting the house …")
            house = House(self.folder / "house", self.binaries, max(self.effort.room_counts))
            self.open_house = house
            house.open(self.effort.wakes_s)
        return self.open_house

    def tool(self, *arguments, timeout=120):
        """rong-bench, and what it prints."""
        command = [str(self.binaries / "rong-bench"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                              preexec_fn=lambda: process.go_first(0))
        if done.returncode != 0:
            raise Failure(f"rong-bench {arguments[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def close(self):
        if self.open_house:
            self.open_house.close()


# --- without the house ---------------------------------------------------------------------------

def micro(bench):
    bench.say("small parts alone …")
    return bench.tool("micro", "--ms", bench.effort.micro_ms, "--folder", bench.folder)


def delay_clean(bench):
    bench.say("sound through the centre and past it …")
    return bench.tool("delay", "--count", 24)


def delay_jitter(bench):
    bench.say("the same behind a link with 40 ms of jitter …")
    return bench.tool("delay", "--count", 24, "--link", "rtt=60,jitter=40")


def bare(bench, rooms, *options):
    """One run of the bare cost; nothing else of ours may be working."""
    bench.say(f"{rooms} rooms: the bare cost …")
    return bench.tool("bare", "--rooms", rooms, "--tiles", min(rooms, TILES_MAX),
                      "--talkers", min(rooms, TALKERS), "--ms", bench.effort.part_ms, *options)


# --- CPU, memory and threads by rooms ------------------------------------------------------------

Snapshot = collections.namedtuple("Snapshot", "us mcu load machine metrics")
Window = collections.namedtuple("Window", "cores load_cores others mib threads packets faults")


class Point:
    """Everything measured at one number of rooms."""

    def __init__(self, rooms):
        self.rooms = rooms
        self.bares, self.joins_ms = [], []
        self.taken = []  # (Window, mean of the bare cost around it), unclean ones too
        self.failures = []

    @property
    def used(self):
        """The clean ones; all of them when there is none, and then the point is invalid."""
        return [pair for pair in self.taken if not pair[0].faults] or self.taken

    @property
    def windows(self):
        return [window for window, _ in self.used]

    def ratios(self):
        return [window.cores / cost for window, cost in self.used]

    def cores(self):
        return middle([window.cores for window in self.windows])

    def bare(self):
        return middle([run["sum"] for run in self.bares])

    def part(self, name):
        return middle([run["parts"][name] for run in self.bares])

    def invalid(self):
        faults = sorted({fault for window in self.windows for fault in window.faults})
        return "; ".join(faults) or None

    def left_out(self):
        """Said in the note: what was not clean is not used, and not hidden."""
        faults = [window.faults[0] for window, _ in self.taken if window.faults]
        if not faults or len(faults) == len(self.taken):
            return ""
        return f"; {len(faults)} of {len(self.taken)} windows left out ({faults[0]})"

    def note(self):
        others = max(window.others for window in self.windows)
        busy = f"; other programs used up to {others:.1f} cores" if others > 0.25 else ""
        return f"generator {middle([w.load_cores for w in self.windows]):.2f} core{busy}{self.left_out()}"


def snapshot(house):
    return Snapshot(time.monotonic_ns() // 1000, process.cpu_seconds(house.pid("rong-mcu")),
                    process.cpu_seconds(house.load.program.process.pid), process.machine_seconds(), house.metrics())


def picture_work(rooms):
    """Counters of rong-mcu and what the bare cost has of them: (what, how many a second[, at most]). Receivers may come
    to be on up to three tiers; the bare cost has one, so that what more are encoded counts against us."""
    return {
        "mcu_video_decoded_total": ("pictures decoded", min(rooms, TILES_MAX) * FPS),
        "mcu_video_encoded_total": ("pictures encoded", FPS, 3 * FPS),
        "mcu_audio_encoded_shared_total": ("shared mixes encoded", 50),
    }


def watch(house, rooms, seconds, work, seen="pictures"):
    """One window: what rong-mcu used, and whether the meeting was what it is said to be."""
    before = snapshot(house)
    time.sleep(seconds)
    after = snapshot(house)
    past = (after.us - before.us) / 1e6
    done = {name: after.metrics[name] - before.metrics[name] for name in after.metrics}
    cores, load_cores = (after.mcu - before.mcu) / past, (after.load - before.load) / past
    others = max(0.0, (after.machine - before.machine) / past - cores - load_cores)
    pid = house.pid("rong-mcu")
    return Window(cores, load_cores, others, process.resident_mib(pid), process.threads(pid),
                  done.get("mcu_rtp_out_packets_total", 0) / past,
                  faults_of(house.load.seconds(before.us, after.us), rooms, seen) + lacks(done, work, past))


def faults_of(seconds, rooms, seen="pictures"):
    """What rong-load saw in the window that makes it unusable."""
    if len(seconds) < 2:
        return ["the generator was too busy to report"]
    first, last = seconds[0], seconds[-1]
    grown = {key: last[key] - first[key] for key in ("ticks", "late_ticks", "samples", "concealed")}
    faults = []
    if any(second["connected"] < rooms or second[seen] < rooms for second in seconds):
        faults.append("not all rooms were in the mix")
    if grown["late_ticks"] > LATE_MAX * grown["ticks"]:
        faults.append(f"the generator was late in {100 * grown['late_ticks'] / grown['ticks']:.0f} % of its ticks")
    if grown["concealed"] > CONCEALED_MAX * max(grown["samples"], 1):
        faults.append(f"{100 * grown['concealed'] / grown['samples']:.1f} % of the sound was concealed")
    return faults


def lacks(done, work, seconds):
    """Work that the bare cost has in it and rong-mcu did not do, or did more of."""
    faults = []
    for counter, (what, rate, *most) in work.items():
        got = done[counter] / seconds
        slack = WORK_SLACK * rate + 1 / seconds
        if got < rate - slack or got > (most[0] if most else rate) + slack:
            faults.append(f"{got:.0f} {what} a second instead of {rate}")
    return faults


def settle(bench, work):
    """Until rong-mcu does in a second what a window will ask of it; a window says so if it never does."""
    for _ in range(SETTLE_S if bench.effort.rounds > 1 else SETTLE_QUICK_S):
        before, begun = bench.house.metrics(), time.monotonic()
        time.sleep(1)
        after = bench.house.metrics()
        if not lacks({name: after[name] - before[name] for name in work}, work, time.monotonic() - begun):
            return


def windows_of(bench, rooms):
    """As many as the effort says; an unclean one is followed by another, but not for ever."""
    effort, windows = bench.effort, []
    clean = 0
    while clean < effort.windows and len(windows) < effort.windows + RETRIES:
        if windows and not bench.has_time(0.6):
            break
        bench.say(f"{rooms} rooms: rong-mcu for {effort.window_s} s ({len(windows) + 1}) …")
        windows.append(watch(bench.house, rooms, effort.window_s, picture_work(rooms)))
        clean += not windows[-1].faults
    return windows


def capacity(bench):
    """{rooms: Point}: rong-mcu and the bare cost in turns."""
    effort = bench.effort
    points = {rooms: Point(rooms) for rooms in effort.room_counts}
    bench.house.unmute(bench.house.units[:TALKERS])
    for number in range(effort.rounds):
        for point in points.values():
            try:
                take(bench, point, number, point.rooms == max(points))
            except Failure as failure:  # the other rounds and numbers of rooms are worth something
                point.failures.append(str(failure))
                bench.house.stop_load()
    return points


def take(bench, point, number, is_largest):
    """One round at one number of rooms."""
    effort, rooms = bench.effort, point.rooms
    around = [bare(bench, rooms)]
    bench.say(f"{rooms} rooms: joining one by one (round {number + 1} of {effort.rounds}) …")
    load = bench.house.start_load(rooms, join_every_ms=150 if rooms <= 40 else 25)
    point.joins_ms += load.joins_ms()
    settle(bench, picture_work(rooms))
    windows = windows_of(bench, rooms)
    bench.house.stop_load()
    if effort.windows > 1 and is_largest and bench.has_time(0.7):
        around.append(bare(bench, rooms))
    point.bares += around
    cost = sum(run["sum"] for run in around) / len(around)
    point.taken += [(window, cost) for window in windows]


def at_once(bench):
    """Joins in one tick: (rooms, [ms until the first picture])."""
    rooms = max(count for count in bench.effort.room_counts if count <= 20)
    every = []
    for number in range(bench.effort.rounds):
        bench.say(f"{rooms} rooms join at once ({number + 1} of {bench.effort.rounds}) …")
        every.append(bench.house.start_load(rooms, join_every_ms=0).joins_ms())
    return rooms, every


# --- the floor, as the chair and the rooms have it -----------------------------------------------

Floor = collections.namedtuple("Floor", "screen_ms reply_ms lost invalid")


def floor(bench):
    """From floor.grant on the WebSocket to the first decoded picture in which the granted room is large."""
    rooms, _ = bench.once(at_once)  # leaves its rooms in the meeting
    load, house = bench.house.load, bench.house
    load.wait_until_joined()
    chair = house.chair()
    screen_ms, reply_ms, lost = [], [], 0
    bench.say(f"{bench.effort.changes} floor changes …")
    begun_us = time.monotonic_ns() // 1000
    for number in range(bench.effort.changes):
        if number >= 4 and not bench.has_time(0.9):
            break
        unit = house.units[TALKERS + number % (rooms - TALKERS)]
        seen = len(load.read())
        asked_us = time.monotonic_ns() // 1000
        chair.ask("floor.grant", {"meeting": house.meeting, "member": unit})
        reply_ms.append((time.monotonic_ns() // 1000 - asked_us) / 1000)
        try:
            shown = load.wait_for(f"picture of {unit}", lambda: next(
                (e for e in load.read()[seen:] if e["what"] == "large" and e["mark"] == load.mark(unit)), None), 3)
            screen_ms.append((shown["us"] - asked_us) / 1000)
        except Failure:
            lost += 1
        time.sleep(random.uniform(0.15, 0.25))  # at any moment of a picture's interval
    chair.ask("floor.release", {"meeting": house.meeting, "member": unit})
    chair.close()
    if not screen_ms:
        raise Failure("no granted room was ever seen large")
    faults = faults_of(load.seconds(begun_us, time.monotonic_ns() // 1000), rooms)
    if lost:
        faults.append(f"{lost} of {number + 1} granted rooms were not seen within 3 s")
    return Floor(screen_ms, reply_ms, lost, "; ".join(faults) or None)


def operations(bench):
    """Accepted operations a second, asked by many chairs at once: (a second, how many)."""
    rooms, _ = bench.once(at_once)
    house, each = bench.house, 50  # a session may ask 60 at once, then 20 a second
    count = bench.effort.chairs if bench.has_time(0.85) else 2
    bench.say(f"{count * each} operations of {count} chairs …")
    chairs = [house.chair(f"Bench {number}") for number in range(count)]
    begun = time.monotonic()
    tickets = []
    for number in range(each):
        for index, chair in enumerate(chairs):
            unit = house.units[TALKERS + (index + number) % (rooms - TALKERS)]
            tickets.append((chair, chair.send("member.mute", {
                "meeting": house.meeting, "member": unit, "muted": number % 2 == 1})))
    for chair, ticket in tickets:
        chair.answer(ticket)
    past = time.monotonic() - begun
    for chair in chairs:
        chair.close()
    return len(tickets) / past, len(tickets), count


# --- devices and the box -------------------------------------------------------------------------

def devices(bench):
    house = bench.house
    bench.say("devices …")
    return bench.tool("devices", "--camera", f"{house.net}.{BENCH_CAMERA}", "--wall", f"{house.net}.{BENCH_WALL}",
                      "--local", f"{house.net}.29.1", "--count", bench.effort.device_requests)


Idle = collections.namedtuple("Idle", "mb own_mb core seconds")


def idle_room(bench):
    """rong-room with its devices, connected, without a meeting."""
    house = bench.house
    if house.idle_since is None:
        time.sleep(3)
        house.note_idle()
    since, used = house.idle_since
    left = bench.effort.idle_s - (time.monotonic() - since)
    if left > 0:
        bench.say("an idle room …")
        time.sleep(left)
    pid = house.pid("rong-room")
    past = time.monotonic() - since
    return Idle(process.status(pid, "VmRSS") / 1000 * 1.024, process.status(pid, "RssAnon") / 1000 * 1.024, (process.cpu_seconds_fine(pid) - used) / past, past)
