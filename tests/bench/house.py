# SPDX-License-Identifier: Apache-2.0
"""The house that is measured: the demo's daemons on a loopback network of their own, with posed rooms.

One real room (its core, no meeting) stands idle beside it. Rooms of the meeting are posed by rong-load.
"""
import json
import pathlib
import random
import socket
import ssl
import subprocess
import sys
import time
import types
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(HERE / "tools"))
import demo  # noqa: E402  the same house as `make demo`

import process  # noqa: E402
import tree  # noqa: E402
from websocket import Client  # noqa: E402

IDLE_ROOM = 1  # of the demo's three
IDLE_DEVICES = 12  # of it; the demo's two among them
BENCH_CAMERA, BENCH_WALL = "22.11:52381", "22.12:5200"  # of the simulated devices that no room uses
JOINED_WITHIN_S = 100
Failure = demo.Failure
PICTURE = {"height": 360, "fps": 25, "kbps": 600}  # what a room on stage is asked to send
SPEECH = "/usr/share/sounds/alsa"
MEETING_UNITS = 250  # rong-signal takes 256
CHAIR_ASKS = 50  # at once; a session may ask 60, then 20 a second


def is_free(host, port):
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
            return True
        except OSError:
            return False


def free_network():
    """The first two numbers of a loopback network that nobody uses, and a port with its next one: a demo may
    have taken the usual ones of all addresses."""
    for _ in range(200):
        net, port = f"127.{random.randint(1, 254)}", random.randrange(10000, 19998, 2)
        if is_free(f"{net}.0.1", port) and is_free(f"{net}.0.1", port + 1):
            return net, port
    raise Failure("no free loopback network")


class House(demo.House):
    def __init__(self, folder, binaries, rooms, a_meeting=MEETING_UNITS, canvas=None):
        """`rooms` in as many meetings as it takes, of `a_meeting` rooms each; `canvas`: settings of that section."""
        net, port = free_network()
        super().__init__(types.SimpleNamespace(
            net=net, dir=folder, bin=binaries, port=port, rooms=rooms, media_addresses=f"{net}.0.1"))
        self.units, self.tree = tree.province(rooms)
        self.a_meeting, self.canvas = a_meeting, canvas
        self.meeting_of = {}  # by unit
        self.load = None
        self.loads = 0
        self.idle_since = None  # (monotonic, CPU seconds) of the idle room

    def room(self, k):
        """The idle room has as many devices as a hall: cameras and LED walls in turns."""
        values = super().room(k)
        for n in range(IDLE_DEVICES - 2 if k == IDLE_ROOM else 0):
            driver, port = (("visca", 52381), ("novastar", 5200))[n % 2]
            values[f"device more-{n}"] = {"driver": driver, "address": self.address(f"21.{101 + n}"), "port": port}
        return values

    def pose_more(self):
        """rong-sim again, for the idle room's other devices."""
        self.settings("sim", "sim-more.conf", {"sim": {"control": self.address("30.2") + ":5100"}, **{
            f"{('visca', 'novastar')[n % 2]} more-{n}": {
                "listen": f"{self.address(f'21.{101 + n}')}:{(52381, 5200)[n % 2]}"}
            for n in range(IDLE_DEVICES - 2)}})
        self.start("rong-sim-more", "rong-sim", "--config", self.folder / "sim-more.conf")

    def open(self, wakes_s=0):
        """`wakes_s`: how long to count the wakes of rong-mcu before there is a meeting."""
        self.prepare()
        self.write("units.csv", self.tree)
        if self.canvas:
            self.settings("mcu", "mcu.conf", {"signal": self.centre(), "canvas": self.canvas, "mcu": {
                "state_dir": f"{self.folder}/mcu", "media_addresses": self.options.media_addresses,
                "status_listen": f"{self.signal_ip}:9081"}})
        self.start("rong-signal", "rong-signal", "--config", self.folder / "signal.conf")
        self.start("rong-sim", "rong-sim", "--config", self.folder / "sim.conf")
        self.pose_more()
        self.until("rong-signal", lambda: demo.listens(self.signal_ip, self.options.port), 15)
        token_file = self.folder / "signal" / "admin.token"
        self.token = self.until("admin token", lambda: token_file.exists() and token_file.read_text().strip(), 5)
        self.rong("unit", "import", self.folder / "units.csv")
        self.run(self.bin / "rong-mcu", "--config", self.folder / "mcu.conf",
                 "--enroll", self.rong("mcu", "code", "mcu-1")["code"])
        self.start("rong-mcu", "rong-mcu", "--config", self.folder / "mcu.conf")
        self.wakes = self.count_wakes(wakes_s) if wakes_s else 0
        room = self.folder / f"room-{IDLE_ROOM}.conf"
        self.run(self.bin / "rong-room", "--config", room,
                 "--enroll", self.rong("room", "code", tree.BOX)["code"])
        self.start("rong-room", "rong-room", "--config", room)
        for begin in range(0, len(self.units), self.a_meeting):
            units = self.units[begin:begin + self.a_meeting]
            meeting = self.rong("meeting", "create", "--title", "Bench", "--units", ",".join(units), "--open")["id"]
            self.meeting_of.update(dict.fromkeys(units, meeting))
        self.meeting = self.meeting_of[self.units[0]]

    def count_wakes(self, seconds):
        """A second, of all threads of rong-mcu."""
        pid = self.pid("rong-mcu")
        time.sleep(2)  # it has connected
        before = process.wakes(pid)
        time.sleep(seconds)
        return (process.wakes(pid) - before) / seconds

    def note_idle(self):
        self.idle_since = time.monotonic(), process.cpu_seconds_fine(self.pid("rong-room"))

    def close(self):
        self.stop_load()
        super().close()

    # --- people and their sessions -----------------------------------------------------------------
    def context(self):
        return ssl.create_default_context(cafile=self.folder / "signal" / "ca.pem")

    def chair(self, name="Bench", meeting=None):
        """A new chair's WebSocket, greeted."""
        return self.person("chair", meeting or self.meeting, name)

    def person(self, role, meeting, name):
        url = self.rong("link", role, meeting, "--name", name)["url"]
        secret = urllib.parse.urlsplit(url).fragment.removeprefix("link=")
        request = urllib.request.Request(
            f"{self.url}/api/v1/session", json.dumps({"secret": secret}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20, context=self.context()) as reply:
            cookie = reply.headers["Set-Cookie"].split(";")[0]
        client = Client(self.signal_ip, self.options.port, self.context(), cookie)
        client.ask("hello", {"versions": [1], "client": {"name": "bench", "version": "0"}})
        return client

    def unmute(self, units, muted=False):
        for meeting in dict.fromkeys(self.meeting_of.values()):
            there = [unit for unit in units if self.meeting_of[unit] == meeting]
            for begin in range(0, len(there), CHAIR_ASKS):
                chair = self.chair(meeting=meeting)
                tickets = [chair.send("member.mute", {"meeting": meeting, "member": unit, "muted": muted})
                           for unit in there[begin:begin + CHAIR_ASKS]]
                for ticket in tickets:
                    chair.answer(ticket, 30)
                chair.close()

    # --- rong-load ----------------------------------------------------------------------------------
    def start_load(self, rooms, join_every_ms, *options, within_s=JOINED_WITHIN_S):
        """Poses as the first `rooms` units, which join one by one or (0) at once; waits for all pictures (or, with
        --sound-only, until media can flow)."""
        self.stop_load()
        self.loads += 1
        self.load = Load(self, rooms, join_every_ms, self.loads, options)
        self.load.wait_until_joined(within_s)
        if self.idle_since is None:
            self.note_idle()
        return self.load

    def stop_load(self):
        if self.load:
            self.load.stop()
            self.load = None

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.signal_ip}:9081/metrics", timeout=5) as reply:
            lines = [line.rsplit(" ", 1) for line in reply.read().decode().splitlines() if line[:1] not in ("#", "")]
        return {name: float(value) for name, value in lines}

    def pid(self, name):
        program = self.programs[name]
        if program.process.poll() is not None:
            raise Failure(f"{name} ended while it was measured: see {self.folder}/{name}.log")
        return program.process.pid


