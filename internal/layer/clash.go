package layer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
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
	if len(paths) == 0 { // a file and a directory
		paths = []string{clash.Path}
	}
	what, globs := "it", meetingGlobs(paths)
	if len(paths) > 1 {
		what = fmt.Sprintf("%d files", len(paths))
		if len(globs) == 1 {
			what += fmt.Sprintf(" below %q", commonFolder(paths))
		}
	}
	way := ""
	if slices.ContainsFunc(strings.Split(clash.Path, "/"), func(part string) bool { return part == "tests" }) {
		way = ` or prune = ["tests"]`
	}
	way += `. To use the file of the distribution whose name sorts last, much as pip does, write python.overlaps = "last". If one of the two is not needed, leave it out by python.exclude.`
	if !slices.ContainsFunc(paths, func(p string) bool { return !strings.HasPrefix(p, "bin/") }) {
		way = ". If the versions differ by runtime, build one layer for each runtime."
	}
	return &fault.Error{
		At: fault.At("python"), Summary: fmt.Sprintf("Two distributions write %q", clash.Path),
		Detail: fmt.Sprintf("%s and %s both bring %s%s. If nothing needs what is there, write exclude = [%s]%s",
			first.Distribution(), second.Distribution(), what, clashKind(clash), strings.Join(globs, ", "), way), Err: clash,
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

// meetingGlobs returns quoted patterns of exclude for paths: where several lie in one package
// or folder of sys.path, the deepest folder that holds these, as it is hardly ever a
// file alone that nothing needs. A folder of sys.path itself would be all of Python.
func meetingGlobs(paths []string) []string {
	tops := map[string][]string{}
	for _, p := range paths {
		within, ok := python.Within(p)
		if !ok {
			within = p
		}
		top, _, _ := strings.Cut(within, "/")
		if top == "bin" {
			top = within
		}
		top = strings.TrimSuffix(p, within) + top
		tops[top] = append(tops[top], p)
	}
	var globs []string
	for _, top := range slices.Sorted(maps.Keys(tops)) {
		glob := filetree.Literal(tops[top][0])
		if len(tops[top]) > 1 {
			glob = filetree.Literal(commonFolder(tops[top])) + "/**"
		}
		globs = append(globs, strconv.Quote(glob))
	}
	return globs
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
