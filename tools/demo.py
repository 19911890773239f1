#!/usr/bin/env python3
"""Starts the whole house on this machine: rong-signal, rong-mcu, simulated devices and rooms.

Prints `RONG_DEMO {json}` when every room is in the mix, restarts what dies (as systemd would), and
ends everything on Ctrl-C. The tests start the same program on a loopback network of their own.
"""
import argparse
import ctypes
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOMS = [  # code, name, parent's name: the hall in Pleiku, a district, a commune
    ("64", "Hội trường 2/9 – Tỉnh Gia Lai"),
    ("633", "Huyện Chư Sê"),
    ("23942", "Xã Ia Blang"),
]
BINARIES = ["rong-signal", "rong-mcu", "rong-room", "rong-room-media", "rong-sim", "rong", "rong-load"]
PR_SET_PDEATHSIG = 1


class Failure(Exception):
    """Something the person who typed `make demo` must read: one sentence with the cure."""


def die_with_parent():
    os.setpgid(0, 0)  # Ctrl-C reaches only the demo, which ends its children in order
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One process of the house; started again when it dies, until the demo ends."""

    def __init__(self, name, command, folder, env):
        self.name, self.command, self.env = name, command, env
        self.log = open(folder / f"{name}.log", "ab")
        self.process, self.born, self.starts = None, 0.0, 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=self.env, preexec_fn=die_with_parent, cwd=HERE)
        self.born = time.monotonic()
        self.starts += 1

    def keep_alive(self):
        """True if it had died and was started again."""
        if self.process.poll() is None:
            return False
        if time.monotonic() - self.born < 0.5:  # not a tight loop
            return False
        self.log.write(f"demo: {self.name} ended with {self.process.returncode}, started again\n".encode())
        self.log.flush()
        self.start()
        return True

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline):
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class House:
    def __init__(self, options):
        self.options = options
        self.net = options.net
        self.folder = pathlib.Path(options.dir).resolve()
        self.bin = pathlib.Path(options.bin).resolve()
        self.programs = {}
        self.env = dict(os.environ, LC_ALL="C.UTF-8", G_SLICE="always-malloc")
        self.env.pop("NOTIFY_SOCKET", None)

    def address(self, last):
        return f"{self.net}.{last}"

    @property
    def signal_ip(self):
        return self.address("0.1")

    @property
    def url(self):
        return f"https://{self.signal_ip}:{self.options.port}"

    # --- files -----------------------------------------------------------------------------------
    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def prepare(self):
        missing = [b for b in BINARIES if not (self.bin / b).exists()]
        if missing:
            raise Failure(f"{', '.join(missing)} not built yet: run `make all` first")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.lock = open(f"{self.folder}.lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"a demo is running in {self.folder} already: end it with Ctrl-C first") from None
        for port in (self.options.port, self.options.port + 1):
            if is_taken(self.signal_ip, port):
                raise Failure(f"{self.signal_ip}:{port} is taken by another program: end it, or choose with --port")
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        self.write("units.csv", units_csv(self.options.rooms))
        listen = "0.0.0.0" if self.net == "127.0" else self.signal_ip
        self.settings("signal", "signal.conf", {"signal": {
            "state_dir": f"{self.folder}/signal",
            "web_root": f"{HERE}/build/web",
            "public_url": self.url,
            "public_listen": f"{listen}:{self.options.port}",
            "machine_listen": f"{listen}:{self.options.port + 1}",
            "status_listen": f"{self.signal_ip}:9080",
            "server_names": f"{self.signal_ip},127.0.0.1,localhost,::1",
        }})
        self.settings("mcu", "mcu.conf", {"signal": self.centre(), "mcu": {
            "state_dir": f"{self.folder}/mcu",
            "media_addresses": self.options.media_addresses or "",
            "status_listen": f"{self.signal_ip}:9081",
        }})
        devices = {}
        for k in range(1, 4):
            devices[f"visca camera-{k}"] = {
                "listen": self.address(f"2{k}.11") + ":52381", "tcp_listen": self.address(f"2{k}.11") + ":5678"}
            devices[f"novastar led-{k}"] = {"listen": self.address(f"2{k}.12") + ":5200"}
            self.settings("room", f"room-{k}.conf", self.room(k))
        self.settings("sim", "sim.conf", {"sim": {"control": self.address("30.1") + ":5100"}, **devices})

    def centre(self):
        return {"url": self.url, "machine_url": f"wss://{self.signal_ip}:{self.options.port + 1}/ws"}

    def room(self, k):
        box = self.address(f"2{k}.1")
        return {
            "room": {"name": ROOMS[k - 1][1], "address": box, "state_dir": f"{self.folder}/room-{k}"},
            "signal": self.centre(),
            "media": {"program": f"{self.bin}/rong-room-media", "source": "synthetic", "mark": k},
            "page": {"listen": f"{box}:8480"},
            "status": {"listen": f"{box}:9082"},
            "device camera": {"driver": "visca", "address": self.address(f"2{k}.11"),
                              "transport": "tcp" if k == 2 else "udp", "port": 5678 if k == 2 else 52381},
            "device led": {"driver": "novastar", "address": self.address(f"2{k}.12"), "port": 5200},
            "scene idle": {"camera.preset": 1, "led.brightness": 20},
            "scene meeting": {"camera.preset": 1, "led.brightness": 50},
            "scene floor": {"camera.preset": 2, "led.brightness": 90},
            "scene content": {"camera.preset": 1, "led.brightness": 70},
            "scene ended": {"camera.preset": 1, "led.brightness": 20},
            "scene chao-co": {"label": "Chào cờ", "camera.preset": 3, "led.brightness": 100},
        }

    def settings(self, sample, name, values):
        """The administrator's sample of deploy/settings with these values filled in where it has them."""
        text = (HERE / "deploy" / "settings" / f"{sample}.conf").read_text()
        lines, section, left = [], None, {at: dict(rows) for at, rows in values.items()}
        for line in text.splitlines():
            lines.append(line)
            if line.startswith("["):
                section = line.strip("[]")
                continue
            key = line.lstrip("#").partition("=")[0].strip()
            if line.startswith("#") and key in left.get(section, {}):
                lines.append(f"{key} = {left[section].pop(key)}")
        missing = [f"[{at}] {key}" for at, rows in left.items() if " " not in at for key in rows]
        if missing:
            raise Failure(f"deploy/settings/{sample}.conf has no {', '.join(missing)}: see `make check`")
        for at, rows in left.items():
            if rows:
                lines += ["", f"[{at}]", *(f"{key} = {value}" for key, value in rows.items())]
        self.write(name, "\n".join(lines) + "\n")

    # --- steps -----------------------------------------------------------------------------------
    def run(self, *arguments):
        done = subprocess.run(arguments, capture_output=True, text=True, env=self.env, cwd=HERE, timeout=60)
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def rong(self, *arguments):
        return json.loads(self.run(self.bin / "rong", "--config", self.folder / "signal.conf", "--json", *arguments))

    def start(self, name, program, *arguments):
        self.programs[name] = Program(name, [str(self.bin / program), *map(str, arguments)], self.folder, self.env)

    def until(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        while True:
            for program in self.programs.values():
                if program.process.poll() is not None and program.starts == 1:
                    tail = (self.folder / f"{program.name}.log").read_text(errors="replace").strip().splitlines()
                    raise Failure(f"{program.name} ended: {tail[-1] if tail else 'no word in its log'} "
                                  f"(see {self.folder}/{program.name}.log)")
            try:
                value = condition()
            except OSError:
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failure(f"no {what} within {seconds} s: see the logs in {self.folder}")
            time.sleep(0.05)

    def get(self, path):
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        context = ssl.create_default_context(cafile=self.folder / "signal" / "ca.pem")
        with urllib.request.urlopen(request, timeout=5, context=context) as reply:
            return json.load(reply)

    def open(self):
        say("starting rong-signal and the simulated devices …")
        self.start("rong-signal", "rong-signal", "--config", self.folder / "signal.conf")
        self.start("rong-sim", "rong-sim", "--config", self.folder / "sim.conf")
        self.until("rong-signal", lambda: listens(self.signal_ip, self.options.port), 15)
        token_file = self.folder / "signal" / "admin.token"
        self.token = self.until("admin token", lambda: token_file.exists() and token_file.read_text().strip(), 5)
        self.until("address of rong-signal", (self.folder / "signal" / "url").exists, 15)
        self.rong("unit", "import", self.folder / "units.csv")

        say("enrolling the MCU and the rooms …")
        self.run(self.bin / "rong-mcu", "--config", self.folder / "mcu.conf",
                 "--enroll", self.rong("mcu", "code", "mcu-1")["code"])
        self.start("rong-mcu", "rong-mcu", "--config", self.folder / "mcu.conf")
        for k, (code, _) in enumerate(ROOMS, 1):
            self.run(self.bin / "rong-room", "--config", self.folder / f"room-{k}.conf",
                     "--enroll", self.rong("room", "code", code)["code"])
            self.start(f"rong-room-{k}", "rong-room", "--config", self.folder / f"room-{k}.conf")

        units = [code for code, _ in ROOMS] + extra_units(self.options.rooms)
        self.meeting = self.rong("meeting", "create", "--title", "Giao ban trực tuyến tỉnh Gia Lai",
                                 "--units", ",".join(units), "--open")["id"]
        if len(units) > len(ROOMS):
            self.start("rong-load", "rong-load", "--signal", self.url,
                       "--machines", f"wss://{self.signal_ip}:{self.options.port + 1}/ws",
                       "--token-file", token_file, "--ca", self.folder / "signal" / "ca.pem",
                       "--units", ",".join(units[len(ROOMS):]), "--seconds", "0")
        say(f"waiting until {len(units)} rooms are in the mix …")
        wanted = set(units)
        self.until("complete mix", lambda: wanted <= {
            m["id"] for m in self.get(f"/api/v1/meetings/{self.meeting}")["members"] if m["connected"]}, 60)
        return {
            "url": self.url + "/",
            "chair_url": self.rong("link", "chair", self.meeting, "--name", "Chủ tọa")["url"],
            "technician_url": self.rong("link", "technician", self.meeting, "--name", "Kỹ thuật viên")["url"],
            "api_token": self.token,
            "meeting": self.meeting,
            "rooms": units,
            "room_pages": [f"http://{self.address(f'2{k}.1')}:8480/" for k in range(1, 4)],
            "sims": {"visca": [f"{self.address(f'2{k}.11')}:52381" for k in range(1, 4)],
                     "novastar": [f"{self.address(f'2{k}.12')}:5200" for k in range(1, 4)],
                     "control": f"{self.address('30.1')}:5100"},
            "metrics": {"signal": f"http://{self.signal_ip}:9080/metrics",
                        "mcu": f"http://{self.signal_ip}:9081/metrics"},
            "dir": str(self.folder),
            "pids": self.pids(),
        }

    def pids(self):
        names = {"rong-signal": "signal", "rong-mcu": "mcu", "rong-sim": "sim", "rong-load": "load"}
        return {names.get(name, name.replace("rong-", "")): p.process.pid for name, p in self.programs.items()}

    def watch(self):
        pids_file = self.folder / "pids.json"
        pids_file.write_text(json.dumps(self.pids()))
        while True:
            if any([p.keep_alive() for p in self.programs.values()]):
                fresh = pids_file.with_suffix(".new")
                fresh.write_text(json.dumps(self.pids()))
                fresh.rename(pids_file)
            time.sleep(0.1)

    def close(self):
        for program in reversed(self.programs.values()):
            program.end()
        deadline = time.monotonic() + 5
        for program in self.programs.values():
            program.wait(deadline)


def is_taken(host, port):
    try:
        return listens(host, port)
    except OSError:
        return False


def listens(host, port):
    with socket.create_connection((host, port), timeout=1):
        return True


def extra_units(rooms):
    return [str(90000 + n) for n in range(1, rooms - len(ROOMS) + 1)]


def units_csv(rooms):
    lines = ["code,parent,level,name,link_kbps",
             "64,,province,Tỉnh Gia Lai,100000",
             "633,64,district,Huyện Chư Sê,20000",
             "23942,633,commune,Xã Ia Blang,2000"]
    districts = {}
    for n, code in enumerate(extra_units(rooms)):
        district = 9000 + n // 13  # about 13 communes a district, as in the province
        if district not in districts:
            districts[district] = True
            lines.append(f"{district},64,district,Huyện {len(districts)},20000")
        lines.append(f"{code},{district},commune,Xã số {n + 1},{4000 if n % 6 == 0 else 2000}")
    return "\n".join(lines) + "\n"


def say(text):
    print(f"demo: {text}", flush=True)


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", type=int, default=int(os.environ.get("ROOMS") or 3), help="rooms in all (3 or more)")
    parser.add_argument("--net", default="127.0", help="first two numbers of the loopback addresses")
    parser.add_argument("--port", type=int, default=8443, help="the page's port; machines use the next one")
    parser.add_argument("--dir", default=HERE / "build" / "demo", help="state and logs; emptied first")
    parser.add_argument("--bin", default=HERE / "build" / "release", help="the programs")
    parser.add_argument("--media-addresses", help="addresses the MCU offers (default: all of this machine)")
    options = parser.parse_args()
    if not 3 <= options.rooms <= 240:
        parser.error("--rooms must be 3 to 240")
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)  # a shell starts background jobs deaf to it
    house = House(options)
    try:
        house.prepare()
        print("RONG_DEMO " + json.dumps(house.open(), ensure_ascii=False), flush=True)
        house.watch()
    except KeyboardInterrupt:
        return 0
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # timeout(1) says it twice
        house.close()


if __name__ == "__main__":
    sys.exit(main())
