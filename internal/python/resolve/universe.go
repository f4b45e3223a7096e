package resolve

import (
	"cmp"
	"context"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// universe is what the solver asks of the index. Every answer is a pure
// function of its arguments; expect and sweep are hints that may prefetch and
// never change an answer.
type universe interface {
	// project waits for the candidates of a name. A name that no index has is
	// a project without candidates.
	project(ctx context.Context, name string) (*index.Project, error)
	// dependencies returns what candidate i needs, or, for an extra, what the
	// extra adds. A fault says why the candidate cannot be used at all.
	dependencies(ctx context.Context, p *index.Project, i int, extra string) (deps []dependency, fault string, err error)
	// limits returns the constraints on a name.
	limits(name string) []dependency
	// expect starts to fetch the projects, and if deep what their best versions
	// need in turn; sweep the metadata of candidates.
	expect(deps []dependency, deep bool)
	sweep(p *index.Project, candidates []int)
}

// dependency is a requirement whose marker holds.
type dependency struct {
	name   string
	extras []string
	spec   pep440.Specifiers
	source string // where the user wrote it; "" for a dependency of a wheel
}

// text is the requirement as a requirements file has it.
func (d dependency) text() string {
	text := d.name
	if len(d.extras) > 0 {
		text += "[" + strings.Join(d.extras, ",") + "]"
	}
	return text + d.spec.String()
}

// source names the place of a direct requirement.
func source(in pep508.Input) string { return cmp.Or(in.Source, "the configuration") }
