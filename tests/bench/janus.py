# SPDX-License-Identifier: Apache-2.0
"""Janus from Debian beside us: AudioBridge with encrypted and with plain participants, and VideoRoom's forwarders.

Its peers are `rong-bench peers`, so both servers have the same clients; its settings are written here; it is controlled
over its HTTP API. Server and generator have a core each.
"""
import base64
import collections
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import time

import process
from experiments import TALKERS, faults_of, settle, watch
from house import SPEECH, Failure

ROOM, PUBLISHER = 1, 7
SERVER_CORE, GENERATOR_CORE = {0}, {1}
GENERATOR_MAX = 0.7  # of its core: beyond, a point is invalid
SERVER_MAX = 0.97
READY_S = 40
SIOCGIFADDR = 0x8915
LIBRARIES = "/usr/lib/x86_64-linux-gnu/janus"
KEEP = {"libjanus_audiobridge.so", "libjanus_videoroom.so", "libjanus_http.so"}


def own_address():
    """Janus never gathers the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                raw = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            address = socket.inet_ntoa(raw[20:24])
            if not address.startswith("127."):
                return address
    raise Failure("Janus needs an address besides loopback, and this machine has none")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin(pid, cores):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(task.name), cores)
        except (OSError, ValueError):
            pass  # it ended, or there is no such core


class Janus:
    """One process with settings of its own; event_loops=None is its default, a thread a handle."""

    def __init__(self, bench, event_loops=None):
        if not shutil.which("janus"):
            raise Failure("Janus is not installed: tools/install-packages.sh bench")
        self.address, self.port = own_address(), free_port()
        self.folder = bench.folder / f"janus-{event_loops or 'default'}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.write_settings(event_loops)
        self.log = open(self.folder / "janus.log", "wb")
        self.process = subprocess.Popen(
            ["janus", "-F", str(self.folder), "-C", str(self.folder / "janus.jcfg")], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, preexec_fn=lambda: (os.setpgid(0, 0), pin(os.getpid(), SERVER_CORE)))
        process.go_first(self.process.pid)
        self.events = collections.defaultdict(list)  # by handle
        self.transactions = 0
        self.is_closing = False
        self.session = None
        self.session = self.until("answer of Janus", self.create, 15)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def write_settings(self, event_loops):
        def others(kind):
            return ",".join(sorted(file.name for file in pathlib.Path(LIBRARIES, kind).glob("*.so")
                                   if file.name not in KEEP))
        loops = f"event_loops = {event_loops}" if event_loops else ""
        (self.folder / "janus.jcfg").write_text(f"""
general: {{
  configs_folder = "{self.folder}"
  plugins_folder = "{LIBRARIES}/plugins"
  transports_folder = "{LIBRARIES}/transports"
  events_folder = "{LIBRARIES}/events"
  loggers_folder = "{LIBRARIES}/loggers"
  debug_level = 3
  session_timeout = 0
  {loops}
}}
media: {{ rtp_port_range = "20000-40000" }}
nat: {{ ice_enforce_list = "{self.address}" }}
plugins: {{ disable = "{others('plugins')}" }}
transports: {{ disable = "{others('transports')}" }}
loggers: {{ disable = "{others('loggers')}" }}
events: {{ broadcast = false }}
""")
        (self.folder / "janus.transport.http.jcfg").write_text(f"""