class Load:
    def __init__(self, house, rooms, join_every_ms, number, options):
        self.house, self.rooms = house, rooms
        self.joined = "joined" if "--sound-only" in options else "picture"
        self.watch_file = house.folder / f"load-{number}.watch"
        self.result_file = house.folder / f"load-{number}.json"
        self.watch_file.write_text("")
        self.events = []
        self.read_at = 0
        self.program = demo.Program(f"rong-load-{number}", [str(a) for a in [
            house.bin / "rong-load", "--signal", house.url,
            "--machines", f"wss://{house.signal_ip}:{house.options.port + 1}/ws",
            "--token-file", house.folder / "signal" / "admin.token",
            "--ca", house.folder / "signal" / "ca.pem",
            "--units", ",".join(house.units[:rooms]), "--first-mark", 4, "--local", house.signal_ip,
            "--speech", SPEECH,
            "--height", PICTURE["height"], "--fps", PICTURE["fps"], "--kbps", PICTURE["kbps"],
            # All have their WebSocket by then.
            "--join-after", 1000, "--join-every", join_every_ms,
            "--watch", self.watch_file, "--json", self.result_file, "--seconds", 0, *options]], house.folder, house.env)
        process.go_first(self.program.process.pid)

    def mark(self, unit):
        return 4 + self.house.units.index(unit)

    def read(self):
        """What happened, as rong-load tells it; grows."""
        with open(self.watch_file) as file:
            file.seek(self.read_at)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.read_at += len(whole.encode())
        self.events += [json.loads(line) for line in whole.splitlines()]
        if self.program.process.poll() is not None:
            raise Failure(f"rong-load ended: see {self.house.folder}/{self.program.name}.log")
        return self.events

    def joins_ms(self):
        return [event["ms"] for event in self.read() if event["what"] == self.joined]

    def wait_until_joined(self, within_s=JOINED_WITHIN_S):
        what = "media" if self.joined == "joined" else "pictures"
        self.wait_for(f"{what} in {self.rooms} rooms", lambda: len(self.joins_ms()) >= self.rooms, within_s)

    def wait_for(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise Failure(f"no {what} within {seconds} s: see the logs in {self.house.folder}")
            time.sleep(0.005)
        return value

    def seconds(self, from_us, to_us):
        return [e for e in self.read() if e["what"] == "second" and from_us <= e["us"] <= to_us]

    def stop(self):
        self.program.end()
        try:
            self.program.process.wait(10)
        except subprocess.TimeoutExpired:
            self.program.process.kill()
            self.program.process.wait()
        self.program.log.close()
