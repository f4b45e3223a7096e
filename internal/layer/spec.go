package layer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Spec is what a user asks for, in the user's words and order.
type Spec struct {
	Runtimes      []string
	Architectures []string
	Python        *PythonSpec
	NodeJS        *NodeSpec
	Files         []FileSpec
	Downloads     []DownloadSpec
	Images        []ImageSpec
	Builds        []BuildSpec
	// Exclude holds globs over layer paths, Prune presets of them; what Keep
	// matches stays nevertheless. Executables are globs of files that are
	// marked executable.
	Exclude, Prune, Keep, Executables []string
	// Kind is KindLayer, also as "", or KindFunction.
	Kind string
	// Triggers force a new resolution when they change.
	Triggers map[string]string
	// CutOff bounds what indexes and registries are asked for, where Python or NodeJS
	// has none of its own.
	CutOff release.CutOff
	// Output is where the zip goes, if the user said so: it is no input.
	Output string
	// Beside is where a file beside it goes, "" for none.
	Beside string
	// Made are local files that an earlier apply made and that may be missing
	// here. They are no input either.
	Made Made `json:"-"`
}

// What each input is asked for, as the package that chooses and packs it has it.
//
//nolint:revive // these document them
type (
	PythonSpec   = python.Spec
	NodeSpec     = nodejs.Spec
	FileSpec     = local.Spec
	DownloadSpec = download.Spec
	ImageSpec    = image.Spec
	BuildSpec    = image.BuildSpec
)

// Made are files that were made during an apply, by the element of files that they
// belong to.
type Made = local.Made

// What a symbolic link in a source means: the file or folder that it leads to, or an
// error.
const (
	LinksFollow = local.LinksFollow
	LinksError  = local.LinksError
)

// targets returns the runtimes of a family, or of all where it is "", on every
// architecture, runtimes first.
func (s Spec) targets(family string) ([]runtimes.Target, error) {
	targets, unknown := runtimes.Targets(s.Runtimes, s.Architectures)
	var faults []error
	for _, err := range unknown {
		faults = append(faults, &fault.Error{
			At: fault.At("runtimes").Index(slices.Index(s.Runtimes, err.ID)), Summary: fmt.Sprintf("Unknown runtime %q", err.ID), Detail: sentence(err), Err: err,
		})
	}
	other := func(t runtimes.Target) bool { return family != "" && t.Family != family }
	return slices.DeleteFunc(targets, other), errors.Join(faults...)
}

// checkTargets finds what is wrong with runtimes and architectures.
func (s Spec) checkTargets() error {
	if len(s.Runtimes) == 0 {
		return &fault.Error{At: fault.At("runtimes"), Summary: "No runtime", Detail: "A layer is built for at least one Lambda runtime, such as \"python3.12\"."}
	}
	_, err := s.targets("")
	faults := []error{err}
	for i, a := range s.Architectures {
		if !slices.Contains(runtimes.Architectures(), a) {
			faults = append(faults, &fault.Error{
				At:      fault.At("architectures").Index(i),
				Summary: fmt.Sprintf("Unknown architecture %q", a),
				Detail:  "Lambda runs \"x86_64\" and \"arm64\".",
			})
		}
	}
	return errors.Join(faults...)
}

// checkOutput refuses what is no path of a zip.
func (s Spec) checkOutput() error {
	out := s.Output
	if !strings.HasSuffix(out, "/") && !strings.HasSuffix(out, "\\") && out != "." && !strings.HasPrefix(out, "~") {
		return nil
	}
	return &fault.Error{
		At: fault.At("output_path"), Summary: fmt.Sprintf("Unusable output path %q", out),
		Detail: "It is the path of a zip, such as \"build/layer.zip\". A home directory is written with pathexpand().",
	}
}

// What a package is built for: a layer, or the code of a function, whose files
// lie at its root and not where a layer has them.
const (
	KindLayer    = "layer"
	KindFunction = "function"
)

// checkSelection finds what can be known wrong of the arguments that choose
// among the files of the whole layer.
func (s Spec) checkSelection() error {
	if s.Kind != "" && s.Kind != KindLayer && s.Kind != KindFunction {
		return &fault.Error{At: fault.At("kind"), Summary: fmt.Sprintf("Unknown kind %q", s.Kind), Detail: `Write "layer" or "function".`}
	}
	for i, name := range s.Prune {
		if !slices.Contains(prune.Presets(), name) {
			return &fault.Error{
				At: fault.At("prune").Index(i), Summary: fmt.Sprintf("Unknown preset %q", name),
				Detail: fmt.Sprintf("prune knows %s. Globs are written in exclude.", strings.Join(prune.Presets(), ", ")),
			}
		}
	}
	for _, of := range []struct {
		attribute string
		patterns  []string
	}{{"exclude", s.Exclude}, {"keep", s.Keep}, {"executables", s.Executables}} {
		for i, p := range of.patterns {
			if err := filetree.CheckPattern(p); err != nil {
				return fault.Tie(fault.At(of.attribute).Index(i), fmt.Sprintf("Malformed pattern %q", p), err)
			}
		}
	}
	return nil
}

// excluded reports whether exclude leaves out the layer path.
func (s Spec) excluded(name string) bool {
	return filetree.Match(s.Exclude, name) && !filetree.Match(s.Keep, name)
}

// Presets returns the names of the presets of prune.
func Presets() []string { return prune.Presets() }

// placed returns where a file goes that an ecosystem has in a layer. In a
// function's code what Python imports lies at the root, and node_modules too.
func (s Spec) placed(name string) string {
	if s.Kind != KindFunction {
		return name
	}
	return functionPath(name)
}

func functionPath(name string) string {
	if within, ok := python.Within(name); ok {
		return within
	}
	if rest, ok := strings.CutPrefix(name, "nodejs/"); ok {
		if at := strings.Index(rest, "node_modules/"); at >= 0 {
			return rest[at:]
		}
	}
	return name
}
