package wheel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// MisfitKind is the kind of a Misfit.
type MisfitKind int

// Why a file is not used. Those that need something of the target come first,
// then those for another Python, then those for another system.
const (
	Fits           MisfitKind = iota
	NeedsGlibc                // Need is the version, "2.28"
	NeedsPython               // Need is the oldest Python, "3.13"
	RequiresPython            // Need is the Requires-Python, ">=3.12"
	ForPython                 // Need is a Python, "CPython 3.9"
	ForABI                    // Need is an ABI tag
	ForSystem                 // Need is a system, a machine or an interpreter: "Windows"
	Unusable                  // Need is a clause in the singular: "is yanked"
)

// Misfit is why a file is not used on a target. The zero value is no reason: it
// fits. Equal reasons are equal values.
type Misfit struct {
	Kind MisfitKind
	Need string
	// rest names further Pythons that the file is for.
	rest string
}

// FromSource is the reason of a source distribution.
var FromSource = Misfit{Kind: Unusable, Need: "is a source distribution"}

// Fits reports whether there is no reason.
func (m Misfit) Fits() bool { return m.Kind == Fits }

// String returns the reason as a clause of one file, such as "needs glibc 2.28",
// "is for CPython 3.12" or "is for Windows", and "" where it fits.
func (m Misfit) String() string {
	text := m.Need
	switch m.Kind {
	case Fits, Unusable:
	case NeedsGlibc:
		text = "needs glibc " + m.Need
	case NeedsPython:
		text = "needs Python " + m.Need + " or newer"
	case RequiresPython:
		text = "requires Python " + m.Need
	case ForPython, ForSystem:
		text = "is for " + m.Need
	case ForABI:
		text = "is for the ABI " + m.Need
	}
	return text + m.rest
}

// Plural returns the reason as a clause of several files.
func (m Misfit) Plural() string {
	plural := map[string]string{"is": "are", "has": "have", "needs": "need", "requires": "require"}
	verb, rest, _ := strings.Cut(m.String(), " ")
	return cmp.Or(plural[verb], verb) + " " + rest
}

// Misfit returns why the wheel does not run on the target. Where several reasons
// hold, the one is given that is hardest to amend: system, machine, Python, glibc.
// For many wheels use Tags.Misfit.
func (t Target) Misfit(w NameTags) Misfit { return t.Tags().Misfit(w) }

// Misfit is Target.Misfit for the target of the tags.
func (g *Tags) Misfit(w NameTags) Misfit {
	if _, ok := g.Rank(w); ok {
		return Misfit{}
	}
	foreign, glibc := g.platformMisfit(w.Platforms)
	if !foreign.Fits() {
		return foreign
	}
	if reason := g.pythonMisfit(w); !reason.Fits() {
		return reason
	}
	return glibc
}

// platformMisfit returns why no platform tag fits: because all are foreign, or
// because all need a newer glibc.
func (g *Tags) platformMisfit(platforms []string) (foreign, glibc Misfit) {
	newest := 0
	for _, platform := range platforms {
		if _, ok := g.platforms[platform]; ok || platform == "any" {
			return Misfit{}, Misfit{}
		}
		needs, arch, linux := splitLinux(platform)
		switch {
		case linux && arch == g.target.Arch && needs > g.target.Glibc:
			if newest == 0 || needs < newest {
				newest = needs
			}
		case foreign.Fits() && linux && arch != g.target.Arch:
			foreign = Misfit{Kind: ForSystem, Need: arch}
		case foreign.Fits():
			foreign = Misfit{Kind: ForSystem, Need: systemOf(platform)}
		}
	}
	if newest > 0 {
		return Misfit{}, Misfit{Kind: NeedsGlibc, Need: "2." + strconv.Itoa(newest)}
	}
	return foreign, Misfit{}
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

// pythonMisfit returns why no pair of Python and ABI tag fits.
func (g *Tags) pythonMisfit(w NameTags) Misfit {
	var reasons []Misfit
	for _, python := range w.Pythons {
		for _, abi := range w.ABIs {
			if _, ok := g.pairs[pair{python, abi}]; ok {
				return Misfit{}
			}
			if reason := g.target.pairMisfit(python, abi); !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	if len(reasons) == 0 {
		return Misfit{}
	}
	first := reasons[0]
	if len(reasons) > 3 {
		first.rest = " and others"
		return first
	}
	for _, more := range reasons[1:] {
		first.rest += ", " + more.String()
	}
	return first
}

func (t Target) pairMisfit(python, abi string) Misfit {
	split := strings.IndexFunc(python, func(r rune) bool { return '0' <= r && r <= '9' })
	if split < 0 {
		return Misfit{Kind: ForSystem, Need: python}
	}
	kind, version := python[:split], python[split:]
	dotted := version[:1]
	if len(version) > 1 {
		dotted += "." + version[1:]
	}
	minor, _ := strconv.Atoi(version[1:])
	switch {
	case kind == "pp":
		return Misfit{Kind: ForSystem, Need: "PyPy"}
	case kind == "graalpy":
		return Misfit{Kind: ForSystem, Need: "GraalPy"}
	case kind != "cp" && kind != "py":
		return Misfit{Kind: ForSystem, Need: python}
	case version[0] == '2':
		return Misfit{Kind: ForPython, Need: "Python 2"}
	case (kind == "py" && abi == "none" || abi == "abi3") && minor > t.Minor:
		return Misfit{Kind: NeedsPython, Need: dotted}
	case strings.HasPrefix(abi, "cp") && strings.HasSuffix(abi, "t"):
		return Misfit{Kind: ForPython, Need: "free-threaded CPython " + dotted}
	case abi == "abi3t":
		return Misfit{Kind: ForPython, Need: "free-threaded CPython"}
	case kind == "cp" && minor != t.Minor:
		return Misfit{Kind: ForPython, Need: "CPython " + dotted}
	}
	return Misfit{Kind: ForABI, Need: abi}
}
