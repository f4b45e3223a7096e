package layer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// sentence is the text of an error as a sentence.
func sentence(err error) string { return fault.Sentence(err.Error()) }

// forEach is what to write where one layer cannot serve two architectures.
const forEach = fault.PerArchitecture

// forEachBlock is the block of forEach alone.
var forEachBlock = forEach[strings.Index(forEach, "\n\n  resource"):]

// checkArchitectures refuses native wheels in a layer for both architectures:
// their files have one path and different bytes.
func checkArchitectures(s Spec, l *python.Lock) error {
	if len(s.Architectures) < 2 {
		return nil
	}
	var native []string
	for _, w := range l.Wheels {
		if !w.Pure {
			native = append(native, w.Filename)
		}
	}
	if len(native) == 0 {
		return nil
	}
	return &fault.Error{
		At:      fault.At("architectures"),
		Summary: "One layer cannot serve both architectures",
		Detail:  fmt.Sprintf("It would hold native code, which runs on one architecture: %s.%s", strings.Join(native, ", "), forEach),
	}
}

// pythonError ties an error of the resolver to the argument that a user would
// change, with a summary that names the culprit.
func pythonError(s Spec, err error) error {
	attribute := fault.At("python")
	if len(s.Python.Requirements) > 0 {
		attribute = fault.At("python", "requirements")
	} else if s.Python.RequirementsFile != "" {
		attribute = fault.At("python", "requirements_file")
	}
	var (
		unsat     *python.Unsat
		undecided *python.Undecided
		noWheel   *python.NoWheel
		noVersion *python.NoVersion
		missing   *python.Missing
		noDigest  *python.NoDigest
		direct    *python.DirectURL
		hash      *python.HashError
	)
	if other := otherFile(attribute, err); other != nil {
		return other
	}
	summary := "The Python requirements cannot be resolved"
	switch {
	case fetch.IsUnauthorized(err):
		summary = "An index refuses to answer"
		if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Credentials == "dynamic" {
			detail := sentence(err) + " The AWS identity may lack codeartifact:ReadFromRepository for the repository."
			return &fault.Error{At: attribute, Summary: summary, Detail: detail, Err: err}
		} else if ok && status.Credentials == "" {
			return &fault.Error{At: attribute, Summary: summary, Detail: sentence(err) + uvLogin(status.URL), Err: err}
		}
	case errors.As(err, &unsat):
		summary = fmt.Sprintf("The requirements conflict on %s", strings.Join(unsat.Names, ", "))
	case errors.As(err, &undecided):
		summary = fmt.Sprintf("The search for versions of %s takes too long", strings.Join(undecided.Names, ", "))
	case errors.As(err, &noWheel):
		return noWheelError(attribute, noWheel, err)
	case errors.As(err, &hash):
		summary = fmt.Sprintf("No wheel of %s %s has the given hash", hash.Name, hash.Version)
	case errors.As(err, &noVersion):
		summary = fmt.Sprintf("No version of %q fits", noVersion.Name)
	case errors.As(err, &missing):
		summary = fmt.Sprintf("There is no distribution %q", missing.Name)
	case errors.As(err, &noDigest):
		summary = fmt.Sprintf("%q cannot be verified", noDigest.Filename)
	case errors.As(err, &direct):
		summary = fmt.Sprintf("Unusable requirement %q", direct.Requirement)
	}
	return fault.Tie(attribute, summary, err)
}

// uvLogin says how the environment names the credentials of an index; page is the
// address of one of its projects.
func uvLogin(page string) string {
	index := strings.TrimSuffix(page, "/")
	index = index[:strings.LastIndexByte(index, '/')+1]
	return fmt.Sprintf(" Or set UV_INDEX=\"acme=%s\" in the environment, with UV_INDEX_ACME_USERNAME and UV_INDEX_ACME_PASSWORD; \"acme\" is any name.", index)
}

func noWheelError(attribute fault.Path, miss *python.NoWheel, err error) error {
	return &fault.Error{
		At: attribute, Summary: fmt.Sprintf("No wheel of %q %s runs on %s", miss.Name, miss.Version, miss.Target),
		Detail: miss.Detail() + filesTable(miss.Files), Err: err,
	}
}

// filesTable lists the files that were looked at and why each fails, those of
// one reason together.
func filesTable(files []python.Rejected) string {
	var reasons []string
	names := map[string][]string{}
	for _, f := range files {
		reason := f.Misfit.String()
		if names[reason] == nil {
			reasons = append(reasons, reason)
		}
		names[reason] = append(names[reason], f.Filename)
	}
	if len(reasons) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n\nIts files, and why each does not fit:")
	for _, reason := range reasons {
		fmt.Fprintf(&b, "\n  %s", names[reason][0])
		if more := len(names[reason]) - 1; more > 0 {
			fmt.Fprintf(&b, " and %d more", more)
		}
		fmt.Fprintf(&b, ": %s", reason)
	}
	return b.String()
}

// checkHashed holds pip's rule: one digest in the requirements, or
// require_hashes, asks for the digest of every distribution. Given wheels are
// known by theirs.
func checkHashed(s Spec, spec python.Spec, l *python.Lock) error {
	without := spec.Unhashed(l, s.Python.RequireHashes)
	if len(without) == 0 {
		return nil
	}
	return &fault.Error{
		At:      fault.At("python"),
		Summary: "Distributions without a hash",
		Detail: "Hashes are required as soon as one is given, or by require_hashes, also for what is only needed by others. These have none; as they are on the index now:\n  " +
			strings.Join(without, "\n  "),
	}
}
