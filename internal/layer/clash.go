package layer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// clashError says what to do about two inputs that write different bytes to one
// path.
func clashError(clash *filetree.ClashError, all filetree.Tree) error {
	first, second := clash.First, clash.Second
	switch {
	case first.Target != "" && second.Target != "" && first.Target != second.Target:
		return &fault.Error{
			At: fault.At("architectures"), Summary: "One layer cannot serve both architectures",
			Detail: fmt.Sprintf("%s and %s both bring %q%s.%s", first, second, clash.Path, clashKind(clash), fault.PerArchitecture), Err: clash,
		}
	case first.Ecosystem == "python" && second.Ecosystem == "python":
		return distributionClash(clash, all)
	}
	return &fault.Error{
		Summary: fmt.Sprintf("Two inputs write %q", clash.Path),
		Detail:  sentence(clash) + " Exclude the file from one of them.",
		Err:     clash,
	}
}

// distributionClash says what to do about two Python distributions that write
// one path, or several. Which of them the user asks for is not known here, so that
// neither is named as the one to leave out.
func distributionClash(clash *filetree.ClashError, all filetree.Tree) error {
	first, second := clash.First, clash.Second
	paths := meetings(all, first, second)
	what, glob := "it", clash.Path
	if len(paths) > 1 {
		folder := commonFolder(paths)
		what, glob = fmt.Sprintf("%d files below %q", len(paths), folder), folder+"/**"
	}
	way := fmt.Sprintf("If nothing needs what is there, write exclude = [%q]", glob)
	if slices.ContainsFunc(strings.Split(clash.Path, "/"), func(part string) bool { return part == "tests" }) {
		way += ` or prune = ["tests"]`
	}
	way += `. To let the distribution that comes later in the order of names win, much as pip does, write python.overlaps = "last". If one of the two is not needed, leave it out by python.exclude.`
	if strings.HasPrefix(clash.Path, "bin/") {
		way = fmt.Sprintf("If nothing needs the program, write exclude = [%q]. If the versions differ by runtime, build one layer for each runtime.", clash.Path)
	}
	return &fault.Error{
		At: fault.At("python"), Summary: fmt.Sprintf("Two distributions write %q", clash.Path),
		Detail: fmt.Sprintf("%s and %s both bring %s%s. %s", first.Distribution(), second.Distribution(), what, clashKind(clash), way), Err: clash,
	}
}

// meetings returns the paths that two origins both bring with different content.
func meetings(all filetree.Tree, first, second filetree.Origin) []string {
	brought := map[string]*filetree.Entry{}
	for i := range all {
		if all[i].Origin == first {
			brought[all[i].Path] = &all[i]
		}
	}
	var paths []string
	for i := range all {
		e := &all[i]
		if other := brought[e.Path]; e.Origin == second && other != nil && (other.CRC32 != e.CRC32 || other.Size != e.Size) {
			paths = append(paths, e.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// commonFolder returns the deepest folder that holds all paths.
func commonFolder(paths []string) string {
	folder := path.Dir(paths[0])
	for _, p := range paths[1:] {
		for !strings.HasPrefix(p, folder+"/") && folder != "." {
			folder = path.Dir(folder)
		}
	}
	return folder
}

func clashKind(clash *filetree.ClashError) string {
	if clash.Directory {
		return ", once as a file and once as a directory"
	}
	return ", with different content"
}
