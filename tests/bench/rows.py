# SPDX-License-Identifier: Apache-2.0
"""The table of `make bench`: one entry a row. Rows of rong-bench micro stand in the micro_*.c files."""
import equipment
import experiments
import janus
import picture
import province
import stage
from house import IDLE_DEVICES, Failure
from report import Row, Value, middle, percentile


def span(values, digits=3):
    return f"{min(values):.{digits}g}…{max(values):.{digits}g} in {len(values)}"


# --- CPU by rooms --------------------------------------------------------------------------------

def point(bench, rooms):
    at = bench.once(experiments.capacity)[rooms]
    if not at.taken:
        raise Failure("; ".join(at.failures))
    return at


def core(rooms):
    def measure(bench):
        at = point(bench, rooms)
        return Value(at.cores(), f"median of windows, {span([w.cores for w in at.windows])}; {at.note()}", at.invalid())
    return measure


def bare(rooms):
    def measure(bench):
        at = point(bench, rooms)
        parts = ", ".join(f"{name.replace('_', ' ')} {at.part(name):.3f}" for name in at.bares[0]["parts"])
        return Value(at.bare(), parts)
    return measure


def overhead(rooms):
    def measure(bench):
        at = point(bench, rooms)
        ratios = at.ratios()
        return Value(middle(ratios), f"rong-mcu ÷ bare cost in turns: {span(ratios)}; receiving is not in the bare "
                     f"cost{at.left_out()}", at.invalid())
    return measure


def part_ms(rooms, part, a_second):
    """The bare cost of one operation of a part."""
    def measure(bench):
        at = point(bench, rooms)
        return Value(1000 * at.part(part) / a_second(at.bares[0]), "at the pace of a meeting, caches cold")
    return measure


# --- joining, memory, threads --------------------------------------------------------------------

def join_p95(bench):
    joins = [ms for at in bench.once(experiments.capacity).values() if at.rooms >= 20 for ms in at.joins_ms]
    return Value(percentile(joins, 95), f"offer → first whole picture, joining one by one; median {middle(joins):.0f}, "
                 f"{span(joins)}")


def join_at_once(bench):
    rooms, every = bench.once(experiments.at_once)
    lasts = [max(joins) for joins in every]
    return Value(middle(lasts), f"{rooms} offers in one tick → the last one's first whole picture; {span(lasts)}; "
                 f"median room {middle([ms for joins in every for ms in joins]):.0f} ms")


def memory(low, high):
    def measure(bench):
        a, b = point(bench, low), point(bench, high)
        slope = (b.windows[0].mib - a.windows[0].mib) / (high - low)
        tiles = min(high, experiments.TILES_MAX) - min(low, experiments.TILES_MAX)
        with_tiles = f", {tiles} decoders and tiles more" if tiles else ", the same tiles"
        return Value(slope, f"{a.windows[0].mib:.0f} MiB at {low} rooms, {b.windows[0].mib:.0f} at {high}{with_tiles}")
    return measure


def threads(rooms):
    def measure(bench):
        at = point(bench, rooms)
        return Value(middle([window.threads for window in at.windows]), "of these one a processor for all codecs")
    return measure


def more_threads(bench):
    return Value(threads(236)(bench).value - threads(20)(bench).value, "tiles are the same 16")


def wakes(bench):
    return Value(bench.house.wakes, f"all threads, {bench.effort.wakes_s} s, connected to rong-signal")


# --- the whole province ---------------------------------------------------------------------------

def sound_beyond(kind, who):
    def measure(bench):
        sound = bench.once(province.sound)
        values = sound.beyond(kind)
        return Value(middle(values), f"{who}, no pictures: rong-mcu less the bare send beside it, {span(values)}; "
                     f"{sound.note(kind)}", sound.invalid(kind))
    return measure


def bare_send(bench):
    sends = [parts["send_sound"] for parts in bench.once(province.sound).parts]
    return Value(middle(sends), f"{province.ROOMS} rooms: protect (AES-GCM) and one send a member and packet; {span(sends)}")


