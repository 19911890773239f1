# SPDX-License-Identifier: Apache-2.0
"""Experiments with the picture and with bad links: loss on one leg, what the centre adds, a storm of PLIs, many small
meetings, and other compositors on the same work."""
import collections
import json
import os
import random
import signal
import subprocess
import time

import process
from experiments import (FPS, TALKERS, TILES_MAX, bare, faults_of, middle, picture_work, settle, watch)
from house import Failure, House

LOSSY_ROOMS, LISTENERS = 12, 6
LOSS_S = 20
AROUND = "delay=30"  # of each way: 60 ms there and back
SEEN_ROOMS = 6
STORM_ROOMS = 236
MEETINGS, A_MEETING = 17, 13
COMPOSED_MS = 20000

Loss = collections.namedtuple("Loss", "concealed gaps frozen mcu_concealed seconds invalid")


def lossy(bench, up, down, *options):
    """One run with bad links: what the rooms and the centre had to invent."""
    house = bench.house
    house.unmute(house.units[:TALKERS])
    load = house.start_load(LOSSY_ROOMS, 100, "--decode", LISTENERS, "--link-up", up, "--link-down", down, "--link-seed",
                            random.randrange(1000), *options)
    settle(bench, {"mcu_audio_encoded_shared_total": ("shared mixes encoded", 50)})
    before, from_us = house.metrics(), time.monotonic_ns() // 1000
    time.sleep(LOSS_S)
    after, seconds = house.metrics(), load.seconds(from_us, time.monotonic_ns() // 1000)
    house.stop_load()
    if len(seconds) < 2:
        raise Failure("the generator was too busy to report")
    grown = {key: seconds[-1][key] - seconds[0][key] for key in seconds[0] if key != "what"}
    done = {name: after[name] - before[name] for name in after}
    sounds = done["mcu_audio_decoded_total"] + done["mcu_audio_concealed_total"]
    # Concealing is what is measured here.
    faults = [fault for fault in faults_of(seconds, LOSSY_ROOMS) if "concealed" not in fault]
    return Loss(100 * grown["concealed"] / max(grown["samples"], 1), grown["gaps"],
                100 * grown["frozen_us"] / max(grown["watched_us"], 1),
                100 * done["mcu_audio_concealed_total"] / max(sounds, 1), len(seconds), "; ".join(faults) or None)


def loss_down(bench):
    bench.say("10 % loss, 60 ms round trip, towards the rooms …")
    return lossy(bench, AROUND, f"loss=10,{AROUND}")


def loss_up(bench):
    bench.say("10 % loss, 60 ms round trip, from the rooms …")
    return lossy(bench, f"loss=10,{AROUND}", AROUND)


def loss_up_one_copy(bench):
    bench.say("10 % loss, 60 ms round trip, from rooms that send one copy in RED, as browsers do …")
    return lossy(bench, f"loss=10,{AROUND}", AROUND, "--red-copies", 1)


# --- the links of the province -------------------------------------------------------------------

LINKED_ROOMS, LINK_SETTLE_S, LINK_S = 4, 15, 20
# What a room sends here is coded once: it does not adapt as a real one does, so it is asked for what the way up carries.
LINKS = {
    "urban": ("4 Mb/s", ["--link-down", "rate=4000,rtt=20", "--link-up", "rate=4000,rtt=20"]),
    "rural": ("2/0.5 Mb/s", ["--link-down", "rate=2000,rtt=60", "--link-up", "rate=500,rtt=60", "--kbps", 200]),
    "512": ("512/256 kb/s, 5 % loss", ["--link-down", "rate=512,rtt=60,loss=5", "--link-up", "rate=256,rtt=60,loss=5",
                                      "--kbps", 60]),
    "64": ("64 kb/s towards the room", ["--link-down", "rate=64,rtt=80"]),
}

Linked = collections.namedtuple("Linked", "link fps height frozen concealed invalid")


def linked(name):
    link, options = LINKS[name]

    def experiment(bench):
        house = bench.house
        bench.say(f"rooms on {link} …")
        house.unmute(house.units[:TALKERS], True)
        load = house.start_load(LINKED_ROOMS, 100, "--decode", LINKED_ROOMS, "--link-seed", random.randrange(1000), *options)
        time.sleep(LINK_SETTLE_S)
        from_us = time.monotonic_ns() // 1000
        time.sleep(LINK_S)
        seconds = load.seconds(from_us, time.monotonic_ns() // 1000)
        house.stop_load()
        rooms = json.loads(load.result_file.read_text())["rooms"]
        if len(seconds) < 2:
            raise Failure("the generator was too busy to report")
        grown = {key: seconds[-1][key] - seconds[0][key] for key in seconds[0] if key != "what"}
        faults = [fault for fault in faults_of(seconds, LINKED_ROOMS) if "late" in fault]
        return Linked(link, middle([room["picture_fps_mean"] for room in rooms]),
                      sorted(room["picture_height"] for room in rooms),
                      100 * grown["frozen_us"] / max(grown["watched_us"], 1),
                      100 * grown["concealed"] / max(grown["samples"], 1), "; ".join(faults) or None)
    experiment.__name__ = f"linked_{name}"
    return experiment


LINKED = {name: linked(name) for name in LINKS}


# --- what the centre adds ------------------------------------------------------------------------

Added = collections.namedtuple("Added", "ms rooms invalid")


def added(bench):
    """Rooms are given the floor one after the other; another one reads the frame marks in the large tile."""
    rooms = 20
    house = bench.house
    load = house.start_load(rooms, 100)
    settle(bench, picture_work(rooms))
    chair, times = house.chair(), []
    bench.say("what the centre adds to a picture …")
    from_us = time.monotonic_ns() // 1000
    for number in range(SEEN_ROOMS):
        unit = house.units[TALKERS + number]
        chair.ask("floor.grant", {"meeting": house.meeting, "member": unit})
        asked = time.monotonic_ns() // 1000
        load.wait_for(f"picture of {unit}", lambda: any(
            e["what"] == "large" and e["mark"] == load.mark(unit) and e["us"] > asked for e in load.read()), 5)
        begun = time.monotonic_ns() // 1000
        time.sleep(2)
        times += [e["ms"] for e in load.read() if e["what"] == "seen" and e["us"] > begun and e["mark"] == load.mark(unit)]
    chair.ask("floor.release", {"meeting": house.meeting, "member": unit})
    chair.close()
    faults = faults_of(load.seconds(from_us, time.monotonic_ns() // 1000), rooms)
    house.stop_load()
    if not times:
        raise Failure("no frame mark came back")
    return Added(times, SEEN_ROOMS, "; ".join(faults) or None)


# --- a storm of PLIs -----------------------------------------------------------------------------

Storm = collections.namedtuple("Storm", "key_frames plis tiers invalid")


def storm(bench):
    """All of the province ask for a key frame in one tick."""
    house = bench.house
    load = house.start_load(STORM_ROOMS, 25)
    settle(bench, picture_work(STORM_ROOMS))
    bench.say(f"{STORM_ROOMS} PLIs at once …")
    key_frames, plis = [], []
    for _ in range(3):
        before = house.metrics()
        os.kill(load.program.process.pid, signal.SIGUSR1)
        time.sleep(1)
        after = house.metrics()
        key_frames.append(after["mcu_video_key_frames_total"] - before["mcu_video_key_frames_total"])
        plis.append(after["mcu_video_plis_received_total"] - before["mcu_video_plis_received_total"])
        time.sleep(1)
    tiers = after["mcu_encoders"]
    house.stop_load()
    few = min(plis) < STORM_ROOMS * 0.95
    return Storm(key_frames, plis, tiers, f"only {min(plis):.0f} PLIs came" if few else None)


# --- many small meetings -------------------------------------------------------------------------

def meetings(bench):
    """17 districts meet at once, 480p15 each."""
    rooms = MEETINGS * A_MEETING
    bench.say(f"{MEETINGS} meetings of {A_MEETING} rooms …")
    house = House(bench.folder / "house-meetings", bench.binaries, rooms, A_MEETING, canvas={"width": 864, "fps": 15})
    try:
        house.open()
        for begin in range(0, rooms, A_MEETING):
            house.unmute(house.units[begin:begin + TALKERS])
        house.start_load(rooms, 25, "--fps", "15", "--kbps", "400")
        work = {"mcu_video_encoded_total": ("pictures encoded", 15 * MEETINGS),
                "mcu_video_decoded_total": ("pictures decoded", 15 * rooms),
                "mcu_audio_encoded_shared_total": ("shared mixes encoded", 50 * MEETINGS)}
        time.sleep(3)
        return watch(house, rooms, bench.effort.window_s, work)
    finally:
        house.close()


# --- other compositors ---------------------------------------------------------------------------

Composed = collections.namedtuple("Composed", "ours ffmpeg gstreamer detail")


def cpu_of(command, log):
    """CPU seconds of a program, from its beginning to its end."""
    before = os.times()
    with open(log, "ab") as file:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=240)
    after = os.times()
    if done.returncode != 0:
        raise Failure(f"{command[0]} ended with {done.returncode}: see {log}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def ffmpeg_command(file, encodes):
    inputs = [word for _ in range(TILES_MAX) for word in
              ("-threads", "1", "-f", "h264", "-framerate", str(FPS), "-i", str(file))]
    scaled = ";".join(f"[{n}:v]scale=320:180[t{n}]" for n in range(TILES_MAX))
    names = "".join(f"[t{n}]" for n in range(TILES_MAX))
    places = "|".join(f"{320 * (n % 4)}_{180 * (n // 4)}" for n in range(TILES_MAX))
    stack = f"{scaled};{names}xstack=inputs={TILES_MAX}:layout={places}[out]"
    encoder = ["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-b:v", "1500k", "-maxrate", "1500k",
               "-bufsize", "750k", "-x264-params", "threads=1:sliced-threads=0"] if encodes else ["-c:v", "wrapped_avframe"]
    return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-filter_complex_threads", "1", *inputs,
            "-filter_complex", stack, "-map", "[out]", *encoder, "-f", "null", "-"]


def ffmpeg_decode(file):
    maps = [word for n in range(TILES_MAX) for word in ("-map", str(n))]
    inputs = [word for _ in range(TILES_MAX) for word in
              ("-threads", "1", "-f", "h264", "-framerate", str(FPS), "-i", str(file))]
    return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", *inputs, *maps, "-c:v", "wrapped_avframe", "-f",
            "null", "-"]


DECODE = "h264parse ! video/x-h264,framerate=25/1 ! avdec_h264 max-threads=1"


def gstreamer_command(file):
    """The compositor scales, too."""
    places = " ".join(f"sink_{n}::xpos={320 * (n % 4)} sink_{n}::ypos={180 * (n // 4)} sink_{n}::width=320 "
                      f"sink_{n}::height=180" for n in range(TILES_MAX))
    branches = " ".join(f"filesrc location={file} ! {DECODE} ! queue max-size-buffers=4 ! mix.sink_{n}"
                        for n in range(TILES_MAX))
    text = (f"compositor name=mix background=black {places} ! "
            f"video/x-raw,format=I420,width=1280,height=720,framerate={FPS}/1 ! fakesink sync=false {branches}")
    return ["gst-launch-1.0", "-q", *text.split()]


def gstreamer_decode(file):
    text = " ".join(f"filesrc location={file} ! {DECODE} ! queue max-size-buffers=4 ! fakesink sync=false"
                    for _ in range(TILES_MAX))
    return ["gst-launch-1.0", "-q", *text.split()]


def composed(bench):
    """Composing alone: 16 pictures of 360p25 into one of 720p, less decoding them by the same program; nothing is encoded.

    Ours is the compositor's thread of rong-mcu at 20 rooms and scaling, which the decoders' threads do.
    """
    bench.say("other compositors on the same work …")
    ms = COMPOSED_MS
    file = bench.tool("clip", "--folder", bench.folder, "--ms", ms)
    log = bench.folder / "compositors.log"
    found, detail = {}, []
    for name, whole, decode in (("ffmpeg", ffmpeg_command(file, False), ffmpeg_decode(file)),
                                ("gstreamer", gstreamer_command(file), gstreamer_decode(file))):
        costs = []
        for _ in range(2):
            costs.append((cpu_of(whole, log), cpu_of(decode, log)))
        whole_s, decode_s = (middle([cost[n] for cost in costs]) * 1000 / ms for n in (0, 1))
        found[name] = whole_s - decode_s
        detail.append(f"{name} {whole_s:.3f} core, of that {decode_s:.3f} to decode")
    house = bench.house
    house.start_load(20, 100)
    settle(bench, picture_work(20))
    threads = process.thread_seconds(house.pid("rong-mcu"), "compositor")
    begun = time.monotonic()
    time.sleep(bench.effort.window_s)
    thread = (process.thread_seconds(house.pid("rong-mcu"), "compositor") - threads) / (time.monotonic() - begun)
    house.stop_load()
    scale = bare(bench, 20)["parts"]["scale"]
    detail.append(f"ours: thread {thread:.3f}, scaling {scale:.3f}")
    return Composed(thread + scale, found["ffmpeg"], found["gstreamer"], "; ".join(detail))
