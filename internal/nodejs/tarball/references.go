package tarball

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

// entryFields are the members of a package.json whose strings Node.js, or npm
// for programs, resolves to files of the package.
var entryFields = []string{"main", "module", "browser", "exports", "imports", "bin", "jsnext:main"}

// EntryFiles returns the paths of the package's files, or patterns of them, that
// its package.json names as what others load or run, without "./" before them.
// What cannot be read names none, as Node.js could not read it either.
func EntryFiles(manifest []byte) []string {
	var members map[string]any
	if json.Unmarshal(manifest, &members) != nil {
		return nil
	}
	var files []string
	for _, field := range entryFields {
		files = appendStrings(files, members[field])
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// appendStrings adds all strings in a JSON value.
func appendStrings(files []string, value any) []string {
	switch v := value.(type) {
	case string:
		return append(files, path.Clean(strings.TrimPrefix(v, "./")))
	case []any:
		for _, element := range v {
			files = appendStrings(files, element)
		}
	case map[string]any:
		for key, element := range v {
			// In "browser" the keys are files too; elsewhere they name none.
			if strings.HasPrefix(key, "./") {
				files = append(files, path.Clean(key))
			}
			files = appendStrings(files, element)
		}
	}
	return files
}

var relativeName = regexp.MustCompile(`["'\x60](\.\.?/[^"'\x60\n\\]*)["'\x60]`)

// RelativeNames returns what the relative names in the source of a module lead
// to, as paths within the package: what it may load of the package's other
// files. A name that only looks like one is returned too.
func RelativeNames(file string, source []byte) []string {
	var names []string
	for _, found := range relativeName.FindAllSubmatch(source, -1) {
		names = append(names, path.Join(path.Dir(file), string(found[1])))
	}
	return names
}