def join_province(bench):
    lasts, every = bench.once(province.at_once)
    return Value(middle(lasts), f"{province.ROOMS} offers in one tick → the last one's first whole picture; {span(lasts)}; "
                 f"median room {middle(every):.0f} ms")


def thousand(bench):
    """Measured if the generator kept up; else by the line through 20 and 236 rooms."""
    many = bench.once(province.thousand)
    generator = f"generator {many.window.load_cores:.2f} core"
    held = f"{province.THOUSAND} rooms in {many.meetings} meetings (rong-signal takes 256 a meeting), sound alone; {generator}"
    return Value(many.window.cores, held, "; ".join(many.window.faults) or None)


def thousand_memory(bench):
    many = bench.once(province.thousand)
    return Value(many.window.mib / province.THOUSAND, f"{many.window.mib:.0f} MiB resident at {province.THOUSAND} rooms")


def thousand_threads(bench):
    many = bench.once(province.thousand)
    return Value(many.window.threads, f"at {province.THOUSAND} rooms in {many.meetings} meetings")


def slope(low, high):
    """Of a further receiver: the tiles are the same."""
    def measure(bench):
        a, b = point(bench, low), point(bench, high)
        per_cent = 100 * (b.cores() - a.cores()) / (high - low)
        return Value(per_cent, f"{a.cores():.3f} core at {low} rooms, {b.cores():.3f} at {high}; the same "
                     f"{experiments.TILES_MAX} tiles", a.invalid() or b.invalid())
    return measure


def fit(low, high, rooms):
    def measure(bench):
        a, b = point(bench, low), point(bench, high)
        value = b.cores() + (rooms - high) * (b.cores() - a.cores()) / (high - low)
        return Value(value, f"the line through {low} and {high} rooms at {rooms}: one meeting, 720p25 to all; a fit, not a "
                     "measurement", a.invalid() or b.invalid())
    return measure


# --- bad links -----------------------------------------------------------------------------------

LOSSY = f"{picture.LOSSY_ROOMS} rooms that send RED, 10 % random loss, 60 ms round trip, {picture.LOSS_S} s"


def concealed_down(bench):
    loss = bench.once(picture.loss_down)
    return Value(loss.concealed, f"towards the rooms, in {picture.LISTENERS} of them; {LOSSY}", loss.invalid)


def concealed_up(bench):
    loss = bench.once(picture.loss_up)
    return Value(loss.mcu_concealed, f"from the rooms, of what the centre decoded; {LOSSY}", loss.invalid)


def concealed_one_copy(bench):
    loss = bench.once(picture.loss_up_one_copy)
    return Value(loss.mcu_concealed, "rong-load in a browser's place: one copy in RED, from the rooms, of what the centre "
                 f"decoded; {LOSSY}", loss.invalid)


def gaps_at_loss(bench):
    loss = bench.once(picture.loss_down)
    return Value(loss.gaps, f"over 60 ms, in {picture.LISTENERS} rooms; {LOSSY}", loss.invalid)


def frozen_at_loss(bench):
    loss = bench.once(picture.loss_down)
    return Value(loss.frozen, f"of the time, WebRTC's rule, in {picture.LISTENERS} rooms; {LOSSY}", loss.invalid)


def on_link(name, field):
    """What rooms on one of the province's links get."""
    def measure(bench):
        on = bench.once(picture.LINKED[name])
        return Value(getattr(on, field), f"{picture.LINKED_ROOMS} rooms on {on.link}, {picture.LINK_S} s: heights {on.height}, "
                     f"{on.fps:.1f} a second, {on.frozen:.1f} % frozen, {on.concealed:.2f} % of the sound concealed", on.invalid)
    return measure


# --- the picture ---------------------------------------------------------------------------------

def added_to_picture(share):
    def measure(bench):
        added = bench.once(picture.added)
        return Value(percentile(added.ms, share), "a room sends a frame mark → another has decoded it in the large tile, its "
                     f"receiving and decoding in it; {added.rooms} rooms, {span(added.ms)}", added.invalid)
    return measure


