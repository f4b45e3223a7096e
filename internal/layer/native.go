package layer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// checkFile refuses native code for another architecture.
func (s Spec) checkFile(f filetree.File) error {
	if s.excluded(f.Path) {
		return nil
	}
	switch {
	case f.Machine == "":
		return nil
	case len(s.Architectures) > 1 || !slices.Contains(s.Architectures, f.Machine):
		return &nativeError{Path: f.Path, Machine: f.Machine, Architectures: s.Architectures}
	}
	return nil
}

// nativeError is a file of native code that a layer cannot hold: it runs on one
// architecture, and the layer is for another or for both.
type nativeError struct {
	Path, Machine string
	Architectures []string
}

func (e *nativeError) Error() string {
	if len(e.Architectures) > 1 {
		return fmt.Sprintf("%q is for %s, the layer for both architectures", e.Path, e.Machine)
	}
	return fmt.Sprintf("%q is for %s, the layer for %s", e.Path, e.Machine, strings.Join(e.Architectures, ""))
}

// nativeFault ties a nativeError to the element that brings the file, and says
// what to write instead. Any other error stays as it is.
func nativeFault(at fault.Path, err error) error {
	native, ok := errors.AsType[*nativeError](err)
	if !ok || fault.Tied(err) {
		return err
	}
	if len(native.Architectures) == 1 {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("%q is for %s, the layer for %s", native.Path, native.Machine, native.Architectures[0]), Err: err,
			Detail: fmt.Sprintf("Native code runs on one architecture. Bring the file that is built for %s, or build the layer for the architecture of the file.", native.Architectures[0]),
		}
	}
	return &fault.Error{
		At: at, Summary: "One layer cannot serve both architectures", Err: err,
		Detail: sentence(native) + " Native code runs on one architecture. Write one package for each architecture, each with a file of its own, such as source = \"bin/${each.key}/tool\", or architecture = each.key on an element of downloads:" + forEachBlock,
	}
}

// forEachBlock is the block of [fault.PerArchitecture] alone.
var forEachBlock = fault.PerArchitecture[strings.Index(fault.PerArchitecture, "\n\n  resource"):]
