package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
)

// unfit completes the sentence why a file is nothing for the target, or is "".
func (j *judgement) unfit(f *native.Facts) string {
	switch {
	case f.Kind == native.MachO:
		return "is for macOS"
	case f.Kind == native.PE:
		return "is for Windows"
	case f.Machine != j.target.Architecture:
		return "is for " + machineText(f)
	case f.Bits == 32:
		return "is for 32-bit systems"
	}
	switch f.System {
	case "freebsd", "netbsd", "openbsd", "solaris":
		return "is for " + f.System
	}
	for _, soname := range f.Needed {
		switch {
		case strings.HasPrefix(soname, "libc.musl-") || soname == "libc.so":
			if slices.Contains(f.Needed, "liblog.so") || slices.Contains(f.Needed, "libc++_shared.so") {
				return "is for Android"
			}
			return "is linked against musl, the C library of Alpine Linux"
		case soname == "liblog.so" || soname == "libc++_shared.so":
			return "is for Android"
		case soname == "libthr.so.3":
			return "is for freebsd"
		}
	}
	if strings.Contains(f.Interpreter, "ld-musl-") {
		return "is linked against musl, the C library of Alpine Linux"
	}
	return ""
}

func machineText(f *native.Facts) string {
	if f.Machine == "386" {
		return "32-bit x86"
	}
	return f.Machine
}

// judgeLoose judges a native file that no root loads: a library that code opens
// by name, or a file for another system.
func (j *judgement) judgeLoose(name string, f *native.Facts) {
	r := role{weight: loose, fatal: Error}
	if why := j.unfit(f); why != "" {
		j.foreign(name, r, why)
		return
	}
	c := j.load(name)
	for _, file := range c.files {
		if !j.reached[file] || file == name {
			j.judgeFile(file, r, &c)
		}
	}
	for _, k := range c.lacks {
		j.lacking(k, r)
	}
}

// foreign judges a file for another machine or system: harmless beside one that
// fits.
func (j *judgement) foreign(name string, r role, why string) {
	severity := r.fatal
	switch {
	case j.hasSibling(name):
		return // several systems are served, among them this one
	case platformFolder(name):
		severity = Error
	case r.weight == loose && j.facts(name).Kind != native.ELF && j.distributed(name):
		severity = Note // an optional helper for another system
	case r.weight == loose && j.facts(name).Kind != native.ELF:
		severity = Warning
	}
	j.add(one{
		check: Native, severity: severity, cause: "foreign " + why, file: name, target: j.target.String(),
		summary: titled(why + j.contrast(j.facts(name))),
		need:    fmt.Sprintf("The file %s, and nothing beside it takes its place.", why), way: j.native64(name),
	})
}

// contrast ends the summary about a file for another machine or system.
func (j *judgement) contrast(f *native.Facts) string {
	if f.Kind == native.ELF && f.Machine != j.target.Architecture {
		return ", and the layer is for " + j.target.Architecture
	}
	return ", but Lambda runs Linux with glibc"
}

// native64 is the way out for a file of another machine.
func (j *judgement) native64(name string) string {
	if j.distributed(name) {
		return fmt.Sprintf("Use a version of the package with a build for Linux with glibc on %s, or exclude the file if nothing needs it.", j.target.Architecture)
	}
	return fmt.Sprintf("Bring the build for Linux with glibc on %s, or exclude the file if nothing needs it.", j.target.Architecture)
}

// hasSibling reports whether a file for another system has one beside it that
// fits: of the same distribution, or, for files of the user, of a similar name.
func (j *judgement) hasSibling(name string) bool {
	if top := topFolder(name); top == "bin" || top == "extensions" || top == "lib" {
		return false
	}
	minor, isPython := j.target.PythonMinor()
	for _, other := range j.byOrigin[j.origin(name)] {
		f := j.facts(other)
		if other == name || j.silent[other] || f.Kind != native.ELF || f.Type == native.Object || j.unfit(f) != "" {
			continue
		}
		if e, ok := extensionOf(other); ok && isPython && !e.fits(minor) {
			continue // for another version
		}
		if strings.HasSuffix(parent(other), ".libs") && strings.HasSuffix(base(name), ".so") && f.Machine == j.facts(name).Machine {
			continue // what auditwheel copies beside modules loads nothing by itself
		}
		if j.distributed(name) || stem(other) == stem(name) {
			return true
		}
	}
	return false
}

// distributed reports whether a file comes out of a package of an ecosystem,
// whose parts belong together.
func (j *judgement) distributed(name string) bool {
	ecosystem := j.origin(name).Ecosystem
	return ecosystem == "python" || ecosystem == "nodejs"
}

// stem is the last name of a file up to its first dot.
func stem(name string) string {
	first, _, _ := strings.Cut(base(name), ".")
	return strings.TrimPrefix(first, "lib")
}

func topFolder(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}

// platformFolder reports whether a library lies in a folder that is named by
// its platform, such as "win32-x86_64": then its package looks for one of
// another name on Linux. "runtimes/win-x64" is the layout of .NET.
func platformFolder(name string) bool {
	if !strings.HasSuffix(name, ".dll") {
		return false
	}
	dir := base(parent(name))
	for _, os := range []string{"win32-", "windows-", "win64-", "win-"} {
		if strings.HasPrefix(dir, os) {
			return true
		}
	}
	return false
}