def key_frames_in_storm(bench):
    storm = bench.once(picture.storm)
    return Value(max(storm.key_frames) / max(storm.tiers, 1), f"a tier, in the second after {min(storm.plis):.0f} PLIs at once, "
                 f"{len(storm.plis)} times; {storm.tiers:.0f} encoders", storm.invalid)


def small_meetings(bench):
    window = bench.once(picture.meetings)
    return Value(window.cores, f"{picture.MEETINGS} meetings of {picture.A_MEETING} rooms, 480p15 each; generator "
                 f"{window.load_cores:.2f} core, {window.threads} threads", "; ".join(window.faults) or None)


def composing(key, name):
    def measure(bench):
        done = bench.once(picture.composed)
        return Value(done.ours / getattr(done, key), f"16 × 360p25 into 720p25, composing alone, ours ÷ {name}; {done.detail}")
    return measure


# --- beside Janus --------------------------------------------------------------------------------

def encrypted_ratio(bench):
    """Of CPU a participant: ICE, DTLS-SRTP, mixing and codecs on both sides."""
    done = bench.once(janus.encrypted)
    count, theirs = done.janus.count, done.janus.cores / done.janus.count
    return Value(done.ours.cores / janus.PROMISED / theirs,
                 f"CPU a participant, 3 talk: rong-mcu {done.ours.cores:.3f} core with {janus.PROMISED}, AudioBridge {done.janus.cores:.2f} "
                 f"with {count}, the most it held; with {count} each {done.same.cores / done.janus.cores:.3f}; Janus at "
                 f"{janus.tell_points(done.points)}", "; ".join(done.ours.faults) or None)


def mixing_ratio(bench):
    """Of CPU a participant: our mixer alone, AudioBridge with plain RTP."""
    done = bench.once(janus.plain)
    tick_us = {entry["name"]: entry["value"] for entry in bench.once(experiments.micro)}["audio.mix_tick_200_rooms"]
    ours, theirs = tick_us / 20000 / 200, done.janus.cores / done.janus.count
    return Value(ours / theirs, f"a participant: our mixer and codecs {1e6 * ours:.0f} µs a second (200 rooms), AudioBridge "
                 f"{1e6 * theirs:.0f} (plain RTP, its sockets are in it); Janus at {janus.tell_points(done.points)}")


def fanout_ratio(bench):
    """Of packets a second of CPU: a further receiver of 720p."""
    theirs = bench.once(janus.fanout)
    a, b = point(bench, 20), point(bench, 236)
    ours = (middle([w.packets for w in b.windows]) - middle([w.packets for w in a.windows])) / (b.cores() - a.cores())
    return Value(ours / theirs.packets_a_cpu_second, f"packets a second of CPU, by the slope: rong-mcu {ours:.0f} (from 20 to 236 "
                 f"rooms, sound in it), VideoRoom's forwarders {theirs.packets_a_cpu_second:.0f} ({theirs.count} of them, SRTP with keys of "
                 "their own, no feedback)", a.invalid() or b.invalid())


# --- the floor and signalling --------------------------------------------------------------------

def floor_to_screen(share):
    def measure(bench):
        floor = bench.once(experiments.floor)
        return Value(percentile(floor.screen_ms, share), "floor.grant sent → first decoded picture with the room "
                     f"large, 20 rooms; {span(floor.screen_ms)}", floor.invalid)
    return measure


def arrangement_to_screen(share):
    def measure(bench):
        done = bench.once(stage.arranged)
        return Value(percentile(done.cut_ms, share), "stage.set sent → first decoded picture with the other room large, both on "
                     f"stage before, 20 rooms; {span(done.cut_ms)}", done.invalid)
    return measure


def content_step(bench):
    done = bench.once(stage.shared)
    return Value(100 * (done.after.cores - done.before.cores), f"a shared screen of 1080 lines at 8 to {stage.SHARING_ROOMS} rooms: "
                 f"{done.before.cores:.2f} → {done.after.cores:.2f} core", done.invalid)


def core_with_content(bench):
    done = bench.once(stage.shared)
    return Value(done.after.cores, f"{stage.SHARING_ROOMS} rooms, 16 tiles, content on; generator {done.after.load_cores:.2f} core", done.invalid)


