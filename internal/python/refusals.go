package python

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// refusal ties an error of the resolver to the argument that a user would
// change, with a summary that names the culprit.
func (p *Spec) refusal(err error) error {
	attribute := fault.At("python")
	if len(p.Requirements) > 0 {
		attribute = fault.At("python", "requirements")
	} else if p.RequirementsFile != "" {
		attribute = fault.At("python", "requirements_file")
	}
	var (
		unsat     *wheel.Unsat
		undecided *wheel.Undecided
		noWheel   *wheel.NoWheel
		noVersion *wheel.NoVersion
		missing   *wheel.Missing
		noDigest  *wheel.NoDigest
		direct    *wheel.DirectURL
		hash      *resolve.HashError
	)
	if other := otherFile(attribute, err); other != nil {
		return other
	}
	summary := "The Python requirements cannot be resolved"
	switch {
	case fetch.IsUnauthorized(err):
		summary = "An index refuses to answer"
		if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Credentials == "dynamic" {
			detail := fault.Sentence(err.Error()) + " The AWS identity may lack codeartifact:ReadFromRepository for the repository."
			return &fault.Error{At: attribute, Summary: summary, Detail: detail, Err: err}
		} else if ok && status.Credentials == "" {
			return &fault.Error{At: attribute, Summary: summary, Detail: fault.Sentence(err.Error()) + uvLogin(status.URL), Err: err}
		}
	case errors.As(err, &unsat):
		summary = fmt.Sprintf("The requirements conflict on %s", strings.Join(unsat.Names, ", "))
	case errors.As(err, &undecided):
		summary = fmt.Sprintf("The search for versions of %s takes too long", strings.Join(undecided.Names, ", "))
	case errors.As(err, &noWheel):
		return noWheelError(attribute, noWheel, err)
	case errors.As(err, &hash):
		summary = fmt.Sprintf("No wheel of %s %s has the given hash", hash.Name, hash.Version)
		if !hash.Comparable() {
			summary = fmt.Sprintf("The given hash of %s cannot be compared", hash.Name)
		}
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

func noWheelError(attribute fault.Path, miss *wheel.NoWheel, err error) error {
	return &fault.Error{
		At: attribute, Summary: fmt.Sprintf("No wheel of %s runs on %s", miss.Title(), miss.Target),
		Detail: miss.Detail() + filesTable(miss.Files), Err: err,
	}
}

// filesTable lists the files that were looked at and why each fails, those of
// one reason together.
func filesTable(files []wheel.Rejected) string {
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

// checkHashed holds pip's rule: one digest in the requirements, require_hashes, or
// --require-hashes in the requirements file asks for the digest of every
// distribution. Given wheels are known by theirs. The rule chooses nothing, so it is
// no part of a request, and a lock that is kept has to pass it too.
func (p *Spec) checkHashed(q *question, l *wheel.Lock) error {
	without := q.spec.Unhashed(l, p.RequireHashes || q.file.RequireHashes)
	if len(without) == 0 {
		return nil
	}
	return &fault.Error{
		At:      fault.At("python"),
		Summary: "Distributions without a hash",
		Detail: "If one hash is given, or require_hashes is set, every package needs a hash, including dependencies. These have none. The index has these now:\n  " +
			strings.Join(without, "\n  "),
	}
}

// wheelError ties the error of a wheel on disk to python.
func wheelError(err error) error {
	if changed, ok := errors.AsType[*wheel.ChangedWheelError](err); ok {
		return &fault.Error{
			At: fault.At("python"), Summary: fmt.Sprintf("The file %q is not the one that was planned", changed.Path),
			Detail: fault.Sentence(changed.Error()), Err: err,
		}
	}
	if broken, ok := errors.AsType[*wheel.BrokenWheel](err); ok {
		return &fault.Error{
			At: fault.At("python"), Summary: fmt.Sprintf("The wheel %q cannot be installed", broken.Filename),
			Detail: fmt.Sprintf("%s pip and uv refuse it too. Ask for another version of %[2]q, or make a wheel of it anew, by pip wheel --no-deps --no-binary %[2]s %[2]s==%[3]s, and give that in python.wheels.", fault.Sentence(broken.Reason), broken.Name, broken.Version), Err: err,
		}
	}
	if other := otherFile(fault.At("python"), err); other != nil {
		return other
	}
	return err
}

// otherFile says what to do about a file whose bytes are not those that the lock
// or the index names; nil where that is not the cause.
func otherFile(attribute fault.Path, err error) error {
	if _, ok := errors.AsType[*store.DigestError](err); !ok {
		return nil
	}
	return &fault.Error{
		At: attribute, Summary: "A file is not the one that its digest names",
		Detail: fault.Sentence(err.Error()) + " Somebody replaced the file, or changed the digest in the lock file or configuration: put the right one back, or, if you trust the file, lock it anew.",
		Err:    err,
	}
}
