# SPDX-License-Identifier: Apache-2.0
"""Experiments with what the canvases show: another arrangement, and a shared screen."""
import collections
import random
import time

import experiments
from experiments import TALKERS, faults_of, picture_work, settle, watch
from house import Failure

SHARING_ROOMS, LOOKING = 236, 4
SHARES = 5

Arranged = collections.namedtuple("Arranged", "cut_ms lost invalid")


def arranged(bench):
    """From stage.set on the WebSocket to the first decoded picture in which another room, on stage before, is large."""
    rooms, _ = bench.once(experiments.at_once)  # leaves its rooms in the meeting
    load, house = bench.house.load, bench.house
    load.wait_until_joined()
    chair = house.chair()
    pair = house.units[TALKERS:TALKERS + 2]
    chair.ask("stage.set", {"meeting": house.meeting, "order": {"mode": "declared", "layout": "speaker", "tiles": pair}})
    load.wait_for("the first arrangement", lambda: any(
        e["what"] == "large" and e["mark"] == load.mark(pair[0]) for e in load.read()), 5)
    bench.say(f"{bench.effort.changes} arrangements …")
    cut_ms, lost, begun_us = [], 0, time.monotonic_ns() // 1000
    for number in range(bench.effort.changes):
        if number >= 4 and not bench.has_time(0.9):
            break
        pair.reverse()
        seen, asked_us = len(load.read()), time.monotonic_ns() // 1000
        chair.ask("stage.set", {"meeting": house.meeting,
                                "order": {"mode": "declared", "layout": "speaker", "tiles": pair}})
        try:
            shown = load.wait_for(f"{pair[0]} large", lambda: next(
                (e for e in load.read()[seen:] if e["what"] == "large" and e["mark"] == load.mark(pair[0])), None), 3)
            cut_ms.append((shown["us"] - asked_us) / 1000)
        except Failure:
            lost += 1
        time.sleep(random.uniform(0.15, 0.25))  # at any moment of a picture's interval
    chair.ask("stage.set", {"meeting": house.meeting, "order": {"mode": "auto", "tiles": []}})
    chair.close()
    if not cut_ms:
        raise Failure("no other arrangement was ever seen")
    faults = faults_of(load.seconds(begun_us, time.monotonic_ns() // 1000), rooms)
    if lost:
        faults.append(f"{lost} arrangements were not seen within 3 s")
    return Arranged(cut_ms, lost, "; ".join(faults) or None)


Shared = collections.namedtuple("Shared", "before after shown_ms invalid")


def shared(bench):
    """A room shares a screen of 1080 lines with the whole province: what the centre needs more, and how soon it is seen."""
    house, effort = bench.house, bench.effort
    house.unmute(house.units[:TALKERS])
    load = house.start_load(SHARING_ROOMS, 25, "--share", "--decode", LOOKING)
    chair = house.chair()
    # The holder stands among the others: what is added is the screen alone.
    chair.ask("stage.set", {"meeting": house.meeting, "order": {"mode": "auto", "layout": "grid", "tiles": []}})
    work = picture_work(SHARING_ROOMS)
    del work["mcu_video_encoded_total"], work["mcu_video_decoded_total"]
    settle(bench, work)
    bench.say(f"{SHARING_ROOMS} rooms and a shared screen …")
    sharer, shown_ms = house.units[0], []
    before = watch(house, SHARING_ROOMS, effort.window_s, work)
    for _ in range(SHARES):
        seen, asked_us = len(load.read()), time.monotonic_ns() // 1000
        chair.ask("floor.grant", {"meeting": house.meeting, "member": sharer})
        first = {}

        def all_see():
            for event in load.read()[seen:]:
                if event["what"] == "content":
                    first.setdefault(event["unit"], event["us"])
            return len(first) == LOOKING
        load.wait_for("screen in all that look", all_see, 10)
        shown_ms.append((max(first.values()) - asked_us) / 1000)
        if len(shown_ms) < SHARES:
            chair.ask("floor.release", {"meeting": house.meeting, "member": sharer})
            time.sleep(1)
    settle(bench, work)
    after = watch(house, SHARING_ROOMS, effort.window_s, work)
    chair.ask("floor.release", {"meeting": house.meeting, "member": sharer})
    chair.ask("stage.set", {"meeting": house.meeting, "order": {"mode": "auto", "tiles": []}})
    chair.close()
    house.stop_load()
    return Shared(before, after, shown_ms, "; ".join(before.faults + after.faults) or None)