def content_shown(bench):
    done = bench.once(stage.shared)
    return Value(max(done.shown_ms), "floor.grant sent → the room shares → the last of "
                 f"{stage.LOOKING} has its first picture of it; {span(done.shown_ms)}", done.invalid)


def grant_round_trip(share):
    def measure(bench):
        replies = bench.once(experiments.floor).reply_ms
        return Value(percentile(replies, share), f"request → answer, journal synced between; {span(replies)}")
    return measure


def operations(bench):
    a_second, count, chairs = bench.once(experiments.operations)
    return Value(a_second, f"{count} mutes of {chairs} chairs, each synced and told to 20 rooms; the client "
                 "is Python on the same cores")


# --- devices and the box -------------------------------------------------------------------------

def device(key, what, share=99):
    def measure(bench):
        times = bench.once(experiments.devices)[key]
        return Value(percentile(times, share), f"{what}; median {middle(times):.2f}, {len(times)} requests")
    return measure


def delay(experiment, less_ms=0):
    """Of chirps, what lies between hearing them through the centre and past it."""
    def measure(bench):
        run = bench.once(experiment)
        few = None if run["chirps"] >= 16 else f"only {run['chirps']:.0f} chirps were found"
        return Value(run["median_ms"] - less_ms,
                     f"{run['chirps']:.0f} chirps in 4 phases, {run['least_ms']:.0f} … {run['most_ms']:.0f} ms, over sockets; "
                     f"the link's jitter p99 {run['jitter_p99_ms']:.0f} ms; {run['concealed_percent']:.1f} % concealed", few)
    return measure


def stop_p95(bench):
    times = bench.once(equipment.stops)
    return Value(percentile(times, 95), "room.drive stop on a WebSocket → rong-signal → rong-room → received by the "
                 f"posed camera; {span(times)}")


def loss(at, what):
    def measure(bench):
        times = bench.once(equipment.losses)[at]
        return Value(max(times), f"the slowest of camera (UDP) and LED wall (TCP), {what}; {span(times)}")
    return measure


def fleet(field, what):
    def measure(bench):
        fleet = bench.once(equipment.fleet)
        return Value(getattr(fleet, field), f"{what}; {fleet.devices:.0f} devices, up in {fleet.up_ms:.0f} ms, asked "
                     "as rooms do", fleet.invalid)
    return measure


IDLE = f"rong-room, {IDLE_DEVICES} devices, no meeting"


def idle_memory(bench):
    room = bench.once(experiments.idle_room)
    return Value(room.mb, f"{IDLE}; {room.own_mb:.1f} of it its own, the rest pages of libraries")


def idle_cpu(bench):
    room = bench.once(experiments.idle_room)
    return Value(100 * room.core, f"{IDLE}, {room.seconds:.0f} s")


