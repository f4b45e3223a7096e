package layer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// memoAge is how long a resolution is remembered in the cache, so that a plan
// and its apply on one machine agree whatever happens on the index between.
const memoAge = time.Hour

// Check finds what can be known wrong without reading anything, all of it: its
// error is an *InputError, or several of them, joined.
func (s Spec) Check() error {
	inputs := s.inputs()
	faults := []error{s.checkTargets(), s.checkOutput(), s.checkSelection()}
	if len(inputs) == 0 {
		faults = append(faults, &fault.Error{Summary: "Nothing to pack", Detail: "The layer has no input. Write python, nodejs, files, downloads, images or builds."})
	}
	for _, in := range inputs {
		faults = append(faults, in.check(s))
	}
	return errors.Join(faults...)
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
