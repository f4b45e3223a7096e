#!/usr/bin/env python3
"""Record what pip packs of source distributions.

Usage: record.py NAMES OUT. NAMES holds lines name==version. For each, the
source distribution is fetched and pip makes its wheel with setuptools 84.2.1.
OUT gets, for every distribution that gives a pure wheel: the file name with its
SHA-256, whether the index has a wheel of that version, the sorted requirements,
and the first half of the SHA-256 of every file of the wheel but RECORD and WHEEL.
A distribution that gives a wheel for one platform, or none, is recorded as
refused. Runs a few requests for each distribution, and their setup.py files: use
a machine that may.
"""
import glob, hashlib, os, re, subprocess, sys, tempfile, zipfile

SETUPTOOLS = "setuptools==84.2.1"


def pip(*args, **env):
    return subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *args], capture_output=True, text=True, env={**os.environ, **env})


def sdists(folder):
    return [f for f in glob.glob(folder + "/*") if f.endswith((".tar.gz", ".zip"))]


def requirements(metadata):
    header = metadata.split("\n\n", 1)[0]
    lines = re.findall(r"^(Requires-Dist|Provides-Extra|Requires-Python): (.*)$", header, re.M)
    return sorted(f"{k}: {v}" for k, v in lines)


def record(line, constraints, out):
    name = line.split("==")[0]
    with tempfile.TemporaryDirectory() as folder:
        pip("download", "-q", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", folder, line)
        found = sdists(folder)
        if not found:
            print(line, "has no source distribution that can be read", file=sys.stderr)
            return
        body = open(found[0], "rb").read()
        for isolation in (["--no-build-isolation"], []):
            pip("wheel", "-q", "--no-deps", *isolation, "-w", folder + "/w", found[0], PIP_CONSTRAINT=constraints)
            wheels = glob.glob(folder + "/w/*.whl")
            if wheels:
                break
        pure = bool(wheels) and wheels[0].endswith("-none-any.whl")
        has = pip("download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder + "/b", line).returncode == 0
        print(os.path.basename(found[0]), "sha256:" + hashlib.sha256(body).hexdigest(), "wheel" if has else "alone", "pure" if pure else "refused", file=out)
        if not pure:
            return
        archive = zipfile.ZipFile(wheels[0])
        for entry in sorted(archive.namelist()):
            if entry.endswith(".dist-info/METADATA"):
                for need in requirements(archive.read(entry).decode()):
                    print("  =", need, file=out)
            elif not entry.endswith(("/", ".dist-info/RECORD", ".dist-info/WHEEL")):
                print(" ", hashlib.sha256(archive.read(entry)).hexdigest()[:32], entry, file=out)


def main():
    names, target = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, open(target, "w") as out:
        constraints = folder + "/constraints.txt"
        open(constraints, "w").write(SETUPTOOLS + "\n")
        print("# Source distributions of the public index, and what pip makes of each with setuptools 84.2.1: see tools/sdists/record.py.", file=out)
        for line in open(names):
            if line.strip() and not line.startswith("#"):
                record(line.strip(), constraints, out)


if __name__ == "__main__":
    main()
