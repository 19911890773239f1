# SPDX-License-Identifier: Apache-2.0
"""Rows and how they are shown: results.json, a table, a plot. Pure."""
import collections
import html
import re

# `measure` takes the Bench and gives a Value. `target` is "≤ 1.25", "≥ 100" or None.
Row = collections.namedtuple("Row", "name unit target measure full_only", defaults=[False])
# `invalid`: why the run was not clean; such a value is shown, but never counts as reached.
Value = collections.namedtuple("Value", "value note invalid", defaults=["", None])

PREFIXES = ("wire.", "audio.", "video.", "signal.", "hw.", "agent.")


def meets(value, target):
    found = re.fullmatch(r"([≤≥<>]) ?([0-9.]+)", target)
    if not found:
        raise ValueError(f"no target: {target}")
    limit = float(found.group(2))
    return {"≤": value <= limit, "<": value < limit, "≥": value >= limit, ">": value > limit}[found.group(1)]


def result(row, value):
    ok = meets(value.value, row.target) if row.target else None
    note = value.note
    if value.invalid:
        ok = False
        note = f"invalid: {value.invalid}" + (f"; {note}" if note else "")
    return {"name": row.name, "value": round_to(value.value, 4), "unit": row.unit, "target": row.target,
            "ok": ok, "note": note}


def round_to(value, digits):
    """So many significant digits: nobody reads more."""
    return float(f"{value:.{digits}g}")


def check(results):
    """What whoever reads results.json relies on; [] or what is wrong."""
    faults = []
    names = set()
    for entry in results:
        name = entry.get("name")
        if set(entry) != {"name", "value", "unit", "target", "ok", "note"}:
            faults.append(f"{name}: has the fields {sorted(entry)}")
            continue
        if not isinstance(name, str) or not name.startswith(PREFIXES):
            faults.append(f"{name}: no known prefix")
        if name in names:
            faults.append(f"{name}: twice")
        names.add(name)
        if isinstance(entry["value"], bool) or not isinstance(entry["value"], (int, float)):
            faults.append(f"{name}: value is no number")
        if not isinstance(entry["unit"], str) or not isinstance(entry["note"], str):
            faults.append(f"{name}: unit and note are texts")
        if entry["target"] is not None and not isinstance(entry["target"], str):
            faults.append(f"{name}: target is a text or null")
        if entry["ok"] not in (True, False, None):
            faults.append(f"{name}: ok is true, false or null")
    return faults


def table(results):
    head = ["", "name", "value", "unit", "target", "note"]
    marks = {True: "ok", False: "MISS", None: ""}
    lines = [head] + [[marks[r["ok"]], r["name"], f"{r['value']:.4g}", r["unit"], r["target"] or "", r["note"]]
                      for r in results]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
    text = []
    for line in lines:
        cells = [line[i].rjust(widths[i]) if i == 2 else line[i].ljust(widths[i]) for i in range(len(widths))]
        text.append("  ".join(cells + [line[-1]]).rstrip())
    text.insert(1, "-" * (sum(widths) + 2 * len(widths)))
    return "\n".join(text)


# --- the plot ------------------------------------------------------------------------------------

COLOURS = {"rong-mcu": "#b3261e", "bare cost": "#1a5fb4"}
PART_COLOURS = ["#1a5fb4", "#62a0ea", "#26a269", "#e5a50a", "#c64600", "#813d9c"]
WIDTH, HEIGHT, LEFT, TOP, PLOT_W, PLOT_H = 900, 420, 60, 50, 430, 300


class Svg:
    def __init__(self):
        self.items = []

    def text(self, x, y, text, anchor="start", size=13, colour="#222", turn=None):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.items.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'fill="{colour}"{turned}>{html.escape(text)}</text>')

    def line(self, points, colour="#222", width=1.0, dash=""):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.items.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def circle(self, x, y, colour):
        self.items.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def rect(self, x, y, width, height, colour):
        self.items.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def __str__(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                'font-family="DejaVu Sans, sans-serif"><rect width="100%" height="100%" fill="white"/>\n'
                + "\n".join(self.items) + "\n</svg>\n")