ROWS = [
    Row("wire.wakes_without_meeting", "1/s", "≤ 2", wakes, full_only=True),
    Row("video.core_at_3_rooms", "core", None, core(3)),
    Row("video.bare_at_3_rooms", "core", None, bare(3)),
    Row("video.overhead_ratio_at_3_rooms", "ratio", "≤ 1.25", overhead(3)),
    Row("video.core_at_20_rooms", "core", None, core(20)),
    Row("video.bare_at_20_rooms", "core", None, bare(20)),
    Row("video.overhead_ratio_at_20_rooms", "ratio", "≤ 1.25", overhead(20)),
    Row("video.core_at_236_rooms", "core", "≤ 1.0", core(236), full_only=True),
    Row("video.bare_at_236_rooms", "core", None, bare(236), full_only=True),
    Row("video.overhead_at_236", "ratio", "≤ 1.25", overhead(236), full_only=True),
    Row("video.core_a_further_receiver", "% core", "≤ 0.1", slope(20, 236), full_only=True),
    Row("video.core_at_1000_rooms_fit", "core", "≤ 2.0", fit(20, 236, 1000), full_only=True),
    Row("video.bare_encode_720p", "ms", None, part_ms(20, "encode", lambda run: 25)),
    Row("video.bare_decode_360p", "ms", None, part_ms(20, "decode", lambda run: 25 * run["tiles"])),
    Row("video.bare_scale_tile", "ms", None, part_ms(20, "scale", lambda run: 25 * run["tiles"])),
    Row("audio.bare_opus_at_3_talkers", "ms", None, part_ms(20, "opus", lambda run: 50)),
    Row("audio.delay_clean_ms", "ms", "≤ 45", delay(experiments.delay_clean), full_only=True),
    Row("audio.delay_jitter_ms", "ms", "≤ 65", delay(experiments.delay_jitter, less_ms=30), full_only=True),
    Row("wire.bare_picture_packet", "ms", None,
        part_ms(20, "send_picture", lambda run: 25 * run["rooms"] * run["packets_a_picture"])),
    Row("wire.bare_sound_packet", "ms", None, part_ms(20, "send_sound", lambda run: 50 * run["rooms"])),
    Row("wire.memory_per_room", "MiB", None, memory(3, 20)),
    Row("wire.mib_a_room", "MiB", "≤ 1.5", memory(20, 236), full_only=True),
    Row("wire.threads_at_3_rooms", "threads", None, threads(3)),
    Row("wire.threads_at_20_rooms", "threads", None, threads(20)),
    Row("wire.threads_more_from_20_to_236_rooms", "threads", "≤ 0", more_threads, full_only=True),
    Row("wire.join_p95", "ms", "≤ 500", join_p95),
    Row("audio.core_at_236_rooms", "core", "≤ 0.10", sound_beyond("quiet", "236 rooms, 3 talkers"), full_only=True),
    Row("audio.core_at_236_noisy", "core", "≤ 0.25", sound_beyond("noisy", "236 rooms, all speak"), full_only=True),
    Row("wire.bare_send_at_236", "core", None, bare_send, full_only=True),
    Row("wire.join_240_s", "s", "≤ 5", join_province, full_only=True),
    Row("audio.core_at_1000_rooms", "core", "≤ 2.0", thousand, full_only=True),
    Row("wire.mib_a_room_at_1000", "MiB", "≤ 1.5", thousand_memory, full_only=True),
    Row("wire.threads_at_1000_rooms", "threads", None, thousand_threads, full_only=True),
    Row("audio.concealed_10_loss_down", "%", "≤ 1", concealed_down, full_only=True),
    Row("audio.concealed_10_loss_up", "%", "≤ 1", concealed_up, full_only=True),
    Row("audio.concealed_10_loss_one_red_copy", "%", "≤ 1.5", concealed_one_copy, full_only=True),
    Row("audio.gaps_10_loss", "gaps", "≤ 0", gaps_at_loss, full_only=True),
    Row("video.frozen_10_loss", "%", "≤ 1", frozen_at_loss, full_only=True),
    Row("video.link_urban_frozen", "%", "≤ 1", on_link("urban", "frozen"), full_only=True),
    Row("video.link_rural_frozen", "%", "≤ 1", on_link("rural", "frozen"), full_only=True),
    Row("video.link_512_pictures", "1/s", "≥ 10", on_link("512", "fps"), full_only=True),
    Row("video.link_512_frozen", "%", "≤ 10", on_link("512", "frozen"), full_only=True),
    Row("audio.link_512_concealed", "%", "≤ 2", on_link("512", "concealed"), full_only=True),
    Row("audio.link_64_concealed", "%", "≤ 2", on_link("64", "concealed"), full_only=True),
    Row("video.added_by_centre_p50", "ms", "≤ 120", added_to_picture(50), full_only=True),
    Row("video.added_by_centre_p95", "ms", None, added_to_picture(95), full_only=True),
    Row("video.key_frames_after_236_plis", "key frames", "≤ 1", key_frames_in_storm, full_only=True),
    Row("video.core_at_17_meetings", "core", None, small_meetings, full_only=True),
    Row("video.composing_to_ffmpeg", "ratio", "≤ 0.3334", composing("ffmpeg", "ffmpeg xstack"), full_only=True),
    Row("video.composing_to_gstreamer", "ratio", "≤ 0.3334", composing("gstreamer", "GStreamer's compositor"), full_only=True),
    Row("audio.janus_encrypted_ratio", "ratio", "≤ 0.05", encrypted_ratio, full_only=True),
    Row("audio.janus_mixing_ratio", "ratio", "≤ 0.05", mixing_ratio, full_only=True),
    Row("wire.janus_fanout_ratio", "ratio", "≥ 2", fanout_ratio, full_only=True),
    Row("wire.join_20_at_once", "ms", "≤ 5000", join_at_once),
    Row("video.floor_to_screen_p50", "ms", None, floor_to_screen(50)),
    Row("video.floor_to_screen_p95", "ms", "≤ 400", floor_to_screen(95)),
    Row("video.arrangement_to_screen_p50", "ms", "≤ 150", arrangement_to_screen(50)),
    Row("video.arrangement_to_screen_p95", "ms", None, arrangement_to_screen(95)),
    Row("video.content_step_at_236", "% core", "≤ 20", content_step, full_only=True),
    Row("video.core_at_236_with_content", "core", "≤ 1.0", core_with_content, full_only=True),
    Row("video.content_shown_at_236", "ms", "≤ 1000", content_shown, full_only=True),
    Row("signal.grant_round_trip_p50", "ms", None, grant_round_trip(50)),
    Row("signal.grant_round_trip_p95", "ms", None, grant_round_trip(95)),
    Row("signal.operations_per_second", "1/s", None, operations),
    Row("hw.camera_stop_p99", "ms", None, device("camera_stop_ms", "VISCA over UDP: stop asked → done, as the camera says")),
    Row("hw.wall_brightness_p99", "ms", None, device("wall_brightness_ms", "NovaStar over TCP: asked → acknowledged")),
    Row("hw.page_to_stop_p95", "ms", "≤ 150", stop_p95),
    Row("hw.loss_noticed", "s", "≤ 6", loss(0, "deaf, connections open → not up"), full_only=True),
    Row("hw.loss_recovered", "s", "≤ 5", loss(1, "hears again → up"), full_only=True),
    Row("hw.fleet_rss", "MB", "≤ 200", fleet("mb", "rong-sim fleet at rest")),
    Row("hw.fleet_cpu", "core", None, fleet("core", "rong-sim fleet at rest")),
    Row("hw.fleet_engines_cpu", "core", None, fleet("engines_core", "the engines of all rooms in one process")),
    Row("agent.room_rss", "MB", "≤ 15", idle_memory),
    Row("agent.room_idle_cpu", "%", "≤ 0.5", idle_cpu),
]

