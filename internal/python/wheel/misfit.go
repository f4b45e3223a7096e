package wheel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Misfit returns one short reason why the wheel does not run on the target,
// such as "needs glibc 2.28", "is for CPython 3.12" or "is for Windows", and ""
// when it does. Where several hold, the one is given that is hardest to amend:
// system, machine, Python, glibc. For many wheels use Tags.Misfit.
func (t Target) Misfit(w WheelName) string { return t.Tags().Misfit(w) }

// Misfit is Target.Misfit for the target of the tags.
func (g *Tags) Misfit(w WheelName) string {
	if _, ok := g.Rank(w); ok {
		return ""
	}
	foreign, glibc := g.platformMisfit(w.Platforms)
	if foreign != "" {
		return foreign
	}
	if reason := g.pythonMisfit(w); reason != "" {
		return reason
	}
	return glibc
}

// platformMisfit returns why no platform tag fits: because all are foreign, or
// because all need a newer glibc.
func (g *Tags) platformMisfit(platforms []string) (foreign, glibc string) {
	newest := 0
	for _, platform := range platforms {
		if _, ok := g.platforms[platform]; ok || platform == "any" {
			return "", ""
		}
		needs, arch, linux := splitLinux(platform)
		switch {
		case linux && arch == g.target.Arch && needs > g.target.Glibc:
			if newest == 0 || needs < newest {
				newest = needs
			}
		case foreign == "" && linux && arch != g.target.Arch:
			foreign = "is for " + arch
		case foreign == "":
			foreign = "is for " + systemOf(platform)
		}
	}
	if newest > 0 {
		return "", fmt.Sprintf("needs glibc 2.%d", newest)
	}
	return foreign, ""
}

// splitLinux reads a platform tag of Linux with glibc; glibc is the minor
// version of 2.x, 0 where the tag makes no claim.
func splitLinux(platform string) (glibc int, arch string, ok bool) {
	if arch, ok := strings.CutPrefix(platform, "linux_"); ok {
		return 0, arch, true
	}
	if rest, ok := strings.CutPrefix(platform, "manylinux_2_"); ok {
		number, arch, _ := strings.Cut(rest, "_")
		glibc, err := strconv.Atoi(number)
		return glibc, arch, err == nil
	}
	for _, glibc := range []int{5, 12, 17} {
		if arch, ok := strings.CutPrefix(platform, oldManylinux(glibc)+"_"); ok {
			return glibc, arch, true
		}
	}
	return 0, "", false
}

// systemOf names the system of a platform tag that is not Linux with glibc.
func systemOf(platform string) string {
	for _, known := range [][2]string{
		{"macosx_", "macOS"},
		{"win", "Windows"},
		{"musllinux_", "musl"},
		{"android_", "Android"},
		{"ios_", "iOS"},
		{"pyodide_", "Pyodide"},
		{"pyemscripten_", "Pyodide"},
		{"emscripten_", "Emscripten"},
	} {
		if strings.HasPrefix(platform, known[0]) {
			return known[1]
		}
	}
	return platform
}

// pythonMisfit returns why no pair of Python and ABI tag fits, "" when one does.
func (g *Tags) pythonMisfit(w WheelName) string {
	var reasons []string
	for _, python := range w.Pythons {
		for _, abi := range w.ABIs {
			if _, ok := g.pairs[pair{python, abi}]; ok {
				return ""
			}
			if reason := g.target.pairMisfit(python, abi); !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	if len(reasons) > 3 {
		return reasons[0] + " and others"
	}
	return strings.Join(reasons, ", ")
}

func (t Target) pairMisfit(python, abi string) string {
	split := strings.IndexFunc(python, func(r rune) bool { return '0' <= r && r <= '9' })
	if split < 0 {
		return "is for " + python
	}
	kind, version := python[:split], python[split:]
	dotted := version[:1]
	if len(version) > 1 {
		dotted += "." + version[1:]
	}
	minor, _ := strconv.Atoi(version[1:])
	switch {
	case kind == "pp":
		return "is for PyPy"
	case kind == "graalpy":
		return "is for GraalPy"
	case kind != "cp" && kind != "py":
		return "is for " + python
	case version[0] == '2':
		return "is for Python 2"
	case (kind == "py" && abi == "none" || abi == "abi3") && minor > t.Minor:
		return "needs Python " + dotted + " or newer"
	case strings.HasPrefix(abi, "cp") && strings.HasSuffix(abi, "t"):
		return "is for free-threaded CPython " + dotted
	case abi == "abi3t":
		return "is for free-threaded CPython"
	case kind == "cp" && minor != t.Minor:
		return "is for CPython " + dotted
	}
	return "is for the ABI " + abi
}
