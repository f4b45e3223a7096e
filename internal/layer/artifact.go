package layer

import (
	"fmt"
	"path/filepath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Output says where a zip goes and what it must be.
type Output struct {
	// Path is the zip's path; "" means DefaultPath of its digest.
	Path string
	// Want is the digest that was planned; zero when there is none yet.
	Want store.Digest
	// Size is the severity of a layer over the limit of AWS, Shadow that of a
	// part of the AWS SDK beside the runtime's other part, or before the
	// runtime's own, Scripts that of packages whose install scripts are not
	// run; those that AllowScripts names by globs may have one.
	Size, Shadow, Scripts fault.Severity
	AllowScripts          []string
	// Audits are the severities of the checks of [audit.Checks], by name; one that is
	// not there is as severe as what it finds.
	Audits map[string]fault.Severity
	// LeftOut are the names of Python's distributions that the user leaves out,
	// though others need them.
	LeftOut []string
	// PythonImports are modules, classes and functions of Python, NodeImports
	// modules of Node.js, that every runtime of the layer must be able to import.
	PythonImports, NodeImports []string
	// Replace is set where the state says that the file at Path is ours.
	Replace bool
}

// DefaultPath returns the path of a zip that the user gave none, relative to
// the root module.
func DefaultPath(zip store.Digest) string {
	return defaultDir + "/" + zip.Hex() + ".zip"
}

// PathOf returns where a zip with this digest goes.
func (o Output) PathOf(zip store.Digest) string {
	if o.Path != "" {
		return o.Path
	}
	return DefaultPath(zip)
}

// dir returns the directory that the zip goes to.
func (o Output) dir() string {
	if o.Path == "" {
		return defaultDir
	}
	return filepath.Dir(o.Path)
}

// defaultDir is where zips go that the user gave no path: below the root
// module, named by their content.
const defaultDir = ".layerbuild"

// MismatchError tells that the bytes that were planned cannot be met.
type MismatchError struct {
	Want, Got store.Digest
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("the layer has the digest %s, but %s was planned: nothing is kept; plan again", e.Got, e.Want)
}

// Artifact is a layer zip that was built.
type Artifact struct {
	// SHA256 and Size are of the zip, Unzipped is the sum of its files, in
	// bytes.
	SHA256   store.Digest
	Size     int64
	Unzipped int64
	// Warnings are sentences that a user should see.
	Warnings []fault.Warning
	// Findings are what the checks found; none are looked for where the zip is
	// one that was planned.
	Findings []audit.Finding
}

// Finding is what a check found: see [audit.Finding].
type Finding = audit.Finding

// sentence is the text of an error as a sentence.
func sentence(err error) string { return fault.Sentence(err.Error()) }
