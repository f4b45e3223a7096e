"""Writes internal/native/pythontable.go: which names of Python's C API each CPython
exports.

    record.py ABI3INFO LIBPYTHON...

LIBPYTHON are shared libraries of CPython on Linux, of every minor version from 3.9
on without a gap, such as ~/.pyenv/versions/3.12.1/lib/libpython3.12.so.1.0 (python-build
makes them with --enable-shared). ABI3INFO is the folder of the distribution abi3info,
which has the table of CPython's Misc/stable_abi.toml as data: it tells of versions that
are newer than the libraries. Names that were exported, gone and back are left out.
"""

import datetime
import pathlib
import re
import subprocess
import sys

# New in 3.15 by "What's New"; other names that became stable then may be older.
NEW_IN_15 = ["PyABIInfo_Check", "PyModule_FromSlotsAndSpec", "PyThreadState_Ensure", "PyThreadState_Release", "PyType_FromSlots"]


def exported(library):
    """The names that a shared library exports and that are of Python's C API."""
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in lines.splitlines() if line.strip()}
    return {n for n in names if re.match(r"_?Py", n) and not n.startswith("PyInit_")}


def main(abi3info, *libraries):
    versions = {}
    for library in libraries:
        minor = re.search(r"libpython3\.(\d+)\.so", library)
        versions[int(minor[1])] = exported(library)
    minors = sorted(versions)
    if minors != list(range(9, minors[-1] + 1)):
        sys.exit(f"want the versions from 3.9 on without a gap, got {minors}")
    newest = minors[-1]
    rows = {}
    for name in set().union(*versions.values()):
        at = [m for m in minors if name in versions[m]]
        if at == list(range(at[0], at[-1] + 1)):
            since, until = (at[0] if at[0] > 9 else 0), (at[-1] if at[-1] < newest else 0)
            if since or until:
                rows[name] = since, until
    sys.path.insert(0, abi3info)
    import abi3info as stable

    known = set().union(*versions.values())
    for table in stable.FUNCTIONS, stable.DATAS:
        for symbol, item in table.items():
            name, added = symbol.name, item.added.minor
            if added > newest and name not in known:
                rows[name] = (added if added == newest + 1 or name in NEW_IN_15 else newest + 1), 0
    out = [
        "package native",
        "",
        f"// Made by tools/record/python/record.py on {datetime.date.today()} of the libraries of",
        f"// CPython {', '.join(f'3.{m}' for m in minors)} for Linux, and of the table of the stable ABI",
        "// (Misc/stable_abi.toml, in abi3info) for newer ones. DO NOT EDIT.",
        "",
        "// NewestPython is the newest minor version whose library was read.",
        f"const NewestPython = {newest}",
        "",
        "// pythonNames are the names of Python's C API that some CPython since 3.9 does not",
        "// export: the minor versions in which each was exported first and last, 0 where it",
        "// was there before, or still is. Sorted.",
        "var pythonNames = [...]pythonName{",
    ]
    line = ""
    for name in sorted(rows):
        item = '{"%s", %d, %d},' % (name, *rows[name])
        if len(line) + len(item) > 160:
            out.append("\t" + line.strip())
            line = ""
        line += " " + item
    out += ["\t" + line.strip(), "}", ""]
    pathlib.Path(__file__).parents[3].joinpath("internal/native/pythontable.go").write_text("\n".join(out))


main(*sys.argv[1:])
