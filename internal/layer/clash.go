package layer

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// clashError says what to do about two inputs that write different bytes to one
// path.
func clashError(clash *filetree.ClashError) error {
	first, second := clash.First, clash.Second
	switch {
	case first.Target != "" && second.Target != "" && first.Target != second.Target:
		return &fault.Error{
			At: fault.At("architectures"), Summary: "One layer cannot serve both architectures",
			Detail: fmt.Sprintf("%s and %s both bring %q%s.%s", first, second, clash.Path, clashKind(clash), forEach), Err: clash,
		}
	case first.Ecosystem == "python" && second.Ecosystem == "python":
		way := fmt.Sprintf("If nothing needs the file, write exclude = [%q]. If one of the distributions is not needed, leave it out by python.exclude, such as [%q].", clash.Path, second.Name)
		if strings.HasPrefix(clash.Path, "bin/") {
			way = fmt.Sprintf("If nothing needs the program, write exclude = [%q]. If the versions differ by runtime, build one layer for each runtime.", clash.Path)
		}
		return &fault.Error{
			At: fault.At("python"), Summary: fmt.Sprintf("Two distributions write %q", clash.Path),
			Detail: fmt.Sprintf("%s and %s both bring it%s. %s", first.Distribution(), second.Distribution(), clashKind(clash), way), Err: clash,
		}
	}
	return &fault.Error{
		Summary: fmt.Sprintf("Two inputs write %q", clash.Path),
		Detail:  sentence(clash) + " Exclude the file from one of them.",
		Err:     clash,
	}
}

func clashKind(clash *filetree.ClashError) string {
	if clash.Directory {
		return ", once as a file and once as a directory"
	}
	return ", with different content"
}
