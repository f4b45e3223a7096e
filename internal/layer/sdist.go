package layer

import (
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// SdistPure makes wheels of source distributions where no code of them has to
// be run for it.
const SdistPure = "pure"

// checkSdist finds a python.sdist that means nothing, or nothing here.
func (p *PythonSpec) checkSdist() error {
	if p.Sdist == "" || p.Sdist == SdistPure {
		return nil
	}
	return &fault.Error{
		At: fault.At("python", "sdist"), Summary: fmt.Sprintf("Unknown value %q", p.Sdist),
		Detail: "Write \"pure\", which makes wheels of source distributions where no code of them has to be run for it, or drop python.sdist: then nothing is made of source.",
	}
}

// checkOverlaps finds a python.overlaps that means nothing.
func (p *PythonSpec) checkOverlaps() error {
	if slices.Contains([]string{"", "error", OverlapsLast}, p.Overlaps) {
		return nil
	}
	return &fault.Error{
		At: fault.At("python", "overlaps"), Summary: fmt.Sprintf("Unknown value %q", p.Overlaps),
		Detail: `Write "last", which lets the distribution that comes later in the order of names win where two write one path, or "error".`,
	}
}