# Of the rows that rong-bench micro brings.
MICRO_TARGETS = {
    "audio.added_delay_in_mixer": "≤ 45",
}


def micro_rows(bench):
    """A row for each entry of the micro tables."""
    return [Row(entry["name"], entry["unit"], MICRO_TARGETS.get(entry["name"]),
                lambda _, entry=entry: Value(entry["value"], entry["note"]))
            for entry in bench.once(experiments.micro)]


# On a machine that is too slow for all, what has a house or much time of its own is what is left out.
LAST = ("audio.core_at_1000", "wire.mib_a_room_at_1000", "wire.threads_at_1000", "video.core_at_17_meetings", "video.composing_",
        "video.link_", "audio.link_")


def all_rows(bench, wanted):
    """Those whose names begin with one of `wanted` (all: no word at all), small ones first."""
    def is_wanted(name):
        return not wanted or name.startswith(tuple(wanted))

    ordered = sorted(ROWS, key=lambda row: row.name.startswith(LAST))
    rows = [row for row in ordered if is_wanted(row.name) and (bench.effort.rounds > 1 or not row.full_only)]
    # The micro rows' names are known only when they ran: they run when anything but ROWS may be meant.
    if not wanted or any(not any(row.name.startswith(word) for row in ROWS) for word in wanted) or \
            any(word.endswith(".") for word in wanted):
        rows = [row for row in micro_rows(bench) if is_wanted(row.name)] + rows
    return rows


__all__ = ["ROWS", "MICRO_TARGETS", "Failure", "all_rows", "micro_rows"]