general: {{ json = "compact"  base_path = "/janus"  http = true  port = {self.port}  ip = "127.0.0.1"  https = false }}
admin: {{ admin_http = false  admin_https = false }}
""")
        (self.folder / "janus.plugin.audiobridge.jcfg").write_text(
            f'general: {{ rtp_port_range = "40000-50000"  local_ip = "{self.address}" }}\n')
        (self.folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")

    def until(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"Janus ended: see {self.folder}/janus.log")
            try:
                if value := condition():
                    return value
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise Failure(f"no {what} within {seconds} s: see {self.folder}/janus.log")

    def ask(self, path, message=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            if message is None:
                connection.request("GET", path)
            else:
                self.transactions += 1
                connection.request("POST", path, json.dumps({**message, "transaction": str(self.transactions)}),
                                   {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def create(self):
        return self.ask("/janus", {"janus": "create"}).get("data", {}).get("id")

    def attach(self, plugin):
        reply = self.ask(f"/janus/{self.session}", {"janus": "attach", "plugin": f"janus.plugin.{plugin}"})
        return reply["data"]["id"]

    def message(self, handle, body, jsep=None):
        """What a synchronous request gives; an asynchronous one's answer comes as an event."""
        message = {"janus": "message", "body": body}
        if jsep:
            message["jsep"] = {"type": "offer", "sdp": jsep, "trickle": False}
        reply = self.ask(f"/janus/{self.session}/{handle}", message)
        data = reply.get("plugindata", {}).get("data", {})
        if reply.get("janus") == "error" or "error" in data:
            raise Failure(f"Janus: {reply.get('error') or data['error']}")
        return data

    def read(self):
        while not self.is_closing:
            try:
                for event in self.ask(f"/janus/{self.session}?maxev=20", timeout=60):
                    if event.get("janus") == "event":
                        self.events[event["sender"]].append(event)
            except (OSError, ValueError, TypeError, AttributeError, http.client.HTTPException):
                if self.process.poll() is not None:
                    return
                time.sleep(0.05)

    def event_of(self, handle, field):
        """The first event of a handle that has this, in itself or in what the plugin says."""
        def look():
            for event in self.events[handle]:
                data = event.get("plugindata", {}).get("data", {})
                if "error" in data:
                    raise Failure(f"Janus: {data['error']}")
                if field in event or field in data:
                    return event.get(field) or data.get(field)
            return None
        return self.until(f"{field} from Janus", look, 20)

    def close(self):
        self.is_closing = True
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Peers:
    """rong-bench peers: their offers or ports, answers to them, and what they say each second."""

    def __init__(self, bench, folder, count, *options):
        self.count = count
        self.log = open(folder / "peers.log", "ab")
        self.process = subprocess.Popen(
            [str(bench.binaries / "rong-bench"), "peers", "--rooms", str(count), "--talkers", str(TALKERS),
             "--speech", SPEECH, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            preexec_fn=lambda: (os.setpgid(0, 0), pin(os.getpid(), GENERATOR_CORE), process.go_first(0)))
        self.seconds = []
        self.first = {}
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait(lambda: len(self.first) == count, "offers of the peers")

    def read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            if "second" in line:
                self.seconds.append({**line, "us": time.monotonic_ns() // 1000, "samples": 0, "concealed": 0})
            else:
                self.first[line["peer"]] = line

    def tell(self, number, answer):
        self.process.stdin.write(json.dumps({"peer": number, **answer}) + "\n")
        self.process.stdin.flush()

    def wait(self, condition, what, seconds=READY_S):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failure(f"no {what} within {seconds} s")
            time.sleep(0.02)

    def wait_until_heard(self):
        self.wait(lambda: self.seconds and self.seconds[-1]["sounds"] >= self.count, f"sound at {self.count} peers")

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdin.close()
        self.log.close()


Point = collections.namedtuple("Point", "count cores generator threads faults")


def window(server_pid, peers, seconds):
    """CPU of a server and whether its peers had what they should."""
    def now():
        return (time.monotonic_ns() // 1000, process.cpu_seconds(server_pid), process.cpu_seconds(peers.process.pid))

    before = now()
    time.sleep(seconds)
    after = now()
    past = (after[0] - before[0]) / 1e6
    inside = [second for second in peers.seconds if before[0] <= second["us"] <= after[0]]
    cores, generator = (after[1] - before[1]) / past, (after[2] - before[2]) / past
    faults = faults_of(inside, peers.count, "sounds")
    if inside and peers.count:
        rate = (inside[-1]["packets_in"] - inside[0]["packets_in"]) / max(len(inside) - 1, 1) / peers.count
        if rate < 48:
            faults.append(f"{rate:.0f} packets a second at each peer instead of 50")
    if cores > SERVER_MAX:
        faults.append("the server's core was full")
    if generator > GENERATOR_MAX:
        faults.append(f"the generator used {generator:.2f} of its core")
    return Point(peers.count, cores, generator, process.threads(server_pid), faults)


# --- AudioBridge ---------------------------------------------------------------------------------

def bridge(bench, janus, count, is_plain):
    """`count` participants of a fresh room, one handle each."""
    control = janus.attach("audiobridge")
    janus.message(control, {"request": "create", "room": ROOM, "sampling_rate": 48000, "audiolevel_ext": True,
                            "default_bitrate": 32000, "default_expectedloss": 5, "allow_rtp_participants": True})
    options = ["--local", janus.address] + (["--plain"] if is_plain else [])
    peers = Peers(bench, janus.folder, count, *options)
    try:
        for number in range(count):
            handle = janus.attach("audiobridge")
            first = peers.first[number]
            body = {"request": "join", "room": ROOM, "display": f"peer {number}"}
            if is_plain:
                body["rtp"] = {"ip": janus.address, "port": first["port"], "payload_type": 111, "audiolevel_ext": 1}
                janus.message(handle, body)
                to = janus.event_of(handle, "rtp")
                peers.tell(number, {"address": to["ip"], "port": to["port"]})
            else:
                janus.message(handle, body, first["sdp"])
                peers.tell(number, {"sdp": janus.event_of(handle, "jsep")["sdp"]})
        peers.wait_until_heard()
        return window(janus.process.pid, peers, bench.effort.window_s)
    finally:
        peers.close()


def bridge_points(bench, is_plain, loops):
    """From the largest size down to one that is clean: what it holds."""
    points = []
    kind = "plain RTP" if is_plain else "encrypted"
    for event_loops in loops:
        for count in bench.effort.janus_counts:
            bench.say(f"Janus AudioBridge, {count} {kind} participants, event_loops {event_loops or 'default'} …")
            janus = Janus(bench, event_loops)
            try:
                points.append((event_loops, bridge(bench, janus, count, is_plain)))
            except Failure as failure:
                points.append((event_loops, Point(count, 0, 0, 0, [str(failure)])))
            finally:
                janus.close()
            if not points[-1][1].faults:
                break
    return points


PROMISED = 200  # participants
# `ours`, `same`: windows of rong-mcu with PROMISED rooms, and with as many as Janus had; `points`: of Janus, all.
Compared = collections.namedtuple("Compared", "ours same janus points")


def ours_encrypted(bench, count):
    house = bench.house
    house.unmute(house.units[:TALKERS])
    load = house.start_load(count, 20, "--sound-only")
    pids = house.pid("rong-mcu"), load.program.process.pid
    cores = SERVER_CORE, GENERATOR_CORE
    work = {"mcu_audio_encoded_shared_total": ("shared mixes encoded", 50)}
    try:
        for pid, core in zip(pids, cores):
            pin(pid, core)
        settle(bench, work)
        window = watch(house, count, bench.effort.window_s, work, "sounds")
        return window if not window.faults else watch(house, count, bench.effort.window_s, work, "sounds")
    finally:
        for pid in pids:
            pin(pid, set(range(os.cpu_count())))
        house.stop_load()


def encrypted(bench):
    """AudioBridge with encrypted participants beside rong-mcu with as many rooms, both pinned."""
    points = bridge_points(bench, False, (1, None))
    best = best_of(points)
    windows = {}
    for count in (PROMISED, best.count):
        bench.say(f"{count} rooms of rong-mcu for comparison …")
        windows[count] = ours_encrypted(bench, count)
    return Compared(windows[PROMISED], windows[best.count], best, points)


def plain(bench):
    """AudioBridge with plain participants: its mixing and codecs, since nothing is encrypted."""
    points = bridge_points(bench, True, (None,))
    return Compared(None, None, best_of(points), points)


def best_of(points):
    """The cheapest a participant of the largest clean size."""
    clean = [point for _, point in points if not point.faults]
    if not clean:
        raise Failure("Janus: " + "; ".join(fault for _, point in points for fault in point.faults))
    largest = max(point.count for point in clean)
    return min((point for point in clean if point.count == largest), key=lambda point: point.cores)


def tell_points(points):
    return ", ".join(f"{point.count}: " + (f"{point.cores:.2f} core, {point.threads} threads" if not point.faults
                                           else point.faults[0]) + (f" (event_loops={loops})" if loops else "")
                     for loops, point in points)


# --- VideoRoom's forwarders ----------------------------------------------------------------------

Fanout = collections.namedtuple("Fanout", "packets_a_cpu_second count cores base")


def fanout(bench):
    """One publisher of 720p, forwarded as SRTP to as many ports, which are read."""
    count = bench.effort.forwards
    bench.say(f"Janus VideoRoom, {count} forwarders …")
    janus, peers, sinks = Janus(bench), None, None
    try:
        control = janus.attach("videoroom")
        janus.message(control, {"request": "create", "room": ROOM, "publishers": 2, "videocodec": "h264",
                                "bitrate": 8000000})
        peers = Peers(bench, janus.folder, 1, "--local", janus.address, "--picture")
        handle = janus.attach("videoroom")
        janus.message(handle, {"request": "join", "room": ROOM, "ptype": "publisher", "id": PUBLISHER})
        janus.event_of(handle, "private_id")
        janus.message(handle, {"request": "publish"}, peers.first[0]["sdp"])
        answer = janus.event_of(handle, "jsep")["sdp"]
        streams = janus.event_of(handle, "streams")
        peers.tell(0, {"sdp": answer})
        peers.wait(lambda: peers.seconds and peers.seconds[-1]["connected"] == 1, "connection to VideoRoom")
        mid = next(stream["mid"] for stream in streams if stream["type"] == "video" and not stream.get("disabled"))
        sinks = Peers(bench, janus.folder, count, "--local", "127.0.0.1", "--plain")
        base = one_way(janus, sinks, bench.effort.window_s)[0]
        for number in range(count):
            # Janus protects once for all forwarders of one key; receivers of a meeting have their own.
            srtp = {"srtp_suite": 80, "srtp_crypto": base64.b64encode(os.urandom(30)).decode()}
            janus.message(control, {
                "request": "rtp_forward", "room": ROOM, "publisher_id": PUBLISHER, "host": "127.0.0.1", **srtp,
                "streams": [{"mid": mid, "port": sinks.first[number]["port"], **srtp}]})
        sinks.wait_until_heard()
        cores, rate = one_way(janus, sinks, bench.effort.window_s)
        return Fanout(rate / max(cores - base, 0.001), count, cores, base)
    finally:
        for each in (peers, sinks):
            if each:
                each.close()
        janus.close()


def one_way(janus, sinks, seconds):
    """(cores of Janus, packets a second that came out)."""
    sinks.wait(lambda: sinks.seconds, "word of the sinks")
    pid, first, seen = janus.process.pid, sinks.seconds[-1], len(sinks.seconds)
    before, begun = process.cpu_seconds_fine(pid), time.monotonic()
    sinks.wait(lambda: len(sinks.seconds) >= seen + seconds, "word of the sinks")
    cores = (process.cpu_seconds_fine(pid) - before) / (time.monotonic() - begun)
    last = sinks.seconds[-1]
    return cores, 1e6 * (last["packets_in"] - first["packets_in"]) / (last["us"] - first["us"])
