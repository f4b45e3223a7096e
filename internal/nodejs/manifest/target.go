package manifest

import (
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Target is what packages are chosen for, in the words of package.json's os,
// cpu, libc and engines.
type Target struct {
	Runtime string // Lambda's id, such as "nodejs22.x"
	Arch    string // Lambda's word, such as "arm64"
	OS      string // "linux"
	CPU     string // "x64" or "arm64"
	Libc    string // "glibc"
	Node    string // full version of the runtime, such as "22.21.0"
}

// TargetFor returns what packages are chosen for on a Lambda runtime.
func TargetFor(t runtimes.Target) Target {
	cpu := "x64"
	if t.Architecture == runtimes.ARM64 {
		cpu = "arm64"
	}
	return Target{Runtime: t.ID, Arch: t.Architecture, OS: "linux", CPU: cpu, Libc: "glibc", Node: t.NodeVersion}
}

// String names the target, such as "nodejs22.x arm64".
func (t Target) String() string { return t.Runtime + " " + t.Arch }

// EngineAdmits tells whether a range of engines admits a version; "" admits all.
func EngineAdmits(engine, version string) bool {
	if engine == "" {
		return true
	}
	r, err := semver.ParseRangeWith(engine, semver.Options{Strict: true, IncludePrerelease: true})
	v, errV := semver.Parse(version)
	return err == nil && errV == nil && r.Match(v)
}

// NPMVersion is the npm whose answers Resolve gives.
const NPMVersion = "11.19.1"

// ForeignName tells whether the name of a package says that it is for another
// platform, as those of native code do: "@esbuild/win32-x64". Where a registry
// lacks one, nothing is missing.
func (t Target) ForeignName(name string) bool {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return strings.ContainsRune("@/-_.", r) }) {
		switch word {
		case "aix", "android", "cygwin", "darwin", "freebsd", "haiku", "macos", "netbsd", "openbsd", "openharmony", "sunos", "win32", "windows":
			return true
		case "arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64":
			if word != t.CPU {
				return true
			}
		case "musl", "linuxmusl":
			if t.Libc != "musl" {
				return true
			}
		}
	}
	return false
}

// Fits tells whether a package's os, cpu and libc admit the target.
func (t Target) Fits(m *Manifest) bool {
	return ListFits(m.OS, t.OS) && ListFits(m.CPU, t.CPU) && ListFits(m.Libc, t.Libc)
}

// ListFits reads a list of package.json: entries, and entries that "!" negates.
func ListFits(list []string, value string) bool {
	if len(list) == 0 || len(list) == 1 && list[0] == "any" {
		return true
	}
	negated, match := 0, false
	for _, entry := range list {
		if entry != "" && entry[0] == '!' {
			negated++
			if entry[1:] == value {
				return false
			}
		} else if entry == value {
			match = true
		}
	}
	return match || negated == len(list)
}