def nice_top(value):
    for top in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 50, 100):
        if value <= top:
            return top
    return value


def plot(points, bars):
    """`points`: [{"rooms", "mcu": [cores…], "bare": [cores…]}]; `bars`: {"rooms", "mcu", "parts": {name: cores}}."""
    svg = Svg()
    svg.text(LEFT, 24, "CPU of rong-mcu beside the bare cost of the same work", size=16)
    if not points:
        svg.text(LEFT, 80, "CPU by rooms was not measured in this run.")
        return str(svg)
    top = nice_top(1.05 * max(max(p["mcu"] + p["bare"]) for p in points))
    right = 1.08 * max(p["rooms"] for p in points)

    def place(rooms, cores):
        return LEFT + PLOT_W * rooms / right, TOP + PLOT_H * (1 - cores / top)

    for i in range(6):
        _, y = place(0, top * i / 5)
        svg.line([(LEFT, y), (LEFT + PLOT_W, y)], "#ddd")
        svg.text(LEFT - 8, y + 4, f"{top * i / 5:.2g}", "end", 12)
    for point in points:
        x, y = place(point["rooms"], 0)
        svg.text(x, y + 20, str(point["rooms"]), "middle", 12)
    svg.text(LEFT + PLOT_W / 2, TOP + PLOT_H + 42, "rooms", "middle")
    svg.text(16, TOP + PLOT_H / 2, "cores", "middle", turn=-90)
    for n, (name, key) in enumerate([("rong-mcu", "mcu"), ("bare cost", "bare")]):
        colour = COLOURS[name]
        svg.line([place(p["rooms"], middle(p[key])) for p in points], colour, 2, "" if key == "mcu" else "6 4")
        for point in points:
            low, high = min(point[key]), max(point[key])
            svg.line([place(point["rooms"], low), place(point["rooms"], high)], colour, 2)
            svg.circle(*place(point["rooms"], middle(point[key])), colour)
        svg.circle(LEFT + 16, TOP + 12 + 20 * n, colour)
        svg.text(LEFT + 28, TOP + 16 + 20 * n, f"{name} (median and range)", size=12)
    if bars:
        plot_bars(svg, bars)
    return str(svg)


def plot_bars(svg, bars):
    left, width = LEFT + PLOT_W + 70, 70
    top = nice_top(1.05 * max(bars["mcu"], sum(bars["parts"].values())))
    scale = PLOT_H / top
    base = TOP + PLOT_H
    svg.line([(left - 20, base), (left + 2 * width + 50, base)], "#222")
    svg.rect(left, base - bars["mcu"] * scale, width, bars["mcu"] * scale, COLOURS["rong-mcu"])
    svg.text(left + width / 2, base + 20, "rong-mcu", "middle", 12)
    svg.text(left + width / 2, base - bars["mcu"] * scale - 6, f"{bars['mcu']:.3f}", "middle", 12)
    at = base
    for n, (name, cores) in enumerate(bars["parts"].items()):
        at -= cores * scale
        colour = PART_COLOURS[n % len(PART_COLOURS)]
        svg.rect(left + width + 30, at, width, cores * scale, colour)
        svg.rect(left + 2 * width + 60, TOP + 20 * n, 12, 12, colour)
        svg.text(left + 2 * width + 78, TOP + 11 + 20 * n, f"{name.replace('_', ' ')} {cores:.3f}", size=12)
    svg.text(left + 1.5 * width + 30, base + 20, "bare cost", "middle", 12)
    svg.text(left + 1.5 * width + 30, at - 6, f"{sum(bars['parts'].values()):.3f}", "middle", 12)
    svg.text(left + width, base + 42, f"at {bars['rooms']} rooms", "middle")


def middle(values):
    """The median."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values, share):
    """Nearest rank: p95 of 20 values is the 19th."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
