# SPDX-License-Identifier: Apache-2.0
"""Experiments with devices: a stop by hand, a loss, the fleet at rest. As in experiments.py."""
import collections
import json
import os
import random
import socket
import subprocess
import time
import urllib.request

import process
from house import IDLE_ROOM, Failure, demo, free_network

FLEET_ROOMS = 240
CAMERA = f"camera-{IDLE_ROOM}"  # as rong-sim calls it
WALL = f"led-{IDLE_ROOM}"


def is_quick(bench):
    return bench.effort.budget_s is not None


def wait_until(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := condition():
                return value
        except OSError:
            pass  # it does not listen yet
        if time.monotonic() > deadline:
            raise Failure(f"no {what} within {seconds} s")
        time.sleep(0.01)


def posed(house, line):
    """A line to rong-sim's control port, and its answer."""
    with socket.create_connection((house.address("30.1"), 5100), timeout=5) as control:
        control.sendall(f"{line}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            answer += control.recv(4096)
    return json.loads(answer)


def page(house):
    """What the idle room's own page says."""
    with urllib.request.urlopen(f"http://{house.address(f'2{IDLE_ROOM}.1')}:8480/api/state", timeout=5) as reply:
        return json.load(reply)


def is_up(house, device):
    return any(row["id"] == device and row["state"] == "up" for row in page(house)["devices"])


def stops(bench):
    """From room.drive stop, sent on a WebSocket, to the stop on the camera's wire: milliseconds."""
    house = bench.house
    wait_until("camera", lambda: is_up(house, "camera"), 10)
    wait_until("centre", lambda: page(house)["signal"] == "connected", 10)
    technician = house.person("technician", "-", "Bench")
    order = {"room": page(house)["room"], "device": "camera"}
    count = 15 if is_quick(bench) else 100
    bench.say(f"{count} stops of a camera …")
    times = []
    for number in range(count):
        technician.ask("room.drive", {**order, "op": "drive", "pan": 30 if number % 2 else -30, "press": number + 1})
        wait_until("moving camera", lambda: posed(house, f"state {CAMERA}")["moving"], 2)
        before = posed(house, f"state {CAMERA}")["stops"]
        asked_ms = time.time() * 1000
        technician.ask("room.drive", {**order, "op": "stop"})
        after = wait_until(
            "stop", lambda: (now := posed(house, f"state {CAMERA}"))["stops"] > before and now, 2)
        times.append(max(0.0, after["stopped_at_ms"] - asked_ms))
        time.sleep(random.uniform(0.05, 0.15))  # at any moment of the engine's polls
    technician.close()
    return times


def losses(bench):
    """Devices go deaf with their connections open, and hear again: ([seconds until noticed], [until up])."""
    house = bench.house
    noticed, recovered = [], []
    for device, name in (("camera", CAMERA), ("led", WALL)) * 3:
        wait_until(device, lambda: is_up(house, device), 20)
        time.sleep(random.uniform(0, 1))  # at any moment of the engine's polls
        bench.say(f"a deaf {device} …")
        posed(house, f"fault {name} deaf")
        since = time.monotonic()
        try:
            wait_until("loss", lambda: not is_up(house, device), 20)
            noticed.append(time.monotonic() - since)
        finally:
            posed(house, f"fault {name} none")
        since = time.monotonic()
        wait_until("recovery", lambda: is_up(house, device), 20)
        recovered.append(time.monotonic() - since)
    return noticed, recovered


Fleet = collections.namedtuple("Fleet", "mb core engines_core devices up_ms invalid")


def watch_fleet(bench, net, folder, pid):
    seconds = 4 if is_quick(bench) else 20
    engines = subprocess.Popen(
        [str(bench.binaries / "rong-bench"), "fleet", "--network", net, "--local", f"{net}.251.1",
         "--rooms", str(FLEET_ROOMS), "--ms", str(1000 * seconds)],
        stdout=subprocess.PIPE, stderr=open(folder / "engines.log", "w"), text=True)
    try:
        if engines.stdout.readline().strip() != "steady":
            raise Failure(f"the fleet does not come up: see {folder}/engines.log")
        begun, used = time.monotonic(), process.cpu_seconds_fine(pid)
        time.sleep(0.9 * seconds)
        core = (process.cpu_seconds_fine(pid) - used) / (time.monotonic() - begun)
        mb = process.status(pid, "VmRSS") / 1000 * 1.024
        done = json.loads(engines.communicate(timeout=30)[0])
    finally:
        if engines.poll() is None:
            engines.kill()
            engines.wait()
    lost = done["devices"] - done["least_up"]
    return Fleet(mb, core, done["cpu_s"] / done["seconds"], done["devices"], done["up_ms"],
                 f"{lost:.0f} devices were lost meanwhile" if lost else None)


def fleet(bench):
    """rong-sim as the devices of 240 rooms, all of them asked by engines as rooms do."""
    net, _ = free_network()
    folder = bench.folder / "fleet"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "sim.conf"
    config.write_text(f"[sim]\ncontrol={net}.250.1:5100\n[fleet]\nrooms={FLEET_ROOMS}\nnetwork={net}\n")
    bench.say(f"the devices of {FLEET_ROOMS} rooms …")
    with open(folder / "sim.log", "w") as log:
        sim = subprocess.Popen([str(bench.binaries / "rong-sim"), "fleet", "--config", str(config)],
                               stdout=log, stderr=log, env=dict(os.environ, LC_ALL="C.UTF-8"))
    try:
        wait_until("fleet", lambda: demo.listens(f"{net}.250.1", 5100), 10)
        return watch_fleet(bench, net, folder, sim.pid)
    finally:
        sim.terminate()
        sim.wait(10)
