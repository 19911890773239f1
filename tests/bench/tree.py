# SPDX-License-Identifier: Apache-2.0
"""The units of the house that is measured: the province's own list where it lies beside the repository, else (or for
more rooms than it has) one made up in its shape: a province, 17 districts, communes of two link classes. Pure but for
reading that list."""
import csv
import io
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent.parent
LIST = HERE.parent / "shared" / "data" / "gia-lai-sites.csv"
COLUMNS = ["code", "parent", "level", "name", "link_kbps"]
DISTRICTS = 17
PROVINCE_ROOMS = 236
BOX = "99999"  # of the idle box, which is in no meeting


def made_up(rooms):
    units = [("64", "", "province", "Tỉnh Gia Lai", 100000)]
    units += [(str(9000 + n), "64", "district", f"Huyện số {n + 1}", 20000) for n in range(DISTRICTS)]
    units += [(str(90000 + n), str(9000 + n % DISTRICTS), "commune", f"Xã số {n + 1}", 4000 if n % 6 == 0 else 2000)
              for n in range(max(0, rooms - len(units)))]
    return units


def province(rooms, file=LIST):
    """(the codes of so many rooms, the text to import): the hall first, then the districts."""
    units = made_up(rooms)
    if rooms <= PROVINCE_ROOMS and file.exists():
        with open(file, newline="") as text:
            units = [tuple(unit[column] for column in COLUMNS) for unit in csv.DictReader(text)]
    order = {"province": 0, "district": 1, "commune": 2}
    units.sort(key=lambda unit: order[unit[2]])
    parent = next(unit[0] for unit in units if unit[2] == "district")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(units + [(BOX, parent, "commune", "Xã không họp", 2000)])
    return [unit[0] for unit in units[:rooms]], text.getvalue()
