# SPDX-License-Identifier: Apache-2.0
"""The frame of `make bench`: targets, results, table, plot; and one short run from end to end."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import experiments  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import tree  # noqa: E402
from report import Row, Value  # noqa: E402


def running_with(text):
    """Command lines of processes that name it."""
    lines = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended
    return [line for line in lines if text in line]


def entry(**changes):
    return {"name": "wire.x", "value": 1.5, "unit": "ms", "target": "≤ 2", "ok": True, "note": "", **changes}


class Results(unittest.TestCase):
    def test_a_value_is_compared_with_its_target(self):
        self.assertTrue(report.meets(1.25, "≤ 1.25"))
        self.assertFalse(report.meets(1.26, "≤ 1.25"))
        self.assertTrue(report.meets(100, "≥ 100"))
        self.assertFalse(report.meets(2, "< 2"))
        with self.assertRaises(ValueError):
            report.meets(1, "about 5")

    def test_a_row_without_a_target_is_neither_reached_nor_missed(self):
        result = report.result(Row("wire.x", "ms", None, None), Value(1.23456789, "why"))
        self.assertEqual(result, entry(value=1.235, target=None, ok=None, note="why"))

    def test_a_run_that_was_not_clean_never_counts_as_reached(self):
        result = report.result(Row("wire.x", "ms", "≤ 2", None), Value(1, "why", "the generator was late"))
        self.assertIs(result["ok"], False)
        self.assertEqual(result["note"], "invalid: the generator was late; why")

    def test_what_readers_rely_on_is_checked(self):
        self.assertEqual(report.check([entry(), entry(name="hw.y", target=None, ok=None, value=3)]), [])
        for wrong in (entry(name="else.x"), entry(value="1"), entry(value=True), entry(ok="yes"), entry(target=2),
                      entry(note=None), {"name": "wire.x"}):
            self.assertEqual(len(report.check([wrong])), 1, wrong)
        self.assertEqual(report.check([entry(), entry()]), ["wire.x: twice"])

    def test_the_table_has_a_line_for_each_row(self):
        text = report.table([entry(), entry(name="video.long_name", ok=False, value=12345, note="invalid: why")])
        lines = text.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("MISS  video.long_name", lines[3])
        self.assertTrue(lines[3].endswith("invalid: why"))

    def test_percentiles_are_values_that_were_measured(self):
        values = list(range(1, 21))
        self.assertEqual(report.percentile(values, 95), 19)
        self.assertEqual(report.percentile(values, 50), 10)
        self.assertEqual(report.percentile([7], 99), 7)
        self.assertEqual(report.middle([4, 1, 3, 2]), 2.5)


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def check(self, rooms, file):
        codes, text = tree.province(rooms, file)
        lines = [line.split(",") for line in text.splitlines()[1:]]
        known = set()
        for code, parent, level, _, _ in lines:
            self.assertEqual(level == "province", parent == "")
            self.assertTrue(parent == "" or parent in known, code)
            known.add(code)
        self.assertEqual(len(codes), rooms)
        self.assertEqual(len(set(codes)), rooms)
        self.assertLessEqual(set(codes), known)
        self.assertNotIn(tree.BOX, codes)
        self.assertLessEqual(len(lines), 1024)
        return codes

    def test_the_province_is_its_own_list_or_one_made_up_in_its_shape(self):
        own = pathlib.Path(self.folder.name) / "sites.csv"
        own.write_text("code,parent,level,name,link_kbps\n64,,province,Tỉnh,100000\n23557,622,commune,Xã,2000\n"
                       "622,64,district,Pleiku,20000\n")
        self.assertEqual(self.check(3, own), ["64", "622", "23557"])
        self.check(236, own.with_name("missing"))
        self.check(1000, own)


class Plot(unittest.TestCase):
    def test_the_plot_is_well_formed_with_and_without_points(self):
        points = [{"rooms": 3, "mcu": [0.2, 0.25], "bare": [0.18]}, {"rooms": 20, "mcu": [0.5], "bare": [0.4]}]
        bars = {"rooms": 20, "mcu": 0.5, "parts": {"decode": 0.2, "send_picture": 0.2}}
        for text in (report.plot(points, bars), report.plot([], None)):
            self.assertEqual(xml.dom.minidom.parseString(text).documentElement.tagName, "svg")
        self.assertIn("send picture 0.200", report.plot(points, bars))


class Rows(unittest.TestCase):
    def test_every_row_has_a_name_of_its_own_and_a_target_that_can_be_compared(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))
        for row in rows.ROWS:
            self.assertTrue(row.name.startswith(report.PREFIXES), row.name)
            if row.target:
                report.meets(0, row.target)
        for target in rows.MICRO_TARGETS.values():
            report.meets(0, target)

    def test_a_window_is_judged_by_what_the_rooms_saw(self):
        first = {"connected": 3, "pictures": 3, "ticks": 100, "late_ticks": 0, "samples": 0, "concealed": 0}
        last = {**first, "ticks": 200, "samples": 96000}
        self.assertEqual(experiments.faults_of([first, last], 3), [])
        self.assertEqual(experiments.faults_of([first], 3), ["the generator was too busy to report"])
        self.assertEqual(experiments.faults_of([first, {**last, "pictures": 2}], 3),
                         ["not all rooms were in the mix"])
        self.assertEqual(experiments.faults_of([first, {**last, "late_ticks": 2}], 3),
                         ["the generator was late in 2 % of its ticks"])
        self.assertEqual(experiments.faults_of([first, {**last, "concealed": 1920}], 3),
                         ["2.0 % of the sound was concealed"])

    def test_unclean_windows_are_left_out_and_said_so_or_make_the_point_invalid(self):
        def window(cores, *faults):
            return experiments.Window(cores, 0.1, 0, 100, 9, 5000, list(faults))

        point = experiments.Point(3)
        point.taken = [(window(0.5), 0.4), (window(0.1, "late"), 0.4), (window(0.7), 0.4)]
        self.assertAlmostEqual(point.cores(), 0.6)
        self.assertEqual(len(point.ratios()), 2)
        self.assertIsNone(point.invalid())
        self.assertIn("1 of 3 windows left out (late)", point.note())
        point.taken = [(window(0.1, "late"), 0.4)]
        self.assertEqual(point.invalid(), "late")

    def test_work_that_was_not_done_is_no_saving(self):
        done = {"mcu_video_decoded_total": 750, "mcu_video_encoded_total": 250, "mcu_audio_encoded_shared_total": 500}
        work = experiments.picture_work(3)
        self.assertEqual(experiments.lacks(done, work, 10), [])
        self.assertEqual(experiments.lacks({**done, "mcu_video_encoded_total": 200}, work, 10),
                         ["20 pictures encoded a second instead of 25"])


class Run(unittest.TestCase):
    def test_a_short_run_leaves_results_and_nothing_else(self):
        binaries = pathlib.Path(os.environ.get("RONG_BIN", HERE.parent.parent / "build" / "release"))
        if not (binaries / "rong-bench").exists():
            self.skipTest("rong-bench is not built")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, HERE / "run.py", "--quick", "--only", "hw.", "--bin", binaries, "--out", folder],
                capture_output=True, text=True, timeout=100)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.loads((pathlib.Path(folder) / "results.json").read_text())
            self.assertEqual(report.check(results), [])
            values = {result["name"]: result for result in results}
            self.assertLess(values["hw.visca_parse"]["value"], 100)
            self.assertGreater(values["hw.camera_stop_p99"]["value"], 0, values["hw.camera_stop_p99"]["note"])
            self.assertTrue((pathlib.Path(folder) / "results.svg").read_text().startswith("<svg"))
            self.assertEqual(running_with(folder), [])


if __name__ == "__main__":
    unittest.main()
