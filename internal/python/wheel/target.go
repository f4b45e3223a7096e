package wheel

import (
	"fmt"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// Target is the interpreter and machine that wheels are chosen for: always
// CPython 3 on Linux with glibc.
type Target struct {
	Runtime string // Lambda's name: "python3.12"
	Minor   int    // 12
	Patch   int    // of python_full_version; 0 where not known
	Arch    string // "x86_64" or "aarch64"
	Glibc   int    // minor version of the runtime's glibc 2.x: 34
}

// String names the target in messages and locks: "python3.12 x86_64".
func (t Target) String() string { return t.Runtime + " " + t.Arch }

// Env returns the marker environment. The kernel's release and version, which
// nobody can know beforehand, are "".
func (t Target) Env() pep508.Env {
	return pep508.Linux(t.Minor, t.Patch, t.Arch)
}

// Admits reports whether a wheel with this Requires-Python is chosen for the target, as
// uv decides it for a Python without a patch version: by its first one, which a range
// that begins below may leave out by name. "!=3.9.0" is for a fault that Lambda's
// Python has not.
func (t Target) Admits(s pep440.Specifiers) bool {
	version, err := pep440.Parse(t.Env().PythonFullVersion)
	if err != nil || s.Match(version) || t.Patch > 0 {
		return err == nil && s.Match(version)
	}
	if !s.MatchButFor(version) || !s.AdmitsMinor(t.Minor) {
		return false
	}
	for older := range t.Minor {
		if s.AdmitsMinor(older) {
			return true
		}
	}
	return false
}

// AdmitsSome reports whether the range admits a patch version of the target: one that
// is asked for by its version is taken then.
func (t Target) AdmitsSome(s pep440.Specifiers) bool { return s.AdmitsMinor(t.Minor) }

// Tags ranks the compatibility tags that a target accepts. It never changes, so
// goroutines may share it.
type Tags struct {
	target    Target
	pairs     map[pair]int   // rank of a Python and ABI tag, for wheels of a platform
	platforms map[string]int // rank of a platform tag
	anywhere  map[string]int // rank of a Python tag, for wheels of no ABI and platform
}

type pair struct{ python, abi string }

// Target returns the target of the tags.
func (g *Tags) Target() Target { return g.target }

// Tags returns the tags of the target, in the order in which the reference
// implementation of the "Platform compatibility tags" specification (pypa's
// packaging) prefers them.
func (t Target) Tags() *Tags {
	g := &Tags{target: t, pairs: map[pair]int{}, platforms: map[string]int{}, anywhere: map[string]int{}}
	own := "cp3" + strconv.Itoa(t.Minor)
	for _, abi := range []string{own, "abi3", "none"} {
		g.addPair(own, abi)
	}
	for minor := t.Minor - 1; minor >= 2; minor-- {
		g.addPair("cp3"+strconv.Itoa(minor), "abi3")
	}
	g.anywhere[own] = 0
	for _, generic := range t.genericPythons() {
		g.addPair(generic, "none")
		g.anywhere[generic] = len(g.anywhere)
	}
	for _, platform := range t.platforms() {
		g.platforms[platform] = len(g.platforms)
	}
	return g
}

// Rank returns the preference of the wheel's best tag, lower is better, and
// whether any tag fits. Ranks compare only within one Tags; wheels of equal rank
// are distinguished by their build tags.
func (g *Tags) Rank(w NameTags) (rank int, ok bool) {
	last := len(g.pairs) * len(g.platforms)
	rank = last + len(g.anywhere)
	worst := rank
	for _, python := range w.Pythons {
		for _, abi := range w.ABIs {
			group, fits := g.pairs[pair{python, abi}]
			for _, platform := range w.Platforms {
				if place, found := g.platforms[platform]; found && fits {
					rank = min(rank, group*len(g.platforms)+place)
				} else if place, found := g.anywhere[python]; found && abi == "none" && platform == "any" {
					rank = min(rank, last+place)
				}
			}
		}
	}
	return rank, rank < worst
}

func (g *Tags) addPair(python, abi string) { g.pairs[pair{python, abi}] = len(g.pairs) }

// genericPythons returns py312, py3, py311 … py30.
func (t Target) genericPythons() []string {
	list := []string{"py3" + strconv.Itoa(t.Minor), "py3"}
	for minor := t.Minor - 1; minor >= 0; minor-- {
		list = append(list, "py3"+strconv.Itoa(minor))
	}
	return list
}

// platforms returns the platform tags, best first: the plain one, then
// manylinux from the runtime's glibc down to the oldest that has tags for the
// machine, each old name behind its number.
func (t Target) platforms() []string {
	list := []string{"linux_" + t.Arch}
	for glibc := t.Glibc; glibc >= oldestGlibc(t.Arch); glibc-- {
		list = append(list, fmt.Sprintf("manylinux_2_%d_%s", glibc, t.Arch))
		if old := oldManylinux(glibc); old != "" {
			list = append(list, old+"_"+t.Arch)
		}
	}
	return list
}

func oldestGlibc(arch string) int {
	if arch == "x86_64" {
		return 5
	}
	return 17
}

// oldManylinux returns the name that tags of a glibc had before PEP 600.
func oldManylinux(glibc int) string {
	switch glibc {
	case 5:
		return "manylinux1"
	case 12:
		return "manylinux2010"
	case 17:
		return "manylinux2014"
	}
	return ""
}
