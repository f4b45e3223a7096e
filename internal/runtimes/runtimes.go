// Package runtimes holds what AWS says about the Lambda runtimes as data: the
// operating system, its glibc, the language ABI, the paths a layer is read
// from, the dates of each runtime's end, and the limits of layers.
//
// Every row names where it was read and when. Nothing here is asked from AWS at
// run time, and nothing depends on the host.
package runtimes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of layers, in bytes or counts. See "Lambda quotas" and the API
// reference of PublishLayerVersion.
const (
	// MaxUnzipped is the most that a function and all its layers may take
	// unzipped, so the most a single layer may take.
	MaxUnzipped = 262_144_000
	// MaxDirectUpload is the largest zip that PublishLayerVersion takes in
	// its request body; a larger one goes through S3.
	MaxDirectUpload = 50 << 20
	// MaxLayers is how many layers one function may have.
	MaxLayers = 5
	// MaxCompatibleRuntimes and MaxCompatibleArchitectures bound the lists of
	// a layer version.
	MaxCompatibleRuntimes      = 15
	MaxCompatibleArchitectures = 2
	// MaxDescription, MaxLicenseInfo and MaxLayerName are in characters.
	MaxDescription = 256
	MaxLicenseInfo = 512
	MaxLayerName   = 140
)

// Architectures that Lambda runs, as the API writes them.
const (
	X8664 = "x86_64"
	ARM64 = "arm64"
)

// Families of runtimes.
const (
	Python   = "python"
	NodeJS   = "nodejs"
	Java     = "java"
	Ruby     = "ruby"
	DotNet   = "dotnet"
	Provided = "provided"
)

// Runtime is one Lambda runtime id and its facts.
type Runtime struct {
	// ID is the identifier of the API, such as "python3.12".
	ID string
	// Family is Python, NodeJS, Java, Ruby, DotNet or Provided.
	Family string
	// Version is the language version: "3.12", "22", "21"; "" for Provided.
	Version string
	// NodeVersion is a full Node.js version of the runtime, "" for other
	// families: "engines" of packages are compared with it. AWS moves the
	// minor version by itself, so the runtime's own may be newer, not older.
	NodeVersion string
	// System is the operating system's name, such as "Amazon Linux 2023".
	System string
	// Glibc is the minor version of the system's glibc 2.x.
	Glibc int
	// Paths are where the runtime looks in a layer, relative to its root, in
	// the order of search.
	Paths []string
	// Preview is set for a runtime in public preview: it may change before
	// it becomes generally available.
	Preview bool
	// Deprecated, CreateBlocked and UpdateBlocked are the days from which the
	// runtime gets no patches, no new function, no update. "" where AWS names
	// none; else "2006-01-02".
	Deprecated, CreateBlocked, UpdateBlocked string
	// Source is where the row was read, Checked the day it was.
	Source, Checked string
}

// Target is a runtime on an architecture: what a binary must run on.
type Target struct {
	Runtime
	// Architecture is X8664 or ARM64.
	Architecture string
}

// String returns the target as messages write it, such as "python3.12 x86_64".
func (t Target) String() string { return t.ID + " " + t.Architecture }

// UnknownError tells that an id is no Lambda runtime.
type UnknownError struct {
	ID      string
	Nearest string // the known id that is meant, or looks most like it, or ""
	Meant   bool   // Nearest is what ID says in other words
}

func (e *UnknownError) Error() string {
	switch {
	case e.Meant:
		return fmt.Sprintf("%q is not a current Lambda runtime: write %q", e.ID, e.Nearest)
	case e.Nearest != "":
		return fmt.Sprintf("%q is not a current Lambda runtime: did you mean %q?", e.ID, e.Nearest)
	}
	return fmt.Sprintf("%q is not a current Lambda runtime: write one of %s", e.ID, strings.Join(IDs(), ", "))
}

// Lookup returns the facts of a runtime id, or an *UnknownError.
func Lookup(id string) (Runtime, error) {
	for _, r := range table {
		if r.ID == id {
			return r.whole(), nil
		}
	}
	if meant := inOtherWords(id); meant != "" {
		return Runtime{}, &UnknownError{ID: id, Nearest: meant, Meant: true}
	}
	return Runtime{}, &UnknownError{ID: id, Nearest: nearest(id)}
}

// Targets returns the runtimes on every architecture, runtimes first, and apart from
// them the ids that are none.
func Targets(ids, architectures []string) (all []Target, unknown []*UnknownError) {
	for _, id := range ids {
		r, err := Lookup(id)
		if none, ok := errors.AsType[*UnknownError](err); ok {
			unknown = append(unknown, none)
			continue
		}
		for _, a := range architectures {
			all = append(all, Target{Runtime: r, Architecture: a})
		}
	}
	return all, unknown
}

// All returns every runtime, in the order of the table.
func All() []Runtime {
	all := make([]Runtime, 0, len(table))
	for _, r := range table {
		all = append(all, r.whole())
	}
	return all
}

// IDs returns every runtime id, in the order of the table.
func IDs() []string {
	ids := make([]string, 0, len(table))
	for _, r := range table {
		ids = append(ids, r.ID)
	}
	return ids
}

// Architectures returns the architectures that Lambda runs.
func Architectures() []string { return []string{X8664, ARM64} }

// PythonMinor returns the minor version of a Python 3 runtime: 12 for
// python3.12. It reports false for runtimes of another family.
func (r Runtime) PythonMinor() (int, bool) {
	var minor int
	if r.Family != Python {
		return 0, false
	}
	_, err := fmt.Sscanf(r.Version, "3.%d", &minor)
	return minor, err == nil
}

// Ended reports whether the runtime is deprecated on the day of now.
func (r Runtime) Ended(now time.Time) bool {
	return r.Deprecated != "" && now.UTC().Format(time.DateOnly) >= r.Deprecated
}

// whole returns a row of the table with its Glibc and Paths.
func (r Runtime) whole() Runtime {
	r.Glibc = 26
	if r.System == amazonLinux2023 {
		r.Glibc = 34
	}
	switch r.Family {
	case Python:
		r.Paths = []string{"python", "python/lib/python" + r.Version + "/site-packages"}
	case NodeJS:
		r.Paths = []string{"nodejs/node" + r.Version + "/node_modules", "nodejs/node_modules"}
	case Java:
		r.Paths = []string{"java/lib"}
	case Ruby:
		r.Paths = []string{"ruby/gems/" + r.Version + ".0", "ruby/lib"}
	default:
		r.Paths = []string{"bin", "lib"}
	}
	return r
}

// inOtherWords returns the id of a runtime whose version is written without its
// family or with another word for it, such as "3.12" or "node-22", or "".
func inOtherWords(id string) string {
	name := strings.TrimLeft(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz")
	family := strings.ToLower(id)[:len(id)-len(name)]
	version := strings.TrimSuffix(strings.TrimLeft(name, "-_:@ "), ".x")
	for _, r := range slices.Backward(table) { // of several families with a version the one with the most of it
		named := family == "" || strings.HasPrefix(r.ID, family) || strings.HasPrefix(family, "py") && r.Family == Python
		if named && version != "" && r.Version == version {
			return r.ID
		}
	}
	return ""
}

// nearest returns the known id with the smallest edit distance, when it is
// small enough to be a slip of the hand.
func nearest(id string) string {
	best, bestDistance := "", 3
	for _, r := range table {
		if d := Distance(strings.ToLower(id), r.ID); d < bestDistance {
			best, bestDistance = r.ID, d
		}
	}
	return best
}

// Distance returns the Levenshtein distance of two strings, in bytes: what tells
// a slip of the hand.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
