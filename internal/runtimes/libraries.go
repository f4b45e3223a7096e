package runtimes

// What the default environment of every runtime looks through, in the order of
// search: environment dumps of functions (Node.js 8 to 22) and the Dockerfiles
// of 16 branches of aws/aws-lambda-base-images, read 2026-11-30. /opt is where the layers
// are. A function may set all of them anew.
//
// /opt/lib and /opt/bin go last: a library in lib/ of a layer never replaces
// one of the system with the same soname, nor a program in bin/ one of the
// system. RPATH of a file is searched before LD_LIBRARY_PATH, RUNPATH after it
// (ld.so(8)); RPATH is inherited by the libraries that a file loads, RUNPATH is
// not, and a file with RUNPATH passes no RPATH on.
const (
	LibraryPath = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
	ProgramPath = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
)

// Presence says whether a runtime has a shared library or a program.
type Presence int

// How sure it is. Certain rows have two independent sources, or one that is a
// report of a running function; likely ones follow from the published images,
// which hold more than the managed runtimes.
const (
	Unknown Presence = iota
	Present
	LikelyPresent
	LikelyAbsent
	Absent
)

// Has reports whether the runtime is taken to have it.
func (p Presence) Has() bool { return p == Present || p == LikelyPresent }

// Lacks reports whether the runtime is taken to lack it.
func (p Presence) Lacks() bool { return p == Absent || p == LikelyAbsent }

// Library says whether the target has a shared library, by its soname. Some differ
// by architecture, or come with the language (read 2026-11-30).
func (t Target) Library(soname string) Presence {
	loader := "ld-linux-x86-64.so.2"
	if t.Architecture == ARM64 {
		loader = "ld-linux-aarch64.so.1"
	}
	switch {
	case soname == loader:
		return Present
	case soname == "ld-linux-x86-64.so.2" || soname == "ld-linux-aarch64.so.1":
		return Absent
	case soname == "libmvec.so.1" && t.Architecture == ARM64: // glibc has it for x86_64 alone before 2.38
		return Absent
	case t.Architecture == ARM64 && t.System == amazonLinux2 && armPackages[soname]:
		return Unknown
	case t.Family == Python && soname == "libpython"+t.Version+".so.1.0": // the interpreters in /var/lang are built shared
		return LikelyPresent
	case t.Family == Python && t.System == amazonLinux2 && soname == "liblzma.so.5": // /var/lang/lib/liblzma.so.5 (lambgeo/docker-lambda#34, python3.9)
		return LikelyPresent
	}
	if t.System == amazonLinux2023 {
		return libraries[soname].al2023
	}
	return libraries[soname].al2
}

// armPackages are libraries whose packages the database of a running arm64
// function of Amazon Linux 2 names, and whose files nobody listed
// (mLupine/docker-lambda, 2023).
var armPackages = map[string]bool{
	"libexpat.so.1": true, "libfreetype.so.6": true, "libfontconfig.so.1": true, "libpng15.so.15": true, "libuuid.so.1": true, "libbz2.so.1": true,
}

// Highest returns the highest symbol version of a prefix, such as "GLIBC",
// that the target's libraries define: certain is what every version of the
// runtime has, latest what newer ones have, equal where there is no doubt. It
// reports false for a prefix that is not known.
func (t Target) Highest(prefix string) (certain, latest string, ok bool) {
	table := versionsAL2
	if t.System == amazonLinux2023 {
		table = versionsAL2023
	}
	v, ok := table[prefix]
	return v[0], v[1], ok
}

// The symbol versions of the systems. Amazon Linux 2 no longer changes: gcc 7.3 and
// glibc 2.26 by AWS's user guide, and the file lists above. Amazon Linux 2023
// got gcc 14 in the place of 11 between the images of 2024-05 and 2025-08; functions
// lacked GLIBCXX_3.4.30 until 2025-04 (duckdb/duckdb-node#153). Checked 2026-11-30.
var (
	versionsAL2 = map[string][2]string{
		"GLIBC": {"2.26", "2.26"}, "GLIBCXX": {"3.4.24", "3.4.24"}, "CXXABI": {"1.3.11", "1.3.11"}, "GCC": {"7.0.0", "7.0.0"}, "ZLIB": {"1.2.5.2", "1.2.5.2"},
	}
	versionsAL2023 = map[string][2]string{
		"GLIBC": {"2.34", "2.34"}, "GLIBCXX": {"3.4.29", "3.4.33"}, "CXXABI": {"1.3.13", "1.3.15"}, "GCC": {"11.0", "14.0.0"}, "ZLIB": {"1.2.9", "1.2.9"},
	}
)

// nodeABI maps major versions of Node.js to NODE_MODULE_VERSION (node-abi 3.104.0,
// read 2026-11-30).
var nodeABI = map[string]int{"18": 108, "20": 115, "22": 127, "24": 137, "26": 147}

// NodeABI returns NODE_MODULE_VERSION of a Node.js runtime, and false for
// others.
func (r Runtime) NodeABI() (int, bool) {
	if r.Family != NodeJS {
		return 0, false
	}
	abi, ok := nodeABI[r.Version]
	return abi, ok
}

// NodeOfABI returns the major version of Node.js with a NODE_MODULE_VERSION, or
// "".
func NodeOfABI(abi int) string {
	for version, has := range nodeABI {
		if has == abi {
			return version
		}
	}
	return ""
}

// Program says whether the runtime has a program of that name in the folders of
// ProgramPath before /opt/bin: the shells of every system, and the runtime's own
// interpreter in /var/lang/bin. Others are absent as far as the file lists show.
func (r Runtime) Program(name string) Presence {
	switch name {
	case "sh", "bash", "env":
		return Present
	case "python3", "python" + r.Version:
		if r.Family == Python {
			return Present
		}
	case "node":
		if r.Family == NodeJS {
			return Present
		}
	case "java":
		if r.Family == Java {
			return Present
		}
	case "ruby":
		if r.Family == Ruby {
			return Present
		}
	case "cat", "ls", "grep", "sed", "awk", "gawk", "find", "python", "dotnet":
		return Unknown
	}
	return LikelyAbsent
}
