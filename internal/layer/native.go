package layer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// checkFile refuses native code for another architecture than that of the layer, which
// the element at a path brings.
func (s Spec) checkFile(at fault.Path, path, machine string) error {
	both := len(s.Architectures) > 1
	if machine == "" || s.excluded(path) || !both && slices.Contains(s.Architectures, machine) {
		return nil
	}
	if both {
		return &fault.Error{
			At: at, Summary: "One layer cannot serve both architectures",
			Detail: fmt.Sprintf("%q is for %s, the layer for both architectures. Native code runs on one architecture. Write one package for each architecture, each with a file of its own, such as source = \"bin/${each.key}/tool\", or architecture = each.key on an element of downloads:%s", path, machine, forEachBlock),
		}
	}
	wanted := strings.Join(s.Architectures, "")
	return &fault.Error{
		At: at, Summary: fmt.Sprintf("%q is for %s, the layer for %s", path, machine, wanted),
		Detail: fmt.Sprintf("Native code runs on one architecture. Bring the file that is built for %s, or build the layer for the architecture of the file.", wanted),
	}
}

// forEachBlock is the block of [fault.PerArchitecture] alone.
var forEachBlock = fault.PerArchitecture[strings.Index(fault.PerArchitecture, "\n\n  resource"):]
