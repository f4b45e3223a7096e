package manifest

import (
	"errors"
	"fmt"
)

// AsRefusal returns the error of a request that can have no answer, as opposed
// to one that had none this time. A registry that wants other credentials has
// not answered: npm leaves out optional packages then, and an expired token
// would change what is in a layer.
func AsRefusal(err error) (*ResolveError, bool) {
	refusal, ok := errors.AsType[*ResolveError](err)
	if ok && (refusal.Code == "E401" || refusal.Code == "E403") {
		return nil, false
	}
	return refusal, ok
}

// ResolveError says why no tree can be made, with npm's own code.
type ResolveError struct {
	// Code is ERESOLVE, ETARGET, E404, EBADPLATFORM, EBADENGINE, EUNSUPPORTED,
	// EOVERRIDE, EINVALIDPACKAGENAME, EINTEGRITY, …
	Code string
	// Name and Spec are of the dependency that failed, RequiredBy of the
	// package that wants it: "the project" or "name@version".
	Name, Spec, RequiredBy string
	// Detail says why, what was tried and what to write instead.
	Detail string
	Err    error // cause, may be nil
}

func (e *ResolveError) Error() string {
	what := e.Name
	if e.Spec != "" {
		what += "@" + e.Spec
	}
	text := fmt.Sprintf("resolving %q", what)
	if e.RequiredBy != "" {
		text += fmt.Sprintf(", required by %q", e.RequiredBy)
	}
	text += fmt.Sprintf(": %s (%s)", e.Detail, e.Code)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ResolveError) Unwrap() error { return e.Err }
